/*
 * The bench: one file a question, and this list.
 *
 *     question          asks
 *     ---------------   -------------------------------------------------------------------------------
 *     lock-pair         what does a lock cost when nobody is in the way, against two compare-and-swaps?
 *     lock-contended    how fast do threads get through one lock, against the plain futex mutex?
 *     detection         how long from the last wait to the verdict, to the NMI, to the dump?
 *     watchdog-cost     what share of the CPUs does being watched take?
 *
 * Figures are compared as ratios within one run (figure.ts).  A figure whose rounds disagree is marked as
 * noisy: on a busy machine, run it again before believing it.
 */

import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { detection } from './detection.ts';
import { figureTable, isNoisy, type Figure } from './figure.ts';
import { lockContended } from './lock-contended.ts';
import { lockPair } from './lock-pair.ts';
import { watchdogCost } from './watchdog-cost.ts';

export interface BenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: (text: string) => void;
}

const QUESTIONS: Readonly<Record<string, (options: BenchOptions) => Promise<Figure[]>>> = {
  'lock-pair': lockPair,
  'lock-contended': lockContended,
  detection,
  'watchdog-cost': watchdogCost,
};

/**
 * Answers the questions, all of them by default, writing as it goes.
 * @throws Fail UNKNOWN_QUESTION
 */
export async function bench(
  questions: readonly string[],
  options: BenchOptions,
): Promise<Figure[]> {
  const known = Object.keys(QUESTIONS);
  for (const name of questions) {
    if (QUESTIONS[name] !== undefined) continue;
    throw fail('UNKNOWN_QUESTION', {
      name,
      known: known.join(', '),
      suggestion: suggest(name, known) ?? '',
    });
  }
  const all: Figure[] = [];
  for (const name of questions.length > 0 ? questions : known) {
    const figures = await QUESTIONS[name]!(options);
    all.push(...figures);
    if (options.json) for (const each of figures) options.write(`${JSON.stringify(each)}\n`);
    else options.write(`${name}\n${figureTable(figures)}\n\n`);
  }
  if (!options.json && all.some(isNoisy))
    options.write('noisy: the rounds disagree; the machine is busy with something else\n');
  return all;
}
