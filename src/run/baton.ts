/*
 * The baton: a controlled run of real threads, of which one runs at a time.
 *
 * At each scheduling point the thread that has the baton says what it does next, asks the strategy who goes on, and
 * hands the baton to that one, if it is another: it sets the other's turn word and sleeps on its own.  There is no
 * scheduler thread.  The strategy's state is in the image (sched/strategy.ts), so whoever runs can ask it.
 *
 *     scheduling point                     the thread then is      and can go on
 *     ----------------------------------   ---------------------   -----------------------------------------
 *     start, exit                          ready, done             at any time
 *     about to take a lock, to signal      ready                   at any time: it blocks if it must
 *     asks running(), and did nothing      ready                   when somebody else has run, or nobody can:
 *       since it last did                                          what it waits for is for others to do
 *     about to sleep in the kernel         asleep                  when it was woken, or its time is up
 *
 * Who sleeps and who was woken is not guessed: it is the kernel's own park word.  A thread without the baton is
 * TS_RUN and not TS_ONPROC, so nobody spins on a lock that it has: it would spin for ever.
 *
 * Time is a choice, too.  The clock of a controlled run (kbaton.now) goes on by a microsecond a choice, and jumps to
 * the next deadline when nobody else can run.  So a timed wait comes back at the same choice each time, and a
 * program that polls with delay() costs nothing.
 *
 * The end.  A trial is frozen, which is to say that nobody has the baton any more, when
 *
 *     stuck       nobody can run: all are asleep without a limit; or those who sleep wait in a circle.  The
 *                 watchdog finds that in the image as it finds it in any other run, at the very choice
 *     given up    the strategy has seen all that can come of this (NOBODY), and says so
 *     cut         the trial made more choices than it may, though its roles were told to stop
 *     over        only daemons are left, and they sleep
 *
 * For whoever reads a dump: kbaton and kturn have all of it, and the log has the choices.
 *
 * Not here: threads that make load (they would be part of the program), and the host's own time: a role that
 * asks the host for it, or for chance, is not controlled.
 */

import { header, image_header, kbaton, kchoice, kthread, kturn, TS } from '../layout/records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, load, notify, put, put16, put8, store, wait } from '../layout/word.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { PARK } from '../kernel/disp.ts';
import { clock_attach, POINT, probe_attach, type Clock, type Point } from '../kernel/probe.ts';
import { curthread, halted } from '../kernel/thread.ts';
import { threadsOf, waitOf, type Thread, type Wait } from '../dump/census.ts';
import { findCycle, readEdges } from '../nmi/waitgraph.ts';
import { NOBODY, OP, type Shape, type Strategy, type StrategyKind } from '../sched/strategy.ts';
import { FROZEN, STATUS, strategyWords, turnAt } from './control.ts';

/** Microseconds that a choice takes, by the controlled clock. */
const CHOICE_US = 1;
const TICK_US = 100;
/** kthread.flags */
const DAEMON = 1;
/** Milliseconds after which a thread without the baton looks whether the machine was halted. */
const LOOK_MS = 100;

/** One thread's end of it. */
export class Baton implements Clock {
  private readonly baton = get(header, image_header.baton);
  private readonly slot: number;
  private readonly threads: number;
  private readonly turn: Ref<'kturn'>;
  private readonly strategy: Strategy;
  /** whether it asked running(), and has done nothing since */
  private polled = false;
  // What the strategy is shown; filled anew for each choice.
  private readonly enabled: Int32Array;
  private readonly op: Int32Array;
  private readonly object: Int32Array;

  constructor(slot: number, kind: StrategyKind, shape: Shape) {
    const { baton } = this;
    this.slot = slot;
    this.threads = shape.threads;
    this.turn = turnAt(baton, slot);
    this.strategy = kind.make(strategyWords(), shape);
    this.enabled = new Int32Array(shape.threads);
    this.op = new Int32Array(shape.threads);
    this.object = new Int32Array(shape.threads);
  }

  /** Before the start gate: what this thread does first is to start. */
  enter(): void {
    this.polled = false;
    put(this.turn, kturn.op, OP.start);
    put(this.turn, kturn.object, 0 as Ref<'sobj'>);
    put(this.turn, kturn.status, STATUS.ready);
    store(curthread, kthread.state, TS.run);
    probe_attach((point, object) => this.point(point, object));
    clock_attach(this);
  }

  /** Behind the gate, which one of all opened: that one makes the first choice. */
  start(isOpener: boolean): void {
    if (isOpener) this.handOn();
    this.awaitTurn();
  }

