/*
 * The baton: a controlled run of real threads, of which one runs at a time.
 *
 * At each scheduling point the thread that has the baton says what it does next, asks the strategy who goes on, and
 * hands the baton to that one, if it is another.  There is no scheduler thread.  The strategy's state is in the image
 * (sched/strategy.ts), so whoever runs can ask it.
 *
 *     scheduling point                     the thread then is      and can go on
 *     ----------------------------------   ---------------------   -----------------------------------------
 *     start, exit                          ready, done             at any time
 *     about to take a lock, to signal,     ready                   at any time: it blocks if it must
 *       to touch a shared field
 *     asks running(), and did nothing      ready                   when somebody else has run, or nobody can:
 *       since it last did                                          what it waits for is for others to do
 *     about to sleep in the kernel         asleep                  when it was woken, or its time is up
 *
 * Who sleeps and who was woken is not guessed: it is the kernel's own park word.  A thread without the baton is
 * TS_RUN and not TS_ONPROC, so nobody spins on a lock that it has: it would spin for ever.
 *
 * Threads and hosts.  A thread of the roster is a role with a record; a host is a worker of the pool, a real thread with a
 * stack.  Which host runs which role is not fixed: a role that begins takes the host at hand.  So when one role has
 * ended and another begins, no baton changes hands, and a switch between real threads happens only where a
 * role is left in its middle or taken up there.  That is the least that can be: it is what costs in a controlled run
 * (about 4 us, a hundred times a choice).
 *
 *     the next thread …                    and this host …          the baton
 *     ----------------------------------   ----------------------   -----------------------------------------
 *     is the one that asks                 goes on                  stays
 *     has not begun                        has just ended a role    stays: this host becomes it
 *     has not begun                        is in a role             goes to a host without a role
 *     is in its middle                     any                      goes to the host that has its stack
 *
 * Time is a choice, too.  The clock of a controlled run (kbaton.now) goes on by a microsecond a choice, and jumps to
 * the next deadline when nobody else can run.  So a timed wait comes back at the same choice each time, and a
 * program that polls with delay() costs nothing.
 *
 * The end of a trial:
 *
 *     all are done        ENDED, to the host that ran the last one: series.ts says what then
 *     only daemons are    ENDED, when they have unwound: each gets the baton once more, and leaves by MachineHalt
 *       left, asleep
 *     the strategy says   the same
 *       NOBODY
 *     stuck               frozen: all are asleep without a limit, or those who sleep wait in a circle.  Nobody has the
 *                         baton any more.  The watchdog finds that in the image as in any other run
 *     cut                 frozen: the trial made more choices than it may, though its roles were told to stop
 *     halted              no further choice.  Who sleeps is woken then, to leave: that is no part of the trial, and a
 *                         search that took it for one would look for other ways to go on from there
 *
 * For whoever reads a dump: kbaton and kturn have all of it, and the log has the choices.
 *
 * Not here: threads that make load (they would be part of the program), and the host's own time: a role that
 * asks the host for it, or for chance, is not controlled.
 */

import { threadAt } from '../layout/image.ts';
import { header, image_header, kthread, PARK, THREAD, TS } from '../layout/records.ts';
import { kbaton, kchoice, khost, kturn } from '../layout/control-records.ts';
import type { Ref } from '../layout/struct.ts';
import { cas, get, load, notify, put, put16, put8, store, wait } from '../layout/word.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { clock_attach, POINT, probe_attach, type Clock, type Point } from '../kernel/probe.ts';
import { curthread, halted } from '../kernel/thread.ts';
import { threadsOf, waitOf, type Thread, type Wait } from '../dump/census.ts';
import { findCycle, readEdges } from '../nmi/waitgraph.ts';
import { hashEvent } from '../sched/events.ts';
import { NOBODY, OP, type Shape, type Strategy, type StrategyKind } from '../sched/strategy.ts';
import { FROZEN, hostAt, OVER, STATUS, strategyWords, turnAt } from './control.ts';

/** In place of a thread: the trial is over, and nobody is left in it. */
export const ENDED = -2;
/** In place of a thread: there is nothing left to do for this host. */
export const GONE = -3;
/** Microseconds that a choice takes, by the controlled clock. */
const CHOICE_US = 1;
const TICK_US = 100;

