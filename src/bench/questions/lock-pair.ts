/*
 * lock-pair: what a lock costs when nobody is in the way.
 *
 * The floor is two compare-and-swaps on one word.  Ours adds an owner, a held stack with times, and the
 * checks that make misuse panic by name; it is called as users call it, by an imported name.
 *
 *     Node            20     22     24     26          mutex_enter + mutex_exit, times the floor:
 *     ratio           1.10   1.13   1.13   1.09        the median of 16 processes each
 *     of all, at most 1.19   1.28   1.32   1.15
 *
 * One process differs from the next by a few hundredths, whichever the lock: where the compiler put the
 * loop, and which addresses collide.  word.ts and mutex.ts say where the tenth goes.
 *
 * The figures without params are all measured by one thread of this process, in rounds that measure each in
 * turn.  Those with a `lock` come from machines, as a role of a workload would see them (workloads/pair.ts):
 * ours at each level of tracking, the plain futex mutex, and whoever is named by --against, each kind of lock
 * that it has, each beside the floor of its own process.
 *
 *     track      a pair also
 *     -------    ------------------------------------------------------------------------------------------
 *     held       keeps the thread's stack of held locks (the default)
 *     events     leaves two events in the ring, and the time that it took in a histogram, through the probe
 *     checked    the same in a free run, as here; a controlled run also stops at fields
 *
 * There is no level without tracking: who holds what is in the mutex's own word and in its thread's record,
 * so the kernel has nothing to leave out.  What that would save at most is the distance to the futex mutex.
 */

import { Bench } from 'tinybench';
import { createImage } from '../../layout/image.ts';
import { global } from '../../layout/linker.ts';
import { kcondvar, kmutex } from '../../layout/records.ts';
import { cv_signal } from '../../kernel/condvar.ts';
import { mutex_enter, mutex_exit, mutex_tryenter } from '../../kernel/mutex.ts';
import { kernel_boot } from '../../kernel/startup.ts';
import { Arena } from '../arena.ts';
import { failed, figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { pairFloor } from '../floor.ts';
import { contenders, OURS, type Contender } from '../peers.ts';
import { initPairs, OUR_PAIRS, PAIRS_OF, type PairName } from '../pairs.ts';

const QUESTION = 'lock-pair';
const lock = global('bench_pair_lock', kmutex);
const cv = global('bench_pair_cv', kcondvar);
/** Pairs in one call of the measuring loop, so that the loop itself does not show. */
const PAIRS = 20_000;
const GOAL = 1.1;

type Tasks = Readonly<Record<string, () => void>>;

const TASKS: Tasks = {
  mutex: mutexPairs,
  mutex_tryenter() {
    for (let i = 0; i < PAIRS; i++) if (mutex_tryenter(lock)) mutex_exit(lock);
  },
  rwlock_reader: () => OUR_PAIRS.rwlock_reader(PAIRS),
  rwlock_writer: () => OUR_PAIRS.rwlock_writer(PAIRS),
  semaphore: () => OUR_PAIRS.semaphore(PAIRS),
  cv_signal() {
    for (let i = 0; i < PAIRS; i++) cv_signal(cv);
  },
};
export const PAIR_FIGURES = Object.keys(TASKS);

/** Uncontended pairs of each kind of lock. */
export async function lockPair(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { quick, figures: names } = asked;
  createImage({ threads: 1, heapBytes: 1 << 16 });
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  initPairs();
  const words = new Int32Array(new SharedArrayBuffer(4096));
  const floor = (): void => pairFloor(words, 32, PAIRS);
  const tasks = Object.entries(TASKS).filter(([name]) => names?.includes(name) ?? true);
  const figures = await rounds(quick ? 9 : 25, floor, Object.fromEntries(tasks));
  const measured = pairsInMachines(asked);
  for (const [nth, name] of measured.entries()) {
    tell?.(name, nth, measured.length);
    figures.push(...(await inMachines(name, asked)));
  }
  return figures;
}

/** What is measured in machines, too.  They take longer: one figure is of this process alone, unless it is wanted beside others'. */
export function pairsInMachines({ against, figures: names }: Pick<Asked, 'against' | 'figures'>) {
  if (names !== undefined && against.length === 0) return [];
  const all = Object.keys(PAIRS_OF) as PairName[];
  return all.filter((name) => names?.includes(name) ?? true);
}

/** One kind of lock as roles take it: ours, and those of peers that have it. */
async function inMachines(name: PairName, asked: Asked): Promise<Figure[]> {
  const { quick, against } = asked;
  const isMutex = name === 'mutex';
  const [, ...peers] = await contenders(PAIRS_OF[name], against, isMutex ? ['futex'] : []);
  if (peers.length === 0) return [];
  const levels = isMutex ? (['held', 'events', 'checked'] as const) : (['held'] as const);
  const ours = levels.map((track): Contender => ({ ...OURS, track }));
  const arena = new Arena({
    question: QUESTION,
    module: './workloads/pair.js',
    variant: name,
    params: {},
    contenders: [...ours, ...peers],
    asked,
  });
  try {
    const order = { cell: name, rounds: quick ? 7 : 21, durationMs: 40, seed: 1 };
    const lanes = await arena.rounds(order, ({ outcomes }) => outcomes);
    return lanes.map(({ contender, rounds, failure }) => {
      const track = contender.file === null ? { track: contender.track } : {};
      const common = {
        question: QUESTION,
        name,
        params: { lock: contender.name, ...track },
        unit: 'ns',
      };
      if (failure !== null) return failed(common, failure);
      const ns = (outcome: string): number[] => rounds.map((round) => (round[outcome] ?? 0) / 1000);
      return figure({ ...common, values: ns('pair_ps'), floors: ns('floor_ps') });
    });
  } finally {
    arena.stop();
  }
}

/** The figure that a goal is for: its lock and its bound are constants here, where pairs.ts takes the bound from outside. */
function mutexPairs(): void {
  for (let i = 0; i < PAIRS; i++) {
    mutex_enter(lock);
    mutex_exit(lock);
  }
}

/** Measures the tasks, and the floor beside them, so many times. */
async function rounds(n: number, floor: () => void, tasks: Tasks): Promise<Figure[]> {
  if (Object.keys(tasks).length === 0) return [];
  const times = new Map<string, number[]>(
    ['floor', ...Object.keys(tasks)].map((name) => [name, []]),
  );
  for (let round = 0; round < n; round++) {
    for (const [name, ns] of await measure({ floor, ...tasks }, round === 0))
      times.get(name)!.push(ns);
  }
  const floors = times.get('floor')!;
  return Object.keys(tasks).map((name) =>
    figure({
      question: QUESTION,
      name,
      unit: 'ns',
      values: times.get(name)!,
      floors,
      ...(name === 'mutex' ? { goal: GOAL } : {}),
    }),
  );
}

/** Nanoseconds a pair of each task, the least of many calls: what the machine allows, not what it did. */
async function measure(tasks: Tasks, warmup: boolean): Promise<Map<string, number>> {
  const bench = new Bench({ time: 15, iterations: 4, warmup, warmupTime: 50 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  return new Map(
    bench.tasks.map(({ name, result }) => {
      if (!('latency' in result)) throw new Error(`bench: ${name} gave no result`);
      return [name, (result.latency.min * 1e6) / PAIRS];
    }),
  );
}
