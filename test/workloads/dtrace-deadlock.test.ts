/*
 * Goal: the model of bug 9056 does what its comments say, piece by piece, before threads come into it.
 *
 * Method: one host thread is two kernel threads in turn.  What the other one holds stays held, and the
 * machine counts as halted, so that a call that would have to wait throws instead.  So "takes mod_lock"
 * is not looked up in the code but tried: the other thread has it.  Each such test has its control, the
 * same call with the lock free, or a sibling for which the answer is the opposite.
 */

import { beforeAll, describe, expect, test } from 'vitest';

import {
  get,
  getText,
  header,
  image_header,
  kmem_alloc,
  kmem_zalloc,
  kthread,
  MachineHalt,
  mutex_enter,
  mutex_exit,
  mutex_owned,
  mutex_owner,
  poke,
  put,
  putText,
  store,
  sub,
  textOf,
} from '../../src/index.ts';
import type { ParamValues, Ref } from '../../src/index.ts';
import { createImage, threadAt } from '../../src/layout/image.ts';
import { kheld, sobj } from '../../src/layout/records.ts';
import { kernel_boot, thread_attach, thread_create } from '../../src/kernel/startup.ts';
import { as_t } from '../../workloads/dtrace-deadlock/as.ts';
import { db_pid_list, db_proc, init } from '../../workloads/dtrace-deadlock/boot.ts';
import { callout_execute, callouts, clock } from '../../workloads/dtrace-deadlock/callout.ts';
import { leftovers } from '../../workloads/dtrace-deadlock/check.ts';
import { db_sum, transaction } from '../../workloads/dtrace-deadlock/database.ts';
import {
  dtrace_invalidate,
  dtrace_lock,
  dtrace_nprobes,
  dtrace_probe,
  dtrace_probe_lookup_id,
  dtrace_provider_lock,
  dtrace_register,
  dtrace_unregister,
  PRIV,
} from '../../workloads/dtrace-deadlock/dtrace.ts';
import { dof, DTRACEHIOC_ADDDOF } from '../../workloads/dtrace-deadlock/dtrace_helper.ts';
import {
  DTRACEIOC_ENABLE,
  DTRACEIOC_GO,
  dtrace_probedesc,
} from '../../workloads/dtrace-deadlock/dtrace_state.ts';
import {
  bucket_of,
  fasttrap_provider,
  fasttrap_provider_find,
  fasttrap_providers,
} from '../../workloads/dtrace-deadlock/fasttrap_provider.ts';
import {
  fasttrap,
  fasttrap_pid_cleanup_cb,
  fasttrap_state,
} from '../../workloads/dtrace-deadlock/fasttrap_sweep.ts';
import { cfork, proc_exit } from '../../workloads/dtrace-deadlock/fork.ts';
import {
  mod_find,
  mod_lock,
  modctl,
  modload,
  modunload,
} from '../../workloads/dtrace-deadlock/modctl.ts';
import type { ModuleName } from '../../workloads/dtrace-deadlock/modctl.ts';
import { jump, stub } from '../../workloads/dtrace-deadlock/modstubs.ts';
import { mod_stub_info, reset_stubs } from '../../workloads/dtrace-deadlock/modsubr.ts';
import { params as knobs } from '../../workloads/dtrace-deadlock/params.ts';
import { EAGAIN, EBUSY, ENOENT } from '../../workloads/dtrace-deadlock/parts.ts';
import {
  curproc,
  lwp_enter,
  P_PR_LOCK,
  pid_entry,
  proc_t,
  SEXITING,
} from '../../workloads/dtrace-deadlock/proc.ts';
import { psinfo, prmap } from '../../workloads/dtrace-deadlock/prsubr.ts';
import { shm_nattch, SHMID_NONE } from '../../workloads/dtrace-deadlock/shm.ts';
import { sprlock, sprunlock } from '../../workloads/dtrace-deadlock/sprlock.ts';
import { close, ioctl, open, pread } from '../../workloads/dtrace-deadlock/syscall.ts';
import { text_symbol } from '../../workloads/dtrace-deadlock/text.ts';
import { trap_count } from '../../workloads/dtrace-deadlock/tracepoint.ts';
import workload from '../../workloads/dtrace-deadlock/workload.ts';

type Values = ParamValues<typeof knobs>;
const defaults = Object.fromEntries(
  Object.entries(knobs).map(([name, knob]) => [name, knob.default]),
) as Values;

