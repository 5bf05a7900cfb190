/*
 * The floor of a controlled run: two threads on one CPU that wake each other in turn, and do nothing else.  Where the machine's
 * threads are not pinned, these are not, either.
 *
 * This file is both sides.  The threads share one line of memory; each sleeps on a word of its own until the other stores
 * it, as the hosts of a controlled run do (run/baton.ts).
 */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { struct, u32, type Ref } from '../layout/struct.ts';
import { bindWords, load, notify, store, wait } from '../layout/word.ts';
import { osThreadId } from '../nmi/osthread.ts';
import { pinToOne } from '../run/pinning.ts';

const line = struct('bench_handoff', { left: u32, right: u32 });
const there = 0 as Ref<'bench_handoff'>;
const SIDES = [
  [line.left, line.right],
  [line.right, line.left],
] as const;
const TURNS = 10_000;

interface Side {
  readonly memory: SharedArrayBuffer;
  readonly side: 0 | 1;
}

/** Two threads that are there as long as they are asked. */
export class Handoff {
  private readonly workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.workers = workers;
  }

  static async start(pin: boolean): Promise<Handoff> {
    const memory = new SharedArrayBuffer(64);
    const workers = ([0, 1] as const).map(
      (side) =>
        new Worker(new URL(import.meta.url), { workerData: { memory, side } satisfies Side }),
    );
    const tids = await Promise.all(workers.map(async (worker) => heard(worker)));
    if (pin) await pinToOne(tids, 0);
    return new Handoff(workers);
  }

  /** One handoff, in microseconds. */
  async microseconds(): Promise<number> {
    for (const worker of this.workers) worker.postMessage('go');
    const [took] = await Promise.all(this.workers.map(async (worker) => heard(worker)));
    return took! / (2 * TURNS);
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(async (worker) => worker.terminate()));
  }
}

async function heard(worker: Worker): Promise<number> {
  const [said] = (await once(worker, 'message')) as [number];
  return said;
}

/** One side, so many turns.  @returns microseconds */
function play(side: 0 | 1): number {
  const [mine, other] = SIDES[side];
  const began = performance.now();
  if (side === 0) pass(other);
  for (let turn = 0; turn < TURNS; turn++) {
    while (load(there, mine) === 0) wait(there, mine, 0, 1_000);
    store(there, mine, 0);
    if (side === 1 || turn < TURNS - 1) pass(other);
  }
  return (performance.now() - began) * 1000;
}

function pass(other: (typeof SIDES)[0][1]): void {
  store(there, other, 1);
  notify(there, other, 1);
}

if (!isMainThread && parentPort !== null && (workerData as Partial<Side>).side !== undefined) {
  const { memory, side } = workerData as Side;
  const port = parentPort;
  bindWords(memory);
  port.on('message', () => port.postMessage(play(side)));
  port.postMessage(osThreadId() ?? 0);
}
