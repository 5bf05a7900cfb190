/*
 * The thread table, as the image has it: the records themselves, that of the boot thread too, and their event rings.
 *
 * A ring is an array of kevent, of which ring_next says how many were ever written.  How long it is
 * src/dump/rings.ts finds out.
 */

import { ringLength as lengthOf } from '../../dump/rings.ts';
import { record, type Record } from './record.ts';
import type { Target } from './target.ts';

const THREADS_MAX = 16_384;

/** The kthreads of the thread table, the boot thread's first. */
export function kthreadsOf(target: Target): Record[] {
  const header = record(target, 'image_header', 0n);
  const size = BigInt(target.types.need('kthread').size);
  const count = Math.min(header.number('thread_count'), header.number('thread_rows'), THREADS_MAX);
  const found: Record[] = [];
  for (let i = 0; i < count; i++) {
    const address = header.big('threads') + BigInt(i) * size;
    if (!target.isMapped(address, Number(size))) break;
    found.push(record(target, 'kthread', address));
  }
  return found;
}

/** Records in a ring. */
export function ringLength(target: Target, kthreads: readonly Record[]): number {
  const rings = kthreads.map((kthread) => kthread.number('ring'));
  return lengthOf(rings, target.types.need('kevent').size);
}

/** The events of a thread, oldest first. */
export function* eventsOf(target: Target, kthread: Record, length: number): Iterable<Record> {
  const size = target.types.need('kevent').size;
  const [ring, next] = [kthread.big('ring'), kthread.number('ring_next')];
  if (ring === 0n) return;
  for (let n = Math.max(0, next - length); n < next; n++) {
    const address = ring + BigInt((n % length) * size);
    if (!target.isMapped(address, size)) return;
    const event = record(target, 'kevent', address);
    if (event.number('seq') !== 0) yield event;
  }
}