beforeAll(() => {
  createImage({ threads: 2, heapBytes: 2 << 20 });
});

/** Boots a machine with two threads, and goes on as the first of them, in init. */
function boot(variant: string, values: Partial<Values> = {}): void {
  kernel_boot({ seed: 1, track: 'held', panicOnCycle: true });
  for (const name of ['one', 'other']) thread_create({ name, role: name, psargs: name, flags: 0 });
  workload.boot?.({ variant, params: { ...defaults, ...values }, seed: 1 });
  store(header, image_header.halt, 1);
  be('one');
}

/** Goes on as the other thread. */
function be(name: 'one' | 'other'): void {
  thread_attach(threadAt(name === 'one' ? 1 : 2), 'held');
  lwp_enter(init());
}

/** What a call comes to, or 'waits' when it would have to. */
function outcome_of<T>(call: () => T): T | 'waits' {
  try {
    return call();
  } catch (error) {
    if (error instanceof MachineHalt) return 'waits';
    throw error;
  }
}

/** The same, while the other thread has a mutex. */
function while_held<T>(lp: Ref<'kmutex'>, call: () => T): T | 'waits' {
  be('other');
  mutex_enter(lp);
  be('one');
  const outcome = outcome_of(call);
  be('other');
  mutex_exit(lp);
  be('one');
  return outcome;
}

/** What a thread holds, in the order in which it took it. */
function held_names(t: Ref<'kthread'>): string[] {
  const slots = Array.from({ length: 8 }, (_, i) => sub(t, kthread.held) + i * kheld.$.size);
  const locks = slots.map((at) => get(at as Ref<'kheld'>, kheld.lock)).filter((lock) => lock !== 0);
  return locks.map((lock) => textOf(get(lock, sobj.name)));
}

/** The first process of the database that is not the postmaster. */
function victim(): Ref<'proc_t'> {
  return db_proc(1);
}

function pid_of(p: Ref<'proc_t'>): number {
  return get(p, proc_t.p_pid);
}

describe('stubs', () => {
  // What the real function saw of its module, when a stub led to it.
  let seen: { ref: number; locked: boolean } | undefined;
  let watched: ModuleName = 'shmsys';
  function real_function(): number {
    const ref = get(mod_find(watched), modctl.mod_ref);
    seen = { ref, locked: mutex_owned(mod_lock) };
    return 42;
  }
  const spy = text_symbol('test', real_function);

  /** Makes a module as if it had never been installed. */
  function uninstall(module: ModuleName): void {
    const mp = mod_find(module);
    reset_stubs(get(mp, modctl.mod_modinfo));
    put(mp, modctl.mod_installed, 0);
  }

  const none = SHMID_NONE;
  const rows = [
    // kind               variant            function        there  leads to             value  ref  takes mod_lock
    ['STUB', 'wstub', 'fifovp', 1, 'stubs_common_code', 42, 1, true],
    ['STUB', 'wstub', 'fifovp', 0, 'stubs_common_code', 7, '-', true],
    ['WSTUB', 'wstub', 'shmgetid', 1, 'stubs_common_code', 42, 1, true],
    ['WSTUB', 'wstub', 'shmgetid', 0, 'nomod_minus_one', none, '-', false],
    ['NO_UNLOAD_STUB', 'wstub', 'door_ki_open', 1, 'real_function', 42, 0, false],
    ['NO_UNLOAD_STUB', 'wstub', 'door_ki_open', 0, 'stubs_common_code', 2, '-', true],
    ['NO_UNLOAD_WSTUB', 'no-unload-wstub', 'shmgetid', 1, 'real_function', 42, 0, false],
    ['NO_UNLOAD_WSTUB', 'no-unload-wstub', 'shmgetid', 0, 'nomod_minus_one', none, '-', false],
  ] as const;
  const MODULE = { fifovp: 'fifofs', shmgetid: 'shmsys', door_ki_open: 'doorfs' } as const;

  test.for(rows)(
    '%s of %s, %s, module there: %s: leads to %s',
    ([, variant, name, there, leads, value, ref, locks]) => {
      const module = MODULE[name];
      const info = stub[name];
      const prepare = () => {
        boot(variant);
        watched = module;
        seen = undefined;
        if (there === 1) put(info, mod_stub_info.mods_func_adr, spy);
        else uninstall(module);
      };
      prepare();
      expect(jump(info).name).toBe(leads);
      expect(outcome_of(() => jump(info)(7, 0))).toBe(value);
      expect(seen?.ref ?? '-').toBe(ref);
      expect(seen?.locked ?? false).toBe(false);
      expect(get(mod_find(module), modctl.mod_ref)).toBe(0);
      prepare();
      expect(while_held(mod_lock, () => jump(info)(7, 0))).toBe(locks ? 'waits' : value);
    },
  );

  test('a stub that is not weak loads its module, a weak one does not', () => {
    boot('wstub');
    expect(get(mod_find('sysacct'), modctl.mod_loaded)).toBe(0);
    expect(jump(stub.acct)(0)).toBe(0);
    expect(get(mod_find('sysacct'), modctl.mod_loaded)).toBe(0);
    uninstall('fifofs');
    expect(jump(stub.fifovp)(9)).toBe(9);
    expect(get(mod_find('fifofs'), modctl.mod_installed)).toBe(1);
  });

  test.for([
    ['shmsys', EBUSY],
    ['semsys', EBUSY],
    ['doorfs', EBUSY],
    ['md5', 0],
  ] as const)('unloading %s comes to %d', ([module, error]) => {
    boot('wstub');
    expect(modload(module)).toBeGreaterThan(0);
    expect(modunload(module)).toBe(error);
    expect(get(mod_find(module), modctl.mod_installed)).toBe(error === 0 ? 0 : 1);
  });

  test('a module is not unloaded during a call through a stub', () => {
    boot('wstub');
    modload('md5');
    let during = -1;
    const unloader = text_symbol('test', () => (during = modunload('md5')), 'unloader');
    put(stub.MD5Update, mod_stub_info.mods_func_adr, unloader);
    jump(stub.MD5Update)(0);
    expect([during, modunload('md5')]).toEqual([EBUSY, 0]);
  });
});