  /** At the end of the role, however it came: the others go on without this thread. */
  leave(): void {
    probe_attach(undefined);
    clock_attach(undefined);
    put(this.turn, kturn.status, STATUS.done);
    if (halted() || get(this.baton, kbaton.frozen) !== FROZEN.no) return;
    if (this.productive() === 0) store(header, image_header.stop, 1);
    // One that was told to unwind while it waited for its turn has no baton to hand on.
    if (get(this.baton, kbaton.last) === this.slot) this.handOn();
  }

  // --- scheduling points ------------------------------------------------------------------------

  private point(point: Point, object: number): void {
    if (point === POINT.acquire) this.yield(OP.acquire, object);
    else if (point === POINT.signal) this.yield(OP.signal, object);
    else if (point === POINT.write) this.yield(OP.write, object);
    else if (point === POINT.read) {
      // To look is not to do something: who asks, looks and asks again has polled.
      const { polled } = this;
      this.yield(OP.read, object);
      this.polled = polled;
    }
  }

  /** The role asks whether to go on.  One that only asks, over and over, waits for others to do something. */
  poll(): void {
    if (this.polled) this.yield(OP.poll, 0);
    this.polled = true;
  }

  private yield(op: number, object: number): void {
    const { turn } = this;
    this.polled = false;
    put(turn, kturn.op, op);
    put(turn, kturn.object, object as Ref<'sobj'>);
    put(turn, kturn.status, STATUS.ready);
    if (this.choose() === this.slot) return;
    store(curthread, kthread.state, TS.run);
    this.pass();
    this.awaitTurn();
  }

  now(): number {
    return get(this.baton, kbaton.now) / 1000;
  }

  /** In swtch(): asleep until woken, or until its time is up. */
  sleep(object: number, ms: number): boolean {
    const { turn, baton } = this;
    this.polled = false;
    const until = get(baton, kbaton.now) + Math.max(1, Math.round(ms * 1000));
    put(turn, kturn.op, OP.wait);
    put(turn, kturn.object, object as Ref<'sobj'>);
    put(turn, kturn.deadline, ms === Infinity ? 0 : until);
    put(turn, kturn.status, STATUS.asleep);
    if (load(curthread, kthread.park) === PARK.asleep && this.closesCycle())
      this.freeze(FROZEN.stuck);
    else this.handOn();
    this.awaitTurn();
    put(turn, kturn.deadline, 0);
    put(turn, kturn.status, STATUS.ready);
    return load(curthread, kthread.park) === PARK.asleep;
  }

  /** Whether those who sleep now wait for one another in a circle: found at the choice that closes it. */
  private closesCycle(): boolean {
    const threads = threadsOf();
    const waits = new Map<Thread, Wait>();
    for (const t of threads) {
      const wait = waitOf(t);
      if (wait !== undefined) waits.set(t, wait);
    }
    return findCycle(readEdges(waits, threads)) !== undefined;
  }

  // --- the baton --------------------------------------------------------------------------------

  /** Chooses, and passes the baton. */
  private handOn(): void {
    if (this.choose() !== NOBODY) this.pass();
  }

  /** Gives the thread that was chosen its turn. */
  private pass(): void {
    const next = get(this.baton, kbaton.last);
    if (next === NOBODY || get(this.baton, kbaton.frozen) !== FROZEN.no) return;
    const turn = turnAt(this.baton, next);
    store(turn, kturn.turn, 1);
    notify(turn, kturn.turn, 1);
  }

  private awaitTurn(): void {
    const { turn } = this;
    while (load(turn, kturn.turn) === 0) {
      if (halted()) throw new MachineHalt();
      wait(turn, kturn.turn, 0, LOOK_MS);
    }
    store(turn, kturn.turn, 0);
    if (get(turn, kturn.status) !== STATUS.asleep) store(curthread, kthread.state, TS.onproc);
  }

