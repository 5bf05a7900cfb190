/*
 * --threshold, --save-baseline, --baseline, --fail-on-regression, --noise: for every command that measures something.
 *
 * What can be refused is refused before anything is measured: a threshold that does not parse, or that needs --track events,
 * a baseline that is not there, that is empty, or that is of something else.  That a metric is not there shows when all is measured.
 *
 * A threshold that was not kept is exit code 99.  So is a regression, where --fail-on-regression asks for it.  Neither hides
 * what the run itself came to (base/exit.ts); a run that was interrupted is not judged.
 *
 * A run is judged when all its summaries are on the disk, and before its exit code is: so the journal, done.json and --json say
 * what the command says, and a merge knows of a shard that missed its threshold.
 */

import type { Argv } from 'yargs';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { explain, fail, toFail } from '../base/fail.ts';
import { printable, shellWord } from '../base/text.ts';
import type { Metric } from '../compare/metrics.ts';
import type { Side } from '../compare/side.ts';
import type { ResultsDir } from '../run/results.ts';
import { refusingNoFile } from './named-files.ts';

export interface JudgeArgs {
  threshold: string[] | undefined;
  'save-baseline': string | undefined;
  baseline: string | undefined;
  'fail-on-regression': boolean;
  noise: string;
}

export interface ExportArgs {
  'export-json': string | undefined;
  'export-markdown': string | undefined;
  'export-csv': string | undefined;
}

const GROUP = 'Judging:';

export function withJudging<T>(yargs: Argv<T>): Argv<T & JudgeArgs> {
  return withNoise(yargs)
    .option('threshold', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: "what must hold, as k6 has it: 'lock-pair.mutex: med<1.25', 'failures: rate<1%'",
      group: GROUP,
    })
    .option('save-baseline', {
      type: 'string',
      requiresArg: true,
      describe: 'keep what was measured under this name, or in this .json file',
      group: GROUP,
    })
    .option('baseline', {
      type: 'string',
      requiresArg: true,
      describe: 'compare with what was kept under this name, or in this .json file',
      group: GROUP,
    });
}

/** What a comparison needs, and a baseline as well. */
export function withNoise<T>(
  yargs: Argv<T>,
): Argv<T & Pick<JudgeArgs, 'noise' | 'fail-on-regression'>> {
  return yargs
    .option('fail-on-regression', {
      type: 'boolean',
      default: false,
      describe: 'exit 99 where something is worse, past the noise',
      group: GROUP,
    })
    .option('noise', {
      type: 'string',
      default: '1%',
      requiresArg: true,
      describe: 'what is nearer than this is not worth acting on',
      group: GROUP,
    });
}

export function withExports<T>(yargs: Argv<T>): Argv<T & ExportArgs> {
  const exporting = yargs
    .option('export-json', { type: 'string', requiresArg: true, describe: 'into this file' })
    .option('export-markdown', { type: 'string', requiresArg: true, describe: 'into this file' })
    .option('export-csv', { type: 'string', requiresArg: true, describe: 'into this file' });
  return refusingNoFile(exporting, ['export-json', 'export-markdown', 'export-csv']);
}

/** '1%' → 0.01.  @throws Fail NOISE_SYNTAX */
export function noiseShare(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const share = Number(number) / 100;
  if (share >= 0 && share <= 1) return share;
  throw fail('NOISE_SYNTAX', { text });
}

/** What was measured, to be judged. */
export interface Measured {
  readonly side: () => Side;
  readonly metrics: () => readonly Metric[];
}

/** Where it is said. */
export interface Out {
  readonly people: (text: string) => void;
  readonly machine?: (record: object) => void;
}

export interface Judge {
  /**
   * Judges, and says what it found.
   * @param came what the run itself came to
   * @returns the exit code of both
   */
  readonly judge: (
    measuredOf: () => Measured | Promise<Measured>,
    came: ExitCode,
    out: Out,
  ) => Promise<ExitCode>;
}

/**
 * A matrix says itself what differs; what would be ignored is refused.
 * @throws Fail USAGE
 */
export function refuseWithMatrix(args: Partial<JudgeArgs & ExportArgs>, command: string): void {
  const asked = OF_ONE.find((name) => args[name] !== undefined && args[name] !== false);
  if (asked === undefined) return;
  const what = `--${asked} is of one configuration, and --matrix has several: ask it of each alone`;
  throw fail('USAGE', { what, command });
}

const OF_ONE = [
  'threshold',
  'save-baseline',
  'baseline',
  'fail-on-regression',
  'export-json',
  'export-markdown',
  'export-csv',
] as const satisfies readonly (keyof JudgeArgs | keyof ExportArgs)[];

/** Does it; where it cannot be done that is said, and what was found is not lost.  @returns what it came to */
export async function attempt(body: () => ExitCode | Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await body();
  } catch (thrown) {
    const failure = toFail(thrown);
    process.stderr.write(`${explain(failure)}\n`);
    return failure.exit;
  }
}

const NOT_JUDGED: ReadonlySet<ExitCode> = new Set([EXIT.sigint, EXIT.sigterm, EXIT.nothing]);

/**
 * Everything that is needed to judge, checked.
 * @param names of metrics that there can be (compare/metrics.ts)
 * @param tracked of what runs trials: how closely it is asked to look at locks, and as what it was called
 * @throws Fail THRESHOLD_SYNTAX, THRESHOLD_METRIC, THRESHOLD_TRACK, NOISE_SYNTAX, USAGE, and those of a baseline
 */
