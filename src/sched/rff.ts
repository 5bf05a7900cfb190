/*
 * rff: reads-from fuzzing.  Wolff, Shi, Duck, Mathur, Roychoudhury, ASPLOS 2024.
 *
 * What a read sees is decided by the write that it reads from, and few of those pairs make a bug.  So not schedules are
 * drawn but demands on the pairs, and the trial is led to where they hold.
 *
 *     event          the n-th time that a thread does this operation to this object.  Which thread is not said,
 *                    so a hundred that do the same are one; from 4 on, n counts in powers of two
 *     pair           an event, and the last one before it that changed the object: what a read sees, what a write
 *                    comes after, who gave up the lock that is taken; 0: none did
 *     demand         such a pair, which is to be there, or is not to be
 *     corpus         lists of demands, in whose trials a pair showed that no trial had before
 *
 * A trial takes a list of the corpus, the less used one of two, and changes it: a demand is added, given up, made
 * the opposite, or put in the place of another.  One trial in four demands nothing.
 *
 * How a trial is led.  Who comes next is decided as pos does it, by priorities of operations, but who is about to
 * break a demand waits for as long as somebody else can run:
 *
 *     demanded               who waits
 *     ------------------     -----------------------------------------------------------------------------
 *     r sees w               who is about to do r, while w is not the last change; who is about to change the
 *                            object, while it is.  Until r has seen w, or nobody can see it any more
 *     r does not see w       who is about to do r, while w is the last change
 *
 * An operation that is no read changes its object, and one that is no release sees it: to take a lock is to see who
 * gave it up, and to be seen by who gives it up next.
 *
 *     words                          hold
 *     ---------------------------    ------------------------------------------------------------
 *     the first                      the trial's number and generator (strategy.ts)
 *     NEW                            pairs of this trial that were not seen before
 *     list                           demands of this trial
 *     by thread                      priority of its next operation; its event; its object's place in LAST;
 *                                    how often it did what, 16 each
 *     LAST, 1,024                    by object, hashed: the last change in this trial
 *     SEERS, CHANGERS, 256 each      events that see or change, with their objects: what demands are made of
 *     PAIRS, 4,096                   pairs seen, hashed
 *     CORPUS, 64 lists
 *
 * Where two share a hash they are one event, or one object: a trial is led elsewhere then, and nothing worse.  Where a
 * table is full, what comes later is not learned.
 *
 * Where it differs.  Events are not places in the source, of which nothing is known here; how rare a trial's
 * pairs are is not counted, only whether one was new.
 */

import { mix, nextBelow, nextU32 } from '../base/prng.ts';
import { learn, seenWords } from './seen.ts';
import {
  COMMON_WORDS,
  dependent,
  hashOf,
  nextTrial,
  OP,
  RNG_AT,
  type Shape,
  type Strategy,
  type StrategyKind,
  type View,
} from './strategy.ts';

/** A demand: who sees, whom, the object's place in LAST, and whether it is to be, is not to be, or was. */
const DEMAND = 4;
const [SEER, SEEN, PLACE, SIGN] = [0, 1, 2, 3];
const IS = 1;
const IS_NOT = 2;
const WAS = 3;
const DEMANDS_MAX = 6;
/** A list: how many there are, how often it was used, and they. */
const LIST = 2 + DEMANDS_MAX * DEMAND;
const LISTS = 64;
const EVENTS = 256;
const PAIRS_SIZE = 4_096;
const OBJECT_BITS = 10;
const OBJECTS = 1 << OBJECT_BITS;
const COUNTER_BITS = 4;
const COUNTERS = 1 << COUNTER_BITS;
/** A trial of so many demands nothing. */
const FREE_IN = 4;

const NEW = COMMON_WORDS;
const OWN = NEW + 1;
const SEERS = OWN + LIST;
const CHANGERS = SEERS + 1 + 2 * EVENTS;
const PAIRS = CHANGERS + 1 + 2 * EVENTS;
const CORPUS = PAIRS + seenWords(PAIRS_SIZE);
const LAST = CORPUS + 1 + LISTS * LIST;
const THREADS = LAST + OBJECTS;