/** One host's end of it. */
export class Baton implements Clock {
  private readonly baton = get(header, image_header.baton);
  private readonly host: number;
  private readonly here: Ref<'khost'>;
  private readonly count: number;
  /** who decides; between trials, series.ts ends and begins them */
  readonly strategy: Strategy;
  /** the thread of the roster that this host runs */
  private me = NOBODY;
  private turn = 0 as Ref<'kturn'>;
  /** whether it asked running(), and has done nothing since */
  private polled = false;
  /** whether to give a lock up is a scheduling point, too */
  private readonly releases: boolean;
  private readonly turns: readonly Ref<'kturn'>[];
  private readonly threads: readonly Thread[];
  // What the strategy is shown; filled anew for each choice.
  private readonly view: {
    current: number;
    count: number;
    step: number;
    isTimed: boolean;
    readonly enabled: Int32Array;
    readonly op: Int32Array;
    readonly object: Int32Array;
  };
  private readonly probe = (point: Point, object: number): void => this.point(point, object);

  /** @param host this worker's number, from 0 @param releases whether to give a lock up is a choice */
  constructor(host: number, kind: StrategyKind, shape: Shape, releases: boolean) {
    const { baton } = this;
    const { threads } = shape;
    this.host = host;
    this.here = hostAt(baton, host);
    this.count = threads;
    this.strategy = kind.make(strategyWords(), shape);
    this.releases = releases;
    this.turns = Array.from({ length: threads }, (_, i) => turnAt(baton, i));
    this.threads = Array.from({ length: threads }, (_, i) => threadAt(i + 1));
    this.view = {
      current: NOBODY,
      count: 0,
      step: 0,
      isTimed: false,
      enabled: new Int32Array(threads),
      op: new Int32Array(threads),
      object: new Int32Array(threads),
    };
  }

  // --- roles begin and end ----------------------------------------------------------------------

  /** The host that opened the start gate: all the others are without a role. */
  open(): void {
    for (let host = this.count - 1; host >= 0; host--) if (host !== this.host) this.rest(host);
  }

  /** The first choice of a trial.  @returns who begins, on this host; or GONE */
  first(): number {
    for (const turn of this.turns) {
      put(turn, kturn.op, OP.start);
      put(turn, kturn.object, 0 as Ref<'sobj'>);
      put(turn, kturn.status, STATUS.ready);
    }
    const next = this.choose();
    return next === NOBODY ? this.ended() : next;
  }

  /** This host becomes a thread of the roster, which has the baton; curthread is that one. */
  enter(thread: number): void {
    this.me = thread;
    this.turn = this.turns[thread]!;
    this.polled = false;
    put(this.turn, kturn.host, this.host);
    probe_attach(this.probe);
    clock_attach(this);
  }

  /**
   * At the end of the role, however it came.
   * @param isSound whether it ended as a role should
   * @returns who goes on, which may be a thread that has not begun; or ENDED, or GONE
   */
  leave(isSound: boolean): number {
    const { baton, turn } = this;
    probe_attach(undefined);
    clock_attach(undefined);
    put(turn, kturn.status, STATUS.done);
    put(turn, kturn.op, OP.none);
    put(turn, kturn.object, 0 as Ref<'sobj'>);
    put(turn, kturn.host, NOBODY);
    if (halted() || get(baton, kbaton.frozen) !== FROZEN.no) return GONE;
    if (get(baton, kbaton.unwinding) !== 0) return this.unwindNext();
    if (!isSound) put(baton, kbaton.doubt, 1);
    if (this.productive() === 0) store(header, image_header.stop, 1);
    const next = this.choose();
    return next === NOBODY ? this.ended() : next;
  }

  /** Nobody was chosen: what that means to a host without a role. */
  private ended(): number {
    const { baton } = this;
    if (get(baton, kbaton.frozen) !== FROZEN.no) return GONE;
    return get(baton, kbaton.unwinding) === 0 ? ENDED : this.unwindNext();
  }

  /** Whether a thread has not begun yet, so that any host can become it. */
  isFresh(thread: number): boolean {
    return get(this.turns[thread]!, kturn.host) === NOBODY;
  }

  /** This host has no role now; then the baton goes to a thread.  @returns as awaitRole() */
  handOver(next: number): number {
    this.rest(this.host);
    this.pass(next);
    return this.awaitRole();
  }

  /** Waits without a role.  @returns the thread to become, or GONE */
  awaitRole(): number {
    const { here } = this;
    const turn = takeTurn(here);
    return turn === OVER ? GONE : turn - 1;
  }

  /** The series is over: all other hosts are without a role, and can go. */
  dismiss(): void {
    for (let host = this.idle(); host !== NOBODY; host = this.idle()) this.wake(host, OVER);
  }

  // --- scheduling points ------------------------------------------------------------------------

