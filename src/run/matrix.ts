/*
 * A matrix: the same trials under several configurations, and what differs.
 *
 *     matrix-axes.ts     which configurations: versions of Node, flags of V8, threads, whatever is asked for
 *     node-binaries.ts   where a version is
 *     v8-flags.ts        what a binary understands
 *     report/matrix.ts   the table
 *
 * Each configuration is a `gridlock run` (or soak, or bench) of its own, by its own binary with its own flags, since
 * neither can change within a process.  They run one after the other, never side by side: they would disturb each other, and
 * not evenly.  Where trials are drawn they take turns, round by round, so that what disturbs the machine for a
 * while disturbs them all:
 *
 *     round 1           round 2           round 3
 *     a  b  c  d        a  b  c  d        a  b  c  d
 *
 * A round is a shard of the trials (shard.ts): round r of 3 has every third trial from the r-th on.  So no trial is run twice,
 * all configurations have the same trials with the same seeds, and the rounds of one add up to what it would have done at
 * once.  A declared bug must have shown in one of the rounds, not in each: grades are given anew from all of them.
 *
 * What is kept.  A child has a results directory of its own, below ours, and says its records on stdout as it goes.  Ours go
 * into our journal as they come, each with its configuration and the number of its campaign, as in a merge (report/model.ts); so a
 * matrix that is killed is readable up to there, and show and report take it for a run of many campaigns.  Dumps are linked
 * into ours.  Between the records there is one more for each child that ended:
 *
 *     {"type":"configuration","configuration":"node=22.23.3","round":1,"exit":0,"signal":null,"seconds":4.1,
 *      "message":null,"came":[{"workload","variant","strategy","trials","verdicts"}]}
 *
 * A child that fails, for want of memory or by a fault of ours, costs its turns and nothing else: the others are run, and the exit
 * code is the worst.  One that refuses its command line is the last: they have all the same.
 *
 * Bounds.  A child bounds each of its trials.  Should it say nothing for half an hour all the same, it is told to end, and
 * ended.  It leads a process group of its own: a Ctrl-C is ours to pass on, once, and it has time to flush.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import type { CampaignFacts, SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import { Ledger } from './ledger.ts';
import type { Axis, Configuration } from './matrix-axes.ts';
import { ResultsDir } from './results.ts';
import type { Fields } from './schema.ts';
import { headerOf } from './stress.ts';

export type MatrixCommand = 'run' | 'soak' | 'bench';

export interface MatrixOptions {
  readonly command: MatrixCommand;
  readonly axes: readonly Axis[];
  readonly configurations: readonly Configuration[];
  /** turns of each configuration */
  readonly rounds: number;
  /** what a binary of Node is given for one turn, behind its flags; `results` is where the child may write */
  readonly childArgs: (configuration: Configuration, round: number, results: string) => string[];
  readonly rootSeed: number;
  readonly resultsRoot: string;
  /** silence of a child that is its end, in milliseconds */
  readonly silenceMs?: number;
}

/** A child that ended. */
export interface TurnEnd {
  readonly type: 'configuration';
  readonly configuration: string;
  readonly round: number;
  readonly exit: number | null;
  readonly signal: string | null;
  readonly seconds: number;
  /** what it said last, where it failed */
  readonly message: string | null;
  readonly came: readonly Came[];
}

/** What a campaign came to in one turn. */
export type Came = Pick<Summary, 'workload' | 'variant' | 'strategy' | 'trials' | 'verdicts'>;

/** What a manifest says of a matrix. */
export interface MatrixFacts {
  readonly command: MatrixCommand;
  readonly rounds: number;
  readonly axes: readonly Axis[];
  readonly configurations: readonly Pick<Configuration, 'name' | 'settings'>[];
}

export interface MatrixListener {
  onHeader?(header: Fields, results: ResultsDir): void;
  onTurn?(configuration: Configuration, round: number, turn: number, of: number): void;
  /** every record of a child, with its configuration */
  onRecord?(record: object): void;
  onTurnEnd?(end: TurnEnd): void;
}

export interface MatrixResult {
  readonly summaries: readonly Summary[];
  readonly exit: ExitCode;
  readonly results: ResultsDir;
}

const SILENCE_MS = 30 * 60_000;
/** How long a child that is told to end may take to flush: twice what it is promised. */
const FLUSH_MS = 10_000;
/** How long the pipes of a child may stay open after its end. */
const PIPES_MS = 2_000;
const STDERR_KEPT = 4_000;
const EXITS: ReadonlySet<number> = new Set(Object.values(EXIT));

/** A summary as the journal has it. */
type Placed = Summary & { readonly campaign: number; readonly configuration: string };

