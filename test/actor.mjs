/*
 * An actor: a real worker thread that plays a role on somebody's stage (threads.ts).
 *
 * It replaces the functions of Atomics before it imports the kernel, so that every atomic instruction of
 * the unmodified kernel, fast paths included, is a place where the play may give the turn to another
 * thread.  word.ts is the only file that calls them.  In a free run they are the host's own again.
 *
 *     in a play              it means
 *     --------------------   ------------------------------------------------------------------------
 *     an atomic instruction  first ask who runs now; then, when it is our turn again, do it
 *     Atomics.wait           nobody gives us the turn until we are notified, or until the play says
 *                            that our time is up; the host's clock has no say
 *     performance.now        our own clock: it moves when our time is up, and a little with each look
 *
 * Only one actor of a play runs at a time.  Whoever runs decides who is next, from words that all share,
 * so a turn costs nothing as long as it stays where it is.
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

// The words of the stage.  The same table is in threads.ts.
const CUE = 80; //        + actor: counts its runs; who waits for it is off stage
const BATON = 88; //      + actor: 1 gives it the turn
const STEP = 2; //        decisions taken
const LEFT = 3; //        actors that have left the stage
const CUT = 4; //         why the play ended early: STUCK, DIVERGED, ENDLESS
const LINE = 5; //        the line of the script that is being played
const SEEN = 6; //        how often that line's instruction was met
const QUEUE = 7; //       gives out places in the line of a wait
const STATUS = 16; //     + actor
const WAITS_AT = 24; //   + actor: the address
const CAN_EXPIRE = 32; // + actor
const WOKEN_BY = 40; //   + actor
const PLACE = 48; //      + actor: its place in the line
const LAST_OP = 56; //    + actor
const LAST_AT = 64; //    + actor
const AT_CUT = 72; //     + actor: its status when the play was cut
const TRACE = 128; //     + 4 * step: options, who asked, what was chosen, op and address
const STEPS_MAX = 4096;
const PLAN = TRACE + 4 * STEPS_MAX; // first its length
const RESULT = PLAN + 1 + STEPS_MAX; // + RESULT_WORDS * actor: length, then UTF-8
const RESULT_WORDS = 1024;

const READY = 1;
const WAITING = 2;
const GONE = 3;
const STUCK = 1;
const DIVERGED = 2;
const ENDLESS = 3;
const NOTIFIED = 1;
const EXPIRED = 2;
const LATE = 3; // notified, but its time was up before it got the turn
const TIME_IS_UP = 8; // added to an actor's number: its turn, and its time is up
const TICK = 1 / 128; // milliseconds that pass with each look at the clock: who spins by it comes to an end
/**
 * How long a thread of the stage sleeps before it looks again, in milliseconds.  A word and its notify should do; but once in some
 * 100 runs of a file on a busy machine an actor was not there within 20 s, and the next play was told so.
 */
const LOOK_MS = 500;
const OPS = ['', 'load', 'store', 'cas', 'swap', 'add', 'or', 'wait', 'notify', 'here', 'probe'];

const { words, self } = workerData;
const bytes = new Uint8Array(words.buffer);
const host = Object.fromEntries(Object.getOwnPropertyNames(Atomics).map((k) => [k, Atomics[k]]));

/** The role in hand; undefined off stage. */
let play;
let fresh = false; // has the turn for the first time, and done nothing yet
let clock = 0; // milliseconds
let quietAt = -1; // the address that this actor has just loaded: to load it again changes nothing
let quietStep = -1;

class Cut extends Error {}

const get = (at) => host.load(words, at);
const put = (at, value) => host.store(words, at, value);

// --- whose turn it is -----------------------------------------------------------------------------

function options() {
  let mask = 0;
  for (let i = 0; i < play.cast; i++) {
    const status = get(STATUS + i);
    if (status === READY) mask |= 1 << i;
    if (status !== GONE && get(CAN_EXPIRE + i) === 1) mask |= 1 << (i + TIME_IS_UP);
  }
  return mask;
}

function lowest(mask) {
  return 31 - Math.clz32(mask & -mask);
}

