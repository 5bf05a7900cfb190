/*
 * probe-cost: what it costs that somebody could watch.
 *
 * A lock pair as it is, with nobody attached, is the floor.  `asked` is the same with two calls of probe()
 * that find nobody, one after the acquire and one before the release: what the fast path would cost if it
 * asked, instead of comparing with a value that no lock word ever has (kernel/probe.ts).  `attached` is the
 * pair with a probe that does nothing, and `events` with the one that leaves two events in the ring.
 *
 *     Node 20    asked 1.03 to 1.08    attached 4    events 11    times the pair
 */

import { Bench } from 'tinybench';
import { createImage } from '../../layout/image.ts';
import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { POINT, probe, probe_attach } from '../../kernel/probe.ts';
import { track_events } from '../../kernel/track.ts';
import { kernel_boot } from '../../kernel/startup.ts';
import { figure, type Asked, type Figure } from '../figure.ts';

const lock = global('bench_probe_lock', kmutex);
const PAIRS = 20_000;
export const PROBE_FIGURES = ['asked', 'attached', 'events'] as const;
const ask = probe;

function pairs(): void {
  for (let i = 0; i < PAIRS; i++) {
    mutex_enter(lock);
    mutex_exit(lock);
  }
}

function pairsAsking(): void {
  for (let i = 0; i < PAIRS; i++) {
    mutex_enter(lock);
    ask(POINT.acquired, lock);
    ask(POINT.release, lock);
    mutex_exit(lock);
  }
}

/** A lock pair with nobody, and with somebody, attached. */
export async function probeCost({ quick }: Asked): Promise<Figure[]> {
  createImage({ threads: 1, heapBytes: 1 << 16 });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  const rounds = quick ? 7 : 21;
  const bare: number[] = [];
  const asked: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await least(pairs, round === 0));
    asked.push(await least(pairsAsking, round === 0));
  }
  // Last, since attaching slows the pair of this thread for good (lock-pair.ts says why).
  const attached: number[] = [];
  const events: number[] = [];
  for (let round = 0; round < rounds; round++) {
    probe_attach(() => undefined);
    attached.push(await least(pairs, round === 0));
    track_events();
    events.push(await least(pairs, round === 0));
  }
  probe_attach(undefined);
  const common = { question: 'probe-cost', unit: 'ns', floors: bare } as const;
  const times = { asked, attached, events };
  return PROBE_FIGURES.map((name) => figure({ ...common, name, values: times[name] }));
}

/** Nanoseconds a pair, the least of many calls. */
async function least(task: () => void, warmup: boolean): Promise<number> {
  const bench = new Bench({ time: 15, iterations: 4, warmup, warmupTime: 50 });
  bench.add('pair', task);
  const [{ result }] = (await bench.run()) as [(typeof bench.tasks)[number]];
  if (!('latency' in result)) throw new Error('bench: the pair gave no result');
  return (result.latency.min * 1e6) / PAIRS;
}
