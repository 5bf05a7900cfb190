/*
 * What the trials of a campaign say of the next ones, in a block of a few lines.
 *
 *     once opposite, random: deadlock in 12 of 10,000 schedules:
 *       0.12% (95%: 0.062–0.21%); first at 341, median 790 schedules, p90 898
 *       COUNT  INDEX  VERDICT   MESSAGE
 *          12    340  deadlock  saver/0 wants south; saver/1 wants north, which saver…
 *       interleavings: 9,871 distinct in 10,000; the next is new with 97%
 *
 * INDEX is that of the journal, where the first trial is 0, and of the names of dumps.
 *
 * A campaign of one trial says nothing beyond its row in the verdict table, and has no block.
 *
 * Rates, their intervals and chances are said where schedules are drawn.  dfs goes through them in order and replay
 * runs one again and again: of these only counts are said.
 *
 * Median and p90 are said from six failures on, the fewest with which a median has an interval of 95% at all: all
 * of five are on one side of it with a chance of 2 in 32.  It is rough even then: in 4,000 simulated campaigns with
 * about ten failures each, 8 of 10 medians lay between 0.6 and 1.7 of the true one.
 *
 * How many interleavings are unseen is said where at least a tenth of the trials went a way that others had gone:
 * else it is a guess.
 */

import { describeShare, percent } from '../base/interval.ts';
import { fit, table, width } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { Summary } from '../run/campaign-records.ts';
import { shown } from './escape.ts';
import type { Coverage, DistinctFailure, Statistics, ToFailure } from '../run/tally.ts';

const COLUMNS = 80;
const HEADS = ['count', 'index', 'verdict', 'message'];
const INDENT = 2;
const BREAK = '\n'; //  where a line may end
const VERDICT_MAX = 20;
const KINDS_MAX = 8;
const MEDIAN_FROM = 6;
const GUESS_ABOVE = 0.9;
const NOT_DRAWN = new Set(['dfs', 'replay']);

/** What a block is made of, all of it in a campaign's summary. */
export type Counted = Statistics &
  Pick<
    Summary,
    'workload' | 'variant' | 'strategy' | 'trials' | 'exhausted' | 'given_up' | 'preemptions_max'
  >;

/** The blocks of all campaigns that have one, as lines of at most 80 columns. */
export function statisticsLines(summaries: readonly Counted[]): string[] {
  return summaries.filter(({ trials }) => trials > 1).flatMap(blockOf);
}

/** Whether a summary has statistics; those of older journals have none. */
export function isCounted<S extends Summary>(summary: S): summary is S & Counted {
  return 'rate' in summary;
}

function blockOf(summary: Counted): string[] {
  const { workload, variant, strategy, failures, coverage } = summary;
  const isDrawn = !NOT_DRAWN.has(strategy);
  return [
    ...packed([
      `${printable(workload)} ${printable(variant)}, ${printable(strategy)}:`,
      ...claims(summary, isDrawn),
    ]),
    ...(failures.length === 0 ? [] : failureTable(failures)),
    ...(coverage === null ? [] : packed(['', ...waysOf(summary, coverage, isDrawn)])),
  ];
}

function claims(summary: Counted, isDrawn: boolean): string[] {
  const { trials, strategy, failures, exhausted, given_up: givenUp } = summary;
  const unit = strategy === 'free' ? 'trials' : 'schedules';
  const failed = failures.reduce((sum, { count }) => sum + count, 0);
  const share = isDrawn ? `:${BREAK}${describeShare(failed, trials)}` : '';
  return listed([
    failed === 0
      ? `no failure in ${number(trials)} ${unit}${share}`
      : `${nameOf(failures)} in ${number(failed)} of ${number(trials)} ${unit}${share}`,
    lengthsOf(summary.schedules_to_failure, unit, isDrawn),
    exhausted ? `there are no others${within(summary.preemptions_max)}` : '',
    givenUp > 0 ? `${number(givenUp)} given up as seen` : '',
  ]);
}

function within(most: number | null): string {
  if (most === null) return '';
  return ` with ${most === 0 ? 'no preemption' : `${most} preemption${most === 1 ? '' : 's'} at most`}`;
}

function lengthsOf(lengths: ToFailure | null, unit: string, isDrawn: boolean): string {
  if (lengths === null) return '';
  const { first, median, p90, n } = lengths;
  const parts = [`first at ${number(first)}`];
  if (isDrawn && n >= MEDIAN_FROM) {
    const told = (length: number | null): string =>
      length === null ? 'not reached' : number(length);
    parts.push(
      median === null ? 'median not reached' : `median ${counted(median, unit.slice(0, -1))}`,
      `p90 ${told(p90)}`,
    );
  }
  return parts.join(', ');
}

function waysOf(summary: Counted, coverage: Coverage, isDrawn: boolean): string[] {
  const { interleavings, distinct, unseen_estimate: unseen, next_is_new: nextIsNew } = coverage;
  const about = coverage.exact ? '' : 'about ';
  const { choices, preemptions } = summary;
  return listed([
    `interleavings: ${about}${number(distinct)} distinct in ${number(interleavings)}`,
    !isDrawn
      ? ''
      : nextIsNew === 0
        ? 'none only once'
        : `the next is new with ${percent(nextIsNew)}`,
    isDrawn && nextIsNew < GUESS_ABOVE && unseen > 0 ? `at least ${number(unseen)} unseen` : '',
    choices === null || preemptions === null
      ? ''
      : `${counted(choices, 'choice')}, ${counted(preemptions, 'preemption')} each`,
  ]);
}

function failureTable(failures: readonly DistinctFailure[]): string[] {
  const rows = failures
    .slice(0, KINDS_MAX)
    .map(({ count, first, verdict, message }) => [
      count,
      String(first),
      shown(verdict, VERDICT_MAX),
      message === null ? null : printable(message),
    ]);
  const more = failures.length - rows.length;
  return [
    ...table(HEADS, rows, { indent: INDENT, widthMax: COLUMNS }).split('\n'),
    ...(more > 0 ? [`  and ${number(more)} other ${more === 1 ? 'kind' : 'kinds'}`] : []),
  ];
}

function nameOf(failures: readonly DistinctFailure[]): string {
  const verdicts = new Set(failures.map(({ verdict }) => verdict));
  return verdicts.size === 1 ? shown([...verdicts][0]!, VERDICT_MAX) : 'a failure';
}

// Whole from 10 on, with one digit below, where means and middles have one.
function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function counted(value: number, what: string): string {
  const told = number(value);
  return `${told} ${what}${told === '1' ? '' : 's'}`;
}

// Parts of a sentence, in pieces between which a line may end.
function listed(parts: readonly string[]): string[] {
  const told = parts.filter((part) => part !== '');
  return told.join(`;${BREAK}`).split(BREAK);
}

// As many pieces on a line as fit, the lines after the first indented.
function packed(pieces: readonly string[]): string[] {
  const lines: string[] = [];
  let line = pieces[0] ?? '';
  for (const piece of pieces.slice(1)) {
    const longer = line === '' ? ' '.repeat(INDENT) + piece : `${line} ${piece}`;
    if (line !== '' && width(longer) > COLUMNS) {
      lines.push(line);
      line = ' '.repeat(INDENT) + piece;
    } else line = longer;
  }
  return [...lines, line].map((each) => fit(each, COLUMNS));
}
