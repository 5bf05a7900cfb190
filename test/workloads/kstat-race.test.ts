/*
 * Goal: the kstats of the workload are the kernel's where the bug depends on it: their bytes, the order
 * of their headers, the steps of a read, and what a header too many comes to.
 *
 * Method: most of it runs on the boot thread of a machine without others.  The race itself is two real
 * threads that a probe holds in the order of the report (kstat-race.threads.mjs), in each variant: what
 * the bug's variant shows, the fixed ones must not show in the very same order.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { expect, test } from 'vitest';

// The workload first, here as in the threads: it lays out the globals.
import workload from '../../workloads/kstat-race/workload.ts';
import { kstat_check } from '../../workloads/kstat-race/check.ts';
import * as chain from '../../workloads/kstat-race/kstat_chain.ts';
import {
  EAGAIN,
  ekstat,
  ENOMEM,
  ENXIO,
  KSTAT_FLAG,
  KSTAT_TYPE,
  kstat_chain_lock,
  kstat_flags,
  kstat_headers,
  kstat_named_t,
  kstat_of,
  kstat_t,
  type Kstat,
} from '../../workloads/kstat-race/kstat.ts';
import * as fr from '../../workloads/kstat-race/kstat_fr.ts';
import * as headers from '../../workloads/kstat-race/kstat_headers.ts';
import { read_kstat_data } from '../../workloads/kstat-race/kstat_ioctl.ts';
import { params } from '../../workloads/kstat-race/params.ts';
import { population_of } from '../../workloads/kstat-race/population.ts';
import {
  kstat_chain_update,
  kstat_lookup,
  kstat_open,
} from '../../workloads/kstat-race/libkstat.ts';
import { sys_syscall, ZONE } from '../../workloads/kstat-race/zone.ts';
import { kmem_alloc, kmem_free, kmem_mapped, kmem_zalloc } from '../../src/kernel/kmem.ts';
import { mutex_enter, mutex_exit } from '../../src/kernel/mutex.ts';
import { kernel_boot, kernel_ready, thread_create } from '../../src/kernel/startup.ts';
import { createImage, symbolAt, symbolCount, threadAt } from '../../src/layout/image.ts';
import { header, image_header, kmutex, kthread, ksymbol, sobj } from '../../src/layout/records.ts';
import { textOf } from '../../src/layout/strings.ts';
import type { Ref } from '../../src/layout/struct.ts';
import type { ParamValues } from '../../src/run/workload.ts';
import { get, get64, get8, getText, load, peek, put, put64, put8 } from '../../src/layout/word.ts';
import { haltMachine } from '../../src/run/halt.ts';

const DEFAULTS = {
  ...(Object.fromEntries(
    Object.entries(params).map(([name, { default: value }]) => [name, value]),
  ) as ParamValues<typeof params>),
  interrupts: 0,
};

let machines = 0;

/** A machine with its population, and threads that have not started. */
function boot(variant: string, kstats: number, threads = 0): SharedArrayBuffer {
  const trial = { variant, params: { ...DEFAULTS, kstats }, seed: 1 };
  const { heapBytes } = workload;
  if (typeof heapBytes !== 'function') throw new Error('heapBytes depends on the params');
  const image = createImage({ threads, heapBytes: heapBytes(trial.params) });
  // A thread remembers names by the number of the boot, and this one has many machines.
  put(header, image_header.boot, ++machines);
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  for (let i = 1; i <= threads; i++) {
    thread_create({ name: `thread ${i}`, role: 'test', psargs: '', flags: 0 });
  }
  workload.boot?.(trial);
  kernel_ready();
  return image;
}

/** A machine with so many kstats before any zone boots. */
function bootPopulation(variant: string, n: number, threads = 0): SharedArrayBuffer {
  return boot(variant, n + 5, threads);
}

const ONE = {
  module: 'test',
  instance: 7,
  name: 'one',
  class: 'misc',
  type: KSTAT_TYPE.raw,
  ndata: 0,
  flags: KSTAT_FLAG.virtual,
};

