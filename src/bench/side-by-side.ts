/*
 * Two checkouts, measured in turn: a process of A, one of B, one of B, one of A, and so on.
 *
 * A machine is not the same from one minute to the next: it warms up, somebody else begins to work on it.  Measured one after
 * the other, what changed between is a part of the difference, and no test can take it out again.  Measured in turn, it falls
 * on both; and since who goes first changes each time, so does what changes steadily.
 *
 * Each process is a new one, since a process is a sample (compare/side.ts), and answers one question.  Both
 * sides are kept as benches of their own, so they can be compared again, or with others.
 */

import type { ResultsDir } from '../run/results.ts';
import type { Fields } from '../run/schema.ts';
import { askedOf } from './asking.ts';
import {
  checkAsked,
  createBenchResults,
  dumpsOf,
  finishBenchResults,
  headerOf,
  keptFigures,
  type BenchHeader,
  type BenchOptions,
} from './bench.ts';
import type { Figure } from './figure.ts';
import { askProcess, checkCheckout } from './processes.ts';

export interface Checkout {
  readonly label: string;
  /** the directory of its package.json */
  readonly root: string;
}

export interface MeasuredCheckout {
  readonly label: string;
  readonly header: BenchHeader & Fields;
  readonly figures: readonly Figure[];
  readonly results: ResultsDir;
}

/**
 * Measures two checkouts.
 * @throws Fail what is wrong with what is asked (asking.ts), NO_BENCH, BENCH_PROCESS, RESULTS_UNWRITABLE
 */
export async function sideBySide(
  checkouts: readonly [Checkout, Checkout],
  questions: readonly string[],
  options: Omit<BenchOptions, 'json' | 'write' | 'onCell' | 'threads' | 'pin'> & {
    readonly resultsRoot: string;
  },
): Promise<[MeasuredCheckout, MeasuredCheckout]> {
  const { processes = 1, resultsRoot, say } = options;
  const { wanted } = await checkAsked(questions, options);
  for (const { root } of checkouts) checkCheckout(root);
  const turn = async ({ label, root }: Checkout): Promise<Turn> => {
    const header = await headerOf(options, root);
    const results = createBenchResults(resultsRoot, header, { asked: wanted, processes, label });
    return { label, root, header, results, figures: [] };
  };
  const sides: [Turn, Turn] = [await turn(checkouts[0]), await turn(checkouts[1])];
  for (let process = 0; process < processes; process++)
    for (const each of wanted)
      for (const side of process % 2 === 0 ? sides : sides.toReversed()) {
        const { question } = each;
        say?.(`${question}: ${side.label}, process ${process + 1} of ${processes}`);
        const asked = askedOf(each, options, `${dumpsOf(side.results)}${process}-`);
        const came = await askProcess({ question, asked, process, root: side.root });
        side.figures.push(...keptFigures(side.results, came));
      }
  for (const { results, figures } of sides) finishBenchResults(results, figures);
  return sides;
}

interface Turn extends MeasuredCheckout, Checkout {
  readonly figures: Figure[];
}
