/*
 * ::acquires: how long each thread took to get what it wanted, from its histogram in the image.
 *
 * The picture of -v is that of DTrace's quantize(): a row for each power of two, which whoever debugs kernels has read before.
 * The histogram is finer, and the percentiles are read from it (base/log-linear.ts).
 */

import { formatNs } from '../../base/duration.ts';
import { BUCKETS, countedIn, highestOf, valueAt, type Counts } from '../../base/log-linear.ts';
import { printable } from '../../base/text.ts';
import type { DumpThread } from '../../dump/format.ts';
import { columns, left, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { record } from '../target/record.ts';
import { addressOf, type Target } from '../target/target.ts';
import { kthreadOf } from '../target/threads.ts';
import { threadOf } from './findstack.ts';

const QUANTILES = [0.5, 0.99, 0.999];
const BAR = 40;
const VALUE = 16;

interface Acquires {
  readonly max: number;
  readonly counts: Counts;
}

export const acquires: Dcmd = {
  name: 'acquires',
  usage: '[-v]',
  address: 'optional',
  summary: 'print how long threads took to get their locks',
  help: [
    'The thread at the address, or all that took any lock: how often it did, and the time from wanting one to having',
    'it.  P50 to P99.9 are too large by less than a sixteenth; MAX is exact.  A lock that a thread still waits',
    'for is not among them: ::stacks, ::why.',
    '',
    '-v  with a row for each power of two, as quantize() of DTrace has them; values are nanoseconds',
    '',
    'Acquires are timed in a run with --track events.',
  ].join('\n'),
  options: { v: 'flag' },
  *run(call) {
    const { target, hasAddress, isFirst, options } = call;
    const threads = hasAddress ? [threadOf(call)] : target.threads;
    let isHead = isFirst;
    for (const thread of threads) {
      const timed = acquiresOf(target, thread);
      if (!hasAddress && timed.counts.length === 0) continue;
      if (isHead || options['v'] === true) yield { text: HEAD };
      isHead = false;
      yield row(thread, timed);
      if (options['v'] === true) yield { text: picture(timed) };
    }
  },
};

const HEAD = columns(
  right('ADDR', WIDE),
  right('COUNT', 11),
  ...['P50', 'P99', 'P99.9', 'MAX'].map((name) => right(name, 7)),
  'NAME',
);

function row(thread: DumpThread, { counts, max }: Acquires): Row {
  const quantiles = QUANTILES.map((q) => valueAt(counts, max, q));
  const count = countedIn(counts);
  const [p50, p99, p999] = quantiles.map((ns) => (count === 0 ? null : ns));
  const cells = [...quantiles, count === 0 ? NaN : max].map((ns) => right(formatNs(ns), 7));
  return {
    text: columns(pointer0(addressOf(thread)), right(count, 11), ...cells, printable(thread.name)),
    address: addressOf(thread),
    data: { thread: thread.address, name: thread.name, count, p50, p99, p999, max, counts },
  };
}

/** One row for each power of two, and an empty one at either end. */
function picture({ counts }: Acquires): string {
  const all = countedIn(counts);
  const rows = new Map<number, number>();
  for (const [value, count] of counts) {
    const power = value === 0 ? 0 : 2 ** Math.floor(Math.log2(value));
    rows.set(power, (rows.get(power) ?? 0) + count);
  }
  const powers = [...rows.keys()];
  const lines = [
    `${right('value', VALUE)}  ${'-'.repeat(13)} Distribution ${'-'.repeat(13)} count`,
  ];
  if (powers.length > 0) {
    const last = next(powers.at(-1)!);
    for (let power = before(powers[0]!); ; power = next(power)) {
      const count = rows.get(power) ?? 0;
      const bar = '@'.repeat(Math.round((count / all) * BAR));
      lines.push(`${right(power, VALUE)} |${left(bar, BAR)} ${count}`);
      if (power === last) break;
    }
  }
  return lines.join('\n');
}

function before(power: number): number {
  return power <= 1 ? 0 : power / 2;
}

function next(power: number): number {
  return power === 0 ? 1 : power * 2;
}

/** @throws MdbError when the dump has no histograms, or others than ours */
function acquiresOf(target: Target, thread: DumpThread): Acquires {
  const kthread = kthreadOf(target, thread);
  const at = kthread.has('acquires') ? kthread.big('acquires') : 0n;
  if (at === 0n) throw oops('no acquires were timed', 'a run with --track events times them');
  const histogram = record(target, 'histogram', at);
  const field = histogram.struct.fields.find(({ name }) => name === 'counts');
  if (field?.count !== BUCKETS)
    throw oops(`a histogram of ${field?.count ?? 'no'} buckets`, `here they have ${BUCKETS}`);
  const counts: (readonly [number, number])[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const n = histogram.part('counts', bucket).number('n');
    if (n > 0) counts.push([highestOf(bucket), n]);
  }
  return { max: histogram.number('max'), counts };
}