function countHeaders(): number {
  mutex_enter(kstat_chain_lock);
  headers.header_kstat_update(kstat_of(kstat_headers), fr.KSTAT_READ);
  mutex_exit(kstat_chain_lock);
  return get(kstat_of(kstat_headers), kstat_t.ks_ndata);
}

function kids(): number[] {
  const found: number[] = [];
  for (let e = chain.kstat_first(); e !== 0; e = chain.kstat_next(e)) {
    found.push(get(kstat_of(e), kstat_t.ks_kid));
  }
  return found;
}

function nameOf(ksp: Kstat): string {
  const module = getText(ksp, kstat_t.ks_module, 31);
  return `${module}:${get(ksp, kstat_t.ks_instance)}:${getText(ksp, kstat_t.ks_name, 31)}`;
}

// --- bytes --------------------------------------------------------------------------------------

test('kstat_t has the size and the offsets of the LP64 kernel', () => {
  expect(kstat_t.$.size).toBe(184);
  expect(Object.fromEntries(kstat_t.$.fields.map(({ name, offset }) => [name, offset]))).toEqual({
    ks_crtime: 0,
    ks_next: 8,
    ks_kid: 16,
    ks_module: 20,
    ks_resv: 51,
    ks_instance: 52,
    ks_name: 56,
    ks_type: 87,
    ks_class: 88,
    ks_flags: 119,
    ks_data: 120,
    ks_ndata: 128,
    ks_data_size: 136,
    ks_snaptime: 144,
    ks_update: 152,
    ks_private: 160,
    ks_snapshot: 168,
    ks_lock: 176,
  });
  expect(kstat_named_t.$.size).toBe(48);
  expect([ekstat.e_ks, ekstat.$.size % 64, ekstat.e_cv % 64]).toEqual([0, 0, 0]);
});

test('the mother kstat is the one of the report', () => {
  boot('unlocked-clear', 0x1642);
  const ksp = kstat_of(kstat_headers);
  const symbols = new Map<number, string>();
  for (let i = 0; i < symbolCount(); i++) {
    symbols.set(get(symbolAt(i), ksymbol.address), textOf(get(symbolAt(i), ksymbol.name)));
  }
  for (let i = 0; i < 5; i++) fr.kstat_install(fr.kstat_create({ ...ONE, instance: i }));
  expect(countHeaders()).toBe(0x1642);
  expect({
    kid: get(ksp, kstat_t.ks_kid),
    name: nameOf(ksp),
    type: get8(ksp, kstat_t.ks_type),
    class: getText(ksp, kstat_t.ks_class, 31),
    flags: get8(ksp, kstat_t.ks_flags),
    ndata: get(ksp, kstat_t.ks_ndata),
    size: get64(ksp, kstat_t.ks_data_size),
    update: symbols.get(get64(ksp, kstat_t.ks_update)),
    snapshot: symbols.get(get64(ksp, kstat_t.ks_snapshot)),
    lock: symbols.get(get64(ksp, kstat_t.ks_lock)),
  }).toEqual({
    kid: 0,
    name: 'unix:0:kstat_headers',
    type: 0,
    class: 'kstat',
    flags: 0x3,
    ndata: 0x1642,
    size: 0xfff70,
    update: 'header_kstat_update',
    snapshot: 'header_kstat_snapshot',
    lock: 'kstat_chain_lock',
  });
});

// --- a kstat's life -----------------------------------------------------------------------------

test('a created kstat is in the chain, and counts when it is installed', () => {
  bootPopulation('unlocked-clear', 20);
  const ksp = fr.kstat_create(ONE);
  expect(kstat_flags(ksp)).toBe(KSTAT_FLAG.virtual | KSTAT_FLAG.invalid);
  expect(chain.kstat_find_byname('test', 7, 'one', 0)).toBe(ksp);
  expect([chain.kstat_count(), countHeaders()]).toEqual([21, 20]);
  fr.kstat_install(ksp);
  expect(kstat_flags(ksp)).toBe(KSTAT_FLAG.virtual);
  expect([chain.kstat_count(), countHeaders()]).toEqual([21, 21]);
  fr.kstat_delete(ksp);
  expect(chain.kstat_find_byname('test', 7, 'one', 0)).toBe(0);
  expect([chain.kstat_count(), countHeaders()]).toEqual([20, 20]);
});

