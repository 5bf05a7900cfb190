/*
 * Noise on real threads: a free run in which threads stand still for a moment at chosen places.
 *
 * Where and how long is sched/noise.ts.  This is the standing still.  It hangs on the probes of the kernel, so every
 * lock operation takes the slow path while it is attached (probe.ts).  A lock pair of 26 ns takes 99 then, and 119 with
 * the draws of this, 142 where it is an inner one: a run with noise has fewer rounds, of which each is worth more.
 * Its words are in the image, behind image_header.noise.
 *
 *     a delay        is                                             since
 *     -----------    --------------------------------------------   ----------------------------------------------
 *     under 60 us    a loop that looks at the clock                 the host's wait takes 54 us longer than it is
 *                                                                   asked to (Linux: timer slack)
 *     longer         a wait for the halt word, shorter by as much   it leaves the CPU to those whom it waits for
 *
 * While it stands still a thread is TS_RUN: it could go on, and is not on a CPU.  So nobody spins for what it holds;
 * they stand in line, where the end of the delay finds them.  And the watchdog, to whom it is neither asleep nor
 * running, does not ask why it is silent.  A delay is no operation and no progress: what follows it is.
 *
 * A halt ends a delay at once: the thread throws MachineHalt there, as it would in swtch().  In a machine that has
 * panicked, or is halted, nobody is delayed.
 *
 * Not here: noise in a controlled run, whose clock is not the host's; and together with --track events, since one
 * probe is attached at a time.
 */

import { seedOf } from '../base/prng.ts';
import { header, image_header, kthread, sobj, TS, turnstile } from '../layout/records.ts';
import { boundImage, get, load, store, sub, wait } from '../layout/word.ts';
import { held_count } from '../kernel/held.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { POINT, probe_attach } from '../kernel/probe.ts';
import { curthread, halted } from '../kernel/thread.ts';
import { holdsOf, type Sobj } from '../dump/census.ts';
import { Noise, noiseWords } from '../sched/noise.ts';
import { OP } from '../sched/strategy.ts';

/** By POINT: what the thread is about to do; points that are not here are not delayed. */
const OPS: Readonly<Record<number, number>> = {
  [POINT.acquire]: OP.acquire,
  [POINT.release]: OP.release,
  [POINT.signal]: OP.signal,
  [POINT.read]: OP.read,
  [POINT.write]: OP.write,
};
/** What the host's wait takes longer than asked, and what is not worth one, in microseconds. */
const LATE_US = 54;
const SPIN_US = 60;

/** The words of the noise, in the image that this thread is bound to; none in a run without. */
export function noiseOfImage(): Int32Array {
  const at = get(header, image_header.noise);
  const threads = get(header, image_header.thread_rows) - 1;
  return new Int32Array(boundImage(), at, at === 0 ? 0 : noiseWords(threads));
}

/** One thread's part of it. */
export class NoiseMaker {
  private readonly slot: number;
  private readonly noise: Noise;

  /** @param longestUs no delay is longer, in microseconds */
  constructor(slot: number, longestUs: number) {
    this.slot = slot;
    this.noise = new Noise(noiseOfImage(), slot, longestUs, () => performance.now() * 1000);
  }

  /** Begins with a trial. */
  attach(): void {
    // Not what the role draws from (role.ts): that is seeded by the address of a thread, which is no slot.
    this.noise.begin(seedOf(get(header, image_header.seed), this.slot));
    probe_attach((point) => this.point(point));
  }

  detach(): void {
    probe_attach(undefined);
  }

  private point(point: number): void {
    const op = OPS[point];
    if (op === undefined) return;
    const held = held_count();
    const us = this.noise.delay(op, held);
    if (us === 0 || halted() || load(header, image_header.panic_thread) !== 0) return;
    store(curthread, kthread.state, TS.run);
    standStill(us);
    store(curthread, kthread.state, TS.onproc);
    if (halted()) throw new MachineHalt();
    this.noise.over(op, us, held === 0 ? undefined : holdsOf(curthread).some(isWanted));
  }
}

/** Lets so much time pass, or less if the machine is halted. */
function standStill(us: number): void {
  if (us >= SPIN_US) {
    wait(header, image_header.halt, 0, (us - LATE_US) / 1000);
    return;
  }
  const until = performance.now() + us / 1000;
  while (performance.now() < until && !halted());
}

function isWanted({ object }: { readonly object: Sobj }): boolean {
  return load(sub(object, sobj.ts), turnstile.waiters) !== 0;
}