export async function judgeFor(
  args: JudgeArgs,
  root: string,
  kind: Side['kind'],
  names: readonly string[],
  tracked?: { readonly track: string; readonly command: string },
): Promise<Judge> {
  const { parseThreshold } = await import('../compare/threshold.ts');
  const { checkMetric, checkTracked, judge } = await import('../compare/metrics.ts');
  const noise = noiseShare(args.noise);
  const thresholds = (args.threshold ?? []).map(parseThreshold);
  for (const each of thresholds) checkMetric(each, names);
  if (tracked !== undefined)
    for (const each of thresholds) checkTracked(each, tracked.track, tracked.command);
  const { 'save-baseline': save, 'fail-on-regression': fails } = args;
  const before = await baselineOf(args, root, kind);
  const isAsked = thresholds.length > 0 || before !== undefined || save !== undefined;

  function judgeThresholds({ metrics }: Measured, { people, machine }: Out): ExitCode {
    const known = metrics();
    const judged = thresholds.flatMap((threshold) => judge(threshold, known));
    for (const { threshold, metric, seen, isKept } of judged) {
      const text = printable(threshold.text);
      people(`${isKept ? '✓' : '✗'} ${text}  ${printable(metric)} is ${seen}\n`);
      machine?.({ type: 'threshold', threshold: threshold.text, metric, seen, kept: isKept });
    }
    return judged.every(({ isKept }) => isKept) ? EXIT.ok : EXIT.regression;
  }

  async function judgeBaseline(baseline: Side, now: Side, out: Out): Promise<ExitCode> {
    const { compareSides, isRegression } = await import('../compare/compare.ts');
    const { comparisonText } = await import('../compare/text.ts');
    const { comparisonJson } = await import('../compare/export.ts');
    const comparison = compareSides(baseline, now, noise);
    out.people(`\n${comparisonText(comparison)}`);
    out.machine?.(comparisonJson(comparison));
    return fails && isRegression(comparison) ? EXIT.regression : EXIT.ok;
  }

  return {
    judge: async (measuredOf, came, out) => {
      if (!isAsked || NOT_JUDGED.has(came)) return came;
      const measured = await measuredOf();
      const exits = [came];
      const also = async (body: () => ExitCode | Promise<ExitCode>): Promise<void> => {
        exits.push(await attempt(body));
      };
      if (thresholds.length > 0) await also(() => judgeThresholds(measured, out));
      if (before !== undefined) await also(() => judgeBaseline(before, measured.side(), out));
      if (save !== undefined)
        await also(async () => {
          // A gate that takes what it has just refused for its measure is open the next time.
          if (fails && exits.includes(EXIT.regression)) {
            out.people(`baseline ${printable(save)} is left as it was: this is a regression\n`);
            return EXIT.ok;
          }
          const { saveBaseline } = await import('../compare/baseline.ts');
          out.people(`baseline ${saveBaseline(save, root, measured.side())}\n`);
          return EXIT.ok;
        });
      return worstExit(exits);
    },
  };
}

/** The same for what runs trials.  @throws the same */
export async function judgeForTrials(
  args: JudgeArgs & { readonly workload: string[] | undefined; readonly results: string },
  command: string,
  track: string,
): Promise<Judge> {
  const { RUN_METRICS } = await import('../compare/metrics.ts');
  const called = [command, ...(args.workload ?? []).map(shellWord)].join(' ');
  return judgeFor(args, args.results, 'run', RUN_METRICS, { track, command: called });
}

/** The baseline that is to be compared with, if any. */
async function baselineOf(
  { baseline, 'save-baseline': save, 'fail-on-regression': fails }: JudgeArgs,
  root: string,
  kind: Side['kind'],
): Promise<Side | undefined> {
  if (fails && baseline === undefined)
    throw fail('USAGE', {
      what: '--fail-on-regression needs something to compare with: --baseline NAME',
    });
  if (save === undefined && baseline === undefined) return undefined;
  const { checkBaselineName, readBaseline } = await import('../compare/baseline.ts');
  if (save !== undefined) checkBaselineName(save, '--save-baseline');
  if (baseline === undefined) return undefined;
  checkBaselineName(baseline, '--baseline');
  const before = readBaseline(baseline, root);
  if (before.kind === kind) return before;
  throw fail('COMPARE_KINDS', {
    a: `the baseline ${before.label}`,
    kindA: before.kind,
    b: 'what is to be measured',
    kindB: kind,
  });
}

/** A run that is judged as it ends; what is said of it is for behind its own tables. */
export interface JudgedRun {
  /** @returns what the judging alone came to */
  readonly judge: (came: ExitCode, results: Pick<ResultsDir, 'directory'>) => Promise<ExitCode>;
  readonly said: () => string;
}

/**
 * @param terminal is closed before anything may be said there
 * @param json whether what is found is a record on stdout, too
 */
export function judgeRun({ judge }: Judge, terminal: { close(): void }, json: boolean): JudgedRun {
  const said: string[] = [];
  return {
    judge: async (came, { directory }) => {
      terminal.close();
      if (NOT_JUDGED.has(came)) return EXIT.ok;
      const out: Out = {
        people: (text) => void said.push(text),
        ...(json ? { machine: sayRecord } : {}),
      };
      try {
        return await judge(() => measuredRun(directory), EXIT.ok, out);
      } catch (thrown) {
        // The run is over all the same, and is told and written as such.
        const failure = toFail(thrown);
        process.stderr.write(`${explain(failure)}\n`);
        return failure.exit;
      }
    },
    said: () => said.join(''),
  };
}

/** A record among those of --json. */
export function sayRecord(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

/** A run's directory, to be judged. */
async function measuredRun(directory: string): Promise<Measured> {
  const { readSide } = await import('../compare/side.ts');
  const { metricsOfRun } = await import('../compare/metrics.ts');
  const { readRun } = await import('../report/model.ts');
  return {
    side: () => readSide('now', [directory]),
    metrics: () => metricsOfRun(readRun(directory)),
  };
}
