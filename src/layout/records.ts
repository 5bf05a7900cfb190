/*
 * Records: every struct that the kernel, the watchdog and the dump share, declared once for all.
 *
 * The kernel writes them, the watchdog reads them live, the dump carries their declarations, and the
 * debugger prints them from those.  Nothing about a lock or a thread is anywhere else: a lock whose
 * owner sits in a private field of some object cannot be debugged after the fact.
 *
 * Lines.  A cache line is 64 bytes.  A lock fills one, so two locks never share one.  In a kthread,
 * words that its owner writes all the time (line 0, the held stack) are apart from those that other
 * threads write to wake it (line 1).
 *
 * Not here: what the words do.  Each lock's state table is in the header of its file in kernel/.  Nor what a
 * controlled run keeps of turns and choices: the kernel knows nothing of that (control-records.ts).
 */

import {
  array,
  at,
  bits,
  char,
  embed,
  enumeration,
  i32,
  ref,
  struct,
  text,
  time,
  u32,
} from './struct.ts';
import type { Ref } from './struct.ts';

/** Bytes in a page of the image's heap. */
export const PAGE = 4096;
/** Locks one thread may hold at once; more is a panic that says so. */
export const HELD_MAX = 62;
/** Records in a thread's event ring. */
export const RING_EVENTS = 256;
/** Clock ticks in a millisecond: a tick is 100 us, so a clock word wraps after 119 hours. */
export const TICKS_PER_MS = 10;

/** What kind of synchronization object a word belongs to: SOBJ_* of sys/sobject.h, then ours. */
export const SOBJ = {
  none: 0,
  mutex: 1,
  rwlock: 2,
  cv: 3,
  sema: 4,
  resource: 8,
  barrier: 9,
  delay: 10,
} as const;
const sobjNames = Object.fromEntries(Object.entries(SOBJ).map(([name, value]) => [value, name]));
export const sobjKind = enumeration(sobjNames);

/** Thread states: the values of sys/thread.h (FACTS C.5). */
export const TS = { free: 0, sleep: 1, run: 2, onproc: 4, zomb: 8, stopped: 0x10 } as const;
export const threadState = enumeration({
  0: 'TS_FREE',
  1: 'TS_SLEEP',
  2: 'TS_RUN',
  4: 'TS_ONPROC',
  8: 'TS_ZOMB',
  16: 'TS_STOPPED',
});

/** kthread.park: how the sleep of a thread stands, between it and who wakes it.  See kernel/disp.ts. */
export const PARK = { awake: 0, asleep: 1, granted: 2, nudged: 3 } as const;
/** kthread.wait_flags: of a sleep. */
export const WAIT = { timed: 1, writer: 2, idle: 4, handed: 8, moved: 16 } as const;
/** kthread.flags: of a thread.  One that reports says what it gets done, by progress(). */
export const THREAD = { daemon: 1, panicked: 2, load: 4, reports: 8 } as const;

/** Why a thread is a zombie. */
export const EXIT = {
  none: 0,
  returned: 1,
  threw: 2,
  exited: 3,
  halted: 4,
  terminated: 5,
} as const;
export const exitReason = enumeration({
  0: 'none',
  1: 'returned',
  2: 'threw',
  3: 'exited',
  4: 'halted',
  5: 'terminated',
});

/** Where the threads asleep on an object wait, in order of arrival.  See kernel/turnstile.ts. */
export const turnstile = struct('turnstile', {
  chain: u32, //    the spin word that guards the three below: 0 free, 1 held, 2 held and wanted
  first: ref('kthread'),
  last: ref('kthread'),
  waiters: u32,
});

/**
 * What all synchronization objects have in common, at the same offsets: so a wanted or held address
 * tells its kind and name without knowing where it came from.
 */
const head = {
  kind: at(4, sobjKind),
  name: text,
  flags: bits({ 1: 'REGISTERED', 2: 'DESTROYED' }),
  ts: embed(turnstile),
  contended: u32, // times the fast path did not do
  blocked: u32, //   times a thread went to sleep on it
};
export const sobj = struct('sobj', { word: i32, ...head }, 64);