  private point(point: Point, object: number): void {
    if (point === POINT.acquire) this.yield(OP.acquire, object);
    else if (point === POINT.signal) this.yield(OP.signal, object);
    else if (point === POINT.release && this.releases) this.yield(OP.release, object);
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
    this.stay();
    put(turn, kturn.op, op);
    put(turn, kturn.object, object as Ref<'sobj'>);
    const next = this.choose();
    if (next === this.me) return;
    put(curthread, kthread.state, TS.run);
    this.await(next);
  }

  now(): number {
    return get(this.baton, kbaton.now) / 1000;
  }

  /** In swtch(): asleep until woken, or until its time is up. */
  sleep(object: number, ms: number): boolean {
    const { turn, baton, me } = this;
    this.polled = false;
    this.stay();
    const until = get(baton, kbaton.now) + Math.max(1, Math.round(ms * 1000));
    put(turn, kturn.op, OP.wait);
    put(turn, kturn.object, object as Ref<'sobj'>);
    put(turn, kturn.deadline, ms === Infinity ? 0 : until);
    put(turn, kturn.status, STATUS.asleep);
    const isStuck = load(curthread, kthread.park) === PARK.asleep && this.closesCycle();
    if (isStuck) this.freeze(FROZEN.stuck);
    const next = isStuck ? NOBODY : this.choose();
    if (next !== me) this.await(next);
    put(turn, kturn.deadline, 0);
    put(turn, kturn.status, STATUS.ready);
    return load(curthread, kthread.park) === PARK.asleep;
  }

  /** Whether those who sleep now wait for one another in a circle: found at the choice that closes it. */
  private closesCycle(): boolean {
    let asleep = 0;
    for (const turn of this.turns) if (get(turn, kturn.status) === STATUS.asleep) asleep++;
    if (asleep < 2) return false;
    const threads = threadsOf();
    const waits = new Map<Thread, Wait>();
    for (const t of threads) {
      const wait = waitOf(t);
      if (wait !== undefined) waits.set(t, wait);
    }
    return findCycle(readEdges(waits, threads)) !== undefined;
  }

  /** Leaves the role if all are to leave theirs. */
  private stay(): void {
    if (get(this.baton, kbaton.unwinding) !== 0) throw new MachineHalt();
  }

  /** Passes the baton, and waits to get it back.  @param next NOBODY when nobody gets it */
  private await(next: number): void {
    const { here, turn } = this;
    if (next !== NOBODY) this.pass(next);
    else this.stay();
    if (takeTurn(here) === OVER) throw new MachineHalt();
    this.stay();
    if (get(turn, kturn.status) !== STATUS.asleep) put(curthread, kthread.state, TS.onproc);
  }

  // --- the baton --------------------------------------------------------------------------------

  /** Gives a thread its turn, on the host that has its stack, or on one that becomes it. */
  private pass(next: number): void {
    const { baton } = this;
    put(baton, kbaton.handoffs, get(baton, kbaton.handoffs) + 1);
    const host = get(this.turns[next]!, kturn.host);
    this.wake(host === NOBODY ? this.idle() : host, next + 1);
  }

  private wake(host: number, turn: number): void {
    const there = hostAt(this.baton, host);
    // Not over a word that says the machine was halted.
    if (cas(there, khost.turn, 0, turn) === 0) notify(there, khost.turn, 1);
  }

  /** Puts a host on the list of those without a role. */
  private rest(host: number): void {
    const { baton } = this;
    put(hostAt(baton, host), khost.next_idle, get(baton, kbaton.idle));
    put(baton, kbaton.idle, host);
  }

  /** Takes the first off it: the one that has rested least.  @returns NOBODY when there is none */
  private idle(): number {
    const { baton } = this;
    const host = get(baton, kbaton.idle);
    if (host !== NOBODY) put(baton, kbaton.idle, get(hostAt(baton, host), khost.next_idle));
    return host;
  }

  /** The next one that is in its role and has to leave it; ENDED when all have. */
  private unwindNext(): number {
    for (let i = 0; i < this.count; i++) if (!this.isFresh(i)) return i;
    return ENDED;
  }