describe('P_PR_LOCK', () => {
  const flag = (p: Ref<'proc_t'>) => get(p, proc_t.p_proc_flag) & P_PR_LOCK;

  test('sprlock() sets it and has p_lock; sprunlock() has neither', () => {
    boot('wstub');
    const p = sprlock(pid_of(victim()));
    const lock = get(p, proc_t.p_lockp);
    expect([p, flag(p), mutex_owned(lock)]).toEqual([victim(), P_PR_LOCK, true]);
    sprunlock(p);
    expect([flag(p), mutex_owned(lock)]).toEqual([0, false]);
  });

  test.for([
    ['a pid that nobody has', 4711],
    ['a process of the kernel’s own', 0],
  ] as const)('sprlock() finds no process in %s', ([, pid]) => {
    boot('wstub');
    expect(sprlock(pid)).toBe(0);
    expect(sprlock(pid_of(victim()))).toBe(victim());
  });

  test.for([
    // variant       declare  what its holder holds    who wants it says so
    ['wstub', 'on', ['P_PR_LOCK[3]'], true],
    ['wstub', 'off', [], false],
    ['mutex-cycle', 'on', ['p_pr_mutex[3]'], false],
  ] as const)('%s, declare=%s: held is %j', ([variant, declare, held, says]) => {
    boot(variant, { declare });
    be('other');
    const p = sprlock(pid_of(victim()));
    mutex_exit(get(p, proc_t.p_lockp));
    expect(held_names(threadAt(2))).toEqual(held);
    be('one');
    expect(outcome_of(() => sprlock(pid_of(p)))).toBe('waits');
    expect(get(threadAt(1), kthread.wants_resource) !== 0).toBe(says);
  });

  test('the postmaster cannot be forked while it is locked', () => {
    boot('wstub');
    const fork = () => cfork(db_proc(0), 'child') !== 0;
    expect(outcome_of(fork)).toBe(true);
    be('other');
    mutex_exit(get(sprlock(pid_of(db_proc(0))), proc_t.p_lockp));
    be('one');
    expect(outcome_of(fork)).toBe('waits');
  });
});

