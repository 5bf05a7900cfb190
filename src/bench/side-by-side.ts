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
import {
  createBenchResults,
  finishBenchResults,
  headerOf,
  wantedOf,
  type BenchOptions,
} from './bench.ts';
import type { Figure } from './figure.ts';
import { peersOf } from './peers.ts';
import { askProcess, checkCheckout } from './processes.ts';

export interface Checkout {
  readonly label: string;
  /** the directory of its package.json */
  readonly root: string;
}

export interface MeasuredCheckout {
  readonly label: string;
  readonly header: ReturnType<typeof headerOf>;
  readonly figures: readonly Figure[];
  readonly results: ResultsDir;
}

/**
 * Measures two checkouts.
 * @throws Fail UNKNOWN_QUESTION, UNKNOWN_FIGURE, NO_BENCH, BENCH_PROCESS, RESULTS_UNWRITABLE, or what is wrong with a peer
 */
export async function sideBySide(
  checkouts: readonly [Checkout, Checkout],
  questions: readonly string[],
  options: Omit<BenchOptions, 'json' | 'write'> & { readonly resultsRoot: string },
): Promise<[MeasuredCheckout, MeasuredCheckout]> {
  const { processes = 1, resultsRoot, say, quick, against } = options;
  const wanted = wantedOf(questions);
  // Here, too: a question that has no use for a peer would not miss it.
  await peersOf(against);
  for (const { root } of checkouts) checkCheckout(root);
  const sides = checkouts.map(({ label, root }) => {
    const header = headerOf(options, root);
    const results = createBenchResults(resultsRoot, header, { asked: wanted, processes, label });
    return { label, root, header, results, figures: [] as Figure[] };
  }) as [Turn, Turn];
  for (let process = 0; process < processes; process++)
    for (const { question, figures } of wanted)
      for (const side of process % 2 === 0 ? sides : sides.toReversed()) {
        say?.(`${question}: ${side.label}, process ${process + 1} of ${processes}`);
        const asked = { quick, against, ...(figures === null ? {} : { figures }) };
        const came = await askProcess({ question, asked, process, root: side.root });
        for (const each of came) side.results.append(each);
        side.figures.push(...came);
      }
  for (const { results, figures } of sides) finishBenchResults(results, figures);
  return sides;
}

interface Turn extends MeasuredCheckout, Checkout {
  readonly figures: Figure[];
}