interface Place {
  readonly number: number;
  readonly facts: CampaignFacts & { readonly configuration: string };
  readonly ledger: Ledger;
  /** the last that the child of this turn said of it */
  said: Summary | undefined;
  /** the last that any did */
  last: Summary | undefined;
  /** grades of its turns */
  readonly grades: Set<string>;
}

/** A child as long as it runs. */
interface Running {
  readonly configuration: Configuration;
  readonly root: string;
  readonly came: Map<Place, { trials: number; verdicts: Record<string, number> }>;
  directory: string | undefined;
  hasGrown: boolean;
}

export class Matrix {
  private readonly options: MatrixOptions;
  private readonly listener: MatrixListener;
  private readonly places = new Map<string, Place>();
  private readonly asked = new Map<string, object>();
  private readonly header: Record<string, unknown>;
  private readonly exits: ExitCode[] = [];
  private results!: ResultsDir;
  private child: ChildProcess | undefined;
  private running: Running | undefined;
  private stopped: 'SIGINT' | 'SIGTERM' | undefined;
  /** a command line that one refuses they all do */
  private isRefused = false;

  constructor(options: MatrixOptions, listener: MatrixListener) {
    this.options = options;
    this.listener = listener;
    this.header = headerOf(options.rootSeed, null);
  }

  /** Passes a signal on; what is known is kept. */
  stop(signal: 'SIGINT' | 'SIGTERM'): void {
    this.stopped = signal;
    this.endChild(signal);
  }

  /** @throws Fail RESULTS_UNWRITABLE */
  async run(): Promise<MatrixResult> {
    const { configurations, rounds, resultsRoot } = this.options;
    this.results = ResultsDir.create(resultsRoot, this.manifest());
    this.results.append(this.header);
    this.listener.onHeader?.(this.header, this.results);
    // Whoever ends us at once, by a second signal, must not leave it behind.
    const abandon = (): void => killGroup(this.child);
    process.on('exit', abandon);
    let turn = 0;
    try {
      for (let round = 1; round <= rounds; round++) {
        for (const configuration of configurations) {
          if (this.stopped !== undefined || this.isRefused) break;
          this.listener.onTurn?.(configuration, round, ++turn, configurations.length * rounds);
          await this.turn(configuration, round);
        }
      }
    } finally {
      process.off('exit', abandon);
    }
    return this.end();
  }

  private async turn(configuration: Configuration, round: number): Promise<void> {
    const { results } = this;
    const nth = this.options.configurations.indexOf(configuration) + 1;
    const root = join(results.directory, 'runs', `${nth}-${round}`);
    mkdirSync(root, { recursive: true });
    const began = performance.now();
    const came: Running['came'] = new Map();
    this.running = { configuration, root, came, directory: undefined, hasGrown: false };
    const ended = await this.spawn(configuration, round, root);
    this.sumUp(this.running.came);
    const { exit, signal, said } = ended;
    const hasFound = exit === EXIT.finding && !this.isBroken(exit);
    const isExpected = exit === EXIT.ok || hasFound || this.stopped !== undefined;
    const end: TurnEnd = {
      type: 'configuration',
      configuration: configuration.name,
      round,
      exit,
      signal,
      seconds: Math.round(performance.now() - began) / 1000,
      message: isExpected ? null : said,
      came: [...this.running.came].map(([{ facts }, { trials, verdicts }]) => {
        const { workload, variant, strategy } = facts;
        return { workload, variant, strategy, trials, verdicts };
      }),
    };
    this.isRefused = exit === EXIT.usage;
    this.exits.push(this.exitOf(ended, this.running.hasGrown));
    results.append(end);
    this.listener.onTurnEnd?.(end);
    this.running = undefined;
  }