/** Whoever asks decides; the plan first, then the script, then: who runs goes on, else the first who can. */
function decide(what, at) {
  const mask = options();
  const step = host.add(words, STEP, 1);
  if (mask === 0) return cut(STUCK);
  if (step >= STEPS_MAX - 1) return cut(ENDLESS);
  const ready = mask & 0xff;
  const canGoOn = (mask & (1 << self)) !== 0;
  let choice = canGoOn ? self : lowest(ready === 0 ? mask : ready);
  if (step < get(PLAN)) choice = get(PLAN + 1 + step);
  else if (play.script !== undefined) choice = prompted(choice, mask, what, at);
  if (choice < 0 || (mask & (1 << choice)) === 0) return cut(DIVERGED);
  const row = TRACE + 4 * step;
  put(row, mask);
  put(row + 1, self);
  put(row + 2, choice);
  put(row + 3, (what << 24) | (at & 0xffffff));
  if (choice === self) return undefined;
  const next = choice % TIME_IS_UP;
  if (choice >= TIME_IS_UP) {
    put(WOKEN_BY + next, get(STATUS + next) === WAITING ? EXPIRED : LATE);
    put(STATUS + next, READY);
  }
  if (next !== self) pass(next);
  return undefined;
}

/** What the script wants: its line in hand, until that is played; then the next one. */
function prompted(choice, mask, what, at) {
  for (;;) {
    const line = play.script[get(LINE)];
    if (line === undefined) return choice;
    if (line.until === 'expires') {
      const expiry = line.actor + TIME_IS_UP;
      if ((mask & (1 << expiry)) === 0) return -1;
      turnPage();
      return expiry;
    }
    if (line.actor !== self) return line.actor;
    const canGoOn = get(STATUS + self) === READY;
    if (!isPlayed(line, what, at)) return canGoOn ? self : -1;
    turnPage();
    // One place is good for one line: to come to it twice takes a step in between.
    if (canGoOn && play.script[get(LINE)]?.actor === self) return self;
  }
}

function isPlayed({ until, at, nth }, what, here) {
  const status = get(STATUS + self);
  if (until === 'sleeps') return status === WAITING;
  if (until === 'ends') return status === GONE;
  return (
    status === READY && OPS[what] === until && here === at && host.add(words, SEEN, 1) + 1 >= nth
  );
}

function turnPage() {
  put(SEEN, 0);
  host.add(words, LINE, 1);
}

function pass(next) {
  put(BATON + next, 1);
  host.notify(words, BATON + next);
  if (get(STATUS + self) !== GONE) stand();
}

/** Waits for our turn. */
function stand() {
  while (host.exchange(words, BATON + self, 0) === 0) host.wait(words, BATON + self, 0, LOOK_MS);
  if (get(CUT) !== 0) throw new Cut();
}

function cut(why) {
  put(CUT, why);
  for (let i = 0; i < play.cast; i++) {
    put(AT_CUT + i, get(STATUS + i));
    put(BATON + i, 1);
    host.notify(words, BATON + i);
  }
  if (get(STATUS + self) !== GONE) throw new Cut();
}

// --- what is a place to ask -----------------------------------------------------------------------

function isPark(at) {
  const { threads, threadBytes, parkOffset } = play;
  return at >= threads && at < play.threadsEnd && (at - threads) % threadBytes === parkOffset;
}

function isPlace(at) {
  return (
    at >= play.heap ||
    isPark(at) ||
    (at >= play.bss && at < play.bssEnd) ||
    play.places.includes(at)
  );
}

function ask(what, at) {
  if (play?.controlled !== true || !(what >= 9 || isPlace(at))) return;
  if (what === 1 && at === quietAt && get(STEP) === quietStep) return;
  put(LAST_OP + self, what);
  put(LAST_AT + self, at);
  // With its first turn an actor does something: to hand it on at once would be a schedule twice.
  if (!fresh || what === 9 || play.script !== undefined) decide(what, at);
  fresh = false;
  quietAt = what === 1 ? at : -1;
  quietStep = get(STEP);
}

const isImage = (view) => play !== undefined && view.buffer === play.image;

function interpose(name, what) {
  const real = host[name];
  Atomics[name] = (view, index, ...rest) => {
    if (isImage(view)) ask(what, index * 4);
    return real(view, index, ...rest);
  };
}