  /** The next choice; NOBODY when the trial is frozen, or everybody is done. */
  private choose(): number {
    const { baton, enabled, op, object } = this;
    const step = get(baton, kbaton.step);
    if (!this.checkLength(step)) return NOBODY;
    let count = this.runnable();
    if (count === 0 && this.skipTime()) count = this.runnable();
    if (count === 0) {
      const left = this.left();
      if (left > 0) this.freeze(this.productive() === 0 ? FROZEN.over : FROZEN.stuck);
      put(baton, kbaton.last, NOBODY);
      return NOBODY;
    }
    const last = get(baton, kbaton.last);
    let current = NOBODY;
    for (let i = 0; i < count; i++) if (enabled[i] === last) current = last;
    const next = this.strategy.choose({ current, count, enabled, op, object, step });
    if (next === NOBODY) {
      this.freeze(FROZEN.givenUp);
      return NOBODY;
    }
    const choice = (get(baton, kbaton.log) + step * kchoice.$.size) as Ref<'kchoice'>;
    put16(choice, kchoice.thread, next);
    put8(choice, kchoice.op, op[next]!);
    put(choice, kchoice.object, object[next]! as Ref<'sobj'>);
    put(baton, kbaton.step, step + 1);
    put(baton, kbaton.last, next);
    if (current !== NOBODY && next !== current) {
      put(baton, kbaton.preemptions, get(baton, kbaton.preemptions) + 1);
    }
    this.tick(get(baton, kbaton.now) + CHOICE_US);
    return next;
  }

  /** Collects who can run, and what each does next. */
  private runnable(): number {
    const { baton, threads, enabled, op, object } = this;
    const now = get(baton, kbaton.now);
    const first = get(header, image_header.threads);
    const last = get(baton, kbaton.last);
    let count = 0;
    let polls = 0;
    for (let i = 0; i < threads; i++) {
      const turn = turnAt(baton, i);
      op[i] = get(turn, kturn.op);
      object[i] = get(turn, kturn.object);
      const status = get(turn, kturn.status);
      if (status === STATUS.ready) {
        // Not twice in a row, if anybody else can run: what it waits for is for others to do.
        if (op[i] === OP.poll && i === last) polls++;
        else enabled[count++] = i;
      } else if (status === STATUS.asleep) {
        const t = (first + (i + 1) * kthread.$.size) as Thread;
        const deadline = get(turn, kturn.deadline);
        if (load(t, kthread.park) !== PARK.asleep) {
          // Woken, and waits for its turn: whoever looks from outside shall not take it for stuck.
          store(t, kthread.state, TS.run);
          enabled[count++] = i;
        } else if (deadline !== 0 && deadline <= now) {
          op[i] = OP.timeout;
          enabled[count++] = i;
        }
      }
    }
    if (count > 0 || polls === 0) return count;
    for (let i = 0; i < threads; i++) {
      const isReady = get(turnAt(baton, i), kturn.status) === STATUS.ready;
      if (isReady && op[i] === OP.poll) enabled[count++] = i;
    }
    return count;
  }

  /** Threads that have not come to their end. */
  private left(): number {
    let left = 0;
    for (let i = 0; i < this.threads; i++) {
      if (get(turnAt(this.baton, i), kturn.status) !== STATUS.done) left++;
    }
    return left;
  }

  /** The same, without daemons. */
  private productive(): number {
    let left = 0;
    for (const [i, t] of threadsOf().entries()) {
      const isDaemon = (get(t, kthread.flags) & DAEMON) !== 0;
      if (!isDaemon && get(turnAt(this.baton, i), kturn.status) !== STATUS.done) left++;
    }
    return left;
  }

  /** Nobody can run: the clock goes to the first deadline.  @returns whether there is one */
  private skipTime(): boolean {
    const { baton, threads } = this;
    let first = Infinity;
    for (let i = 0; i < threads; i++) {
      const turn = turnAt(baton, i);
      const deadline = get(turn, kturn.deadline);
      if (get(turn, kturn.status) === STATUS.asleep && deadline !== 0)
        first = Math.min(first, deadline);
    }
    if (first === Infinity) return false;
    this.tick(first);
    return true;
  }

  private tick(us: number): void {
    put(this.baton, kbaton.now, us);
    put(header, image_header.clock, Math.floor(us / TICK_US));
  }

  /** After so many choices roles are told to stop, and after twice that they are stopped. */
  private checkLength(step: number): boolean {
    const most = get(this.baton, kbaton.steps_max);
    if (step < most) return true;
    store(header, image_header.stop, 1);
    if (step < 2 * most - 1) return true;
    this.freeze(FROZEN.cut);
    return false;
  }

  /** Nobody has the baton any more; the watchdog, or the main thread, is to end the trial. */
  private freeze(why: number): void {
    put(this.baton, kbaton.last, NOBODY);
    store(this.baton, kbaton.frozen, why);
    store(header, image_header.doorbell, 1);
    notify(header, image_header.doorbell, 1);
  }
}