export const kmutex = struct(
  'kmutex',
  {
    owner: ref('kthread'), // holder, or NULL; bit 0 is WAITERS
    ...head,
    spun: u32, //             times a spin on a running owner got it
    handed: u32, //           times exit passed it straight to a waiter that had lost too often
  },
  64,
);

export const krwlock = struct(
  'krwlock',
  {
    wwwh: u32, //           readers * 8, or writer | WRITE_LOCKED; and HAS_WAITERS, WRITE_WANTED
    ...head,
    writers: u32, //        of the waiters
  },
  64,
);

export const kcondvar = struct(
  'kcondvar',
  {
    signals: u32, //        signals and broadcasts sent
    ...head,
    unheard: u32, //        of those, the ones that found nobody asleep
    last_signal: ref('kthread'),
    last_signal_time: time,
    mutex: ref('kmutex'), //   that those in line take again; NULL when they take several
  },
  64,
);

export const ksema = struct('ksema', { count: i32, ...head }, 64);

export const kbarrier = struct('kbarrier', { crossings: u32, ...head, parties: u32 }, 64);

/** A thing that is held but is no lock: P_PR_LOCK, a closing flag.  See kernel/resource.ts. */
export const kresource = struct(
  'kresource',
  { owner: ref('kthread'), ...head, guards: ref('sobj') },
  64,
);

/** A lock or a declared resource that a thread holds.  lock 0: a free slot. */
export const kheld = struct('kheld', {
  lock: ref('sobj'),
  since: time,
  mode: enumeration({ 0: 'owner', 1: 'reader', 2: 'writer' }),
  seq: u32, // the thread's wait_seq when it was taken: what it held while it waited for what
});

/** One record of a thread's event ring.  See kernel/ring.ts for the kinds. */
export const EVENT = {
  start: 1,
  exit: 2,
  block: 3,
  wake: 4,
  acquire: 5,
  release: 6,
  signal: 7,
  broadcast: 8,
  timeout: 9,
  panic: 10,
  contend: 11,
  handoff: 12,
  note: 13,
} as const;
const eventNames = Object.fromEntries(Object.entries(EVENT).map(([name, value]) => [value, name]));
export const kevent = struct('kevent', {
  seq: u32, //     image-wide order where two threads met on a slow path; 0 for an unused record
  time,
  kind: enumeration(eventNames),
  object: ref('sobj'),
  arg: u32,
  reserved: at(28, u32),
});

export const kthread = struct(
  'kthread',
  {
    // line 0: its owner's
    state: threadState,
    index: u32, //            its row in the thread table; 0 is the boot thread
    wchan: ref('sobj'), //    what it sleeps on
    wait_kind: sobjKind,
    wait_seq: u32, //         counts sleeps: odd while asleep
    wait_since: time,
    wait_flags: bits({ 1: 'TIMED', 2: 'WRITER', 4: 'IDLE', 8: 'HANDED', 16: 'MOVED' }),
    wants_resource: ref('kresource'), // the declared resource behind the condvar it sleeps on
    progress: u32, //         what the workload says it got done
    operations: u32, //       slow-path operations: alive, if not productive
    progress_time: time,
    nested: u32, //           high-water mark of the held stack
    ring_next: u32, //        events recorded so far; the ring holds the last RING_EVENTS
    failed: u32, //           times in a row that it woke and lost the race for the lock
    tried: ref('sobj'), //    the last lock that it tried and did not get
    polls: u32, //            times it asked whether to go on
    // line 1: those who wake it
    park: at(64, enumeration({ 0: 'AWAKE', 1: 'ASLEEP', 2: 'GRANTED', 3: 'NUDGED' })),
    park_next: ref('kthread'), // the next one on the turnstile
    // line 2: written once
    name: at(128, text),
    role: text,
    psargs: text,
    thread_id: u32, //        worker_threads threadId
    os_tid: u32,
    cpu: i32, //              pinned to, or -1
    start_time: time,
    exit_time: time,
    exit_reason: exitReason,
    exit_message: text,
    ring: ref('kevent'),
    flags: bits({ 1: 'DAEMON', 2: 'PANICKED', 4: 'LOAD', 8: 'REPORTS' }),
    proc: at(184, ref('proc_t')), // of a workload that has processes: the one behind the thread
    acquires: ref('histogram'), //   ns that each took; 0 where nobody counts (kernel/track.ts)
    held: at(256, array(kheld, HELD_MAX)),
  },
  1280,
);