test('KIDs are given out once, and the chain is in their order whatever is taken out of it', () => {
  bootPopulation('unlocked-clear', 20);
  expect(kids()).toEqual(Array.from({ length: 20 }, (_, kid) => kid));
  const made = [1, 2, 3, 4].map((instance) => fr.kstat_create({ ...ONE, instance }));
  fr.kstat_delete(made[1]!);
  fr.kstat_delete(made[3]!);
  const last = fr.kstat_create(ONE);
  const order = kids();
  expect(order.slice(20)).toEqual([made[0]!, made[2]!, last].map((k) => get(k, kstat_t.ks_kid)));
  expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
  expect(get(last, kstat_t.ks_kid)).toBeGreaterThan(23);
  expect(chain.kstat_chain_verify()).toBeUndefined();
});

test('one name, two zones: a kstat is found where it is seen', () => {
  bootPopulation('unlocked-clear', 20);
  const mine = fr.kstat_create_zone(ONE, 3);
  expect(fr.kstat_create_zone(ONE, 3)).toBe(0);
  const theirs = fr.kstat_create_zone(ONE, 4);
  expect(theirs).not.toBe(0);
  expect([0, 3, 4].map((zone) => chain.kstat_find_byname('test', 7, 'one', zone))).toEqual([
    0,
    mine,
    theirs,
  ]);
  fr.kstat_zone_add(mine, 0);
  expect(chain.kstat_find_byname('test', 7, 'one', 0)).toBe(mine);
});

test('a zone that boots creates its eight, zone_zfs when the count is the param', () => {
  boot('unlocked-clear', 0x1642);
  sys_syscall(ZONE.create, 0);
  const made: string[] = [];
  for (let e = chain.kstat_first(); e !== 0; e = chain.kstat_next(e)) {
    if (get(kstat_of(e), kstat_t.ks_kid) >= population_of(0x1642)) made.push(nameOf(kstat_of(e)));
  }
  expect(made).toEqual([
    'caps:1:lockedmem_zone_1',
    'caps:1:swapresv_zone_1',
    'caps:1:physicalmem_zone_1',
    'caps:1:nprocs_zone_1',
    'zone_vfs:1:zone1',
    'zone_zfs:1:zone1',
    'memory_cap:1:zone1',
    'zones:1:zone1',
  ]);
  expect(population_of(0x1642) + made.indexOf('zone_zfs:1:zone1')).toBe(0x1642);
  expect(countHeaders()).toBe(population_of(0x1642) + 8);
  sys_syscall(ZONE.destroy, 0);
  sys_syscall(ZONE.create, 0);
  expect(nameOf(kstat_lookupLast())).toBe('zones:2:zone1');
  sys_syscall(ZONE.destroy, 0);
  expect(kstat_check('unlocked-clear', population_of(0x1642))).toBeUndefined();
});

function kstat_lookupLast(): Kstat {
  let last = chain.kstat_first();
  for (let e = last; e !== 0; e = chain.kstat_next(e)) last = e;
  return kstat_of(last);
}

// --- reads --------------------------------------------------------------------------------------

test('a read says what is wrong with it', () => {
  bootPopulation('unlocked-clear', 20);
  const user = kmem_zalloc(kstat_t.$.size) as Kstat;
  const read = (kid: number) => {
    put(user, kstat_t.ks_kid, kid);
    return read_kstat_data({ r_val1: 0 }, user, 0);
  };
  const created = get(fr.kstat_create(ONE), kstat_t.ks_kid);
  expect(read(9999)).toBe(ENXIO);
  expect(read(created)).toBe(EAGAIN);
  expect(read(0)).toBe(ENOMEM);
  expect(get64(user, kstat_t.ks_data_size)).toBe(20 * 184);
  put64(user, kstat_t.ks_data, kmem_zalloc(20 * 184) as Ref<'kstat_named_t'>);
  expect(read(0)).toBe(0);
  expect(get(user, kstat_t.ks_ndata)).toBe(20);
  expect(kstat_check('unlocked-clear', 21)).toBe(`kstat ${created} was never installed`);
});