interpose('load', 1);
interpose('store', 2);
interpose('compareExchange', 3);
interpose('exchange', 4);
interpose('add', 5);
interpose('or', 6);

Atomics.wait = (view, index, expected, ms = Infinity) => {
  if (!isImage(view) || !play.controlled) return host.wait(view, index, expected, ms);
  const at = index * 4;
  ask(7, at);
  if (host.load(view, index) !== expected) return 'not-equal';
  put(WAITS_AT + self, at);
  put(CAN_EXPIRE + self, ms !== Infinity && isPark(at) ? 1 : 0);
  put(PLACE + self, host.add(words, QUEUE, 1));
  put(STATUS + self, WAITING);
  decide(7, at);
  put(CAN_EXPIRE + self, 0);
  const by = get(WOKEN_BY + self);
  if (by !== NOTIFIED) clock += ms;
  return by === EXPIRED ? 'timed-out' : 'ok';
};

Atomics.notify = (view, index, count = Infinity) => {
  if (!isImage(view) || !play.controlled) return host.notify(view, index, count);
  const at = index * 4;
  ask(8, at);
  const line = [];
  for (let i = 0; i < play.cast; i++) {
    if (get(STATUS + i) === WAITING && get(WAITS_AT + i) === at) line.push(i);
  }
  line.sort((a, b) => get(PLACE + a) - get(PLACE + b));
  const woken = line.slice(0, count);
  for (const i of woken) {
    put(STATUS + i, READY);
    put(WOKEN_BY + i, NOTIFIED);
  }
  return woken.length;
};

const now = performance.now.bind(performance);
performance.now = () => (play?.controlled === true ? (clock += TICK) : now());

// --- a run ----------------------------------------------------------------------------------------

const dist = new URL('../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const kernel = {};
for (const name of [
  'layout/image',
  'layout/linker',
  'layout/records',
  'layout/strings',
  'layout/word',
]) {
  Object.assign(kernel, await load(`${name}.js`));
}
for (const name of [
  'barrier',
  'condvar',
  'disp',
  'held',
  'kmem',
  'mutex',
  'panic',
  'probe',
  'resource',
  'ring',
  'rwlock',
  'semaphore',
  'startup',
  'taskq',
  'thread',
  'turnstile',
]) {
  Object.assign(kernel, await load(`kernel/${name}.js`));
}
const roles = {};
for (const url of workerData.roles) Object.assign(roles, await import(url));

/** A place of the role's own, in the middle of nothing atomic. */
kernel.here = (mark = 0) => ask(9, mark);

function perform() {
  const { role, args, probes } = play;
  clock = 1000;
  quietAt = -1;
  try {
    kernel.attachImage(play.image);
    kernel.thread_attach(kernel.threadAt(self + 1), 'held');
    kernel.me = kernel.threadAt(self + 1);
    if (probes) kernel.probe_attach((point, object) => ask(10, object + point));
    fresh = true;
    if (play.controlled) stand();
    return { value: roles[role](kernel, args, self) };
  } catch (error) {
    if (error instanceof Cut) return { cut: true };
    return { error: `${error.name}: ${error.message}` };
  }
}

function leave(result) {
  const encoded = new TextEncoder().encode(JSON.stringify(result));
  const at = RESULT + RESULT_WORDS * self;
  if (encoded.length > 4 * RESULT_WORDS - 4)
    throw new RangeError('the result of a role is too long');
  put(at, encoded.length);
  bytes.set(encoded, 4 * (at + 1));
  put(STATUS + self, GONE);
  if (play.controlled && get(CUT) === 0) {
    let over = true;
    for (let i = 0; i < play.cast; i++) over &&= get(STATUS + i) === GONE;
    if (!over) decide(0, 0);
  }
  if (host.add(words, LEFT, 1) + 1 === play.cast) host.notify(words, LEFT);
}

for (let cue = 0; ;) {
  while (get(CUE + self) === cue) host.wait(words, CUE + self, cue, LOOK_MS);
  cue = get(CUE + self);
  const message = receiveMessageOnPort(parentPort)?.message;
  if (message === 'exit') break;
  if (message !== undefined) play = message;
  if (play !== undefined) leave(perform());
}