  /** One child, from its start to its end, whatever that is. */
  private async spawn(
    { node, flags }: Configuration,
    round: number,
    root: string,
  ): Promise<{ exit: number | null; signal: string | null; said: string }> {
    const { childArgs, silenceMs = SILENCE_MS } = this.options;
    const child = spawn(
      node.file,
      [...flags, ...childArgs(this.running!.configuration, round, root)],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
        windowsHide: true,
        env: childEnv(),
      },
    );
    this.child = child;
    let stderr = '';
    let fault: Error | undefined;
    const silence = setTimeout(() => this.endChild('SIGTERM'), silenceMs);
    const heard = (): void => void silence.refresh();
    child.stderr.on('data', (chunk: Buffer) => {
      heard();
      stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      heard();
      try {
        this.hear(line);
      } catch (error) {
        fault ??= error as Error;
        killGroup(child);
      }
    });
    const drained = new Promise<void>((resolve) => void lines.once('close', resolve));
    const ended = await new Promise<{ exit: number | null; signal: string | null }>((resolve) => {
      child.once('error', (error) => {
        stderr += error.message.replaceAll(node.file, 'node');
        resolve({ exit: null, signal: null });
      });
      child.once('exit', (exit, signal) => resolve({ exit, signal }));
    });
    clearTimeout(silence);
    await bounded(drained, PIPES_MS);
    killGroup(child);
    this.child = undefined;
    if (fault !== undefined) throw fault;
    return { ...ended, said: lastLines(stderr) };
  }

  /** Enters a line of a child's stdout; what is no record is none. */
  private hear(line: string): void {
    const record = parse(line);
    const { configuration } = this.running!;
    if (record === undefined || record['type'] === 'end') return;
    if (record['type'] === 'header') this.learn();
    if (record['type'] === 'growth') this.running!.hasGrown = true;
    const place =
      typeof record['workload'] === 'string' ? this.placeOf(configuration, record) : undefined;
    const { name } = configuration;
    if (place === undefined) {
      this.tell({ ...record, configuration: name });
      return;
    }
    const written = { ...record, configuration: name, campaign: place.number };
    if (record['type'] === 'summary') {
      place.said = place.last = { ...written, ...this.adopted(record) } as unknown as Summary;
      // Where there are rounds it is that of one; ours comes when the child has ended.
      if (this.options.rounds === 1) this.tell(place.last);
      return;
    }
    const adopted = { ...written, ...this.adopted(record) };
    this.count(place, adopted);
    this.tell(adopted);
  }

  private count(place: Place, record: Record<string, unknown>): void {
    const came = this.running!.came.get(place) ?? { trials: 0, verdicts: {} };
    this.running!.came.set(place, came);
    const add = (verdict: string, trials: number): void => {
      came.trials += trials;
      came.verdicts[verdict] = (came.verdicts[verdict] ?? 0) + trials;
    };
    if (record['type'] === 'trial') {
      place.ledger.trial(record as unknown as TrialRecord);
      add(String(record['verdict']), 1);
    } else if (record['type'] === 'series') {
      const series = record as unknown as SeriesRecord;
      place.ledger.passed(series);
      if (series.passed > 0) add('pass', series.passed);
    }
  }

  /** The end of a turn, for each campaign that was in it. */
  private sumUp(came: ReadonlyMap<Place, unknown>): void {
    for (const place of came.keys()) {
      const { said } = place;
      if (said === undefined) continue;
      place.said = undefined;
      place.grades.add(said.grade);
      place.ledger.turn(said);
      if (this.options.rounds > 1) this.tell(summaryOf(place));
    }
  }

  private tell(record: object): void {
    this.results.append(record);
    this.listener.onRecord?.(record);
  }

  /** A record of a child as one of ours: its dumps are here, too. */
  private adopted(record: Fields): Fields {
    const { dump, replay, failures } = record;
    return {
      ...record,
      ...(typeof dump === 'string' ? { dump: this.adopt(dump) } : {}),
      ...(typeof replay === 'string' ? { replay: this.configured(replay) } : {}),
      ...(Array.isArray(failures)
        ? { failures: failures.map((each: Fields) => this.adopted(each)) }
        : {}),
    };
  }

  /** A line that runs a trial again, as it was configured; a schedule says all that decides its trial. */
  private configured(replay: string): string {
    if (!replay.startsWith('gridlock run ')) return replay;
    const { settings } = this.running!.configuration;
    const axes = Object.entries(settings).map(([axis, value]) => `--matrix ${axis}=${value}`);
    return [replay, ...axes].join(' ');
  }

  /** Links a dump, and the schedule beside it.  @returns its name here; null where it is not there */
  private adopt(dump: string): string | null {
    const { directory, root } = this.running!;
    if (directory === undefined) return null;
    const name = `dumps/${basename(root)}-${basename(dump)}`;
    const [from, to] = [join(directory, dump), join(this.results.directory, name)];
    if (existsSync(to)) return name;
    if (!this.results.attempt(to, () => linkOrCopy(from, to))) return null;
    const [schedule, here] = [from, to].map((file) => file.replace(/\.dump$/, '.sched'));
    if (existsSync(schedule!)) this.results.attempt(here!, () => linkOrCopy(schedule!, here!));
    return name;
  }

  /** What the manifest of a child says of its campaigns becomes part of ours. */
  private learn(): void {
    const running = this.running!;
    const [id] = readdirSync(running.root);
    if (id === undefined) return;
    running.directory = join(running.root, id);
    const manifest = JSON.parse(readFileSync(join(running.directory, 'manifest.json'), 'utf8')) as {
      campaigns?: CampaignFacts[];
      asked?: object[];
    };
    for (const each of manifest.asked ?? []) this.asked.set(JSON.stringify(each), each);
    const before = this.places.size;
    for (const facts of manifest.campaigns ?? []) this.place(running.configuration, facts);
    if (this.places.size > before) this.results.writeJson('manifest.json', this.manifest());
  }

  private placeOf(configuration: Configuration, record: Fields): Place | undefined {
    return this.places.get(keyOf(configuration, record));
  }

  private place({ name }: Configuration, facts: CampaignFacts): void {
    const key = keyOf({ name }, { ...facts });
    if (this.places.has(key)) return;
    this.places.set(key, {
      number: this.places.size,
      facts: {
        ...facts,
        settings: { ...facts.settings, configuration: name },
        configuration: name,
      },
      ledger: new Ledger(facts, facts.declared),
      said: undefined,
      last: undefined,
      grades: new Set(),
    });
  }

  private manifest(): object {
    const { command, rounds, axes, configurations } = this.options;
    const matrix: MatrixFacts = {
      command,
      rounds,
      // As they are called, which is not how they were given: a path is not ours to write down.
      axes: axes.map(({ name }) => ({
        name,
        values: [...new Set(configurations.map(({ settings }) => settings[name] ?? ''))],
      })),
      configurations: configurations.map(({ name, settings }) => ({ name, settings })),
    };
    return {
      ...this.header,
      ...(this.results === undefined ? {} : { id: this.results.id }),
      type: undefined,
      asked: [...this.asked.values()],
      campaigns: [...this.places.values()].map(({ facts }) => facts),
      total: rounds,
      matrix,
    };
  }

  private end(): MatrixResult {
    const { results, options, stopped } = this;
    const places = [...this.places.values()].filter(({ ledger }) => ledger.trials > 0);
    const isOne = options.rounds === 1;
    const summaries = places.map((place) => (isOne ? place.last : undefined) ?? judged(place));
    if (!isOne) for (const summary of summaries) this.tell(summary);
    const isFinding = !isOne && places.some(isForbidden);
    const worst = worstExit([...this.exits, ...(isFinding ? [EXIT.finding] : [])]);
    const signals = { SIGINT: EXIT.sigint, SIGTERM: EXIT.sigterm } as const;
    const exit = stopped === undefined ? worst : signals[stopped];
    results.writeJson('run.json', {
      id: results.id,
      ...this.header,
      type: 'matrix',
      summaries,
      exit,
    });
    results.append({ type: 'end', exit });
    this.listener.onRecord?.({ type: 'end', exit });
    if (results.unwritten.length === 0) results.writeJson('done.json', { exit });
    return {
      summaries,
      exit: results.isWhole ? exit : worstExit([exit, EXIT.environment]),
      results,
    };
  }

  /** What a child's end is worth.  Whether something was found in one of several rounds is said at the end, of them all. */
  private exitOf({ exit }: { readonly exit: number | null }, hasGrown: boolean): ExitCode {
    if (exit === null || !EXITS.has(exit) || this.isBroken(exit)) return EXIT.internal;
    if (exit === EXIT.finding && this.options.rounds > 1 && !hasGrown) return EXIT.ok;
    return exit as ExitCode;
  }

  /** What Node exits with where an error is caught by nobody is what we exit with for a finding; but that is of some trial. */
  private isBroken(exit: number): boolean {
    const { hasGrown, came } = this.running!;
    const isOfTrials = this.options.command !== 'bench';
    return exit === EXIT.finding && isOfTrials && came.size === 0 && !hasGrown;
  }

  /** Asks the child to end, and sees to it that it does. */
  private endChild(signal: 'SIGINT' | 'SIGTERM'): void {
    const { child } = this;
    if (child === undefined) return;
    child.kill(signal);
    const timer = setTimeout(() => killGroup(child), FLUSH_MS);
    child.once('exit', () => clearTimeout(timer));
  }
}

