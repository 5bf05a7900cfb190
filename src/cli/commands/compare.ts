/*
 * gridlock compare: two sides, and what may be said of their difference.
 *
 * A side is results directories, of benches or of runs, or a baseline.  With --run it is a checkout, which is measured first, in
 * turn with the other.
 */

import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import type { ExitCode } from '../../base/exit.ts';
import { noiseShare, withExports, withNoise, type ExportArgs, type JudgeArgs } from '../judging.ts';
import type { Side } from '../../compare/side.ts';

interface Args extends ExportArgs, Pick<JudgeArgs, 'noise' | 'fail-on-regression'> {
  side: string[] | undefined;
  run: boolean;
  quick: boolean;
  against: string[];
  processes: number;
  results: string;
  json: boolean;
}

/** Samples a side that find five hundredths in nine of ten, and more. */
const PROCESSES = 10;
const PROCESSES_MAX = 1_000;
const LABELS = ['A', 'B'];

export const compareCommand: CommandModule<object, Args> = {
  command: 'compare [side..]',
  describe: 'two benches, or two runs: what differs, and whether it is more than noise',
  builder: (yargs) =>
    withExports(withNoise(yargs))
      .positional('side', {
        type: 'string',
        array: true,
        describe:
          'A=DIR B=DIR: results directories, their names, latest, or baselines; with --run A=CHECKOUT B=CHECKOUT and questions',
      })
      .option('run', {
        type: 'boolean',
        default: false,
        describe: 'measure two checkouts first, a process of each in turn',
      })
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: '--run: shorter rounds, so more processes in the same time',
      })
      .option('against', {
        type: 'string',
        array: true,
        default: [],
        describe: '--run: measure these beside ours',
      })
      .option('processes', {
        type: 'number',
        default: PROCESSES,
        requiresArg: true,
        describe: '--run: of each side',
      })
      .option('results', {
        type: 'string',
        default: 'results',
        requiresArg: true,
        describe: 'where runs are kept',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object' })
      .example('$0 compare main=results/20261122T005602 latest', 'two benches, or two runs')
      .example('$0 compare --run old=../main new=. lock-pair', 'two checkouts, in turn'),
  handler: async (args) => {
    const { EXIT } = await import('../../base/exit.ts');
    const { compareSides, isRegression } = await import('../../compare/compare.ts');
    const { comparisonText } = await import('../../compare/text.ts');
    const { comparisonJson, exportComparison } = await import('../../compare/export.ts');
    const { endOnSignals } = await import('../signals.ts');
    const noise = noiseShare(args.noise);
    endOnSignals();
    const [a, b] = args.run ? await measured(args) : await read(args);
    const comparison = compareSides(a, b, noise);
    process.stdout.write(
      args.json ? `${JSON.stringify(comparisonJson(comparison))}\n` : comparisonText(comparison),
    );
    exportComparison(
      { json: args['export-json'], markdown: args['export-markdown'], csv: args['export-csv'] },
      comparison,
    );
    const isWorse = args['fail-on-regression'] && isRegression(comparison);
    process.exitCode = (isWorse ? EXIT.regression : EXIT.ok) satisfies ExitCode;
  },
};

/** 'A=DIR' → A, DIR; a label that is not given is A of the first, B of the second. */
function labelled(given: readonly string[]): Map<string, string[]> {
  const sides = new Map<string, string[]>();
  for (const [i, each] of given.entries()) {
    const [, label = LABELS[i] ?? `#${i + 1}`, place = each] =
      /^([A-Za-z][\w.-]*)=(.+)$/.exec(each) ?? [];
    sides.set(label, [...(sides.get(label) ?? []), place]);
  }
  return sides;
}

/** @throws Fail COMPARE_SIDES */
async function twoOf(given: readonly string[]): Promise<[[string, string[]], [string, string[]]]> {
  const { fail } = await import('../../base/fail.ts');
  const sides = [...labelled(given)];
  if (sides.length === 2) return sides as [[string, string[]], [string, string[]]];
  const named = sides.map(([label]) => label).join(', ');
  const were = sides.length === 1 ? 'one was' : `${sides.length} were`;
  const what = sides.length === 0 ? 'none was given' : `${were} given: ${named}`;
  throw fail('COMPARE_SIDES', { what });
}

async function read({ side = [], results }: Args): Promise<[Side, Side]> {
  const [a, b] = await twoOf(side);
  return [await sideAt(a, results), await sideAt(b, results)];
}

async function sideAt([label, places]: [string, string[]], root: string): Promise<Side> {
  const { joined, readSide } = await import('../../compare/side.ts');
  const { baselineFile, isBaselineFile, readBaseline } = await import('../../compare/baseline.ts');
  const { findRun } = await import('../../report/find.ts');
  const sides = places.map((place) => {
    if (isBaselineFile(place)) return readBaseline(place, root, label);
    if (existsSync(place)) return readSide(label, [place]);
    return existsSync(baselineFile(place, root))
      ? readBaseline(place, root, label)
      : readSide(label, [findRun(place, root)]);
  });
  return joined(label, sides);
}

async function measured(args: Args): Promise<[Side, Side]> {
  const { sideBySide } = await import('../../bench/side-by-side.ts');
  const { sideOfFigures } = await import('../../compare/side.ts');
  const { countOf } = await import('../options.ts');
  const { side = [], quick, against, results } = args;
  const isSide = (each: string): boolean => each.includes('=');
  const [[a, [rootA = '']], [b, [rootB = '']]] = await twoOf(side.filter(isSide));
  const checkouts = [
    { label: a, root: rootA },
    { label: b, root: rootB },
  ] as const;
  const came = await sideBySide(
    checkouts,
    side.filter((each) => !isSide(each)),
    {
      quick,
      against,
      processes: countOf('--processes', args.processes, 1, PROCESSES_MAX),
      resultsRoot: results,
      say: (line) => void process.stderr.write(`${line}\n`),
    },
  );
  return came.map(({ label, header, figures, results: kept }) =>
    sideOfFigures(label, kept.id, header, figures),
  ) as [Side, Side];
}