describe('under P_PR_LOCK', () => {
  function read_map(): number {
    const size = (defaults.segments + 1) * prmap.$.size;
    const fd = open(`/proc/${pid_of(victim())}/map`);
    const bytes = pread(fd, kmem_zalloc(size), size, 0);
    close(fd);
    return bytes;
  }
  const fork = () => (cfork(db_proc(0), 'child') === 0 ? 0 : 1);
  const locked = (p: Ref<'proc_t'>) => (get(p, proc_t.p_proc_flag) & P_PR_LOCK) !== 0;
  const whole = defaults.segments * prmap.$.size;

  test.for([
    // variant            does         comes to   and then P_PR_LOCK is
    ['wstub', 'read_map', 'waits', true],
    ['no-unload-wstub', 'read_map', whole, false],
    ['mutex-cycle', 'read_map', 'waits', true],
    ['shmfork', 'fork', 'waits', true],
    ['wstub', 'fork', 'waits', false],
    ['no-unload-wstub', 'fork', 1, false],
  ] as const)(
    '%s: %s with mod_lock taken: %s, P_PR_LOCK held: %s',
    ([variant, does, comes, held]) => {
      boot(variant);
      const call = does === 'fork' ? fork : read_map;
      expect(while_held(mod_lock, call)).toBe(comes);
      expect(locked(does === 'fork' ? db_proc(0) : victim())).toBe(held);
      boot(variant);
      expect(outcome_of(call)).toBe(does === 'fork' ? 1 : whole);
    },
  );

  test('a map names the shared memory, and only that', () => {
    boot('wstub');
    const size = defaults.segments * prmap.$.size;
    const buf = kmem_zalloc(size);
    const fd = open(`/proc/${pid_of(victim())}/map`);
    expect(pread(fd, buf, size, 0)).toBe(size);
    const ids = Array.from({ length: defaults.segments }, (_, i) =>
      get((buf + i * prmap.$.size) as Ref<'prmap_t'>, prmap.pr_shmid),
    );
    expect(ids.filter((id) => id !== -1)).toEqual([0, 1]);
    close(fd);
  });

  test('a map of a process that has its own a_lock is for later', () => {
    boot('wstub');
    // No mutex, but the same: the other thread, in the process, is about to change its mappings.
    const as = get(victim(), proc_t.p_as);
    poke(sub(as, as_t.a_lock), threadAt(2) | 4);
    expect(outcome_of(read_map)).toBe('waits');
    expect(locked(victim())).toBe(false);
  });

  test('there is no node for a process that is on its way out', () => {
    boot('wstub');
    const cp = cfork(init(), 'short-lived');
    const path = `/proc/${pid_of(cp)}/map`;
    expect(open(path)).toBeGreaterThanOrEqual(0);
    put(cp, proc_t.p_flag, SEXITING);
    expect(open(path)).toBe(-ENOENT);
  });

  test('a node of /proc outlives its process, and says so', () => {
    boot('wstub');
    const cp = cfork(init(), 'short-lived');
    const fd = open(`/proc/${pid_of(cp)}/psinfo`);
    const buf = kmem_zalloc(psinfo.$.size);
    expect(pread(fd, buf, psinfo.$.size, 0)).toBe(psinfo.$.size);
    expect(getText(buf as Ref<'psinfo_t'>, psinfo.pr_psargs, 80)).toBe('short-lived');
    proc_exit(cp);
    expect(pread(fd, buf, psinfo.$.size, 0)).toBeLessThan(0);
    expect(close(fd)).toBe(0);
  });
});

/** An enabling of the database's transaction probes.  @returns the descriptor */
function consumer(provider = 'postgresql*', name = 'transaction-*'): number {
  const desc = kmem_zalloc(dtrace_probedesc.$.size) as Ref<'dtrace_probedesc_t'>;
  putText(desc, dtrace_probedesc.dtpd_provider, 32, provider);
  putText(desc, dtrace_probedesc.dtpd_name, 32, name);
  const fd = open('/dev/dtrace/dtrace');
  expect(ioctl(fd, DTRACEIOC_ENABLE, desc)).toBeGreaterThan(0);
  expect(ioctl(fd, DTRACEIOC_GO, 0)).toBe(0);
  return fd;
}

/** The provider of the first probe that is enabled. */
function enabled_provider(): Ref<'dtrace_provider_t'> {
  let id = 1;
  for (; ; id++) {
    const probe = dtrace_probe_lookup_id(id);
    if (probe !== 0 && get(probe, dtrace_probe.dtpr_ecb) !== 0) break;
  }
  return get(dtrace_probe_lookup_id(id), dtrace_probe.dtpr_provider);
}