export const rff: StrategyKind = {
  name: 'rff',
  says: 'reads-from fuzzing: who is to read from whom is drawn, and kept where it shows what was not seen before',
  words: ({ threads }) => THREADS + threads * (3 + COUNTERS),
  make: (words, shape) => new Rff(words, shape),
};

class Rff implements Strategy {
  readonly name = 'rff';
  private readonly words: Int32Array;
  private readonly threads: number;
  private readonly seed: number;
  /** by thread: of its next operation the priority, the event, and its object's place in LAST; 0: not known yet */
  private readonly priorities: Int32Array;
  private readonly events: Int32Array;
  private readonly places: Int32Array;
  /** by thread, COUNTERS each: how often it did what */
  private readonly counters: Int32Array;

  constructor(words: Int32Array, { threads, seed }: Shape) {
    this.words = words;
    this.threads = threads;
    this.seed = seed;
    const part = (from: number, to: number): Int32Array =>
      words.subarray(THREADS + from * threads, THREADS + to * threads);
    this.priorities = part(0, 1);
    this.events = part(1, 2);
    this.places = part(2, 3);
    this.counters = part(3, 3 + COUNTERS);
  }

  begin(): boolean {
    const { words, threads } = this;
    nextTrial(words, this.seed);
    words.fill(0, LAST, THREADS + threads * (3 + COUNTERS));
    words.fill(0, NEW, OWN + LIST);
    if (words[SEERS] !== 0 && nextBelow(words, FREE_IN, RNG_AT) !== 0) {
      inherit(words);
      mutate(words);
    }
    return true;
  }

  end(): void {
    keep(this.words);
  }

  choose({ enabled, count, op, object }: View): number {
    const { words, priorities, events, places, threads } = this;
    let best = -1;
    let patient = -1;
    for (let i = 0; i < count; i++) {
      const t = enabled[i]!;
      if (priorities[t] === 0) priorities[t] = (nextU32(words, RNG_AT) >>> 1) | 1;
      if (events[t] === 0) this.arrive(t, op[t]!, object[t]!);
      if (object[t] !== 0 && mustWait(words, events[t]!, places[t]!, op[t]!)) {
        if (patient < 0 || priorities[t]! > priorities[patient]!) patient = t;
      } else if (best < 0 || priorities[t]! > priorities[best]!) best = t;
    }
    if (best < 0) best = patient;
    const did = op[best]!;
    const at = object[best]!;
    if (at !== 0) this.happens(best, did, at);
    events[best] = 0;
    priorities[best] = 0;
    for (let t = 0; t < threads; t++) {
      if (t !== best && dependent(did, at, op[t]!, object[t]!)) priorities[t] = 0;
    }
    return best;
  }

  /** A thread came to its next operation. */
  private arrive(t: number, op: number, object: number): void {
    const n = this.counters[counterOf(t, op, object)]! + 1;
    this.events[t] = eventHash(op, object, n < 4 ? n : 32 - Math.clz32(n) + 1);
    this.places[t] = hashOf(object, OBJECT_BITS);
  }

  /** It is done: what it saw, and what it changed. */
  private happens(t: number, op: number, object: number): void {
    const { words } = this;
    const event = this.events[t]!;
    const place = this.places[t]!;
    this.counters[counterOf(t, op, object)]!++;
    if (op !== OP.release) sees(words, event, place);
    if (op !== OP.read) {
      if (learn(words, PAIRS, PAIRS_SIZE, event)) meet(words, CHANGERS, event, place);
      words[LAST + place] = event;
    }
  }
}

// --- in a trial ---------------------------------------------------------------------------------

/** Whether who is about to do this breaks a demand by it. */
function mustWait(words: Int32Array, event: number, place: number, op: number): boolean {
  const end = OWN + 2 + words[OWN]! * DEMAND;
  for (let at = OWN + 2; at < end; at += DEMAND) {
    const sign = words[at + SIGN];
    if (sign === WAS) continue;
    const of = words[at + PLACE]!;
    const seen = words[at + SEEN]!;
    const isLast = words[LAST + of] === seen;
    if (event === words[at + SEER]) {
      // Nothing is unchanged again.
      if (sign === IS ? !isLast && seen !== 0 : isLast) return true;
    } else if (sign === IS && isLast && op !== OP.read && place === of) return true;
  }
  return false;
}

