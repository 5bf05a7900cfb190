/*
 * Probes: where whoever watches the kernel attaches to it.
 *
 * The kernel does not know who watches: a strategy that decides who runs, a tracer that records each
 * acquire, a lock-order checker.  They attach one function here and are told of every point.
 *
 * With nobody attached a probe must cost nothing, and on the fast path of a lock even a test of a flag
 * is something (about 2% of a lock pair, bench probe-cost).  So the fast path has no probe at all.
 * It compares the lock word with two variables that this file hands out:
 *
 *                 nobody attached      somebody attached
 *     unowned     0                    a value that no lock word ever has
 *     self        the thread           a value that no lock word ever has
 *
 * Attaching makes every fast path fail, and the slow paths, which tell apart failing from being made
 * to fail, have the probes.  One compare-and-swap does the work of both tests.
 *
 * Rules for who attaches: the function runs on the thread that hit the point and may block it; it must
 * not take a kernel lock, and must not throw.  Attach between trials, never during one.
 */

/** What is about to happen, or just happened, at a probe. */
export const POINT = {
  acquire: 1, //  about to take a lock, or try to
  acquired: 2, // has it
  release: 3, //  about to give it up
  released: 4, // gave it up
  block: 5, //    about to sleep
  woken: 6, //    woke up
  signal: 7, //   about to wake others
  read: 8, //     about to read a field of a shared struct (field.ts)
  write: 9, //    about to write one
  start: 10, //   first instruction of a role
  exit: 11, //    last one
} as const;
export type Point = (typeof POINT)[keyof typeof POINT];
export type Probe = (point: Point, object: number) => void;

/** What decides time where a strategy decides who runs: time is a choice like any other then. */
export interface Clock {
  /** milliseconds, of an epoch of its own */
  now(): number;
  /**
   * curthread is about to sleep, so long at most; comes back when it may go on.
   * @returns whether because its time is up
   */
  sleep(object: number, ms: number): boolean;
}

const NEVER = -1;

/** What fast paths compare lock words with, and the thread that they run on. */
export type Binding = (t: number, unowned: number, self: number) => void;

let thread = 0;
let hook: Probe | undefined;
let clock: Clock | undefined;
let fields = false;
const bindings: Binding[] = [];

/** Asks to be told the words of the table above, now and whenever they change. */
export function probe_binding(binding: Binding): void {
  bindings.push(binding);
  binding(thread, hook === undefined ? 0 : NEVER, hook === undefined ? thread : NEVER);
}

/** Attaches, or detaches with undefined.  One at a time. */
export function probe_attach(probe: Probe | undefined): void {
  hook = probe;
  rebind();
}

/** Makes accesses of shared fields hit probes in this thread: before it imports its workload, or never. */
export function probe_fields(): void {
  fields = true;
}

/** Whether they do. */
export function are_fields_probed(): boolean {
  return fields;
}

/** Puts another clock in the place of the host's; undefined: the host's. */
export function clock_attach(other: Clock | undefined): void {
  clock = other;
}

/** Milliseconds, for deadlines, and for how long an acquire took (track.ts): slow paths alone ask. */
export function hrtime_ms(): number {
  return clock === undefined ? performance.now() : clock.now();
}

/** Whether a sleep that is about to begin is over already, by another clock than the host's. */
export function clock_slept(object: number, ms: number): boolean {
  return clock !== undefined && clock.sleep(object, ms);
}

/** Names the thread this module instance belongs to; thread_bind() calls it. */
export function probe_thread(t: number): void {
  thread = t;
  rebind();
}

/** The probe itself: for slow paths. */
export function probe(point: Point, object: number): void {
  if (hook !== undefined) hook(point, object);
}

function rebind(): void {
  const [unowned, self] = hook === undefined ? [0, thread] : [NEVER, NEVER];
  for (const binding of bindings) binding(thread, unowned, self);
}