  /** The next choice; NOBODY when the trial is frozen, halted, is to be unwound, or everybody is done. */
  private choose(): number {
    const { baton, view } = this;
    const step = get(baton, kbaton.step);
    if (!this.checkLength(step)) return NOBODY;
    let count = this.runnable();
    if (count === 0 && this.skipTime()) count = this.runnable();
    // Whoever halts says so before it wakes those who sleep: until then, what was seen here is the trial's own.
    if (halted()) return NOBODY;
    if (count === 0) {
      if (this.left() > 0) {
        if (this.productive() === 0) put(baton, kbaton.unwinding, 1);
        else this.freeze(FROZEN.stuck);
      }
      put(baton, kbaton.last, NOBODY);
      return NOBODY;
    }
    view.count = count;
    view.step = step;
    const next = this.strategy.choose(view);
    if (next === NOBODY) {
      put(baton, kbaton.given_up, 1);
      put(baton, kbaton.unwinding, 1);
      put(baton, kbaton.last, NOBODY);
      return NOBODY;
    }
    const choice = (get(baton, kbaton.log) + step * kchoice.$.size) as Ref<'kchoice'>;
    const op = view.op[next]!;
    const object = view.object[next]!;
    put16(choice, kchoice.thread, next);
    put8(choice, kchoice.op, op);
    put(choice, kchoice.object, object as Ref<'sobj'>);
    put(baton, kbaton.hash, hashEvent(get(baton, kbaton.hash), next, op, object));
    put(baton, kbaton.step, step + 1);
    put(baton, kbaton.alive, (get(baton, kbaton.alive) + 1) | 0);
    put(baton, kbaton.last, next);
    if (view.current !== NOBODY && next !== view.current) {
      put(baton, kbaton.preemptions, get(baton, kbaton.preemptions) + 1);
    }
    this.tick(get(baton, kbaton.now) + CHOICE_US);
    return next;
  }

  /** Collects who can run, and what each does next. */
  private runnable(): number {
    const { baton, turns, view } = this;
    const { enabled, op, object } = view;
    const now = get(baton, kbaton.now);
    const last = get(baton, kbaton.last);
    let count = 0;
    let polls = 0;
    view.current = NOBODY;
    view.isTimed = false;
    // What choices alone can still make of the clock.
    const reach = now + (2 * get(baton, kbaton.steps_max) - get(baton, kbaton.step)) * CHOICE_US;
    for (let i = 0; i < turns.length; i++) {
      const turn = turns[i]!;
      op[i] = get(turn, kturn.op);
      object[i] = get(turn, kturn.object);
      const status = get(turn, kturn.status);
      if (status === STATUS.ready) {
        // Not twice in a row, if anybody else can run: what it waits for is for others to do.
        if (op[i] === OP.poll && i === last) {
          polls++;
          continue;
        }
      } else if (status !== STATUS.asleep || !this.isUp(i, now, reach)) continue;
      enabled[count++] = i;
      if (i === last) view.current = i;
    }
    if (count > 0 || polls === 0) return count;
    for (let i = 0; i < turns.length; i++) {
      if (get(turns[i]!, kturn.status) !== STATUS.ready || op[i] !== OP.poll) continue;
      enabled[count++] = i;
      if (i === last) view.current = i;
    }
    return count;
  }

  /** Whether a sleeper can go on: it was woken, or its time is up. */
  private isUp(i: number, now: number, reach: number): boolean {
    const t = this.threads[i]!;
    if (get(t, kthread.park) !== PARK.asleep) {
      // Woken, and waits for its turn: whoever looks from outside shall not take it for stuck.
      put(t, kthread.state, TS.run);
      return true;
    }
    const deadline = get(this.turns[i]!, kturn.deadline);
    if (deadline !== 0 && deadline <= reach) this.view.isTimed = true;
    if (deadline === 0 || deadline > now) return false;
    this.view.op[i] = OP.timeout;
    return true;
  }

  /** Threads that have not come to their end. */
  private left(): number {
    let left = 0;
    for (const turn of this.turns) if (get(turn, kturn.status) !== STATUS.done) left++;
    return left;
  }

  /** The same, without daemons. */
  private productive(): number {
    const { turns, threads } = this;
    let left = 0;
    for (let i = 0; i < turns.length; i++) {
      const isDaemon = (get(threads[i]!, kthread.flags) & THREAD.daemon) !== 0;
      if (!isDaemon && get(turns[i]!, kturn.status) !== STATUS.done) left++;
    }
    return left;
  }

  /** Nobody can run: the clock goes to the first deadline.  @returns whether there is one */
  private skipTime(): boolean {
    let first = Infinity;
    for (const turn of this.turns) {
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

/** Sleeps until it is this host's turn, or the machine is halted: then its turn is OVER (control.ts, wakeHosts). */
function takeTurn(here: Ref<'khost'>): number {
  let turn = load(here, khost.turn);
  for (; turn === 0; turn = load(here, khost.turn)) wait(here, khost.turn, 0, Infinity);
  // Whoever halts the machine stores its word once, and it must be there for the next wait, too.
  if (turn !== OVER && cas(here, khost.turn, turn, 0) !== turn) return OVER;
  return turn;
}