/** An event came after the last change of its object: a pair, which may be new, or demanded. */
function sees(words: Int32Array, event: number, place: number): void {
  const last = words[LAST + place]!;
  const isNew = learn(words, PAIRS, PAIRS_SIZE, mix(event + hashOf(last, 32)));
  if (isNew) words[NEW]!++;
  if (isNew) meet(words, SEERS, event, place);
  const end = OWN + 2 + words[OWN]! * DEMAND;
  for (let at = OWN + 2; at < end; at += DEMAND) {
    const isIt = words[at + SEER] === event && words[at + SEEN] === last;
    if (isIt && words[at + SIGN] === IS) words[at + SIGN] = WAS;
  }
}

/** Adds an event to a table that has it not. */
function meet(words: Int32Array, table: number, event: number, place: number): void {
  const count = words[table]!;
  if (count === EVENTS) return;
  for (let i = 0; i < count; i++) if (words[table + 1 + 2 * i] === event) return;
  words[table] = count + 1;
  words[table + 1 + 2 * count] = event;
  words[table + 2 + 2 * count] = place;
}

// --- between trials -----------------------------------------------------------------------------

/** Takes a list of the corpus, the less used one of two; number 0 is empty. */
function inherit(words: Int32Array): void {
  const lists = words[CORPUS]! + 1;
  const one = nextBelow(words, lists, RNG_AT);
  const other = nextBelow(words, lists, RNG_AT);
  const from = words[listAt(one) + 1]! <= words[listAt(other) + 1]! ? one : other;
  const at = listAt(from);
  words[at + 1]!++;
  words.copyWithin(OWN, at, at + LIST);
}

function mutate(words: Int32Array): void {
  const count = words[OWN]!;
  const how = count === 0 ? 0 : nextBelow(words, 4, RNG_AT);
  const at = OWN + 2 + nextBelow(words, Math.max(1, count), RNG_AT) * DEMAND;
  if (how === 1) {
    words[at + SIGN] = words[at + SIGN] === IS ? IS_NOT : IS;
  } else if (how === 2 && count > 1) {
    words.copyWithin(at, OWN + 2 + (count - 1) * DEMAND, OWN + 2 + count * DEMAND);
    words[OWN] = count - 1;
  } else if (how === 3 || count === DEMANDS_MAX) {
    demand(words, at);
  } else {
    demand(words, OWN + 2 + count * DEMAND);
    words[OWN] = count + 1;
  }
}

/** Writes a demand: any event that sees, and any that changes the same object, or none. */
function demand(words: Int32Array, at: number): void {
  const seer = SEERS + 1 + 2 * nextBelow(words, words[SEERS]!, RNG_AT);
  const place = words[seer + 1]!;
  let seen = 0;
  let of = 1;
  for (let i = 0; i < words[CHANGERS]!; i++) {
    const changer = CHANGERS + 1 + 2 * i;
    if (words[changer + 1] !== place) continue;
    of++;
    if (nextBelow(words, of, RNG_AT) === 0) seen = words[changer]!;
  }
  words[at + SEER] = words[seer]!;
  words[at + SEEN] = seen;
  words[at + PLACE] = place;
  words[at + SIGN] = nextBelow(words, 4, RNG_AT) === 0 ? IS_NOT : IS;
}

/** What showed something new is kept; where there is no room, in the place of another. */
function keep(words: Int32Array): void {
  const count = words[OWN]!;
  if (words[NEW] === 0 || count === 0) return;
  const lists = words[CORPUS]!;
  const to = lists < LISTS - 1 ? lists + 1 : 1 + (mix(words[0]!) % (LISTS - 1));
  words[CORPUS] = Math.max(lists, to);
  const at = listAt(to);
  words.copyWithin(at, OWN, OWN + LIST);
  words[at + 1] = 0;
  for (let i = 0; i < count; i++) {
    const sign = at + 2 + i * DEMAND + SIGN;
    if (words[sign] === WAS) words[sign] = IS;
  }
}

function listAt(number: number): number {
  return CORPUS + 1 + number * LIST;
}

function counterOf(t: number, op: number, object: number): number {
  return t * COUNTERS + hashOf(object + op, COUNTER_BITS);
}

function eventHash(op: number, object: number, n: number): number {
  return (mix(hashOf(object, 32) + op * 64 + n) >>> 1) | 1;
}
