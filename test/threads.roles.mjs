/*
 * Roles for the tests of the stage itself: a few instructions each.
 */

const X = 0;

export function store_then_load(k, { mine, other }) {
  k.store(mine, X, 1);
  return k.load(other, X);
}

export function add_plain(k, { at }) {
  const seen = k.peek(at);
  k.here();
  k.poke(at, seen + 1);
}

export function add_atomic(k, { at }) {
  k.add(at, X, 1);
}

export function swap_in(k, { at, mark }) {
  return k.swap(at, X, mark);
}

export function poll(k, { at, times }) {
  let seen = 0;
  for (let i = 0; i < times; i++) seen = k.load(at, X);
  return seen;
}

export function wait_for(k, { at }) {
  return k.wait(at, X, 0, Infinity);
}

export function set_and_notify(k, { at, n }) {
  k.store(at, X, 1);
  return k.notify(at, X, n);
}

export function notify_alone(k, { at }) {
  return k.notify(at, X, 1);
}

/** Sleeps on its own park word, which alone may time out. */
export function nap(k, { ms }, self) {
  const t = k.threadAt(self + 1);
  const before = performance.now();
  const end = k.wait(t, k.kthread.park, 0, ms);
  return `${end} ${Math.round(performance.now() - before)}`;
}

export function wake(k, { t }) {
  return k.notify(t, k.kthread.park, 1);
}

export function mark(k, { name }) {
  k.here(name);
  return name;
}

export function forever(k, { at }) {
  for (;;) k.add(at, X, 1);
}

export function throws() {
  throw new RangeError('on purpose');
}