test('a read of named data brings the strings along', () => {
  boot('unlocked-clear', 30);
  sys_syscall(ZONE.create, 0);
  const kc = kstat_open();
  expect(kstat_chain_update(kc)).toBe(true);
  expect(kstat_chain_update(kc)).toBe(false);
  const [zfs] = kstat_lookup(kc, 'zone_zfs');
  const user = kmem_zalloc(kstat_t.$.size) as Kstat;
  put(user, kstat_t.ks_kid, get(zfs!, kstat_t.ks_kid));
  put64(user, kstat_t.ks_data_size, 4096);
  put64(user, kstat_t.ks_data, kmem_zalloc(4096) as Ref<'kstat_named_t'>);
  expect(read_kstat_data({ r_val1: 0 }, user, 0)).toBe(0);
  const data = get64(user, kstat_t.ks_data);
  expect(getText(data, kstat_named_t.name, 31)).toBe('zonename');
  expect(get64(user, kstat_t.ks_data_size)).toBe(8 * 48 + 'zone1'.length + 1);
  expect(get(data, kstat_named_t.length)).toBe('zone1'.length + 1);
  expect(peek(data + get64(data, kstat_named_t.value))).toBe(0x656e6f7a); //  'zone'
});

test.for([
  ['unlocked-clear', 20, 'exact'],
  ['locked-clear', 20, 'exact'],
  ['count-invalid', 21, 'tail'],
  ['pre-4246', 21, 'exact'],
] as const)('%s: with 20 kstats and one INVALID, %i headers, %s', ([variant, count, outcome]) => {
  bootPopulation(variant, 20);
  const ksp = fr.kstat_create(ONE);
  const outcomes: string[] = [];
  headers.header_snapshot_probe((each) => outcomes.push(each));
  const kc = kstat_open();
  kstat_chain_update(kc);
  expect(outcomes).toEqual([outcome]);
  expect(kc.kc_count).toBe(count);
  const last = (get64(kc.kc_headers.ksp, kstat_t.ks_data) + (count - 1) * 184) as Kstat;
  const kid = { exact: get(ksp, kstat_t.ks_kid), tail: 0 }[outcome];
  expect(get(last, kstat_t.ks_kid)).toBe(count === 20 ? 19 : kid);
});

// --- arithmetic ---------------------------------------------------------------------------------

test('a header too many reaches the guard page for 22 of the 512 sizes, and for 0x1642', () => {
  boot('unlocked-clear', 17);
  const residues = new Set<number>();
  for (let n = 713; n < 713 + 512; n++) {
    const kbuf = kmem_alloc(n * 184 + 1);
    if (!kmem_mapped(kbuf + (n + 1) * 184 - 1)) residues.add((n * 184) % 4096);
    expect(kmem_mapped(kbuf + n * 184)).toBe(true); //  the byte more that is asked for
    kmem_free(kbuf, n * 184 + 1);
  }
  expect([...residues].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 22 }, (_, i) => 3920 + 8 * i),
  );
  expect((0x1642 * 184) % 4096).toBe(3952);
});

// --- the race -----------------------------------------------------------------------------------

interface Raced {
  readonly outcomes: readonly string[];
  readonly reader: string;
  readonly installer: string;
  /** of the panic */
  readonly message: string;
  readonly offset: number;
  /** what the installer slept on when the reader panicked */
  readonly wanted: string;
}

