/*
 * dfs: every schedule, one after the other, within a bound.
 *
 * A trial follows the choices of the one before up to the last one that has an alternative left, takes that, and
 * goes on as it likes: with the thread that runs, as long as it can.  When no choice has an alternative left,
 * all were tried, and what no trial showed cannot happen within the bound.  That is a proof, of this program with
 * these parameters, as far as the scheduling points are all there are.
 *
 *     without a bound      sleep sets: having tried thread a here, in all that follows other choices a need not
 *                          run until something does that does not commute with its next operation (Godefroid
 *                          1996).  A trial in which all that could run is asleep was seen: NOBODY
 *     within a bound on    a preemption is a switch away from a thread that could go on.  Most bugs need two at
 *     preemptions          most (Musuvathi, Qadeer, PLDI 2007), and the schedules with c are about (k n)^c.
 *                          Sleep sets are not sound here: what they skip may be what needs fewer preemptions
 *                          (Coons, Musuvathi, McKinley, OOPSLA 2013).  Withheld preemptions are, see below
 *
 * Nobody is preempted before it gives up a lock: those who want it only wait, so what they see is what they see
 * later, but for one who looks whether it is taken.  A lock that is given up is part of the operation before.
 *
 * Withheld preemptions.  A thread t that could go on is about to do p.  The others are tried here only once a trial
 * that went on with p came to a RIVAL: another thread about to do what does not commute with p, having come there by
 * itself, that is, by nothing that p happened before.  Till then they are withheld.  Where t cannot go on, all who
 * can are tried at once.
 *
 *     Claim.  When the search has ended, for each state E of it and each continuation s within the bound there
 *     is one that was tried, and that begins with s, but for the order of what commutes.
 *
 *     Proof, by induction over the length of s and then over what t has left to do.  If the first of s was tried at
 *     E, take it.  Else E withholds: t could go on with p, and s begins with another.
 *     (1) Let u be the shortest beginning of s, without t, after which somebody is a rival of p.  No one in u
 *         is, so u commutes with p: p u can be run, and with no more preemptions, since the switch away
 *         from t costs one at most, as it did, and nobody in u was blocked or let go by p.  p was tried, so by
 *         induction something was that begins with p u.  The rival came there by u, which p did not happen before:
 *         so it was seen, and E does not withhold.
 *     (2) So there is no rival in s until t runs.  If t does, its p can be moved to the front, as above, and what
 *         is left is shorter.  If it does not, p s can be run, t has less left to do, and what begins with p s
 *         begins with s.
 *
 * Two outcomes that differ are not the same but for the order of what commutes, so all of them are tried, and a deadlock
 * is one.  (1) is why giving up a lock must be shown, as a scheduling point, and is a rival of taking it: moved to
 * the front, it may let somebody go on from whom to switch was free before.
 *
 * Nothing is withheld from an operation without an object, a signal, a wait, or a lock that was not got, nor where
 * somebody polls, or sleeps until a deadline that choices alone may reach: who can run then depends on more than
 * objects.  What is left is what data races and lock attempts make of a program: under one lock, data cost nothing.
 *
 *     word            holds
 *     ------------    ------------------------------------------------------------
 *     the first       the trial's number (strategy.ts)
 *     DEPTH           choices that are fixed for this trial
 *     USED            preemptions made so far in it
 *     STRAYED         one more than the choice at which the program did not do the same, scheduled the same; 0: none
 *     rows            a choice: the thread taken, those not tried yet, asleep and withheld (bit sets),
 *                     preemptions before it, the operation that was taken, with its object, and its
 *                     clock: by thread, one more than the last row that happened before it, or 0
 *
 * Where a trial ends while threads have more to do (they are stuck, one panicked, the trial was cut), what they would have
 * done is not shown: so nothing is withheld in it any more.
 *
 * A row is compared with all before it, so a trial of k new choices takes k^2 steps; the schedules are more.
 *
 * A program must do the same when it is scheduled the same.  Where a thread that ran before cannot run, or does
 * something else, it does not: choose() returns NOBODY, and `strayed` says why.  Nothing is proven then.
 */

