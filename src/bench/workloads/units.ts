/*
 * The workload of semaphore: a buffer of so many units, filled and emptied by threads under two semaphores.
 *
 *     producer    takes a free place     puts a unit in    gives a full place
 *     consumer    takes a full place     takes a unit out  gives a free place
 *
 * The semaphores are ours, or of the peer that the module is told of by its URL (peer.ts); the seed says how many threads
 * take part, half of them of each sort, and how many units the buffer has room for (unit-cells.ts).
 *
 * The buffer is its fill, a word: so whatever a semaphore lets through beyond its permits shows at once.
 *
 *     a producer finds more than there is room for       units beyond the room
 *     a consumer finds nothing, and nobody who has left  units that nobody had put in
 *
 * When it is over, each producer leaves a last word, a full place without a unit, and each consumer that comes upon one
 * leaves too.  There are as many of the one as of the other, so all leave; what is still in the buffer then, and in
 * the counts, must agree.
 */

import { global } from '../../layout/linker.ts';
import { ksema } from '../../layout/records.ts';
import { i32, struct, u32 } from '../../layout/struct.ts';
import { add, cas, load } from '../../layout/word.ts';
import { sema_init, sema_p, sema_v } from '../../kernel/semaphore.ts';
import { defineWorkload } from '../../run/workload.ts';
import { mustBlock } from '../must-block.ts';
import { makeLock, openLock, peerOf, type PeerSemaphore } from '../peer.ts';
import { THREADS_OF } from '../thread-counts.ts';
import { unitsOfSeed } from '../unit-cells.ts';

const buffer = struct('bench_buffer', {
  fill: i32, //     units in it
  last: i32, //     last words that nobody has come upon
  beyond: u32, //   times there was a unit more than there is room for
  missing: u32, //  times there was none where one should be
  made: u32,
  used: u32,
});
const { min, max } = THREADS_OF.semaphore;
const free = global('bench_free', ksema);
const full = global('bench_full', ksema);
const units = global('bench_buffer', buffer);
const peer = (await peerOf(import.meta.url))?.semaphore;

/** Both semaphores, in whosever hands. */
interface Places {
  readonly free: PeerSemaphore;
  readonly full: PeerSemaphore;
}

const OURS: Places = {
  free: { acquire: () => sema_p(free), release: () => sema_v(free) },
  full: { acquire: () => sema_p(full), release: () => sema_v(full) },
};

function theirs(shared: unknown, thread: { nth: number; threads: number }): Places {
  const [freePlaces, fullPlaces] = shared as [unknown, unknown];
  return { free: openLock(peer!, freePlaces, thread), full: openLock(peer!, fullPlaces, thread) };
}

/** Takes one and gives it back: whatever it is, it has to block until there is one. */
function refusePromises(places: PeerSemaphore): void {
  mustBlock(places.acquire(), 'acquire()');
  places.release();
}

function putIn(room: number): void {
  if (add(units, buffer.fill, 1) >= room) add(units, buffer.beyond, 1);
}

/** @returns false when it was a last word */
function takeOut(): boolean {
  if (takeOne(buffer.fill)) return true;
  if (!takeOne(buffer.last)) add(units, buffer.missing, 1);
  return false;
}

/** One less of it, unless there is none. */
function takeOne(field: typeof buffer.fill): boolean {
  for (let now = load(units, field); now > 0; now = load(units, field)) {
    if (cas(units, field, now, now - 1) === now) return true;
  }
  return false;
}

function produce(places: Places, room: number, running: () => boolean, progress: () => void): void {
  refusePromises(places.free);
  let made = 0;
  while (running()) {
    places.free.acquire();
    putIn(room);
    places.full.release();
    made++;
    progress();
  }
  add(units, buffer.made, made);
  add(units, buffer.last, 1);
  places.full.release();
}

/** @returns how many units */
function consume(places: Places, progress: () => void): number {
  refusePromises(places.full);
  let used = 0;
  for (;;) {
    places.full.acquire();
    if (!takeOut()) break;
    places.free.release();
    used++;
    progress();
  }
  add(units, buffer.used, used);
  return used;
}

function bothMade(seed: number): unknown {
  const { threads, room } = unitsOfSeed(seed);
  return [room, 0].map((permits) => makeLock(peer!, { threads, permits }));
}

export default defineWorkload({
  name: 'bench-units',
  title: 'a buffer of so many units',
  variants: { bounded: { title: "with semaphores of ours or a peer's", verdict: 'pass' } },
  params: { threads: { type: 'int', default: 8, min, max, title: 'threads at most' } },
  outcomes: { used: { grade: 'expected', title: 'units through the buffer' } },
  share: ({ seed }) => peer && bothMade(seed),
  boot({ seed }) {
    sema_init(free, unitsOfSeed(seed).room, 'bench_free');
    sema_init(full, 0, 'bench_full');
  },
  roles: [
    {
      // One role, so that a producer and its consumer are neighbours, and pinned to different CPUs.
      name: 'hand',
      psargs: (nth) => (nth % 2 === 0 ? 'producer' : 'consumer'),
      count: ({ threads }) => threads,
      run(context) {
        const { seed, nth, shared, running, outcome } = context;
        const { threads, room } = unitsOfSeed(seed);
        if (nth >= threads) return;
        const { progress } = context;
        const places = peer === undefined ? OURS : theirs(shared, { nth, threads });
        if (nth % 2 === 0) produce(places, room, running, progress);
        else outcome('used', consume(places, progress));
      },
    },
  ],
  check() {
    const beyond = load(units, buffer.beyond);
    if (beyond !== 0) return `${beyond} units beyond the room`;
    const missing = load(units, buffer.missing);
    if (missing !== 0) return `${missing} units that nobody had put in`;
    const left = load(units, buffer.made) - load(units, buffer.used) - load(units, buffer.fill);
    return left === 0 ? undefined : `lost ${left} units`;
  },
});