/** One kstat is installed while n others are read, in the order of kstat-race.threads.mjs. */
async function race(variant: string, n: number): Promise<Raced> {
  const image = bootPopulation(variant, n, 2);
  const ksp = fr.kstat_create(ONE);
  const steps = new Int32Array(new SharedArrayBuffer(12));
  const url = new URL('kstat-race.threads.mjs', import.meta.url);
  const outcomes: string[] = [];
  const ends = { reader: '', installer: '' };
  const threads = (['reader', 'installer'] as const).map((part, i) => {
    const thread = new Worker(url, { workerData: { image, steps, row: i + 1, part, ksp } });
    thread.on('message', (said: { outcome?: string; end?: string; message?: string }) => {
      if (said.outcome !== undefined) outcomes.push(said.outcome);
      if (said.end !== undefined) ends[part] = said.end;
      if (said.end === 'Error') ends[part] = said.message ?? '';
    });
    return once(thread, 'exit');
  });

  const doorbell = Atomics.waitAsync(new Int32Array(image), image_header.doorbell >> 2, 0);
  await Promise.race([doorbell.value, Promise.all(threads)]);
  const panicked = load(header, image_header.panic_thread) !== 0;
  // The lock is the reader's: the installer is in line for it, or about to be.
  const wchan = get(threadAt(2), kthread.wchan);
  const wanted = panicked && wchan !== 0 ? textOf(get(wchan, sobj.name)) : '';
  const owner = panicked ? get(kstat_chain_lock, kmutex.owner) & ~1 : 0;
  expect(owner).toBe(panicked ? threadAt(1) : 0);
  const message = textOf(get(header, image_header.panic_message));
  const address = get(header, image_header.panic_address);
  haltMachine();
  await Promise.all(threads);
  const offset = panicked ? address - headers.header_kbuf() : 0;
  return { outcomes, ...ends, message, offset, wanted };
}

const FAULT = /^BAD TRAP: type=e \(#pf Page fault\) rp=[0-9a-f]+ addr=([0-9a-f]+)$/;

test.for([
  [0x1642, 0x100000],
  [5676, 0xff000],
  [5721, 0x101000],
  [734, 0x21000],
] as const)('raced with %i kstats, the copy faults at kbuf+%i', async ([n, offset]) => {
  const raced = await race('unlocked-clear', n);
  expect(raced).toMatchObject({ outcomes: ['fault'], reader: 'MachineHalt', offset });
  expect(raced.message).toMatch(FAULT);
  expect(['kstat_chain_lock', '']).toContain(raced.wanted); // or still spinning
});

test.for([5600, 5697, 5699, 20])('raced with %i kstats, the overrun is silent', async (n) => {
  expect(await race('unlocked-clear', n)).toEqual({
    outcomes: ['overrun'],
    reader: 'returned',
    installer: 'returned',
    message: '',
    offset: 0,
    wanted: '',
  });
  expect(headers.header_reads('overrun')).toBe(1);
});

test.for([
  ['locked-clear', 0x1642],
  ['locked-clear', 5697],
  ['count-invalid', 0x1642],
  ['pre-4246', 0x1642],
] as const)(
  '%s: in the same order, with %i kstats, nothing is copied too much',
  async ([variant, n]) => {
    expect(await race(variant, n)).toMatchObject({
      outcomes: ['exact'],
      reader: 'returned',
      installer: 'returned',
    });
    expect(kstat_check(variant, n + 1)).toBeUndefined();
  },
);

// --- check() ------------------------------------------------------------------------------------

test('check() finds what was planted', () => {
  const n = population_of(30);
  const plants: readonly [string, () => void, RegExp][] = [
    ['nothing', () => undefined, /^$/],
    ['a kstat too many', () => fr.kstat_install(fr.kstat_create(ONE)), /26 kstats are left of 25/],
    [
      'a flag',
      () => put8(kstat_of(chain.kstat_first()), kstat_t.ks_flags, KSTAT_FLAG.invalid),
      /kstat 0 was never installed/,
    ],
    ['an owner', () => put(kstat_headers, ekstat.e_owner, threadAt(0)), /kstat 0 is still held/],
    [
      'a wrong KID',
      () => put(kstat_of(chain.kstat_next(chain.kstat_first())), kstat_t.ks_kid, 9),
      /kstat 9 is not found|comes after/,
    ],
  ];
  for (const [what, plant, found] of plants) {
    boot('locked-clear', 30);
    plant();
    expect([what, kstat_check('locked-clear', n) ?? '']).toEqual([
      what,
      expect.stringMatching(found),
    ]);
  }
});