import {
  COMMON_WORDS,
  dependent,
  nextTrial,
  NOBODY,
  OP,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

const DEPTH = COMMON_WORDS;
const USED = DEPTH + 1;
const STRAYED = USED + 1;
const ROWS = STRAYED + 1;
const TAKEN = 0;
const TODO = 1;
const ASLEEP = 2;
const WITHHELD = 3;
const BEFORE = 4;
const DID = 5;
const AT = 6;
const CLOCK = 7;
/** Threads that a bit set holds. */
const THREADS_MAX = 32;

export const dfs: StrategyKind = {
  name: 'dfs',
  says: 'every schedule within a bound on preemptions, or all of them: ends, and then what was not seen cannot happen',
  isWhole: true,
  threadsMax: THREADS_MAX,
  needsReleases: true,
  words: ({ steps, threads }) => ROWS + steps * (CLOCK + threads),
  make: (words, shape) => new Dfs(words, shape),
};

/** One search.  All that it remembers is in the words: see the header. */
export class Dfs implements Strategy {
  readonly name = 'dfs';
  private readonly words: Int32Array;
  private readonly threads: number;
  private readonly steps: number;
  private readonly seed: number;
  private readonly preemptions: number;
  private readonly isBounded: boolean;
  private readonly rowWords: number;

  constructor(words: Int32Array, { threads, steps, seed, preemptions }: Shape) {
    if (threads > THREADS_MAX) {
      throw new RangeError(`dfs: ${threads} threads, and it can tell ${THREADS_MAX} apart`);
    }
    this.words = words;
    this.threads = threads;
    this.steps = steps;
    this.seed = seed;
    this.preemptions = preemptions;
    this.isBounded = preemptions !== Infinity;
    this.rowWords = CLOCK + threads;
  }

  /** The first choice at which the program did something else when it was scheduled the same; -1: none. */
  get strayed(): number {
    return this.words[STRAYED]! - 1;
  }

  begin(): boolean {
    const trial = nextTrial(this.words, this.seed);
    this.words[USED] = 0;
    if (trial === 0) return true;
    // The last choice that has an alternative: take it, and forget what came behind.
    let last = this.words[DEPTH]! - 1;
    while (last >= 0 && this.get(last, TODO) === 0) last--;
    this.words[DEPTH] = last + 1;
    if (last < 0) return false;
    const todo = this.get(last, TODO);
    const next = 31 - Math.clz32(todo & -todo);
    if (!this.isBounded)
      this.put(last, ASLEEP, this.get(last, ASLEEP) | (1 << this.get(last, TAKEN)));
    this.put(last, TAKEN, next);
    this.put(last, TODO, todo & ~(1 << next));
    return true;
  }

  choose(view: View): number {
    const { step, current } = view;
    if (step >= this.steps) return NOBODY;
    const enabled = enabledSet(view);
    if (step >= this.words[DEPTH]!) {
      if (this.isBounded && step > 0) this.meet(view);
      if (!this.extend(view, enabled)) return NOBODY;
      this.words[DEPTH] = step + 1;
    }
    const next = this.get(step, TAKEN);
    // The last that is fixed is another one than before; those before it must do what they did.
    const isKnown = step < this.words[DEPTH]! - 1;
    const isOther =
      isKnown &&
      (this.get(step, DID) !== view.op[next] || this.get(step, AT) !== view.object[next]);
    if ((enabled & (1 << next)) === 0 || isOther) {
      this.words[STRAYED] = step + 1;
      return NOBODY;
    }
    const isPreempted = current !== NOBODY && next !== current;
    this.words[USED] = this.get(step, BEFORE) + (isPreempted ? 1 : 0);
    this.put(step, DID, view.op[next]!);
    this.put(step, AT, view.object[next]!);
    // Rows before the last that is fixed are as they were.
    if (this.isBounded && step >= this.words[DEPTH]! - 1) this.stamp(step);
    return next;
  }

  end(made: number, isWhole = false): void {
    if (this.isBounded && !isWhole) for (let row = 0; row < made; row++) this.allowAt(row);
  }

  /** A choice that was not made before: what can be taken here, and what is taken first. */
  private extend(view: View, enabled: number): boolean {
    const { step, current } = view;
    const used = this.words[USED]!;
    const asleep = this.isBounded ? 0 : this.inherited(view);
    let can = enabled & ~asleep;
    const givesUp = this.isBounded && current !== NOBODY && view.op[current] === OP.release;
    if (givesUp && this.hasRival(view)) this.allowAt(step - 1);
    if (this.isBounded && current !== NOBODY && (givesUp || used >= this.preemptions))
      can = 1 << current;
    if (can === 0) return false;
    const goesOn = current !== NOBODY && (can & (1 << current)) !== 0;
    const first = goesOn ? current : 31 - Math.clz32(can & -can);
    const others = can & ~(1 << first);
    const waits = this.isBounded && goesOn && this.mayWithhold(view);
    this.put(step, TAKEN, first);
    this.put(step, TODO, waits ? 0 : others);
    this.put(step, WITHHELD, waits ? others : 0);
    this.put(step, ASLEEP, asleep);
    this.put(step, BEFORE, used);
    return true;
  }

  /** Those still asleep here: asleep at the choice before, and not woken by what was taken there. */
  private inherited({ step, op, object }: View): number {
    if (step === 0) return 0;
    let asleep = this.get(step - 1, ASLEEP);
    if (asleep === 0) return 0;
    const did = this.get(step - 1, DID);
    const at = this.get(step - 1, AT);
    for (let t = 0; t < this.threads; t++) {
      if ((asleep & (1 << t)) !== 0 && dependent(did, at, op[t]!, object[t]!)) asleep &= ~(1 << t);
    }
    return asleep;
  }

  /** Whether the others can wait until the thread that runs has a rival. */
  private mayWithhold(view: View): boolean {
    const { current, op, object, isTimed } = view;
    if (isTimed === true || this.hasRival(view)) return false;
    for (let t = 0; t < this.threads; t++)
      if (op[t] === OP.poll || op[t] === OP.timeout) return false;
    return object[current] !== 0 && op[current] !== OP.signal && op[current] !== OP.wait;
  }

  /** Whether a rival of the thread that runs is there already. */
  private hasRival({ current, op, object }: View): boolean {
    const did = op[current]!;
    const at = object[current]!;
    for (let t = 0; t < this.threads; t++) {
      const isAlive = t !== current && op[t] !== OP.none;
      if (isAlive && dependent(did, at, op[t]!, object[t]!)) return true;
    }
    return false;
  }

  /** The thread that ran last came to its next operation, if it has one. */
  private meet({ step, op, object }: View): void {
    const t = this.get(step - 1, TAKEN);
    if (op[t] !== OP.none) this.allow(step, op[t]!, object[t]!);
    // It did not get what it was to take, so it matters who has it.
    if (op[t] === OP.wait) this.allowAt(step - 1);
  }

  /** Withholds nothing from those of whom the thread that ran last is a rival. */
  private allow(step: number, op: number, object: number): void {
    const t = this.get(step - 1, TAKEN);
    for (let row = 0; row < step; row++) {
      const by = this.get(row, TAKEN);
      if (by === t || this.get(step - 1, CLOCK + by) > row) continue;
      if (dependent(this.get(row, DID), this.get(row, AT), op, object)) this.allowAt(row);
    }
  }

  /** Withholds nothing any more where the operation of a row began. */
  private allowAt(row: number): void {
    let head = row;
    while (head > 0 && this.get(head, DID) === OP.release) head--;
    if (this.get(head, WITHHELD) === 0) return;
    this.put(head, TODO, this.get(head, WITHHELD));
    this.put(head, WITHHELD, 0);
  }

  /** The clock of a row: what happened before it, by its own thread or on its object. */
  private stamp(step: number): void {
    const { words, threads } = this;
    const t = this.get(step, TAKEN);
    const did = this.get(step, DID);
    const at = this.get(step, AT);
    const clock = ROWS + step * this.rowWords + CLOCK;
    words.fill(0, clock, clock + threads);
    for (let row = step - 1; row >= 0; row--) {
      const by = this.get(row, TAKEN);
      // Known already, and all before it.
      if (words[clock + by]! > row) continue;
      if (by !== t && !dependent(this.get(row, DID), this.get(row, AT), did, at)) continue;
      const other = ROWS + row * this.rowWords + CLOCK;
      for (let i = 0; i < threads; i++) {
        if (words[other + i]! > words[clock + i]!) words[clock + i] = words[other + i]!;
      }
    }
    words[clock + t] = step + 1;
  }

  private get(step: number, field: number): number {
    return this.words[ROWS + step * this.rowWords + field]!;
  }

  private put(step: number, field: number, value: number): void {
    this.words[ROWS + step * this.rowWords + field] = value;
  }
}

function enabledSet({ enabled, count }: View): number {
  let set = 0;
  for (let i = 0; i < count; i++) set |= 1 << enabled[i]!;
  return set;
}