describe('DTrace', () => {
  const NO_POPS = 0; // fasttrap's: a provider without probes calls none of them

  test('dtrace_unregister() refuses while DTrace is open, but not when the provider is defunct', () => {
    boot('wstub');
    const live = dtrace_register('live', PRIV.USER, NO_POPS, 0);
    const defunct = dtrace_register('defunct', PRIV.USER, NO_POPS, 0);
    const fd = consumer();
    dtrace_invalidate(defunct);
    expect([dtrace_unregister(live), dtrace_unregister(defunct)]).toEqual([EBUSY, 0]);
    close(fd);
    expect(dtrace_unregister(live)).toBe(0);
  });

  test.for([
    ['mod_lock', mod_lock],
    ['dtrace_lock', dtrace_lock],
    ['dtrace_provider_lock', dtrace_provider_lock],
  ] as const)('it takes %s before it knows that it will refuse', ([, lock]) => {
    boot('wstub');
    const live = dtrace_register('live', PRIV.USER, NO_POPS, 0);
    consumer();
    expect(while_held(lock, () => dtrace_unregister(live))).toBe('waits');
    boot('wstub');
    const again = dtrace_register('live', PRIV.USER, NO_POPS, 0);
    consumer();
    expect(outcome_of(() => dtrace_unregister(again))).toBe(EBUSY);
    for (const each of [mod_lock, dtrace_lock, dtrace_provider_lock])
      expect(mutex_owner(each)).toBe(0);
  });

  test('traps are in the text while a probe is enabled, and never in a child', () => {
    boot('wstub');
    expect(trap_count(victim())).toBe(0);
    const fd = consumer();
    const child = cfork(db_proc(0), 'child');
    expect([trap_count(victim()) > 0, trap_count(db_proc(0)) > 0]).toEqual([true, true]);
    expect(trap_count(child)).toBe(0);
    close(fd);
    expect(trap_count(victim())).toBe(0);
  });

  test('two consumers of one probe: the last to close takes the trap out', () => {
    boot('wstub');
    const first = consumer();
    const second = consumer();
    const traps = trap_count(victim());
    close(first);
    expect(trap_count(victim())).toBe(traps);
    close(second);
    expect(trap_count(victim())).toBe(0);
  });

  test('a close needs P_PR_LOCK of each process whose probes it disables', () => {
    boot('wstub');
    const fd = consumer();
    be('other');
    mutex_exit(get(sprlock(pid_of(victim())), proc_t.p_lockp));
    be('one');
    expect(outcome_of(() => close(fd))).toBe('waits');
    expect([mutex_owned(dtrace_lock), mutex_owner(mod_lock)]).toEqual([true, 0]);
  });
});

