/*
 * What a template is given, and the parts that all of them are made of.
 *
 * A template is a function from TemplateOptions to text: no file is read, nothing is looked up, so what is
 * printed today is what is printed tomorrow.  All do the same four things, and differ in how their engine
 * says them:
 *
 *   (1) n jobs run one shard each.  Who gives the index and who the total: the table in each file's header.
 *   (2) All have one root seed, made of what the engine calls this run and of the commit, so that run k has
 *       the same seed on whatever machine it runs.  Never of the clock: two machines have two clocks.
 *   (3) What a shard leaves is kept, whatever ended it.
 *   (4) One more job merges what is there and reports on it, also when a shard failed: then above all.
 *
 * gridlock is started by its path, after `exec`.  An engine that ends a job signals the process that it started; a
 * shell hands nothing on, and npx is a shell and two processes between.  So that the signal
 * comes to who flushes on it, gridlock must be that process.
 *
 * The job's limit is above ours, always: who is killed by an engine leaves a journal, who ends by himself leaves a
 * report.  SETUP_MS is for what is not ours: a queue, a clone, an install.
 */

/** What a user may choose. */
export interface TemplateOptions {
  /** of the job, the artifacts, the directories: letters, digits, dashes */
  readonly name: string;
  readonly shards: number;
  /** how long a shard runs */
  readonly durationMs: number;
  /** processors of a shard, where an engine hands them out */
  readonly cpus: number;
  /** the image that has the project in it, where an engine runs images */
  readonly image: string;
  /** what each shard runs, quoted for a shell: `soak --duration 10m` */
  readonly command: string;
}

/** One of them; `engine` is what it is asked for by. */
export interface Template {
  readonly engine: string;
  readonly describe: string;
  readonly print: (options: TemplateOptions) => string;
}

/** The program as npm installs it into a project. */
export const GRIDLOCK = './node_modules/.bin/gridlock';

const MINUTE_MS = 60_000;
const SETUP_MS = 10 * MINUTE_MS;

/** The engine's limit for a job, in minutes: ours, a tenth of it for a slow machine, and what is not ours. */
export function limitMinutes(durationMs: number): number {
  return Math.ceil((durationMs * 1.1 + SETUP_MS) / MINUTE_MS);
}

/** Words as one line that a POSIX shell takes apart into the same words. */
export function quoted(words: readonly string[]): string {
  return words
    .map((word) =>
      /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`,
    )
    .join(' ');
}

/** Sets $seed, 32 bits of whatever a shell makes of `of`.  cksum is in POSIX; its sum is the same everywhere. */
export function seedFrom(of: string): string {
  return `seed=$(printf '%s' "${of}" | cksum | cut -d ' ' -f 1)`;
}

/**
 * The lines of the job that merges: merge, report, say aloud what the code means, end with it.
 *
 * A code of merge is not an error of its script, so each call is followed by `||`, which also holds `set -e` back.  The
 * merge's code comes before the report's: a report that cannot be written must not hide a finding.
 */
export function mergeLines(runs: string, merged: string): string {
  return `merge=0
${GRIDLOCK} merge ${runs} --out ${merged} || merge=$?
report=0
${GRIDLOCK} report ${merged} --reporter junit,sarif,html || report=$?
case $merge in
  0) merge=$report ;;
  1) echo 'gridlock: a finding; the report and the dumps beside it say which' ;;
  4) echo 'gridlock: nothing ran, in no shard: look at the workloads that were asked for' ;;
  5) echo 'gridlock: incomplete, a shard is missing or was cut off: run it again' ;;
  99) echo 'gridlock: a threshold was missed' ;;
esac
exit "$merge"`;
}

/** Every line but the first moved right, as a block inside YAML wants it. */
export function indented(text: string, columns: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(columns)}`);
}