/** One named thing of the data segment, or a registered dynamic lock. */
export const ksymbol = struct('ksymbol', {
  address: u32,
  size: u32,
  name: text,
  type: text, // a struct's name
});

/** What one outcome of the workload was counted. */
export const koutcome = struct(
  'koutcome',
  {
    count: u32,
    before: u32, // of a series: what it was when the trial began
  },
  64,
);

/** How far a machine is with its trial. */
export const PHASE = { idle: 0, boot: 1, gate: 2, run: 3, stop: 4, halt: 5 } as const;
/** How closely the kernel tracks what threads do.  `checked` is kept for probes of shared fields, and does what `events` does. */
export const TRACK = { held: 1, events: 2, checked: 3 } as const;
export type TrackLevel = keyof typeof TRACK;

/** The first page of an image. */
export const image_header = struct('image_header', {
  magic: char(8), //             "gridlock"
  version: at(8, u32),
  size_pages: u32,
  boot: u32, //                  how many times this image was booted; caches compare it
  phase: enumeration({ 0: 'idle', 1: 'boot', 2: 'gate', 3: 'run', 4: 'stop', 5: 'halt' }),
  seed: u32,
  track: enumeration({ 1: 'held', 2: 'events', 3: 'checked' }),
  features: bits({ 1: 'PANIC_ON_CYCLE' }),
  // line 1: what stops everyone
  halt: at(64, u32), //          1: unwind; set by the watchdog or the machine's main thread
  stop: u32, //                  1: roles should come to their end
  panic_thread: ref('kthread'), // who panicked first
  panic_message: text,
  panic_address: u32, //         the faulting address of a trap, or 0
  // line 2: the clock, which the watchdog writes, or in a controlled run whoever has the baton
  clock: at(128, time),
  // line 3: what wakes the watchdog
  doorbell: at(192, u32),
  nmi_wanted: u32, //            a dump was asked for (SIGUSR2)
  main_beat: u32, //             the main thread's event loop, alive
  gate_arrived: at(256, u32), // role threads at the start gate
  gate_open: u32, //
  finished: u32, //              role threads that came to their end
  ready: u32, //                 worker threads that have a slot
  judge: u32, //                 who gave the verdict: 0 nobody yet, 1 the watchdog, 2 the main thread
  gate_time: time,
  event_seq: at(320, u32), //    the image-wide order of slow-path events
  faults: u32, //                traps taken
  // line 6: where things are; addresses, counts of rows
  bss: at(384, u32),
  bss_end: u32,
  bss_sum: i32, //               checksum of the globals' names and addresses
  threads: ref('kthread'),
  thread_rows: u32, //           room
  thread_count: u32, //          in use, the boot thread included
  symbols: ref('ksymbol'),
  symbol_rows: u32,
  symbol_count: u32,
  symbols_lost: u32, //          registrations that found the table full
  outcomes: ref('koutcome'),
  outcome_rows: u32,
  strings: u32,
  strings_next: u32,
  strings_end: u32,
  pagemap: u32, //               a byte a heap page: kernel/kmem.ts
  heap: u32,
  heap_pages: u32,
  heap_high: u32, //             pages touched since boot: what a reboot must clear
  baton: ref('kbaton'), //       of a controlled run; 0 in a free one
  epoch: u32, //                 boots and rewinds: what was interned before one is gone
  noise: u32, //                 words of a run with noise; 0 in one without
  acquires: ref('histogram'), // a row a thread; 0 where nobody counts
});

/** The image's header is at address 0. */
export const header = 0 as Ref<'image_header'>;

if (kthread.$.size % 64 !== 0 || kheld.$.size !== 16) {
  throw new RangeError(`kthread is ${kthread.$.size} bytes`);
}
for (const each of [sobj, kmutex, krwlock, kcondvar, ksema, kbarrier, kresource]) {
  if (each.$.size !== 64)
    throw new RangeError(`${each.$.name} is ${each.$.size} bytes, not one line`);
}