describe('the sweep', () => {
  /** A short-lived USDT process, alive. */
  function usdt(): Ref<'proc_t'> {
    const cp = cfork(init(), 'node');
    const description = kmem_alloc(dof.$.size) as Ref<'dof_helper_t'>;
    put(description, dof.dofhp_provider, 1);
    put(description, dof.dofhp_nproviders, 2);
    put(description, dof.dofhp_nprobes, 8);
    lwp_enter(cp);
    const fd = open('/dev/dtrace/helper');
    expect(ioctl(fd, DTRACEHIOC_ADDDOF, description)).toBe(0);
    close(fd);
    lwp_enter(init());
    return cp;
  }

  test('removes the providers of a process that is gone, and only those', () => {
    boot('wstub');
    const probes = dtrace_nprobes();
    const lives = usdt();
    const goes = usdt();
    const [alive, gone] = [pid_of(lives), pid_of(goes)];
    expect(dtrace_nprobes()).toBe(probes + 4 * 8);
    proc_exit(goes);
    expect(fasttrap_providers(gone)).toEqual({ live: 0, retired: 2 });
    fasttrap_pid_cleanup_cb();
    expect(fasttrap_providers(gone)).toEqual({ live: 0, retired: 0 });
    expect(fasttrap_providers(alive)).toEqual({ live: 2, retired: 0 });
    expect(dtrace_nprobes()).toBe(probes + 2 * 8);
  });

  test('leaves a provider with an enabled probe for later, until nobody has it enabled', () => {
    boot('wstub');
    const p = usdt();
    const pid = pid_of(p);
    const fd = consumer(`node${pid}`);
    proc_exit(p);
    fasttrap_pid_cleanup_cb();
    expect(fasttrap_providers(pid)).toEqual({ live: 0, retired: 1 });
    close(fd);
    fasttrap_pid_cleanup_cb();
    expect(fasttrap_providers(pid)).toEqual({ live: 0, retired: 0 });
  });

  test.for([
    // its process   DTrace is   the provider then   its mark
    ['lives', 'closed', 'stays', 0],
    ['took it back', 'open', 'stays', 0],
    ['took it back', 'closed', 'is gone', '-'],
  ] as const)(
    'a marked provider that is not retired: its process %s, DTrace is %s: it %s',
    (row) => {
      const [process, dtrace, becomes, mark] = row;
      boot('wstub');
      const pid = pid_of(usdt());
      const bucket = bucket_of(pid);
      const fp = fasttrap_provider_find(bucket, pid, 'node');
      put(fp, fasttrap_provider.ftp_marked, 1);
      if (process === 'took it back') put(fp, fasttrap_provider.ftp_mcount, 0);
      if (dtrace === 'open') consumer();
      put(fasttrap, fasttrap_state.fasttrap_cleanup_work, 1);
      fasttrap_pid_cleanup_cb();
      const found = fasttrap_provider_find(bucket, pid, 'node');
      expect(found === 0 ? 'is gone' : 'stays').toBe(becomes);
      expect(found === 0 ? '-' : get(found, fasttrap_provider.ftp_marked)).toBe(mark);
    },
  );

  test('what is left is EAGAIN for a minute, then EBUSY', () => {
    boot('wstub');
    const p = usdt();
    consumer(`node${pid_of(p)}`);
    proc_exit(p);
    const provid = enabled_provider();
    expect(dtrace_unregister(provid)).toBe(EAGAIN);
    put(header, image_header.clock, 10 * 60_000 + 1);
    expect(dtrace_unregister(provid)).toBe(EBUSY);
  });

  test('is a timeout, one tick after the process is gone', () => {
    boot('wstub');
    const p = usdt();
    const pid = pid_of(p);
    proc_exit(p);
    callout_execute(callouts);
    expect(fasttrap_providers(pid).retired).toBe(2);
    clock();
    callout_execute(callouts);
    expect(fasttrap_providers(pid).retired).toBe(0);
  });

  test('holds its bucket while it waits for DTrace', () => {
    boot('wstub');
    const p = usdt();
    const bucket = pid_of(p) % 16;
    proc_exit(p);
    expect(while_held(dtrace_lock, () => fasttrap_pid_cleanup_cb())).toBe('waits');
    expect(held_names(threadAt(1))).toEqual([
      `fasttrap_provs[${bucket}].ftb_mtx`,
      'dtrace_provider_lock',
      'mod_lock',
    ]);
  });
});

describe('the rest', () => {
  test('transactions neither make nor lose money', () => {
    boot('wstub');
    let n = 1;
    for (let i = 0; i < 500; i++) transaction(() => (n = (n * 1_103_515_245 + 12_345) >>> 0));
    expect(db_sum()).toBe(0);
    expect(workload.check?.({ variant: 'wstub', params: defaults, seed: 1 })).toBeUndefined();
  });

  test('shared memory is attached by fork and detached by exit', () => {
    boot('wstub');
    const before = shm_nattch(0);
    const child = cfork(db_proc(0), 'child');
    expect(shm_nattch(0)).toBe(before + 1);
    proc_exit(child);
    expect(shm_nattch(0)).toBe(before);
  });

  test.for([
    ['a process that is locked', () => sprlock(pid_of(victim())), /P_PR_LOCK of process/],
    ['a consumer that is open', () => consumer(), /DTrace is open 1 times/],
    ['a module that is held', () => put(mod_find('md5'), modctl.mod_ref, 1), /md5 is held by 1/],
  ] as const)('check() finds %s', ([, leave, says]) => {
    boot('wstub');
    expect(leftovers()).toBeUndefined();
    leave();
    expect(leftovers()).toMatch(says);
  });

  test('a process leaves nothing behind', () => {
    boot('wstub');
    const count = () =>
      Array.from({ length: 96 }, (_, slot) => pid_entry(slot)).filter((p) => p !== 0);
    const before = count();
    for (let i = 0; i < 300; i++) proc_exit(cfork(curproc(), `child ${i}`));
    expect(count()).toEqual(before);
    expect(db_pid_list()).toHaveLength(1 + defaults.databases);
  });
});
