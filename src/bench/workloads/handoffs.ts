/*
 * The workload of condvar-handoff: threads that hand a token around, through one condition variable.
 *
 * Whose turn it is stands in a word.  A thread waits until it is its own, and passes it to the next.  With two threads
 * whoever waits is the other, and one is woken; with more all are, since one condition cannot say whom it means.
 *
 * The module is told by its URL whose condition variable (peer.ts), and by the seed how many threads take part, and
 * whether in the bare way: each on a word of its own, with no lock at all.  That is the floor, for it is what the host
 * does to wake one thread, and nothing else.
 *
 * Each thread counts the tokens that it passed on, and one word, written by whoever has the token, counts them all: if two
 * had it at once the two do not agree, which check() sees.  If nobody has it nobody goes on, which the watchdog sees.
 */

import { global } from '../../layout/linker.ts';
import { kcondvar, kmutex } from '../../layout/records.ts';
import { struct, u32, type Ref } from '../../layout/struct.ts';
import { add, get, load, notify, put, store, wait } from '../../layout/word.ts';
import { cv_broadcast, cv_signal, cv_wait } from '../../kernel/condvar.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload } from '../../run/workload.ts';
import { handoffOfSeed } from '../handoff-cells.ts';
import { mustBlock } from '../must-block.ts';
import { makeLock, openLock, peerOf, type PeerCondition, type PeerMutex } from '../peer.ts';
import { THREADS_OF } from '../thread-counts.ts';

const { min, max } = THREADS_OF['condvar-handoff'];
/** Instead of a thread: it is over. */
const OVER = 255;
/** A bare wait looks again after so long, in milliseconds, in case the machine was halted. */
const LOOK_MS = 1_000;

const token = struct('bench_token', { turn: u32, passed: u32, claimed: u32 });
/** In the bare way: 1: has the token; OVER: it is over. */
const seat = struct('bench_seat', { has: u32 }, 64);
const lock = global('bench_handoff_lock', kmutex);
const cv = global('bench_handoff_cv', kcondvar);
const tokens = global('bench_token', token);
const seats = global('bench_seats', seat, max);
const peer = (await peerOf(import.meta.url))?.condvar;

interface Turns {
  readonly nth: number;
  readonly threads: number;
  readonly running: () => boolean;
  readonly progress: () => void;
}

/** A mutex with one condition, as this workload uses it. */
interface Monitor {
  /** calls the section with the mutex held */
  readonly locked: (section: () => void) => void;
  readonly wait: () => void;
  /** wakes whoever may be the next */
  readonly wake: () => void;
}

function ours(threads: number): Monitor {
  return {
    locked(section) {
      mutex_enter(lock);
      section();
      mutex_exit(lock);
    },
    wait: () => cv_wait(cv, lock),
    wake: threads === 2 ? () => cv_signal(cv) : () => cv_broadcast(cv),
  };
}

/** @throws TypeError when it cannot do what this needs */
function theirs(opened: PeerMutex & PeerCondition, threads: number): Monitor {
  if (threads > 2 && !('notifyAll' in opened))
    throw new TypeError('it has no notifyAll(), which more than two threads need');
  return {
    locked: 'lock' in opened ? guardOf(opened) : (section) => opened.locked(section),
    wait: () => opened.wait(),
    wake: threads === 2 ? () => opened.notify() : () => opened.notifyAll?.(),
  };
}

function guardOf(pair: { lock(): void; unlock(): void }): Monitor['locked'] {
  mustBlock(pair.lock(), 'lock()');
  pair.unlock();
  return (section) => {
    pair.lock();
    section();
    pair.unlock();
  };
}

/** Waits for the token and passes it on, until it is over.  @returns how often */
function play({ locked, wait: sleep, wake }: Monitor, { nth, threads, running, progress }: Turns) {
  let count = 0;
  let isOver = false;
  const section = (): void => {
    while (get(tokens, token.turn) !== nth && get(tokens, token.turn) !== OVER) sleep();
    isOver = get(tokens, token.turn) === OVER || !running();
    if (!isOver) pass();
    put(tokens, token.turn, isOver ? OVER : (nth + 1) % threads);
    wake();
  };
  while (!isOver) {
    locked(section);
    if (isOver) break;
    count++;
    progress();
  }
  return count;
}

/** The same, each on a word of its own. */
function playBare({ nth, threads, running, progress }: Turns): number {
  let count = 0;
  for (;;) {
    const mine = seatAt(nth);
    while (load(mine, seat.has) === 0) wait(mine, seat.has, 0, LOOK_MS);
    const isOver = load(mine, seat.has) === OVER || !running();
    const next = seatAt((nth + 1) % threads);
    if (!isOver) {
      pass();
      store(mine, seat.has, 0);
      count++;
    }
    store(next, seat.has, isOver ? OVER : 1);
    notify(next, seat.has, 1);
    if (isOver) return count;
    progress();
  }
}

/** By whoever has the token. */
function pass(): void {
  put(tokens, token.passed, (get(tokens, token.passed) + 1) | 0);
}

function seatAt(nth: number): Ref<'bench_seat'> {
  return (seats + nth * seat.$.size) as Ref<'bench_seat'>;
}

export default defineWorkload({
  name: 'bench-handoffs',
  title: 'a token that goes around',
  variants: { token: { title: "ours, a peer's, or bare", verdict: 'pass' } },
  params: {
    threads: { type: 'int', default: 8, min, max, title: 'threads at most' },
  },
  outcomes: { passed: { grade: 'expected', title: 'the token was passed on' } },
  share: ({ seed }) => peer && makeLock(peer, { threads: handoffOfSeed(seed).threads, permits: 0 }),
  boot() {
    store(seatAt(0), seat.has, 1);
  },
  roles: [
    {
      name: 'hand',
      psargs: 'hand',
      count: ({ threads }) => threads,
      run(context) {
        const { seed, nth, shared, running, outcome } = context;
        const { threads, isBare } = handoffOfSeed(seed);
        if (nth >= threads) return;
        const turns = { nth, threads, running, progress: context.progress };
        const opened = peer && openLock(peer, shared, { nth, threads });
        const count = isBare
          ? playBare(turns)
          : play(opened === undefined ? ours(threads) : theirs(opened, threads), turns);
        add(tokens, token.claimed, count);
        outcome('passed', count);
      },
    },
  ],
  check() {
    const lost = (load(tokens, token.claimed) - load(tokens, token.passed)) | 0;
    return lost === 0 ? undefined : `lost ${lost} handoffs`;
  },
});