/** All turns of a campaign so far. */
function summaryOf({ ledger, facts, number }: Place): Placed {
  const { configuration } = facts;
  return { ...ledger.summary(), campaign: number, configuration };
}

/** The last word on a campaign. */
function judged(place: Place): Summary {
  const summary = summaryOf(place);
  return isForbidden(place) ? { ...summary, grade: 'forbidden' } : summary;
}

/** Whether it came to what it must not: in a round, or by not coming to what it declares in any. */
function isForbidden({ ledger, facts, grades }: Place): boolean {
  const isUnshown = facts.declared !== 'pass' && !ledger.showed && grades.has('forbidden');
  return isUnshown || ledger.summary().grade === 'forbidden';
}

function keyOf(
  { name }: Pick<Configuration, 'name'>,
  { workload, variant, strategy }: Fields,
): string {
  return [name, workload, variant, strategy].join('\n');
}

/** What of ours a child must not take for its own. */
function childEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GRIDLOCK_'));
  return { ...Object.fromEntries(own), NODE_OPTIONS: '' };
}

function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // There is nobody left in it.
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function parse(line: string): Fields | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? (record as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** What was said last, which is where a failure is explained. */
function lastLines(text: string): string {
  return text.trim().split('\n').slice(-2).join('; ').replaceAll(/\s+/g, ' ');
}

async function bounded(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
