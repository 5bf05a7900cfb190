/*
 * Goal: each kind of hang gets exactly its verdict, with the right threads and locks named, and nothing that
 * is no hang gets any.
 *
 * Method: the smallest workload for each (test/planted), run on a real machine.  A row says what its fault
 * must come to, word for word but for the times.  Below each row its twin, the same without the fault, which
 * must pass under the same detector with the same settings, for longer than the hang timeout: a detector that
 * always finds something fails there, one that never does fails above.
 *
 * The faults are planted with barriers, so they happen in the first round and every time.  Nothing here
 * depends on who is faster, and no row is tried twice.
 */

import { describe, expect, test, vi } from 'vitest';
import { EXIT } from '../../src/base/exit.ts';
import type { VerdictName } from '../../src/base/verdict.ts';
import { named, timeless, trial, type Asked } from './trial.ts';

// Two machines at a time: their threads need CPUs to hang on.
vi.setConfig({ maxConcurrency: 2, testTimeout: 60_000 });

interface Row extends Asked {
  readonly verdict: VerdictName;
  /** proven without a timeout; most are */
  readonly exact?: boolean;
  readonly says: string;
  /** the threads named by the dump, in its order; no cycle: there is no dump */
  readonly cycle?: readonly string[];
  readonly victims?: readonly string[] | 'whoever came';
  readonly twin?: Partial<Asked>;
}

const SIXTY_FOUR = Array.from({ length: 64 }, (_, i) => `philosopher/${i}`);
/** Long enough for what shows by silence alone, and is to show by something else. */
const PATIENT = 15_000;

const ROWS: readonly Row[] = [
  // Cycles.
  {
    workload: 'cycle',
    verdict: 'deadlock',
    says: 'philosopher/0 wants fork[1]; philosopher/1 wants fork[0], which philosopher/0 holds',
    cycle: ['philosopher/0', 'philosopher/1'],
  },
  {
    workload: 'cycle',
    params: 'n=64',
    verdict: 'deadlock',
    says:
      'philosopher/0 wants fork[1]; philosopher/1 wants fork[2]; philosopher/2 wants fork[3]; … 60 more …; ' +
      'philosopher/63 wants fork[0], which philosopher/0 holds',
    cycle: SIXTY_FOUR,
    twin: { hangMs: PATIENT },
  },
  {
    workload: 'opposite',
    verdict: 'deadlock',
    says: 'ferry/0 wants south; ferry/1 wants north, which ferry/0 holds',
    cycle: ['ferry/0', 'ferry/1'],
    twin: { variant: 'gated' },
  },
  {
    workload: 'opposite',
    verdict: 'deadlock',
    says: 'ferry/0 wants south; ferry/1 wants north, which ferry/0 holds',
    cycle: ['ferry/0', 'ferry/1'],
    twin: { variant: 'tries' },
  },
  {
    workload: 'timed',
    verdict: 'deadlock',
    says: 'teller/0 wants credit; teller/1 wants debit, which teller/0 holds',
    cycle: ['teller/0', 'teller/1'],
  },
  {
    workload: 'read-hold',
    verdict: 'deadlock',
    says: 'lookup wants cache; update wants map to write, which lookup holds',
    cycle: ['lookup', 'update'],
  },
  {
    workload: 'reread',
    verdict: 'deadlock',
    says: 'reader wants reread_list to read, behind writer; writer wants reread_list to write, which reader holds',
    cycle: ['reader', 'writer'],
  },
  {
    workload: 'upgrade',
    verdict: 'self-deadlock',
    says: 'upgrader wants upgrade_table to write, which it holds itself',
    cycle: ['upgrader'],
  },
  {
    workload: 'own-flag',
    verdict: 'self-deadlock',
    says: 'closer wants LOCK_CLOSE, which it holds itself',
    cycle: ['closer'],
  },
  {
    workload: 'taskq-wait',
    verdict: 'self-deadlock',
    says: 'taskq thread wants reaper_taskq.tq_threadlock to write, which it holds itself',
    cycle: ['taskq thread'],
  },
  {
    workload: 'flags',
    verdict: 'deadlock',
    says: 'flagger wants list_lock; lister wants P_BUSY, which flagger holds',
    cycle: ['flagger', 'lister'],
  },

  // The same without all of its edges: exact while nobody else is awake, by timeout beside one that gets on.
  {
    workload: 'flags',
    params: 'declared=off',
    verdict: 'deadlock',
    says: 'lister has slept # on p_cv, which has no known owner; flagger waits behind it',
    cycle: ['flagger', 'lister'],
  },
  {
    workload: 'flags',
    params: 'declared=off bystander=1',
    verdict: 'deadlock',
    exact: false,
    says: 'lister has slept # on p_cv, which has no known owner; flagger waits behind it',
    cycle: ['flagger', 'lister'],
  },
  {
    workload: 'semaphores',
    verdict: 'deadlock',
    says: 'copier/0 has slept # on scanner; copier/1 has slept # on printer: none of them can wake another',
    cycle: ['copier/0', 'copier/1'],
  },
  {
    workload: 'semaphores',
    params: 'bystander=1',
    verdict: 'deadlock',
    exact: false,
    says: 'copier/0 has slept # on scanner; copier/1 has slept # on printer: none of them can wake another',
    cycle: ['copier/0', 'copier/1'],
  },
  {
    workload: 'meeting',
    verdict: 'deadlock',
    says: 'party/0, party/2 have slept # on table, where 2 of 3 are: the others do not come',
    cycle: ['party/0', 'party/2'],
  },
  {
    workload: 'meeting',
    params: 'bystander=1',
    verdict: 'deadlock',
    exact: false,
    says: 'party/0, party/2 have slept # on table, where 2 of 3 are: the others do not come',
    cycle: ['party/0', 'party/2'],
  },

  // Wakeups.
  {
    workload: 'lost-wakeup',
    verdict: 'lost-wakeup',
    says: 'sleeper slept for # on filled though what it waited for was there',
    cycle: ['sleeper'],
  },
  {
    workload: 'lost-wakeup',
    params: 'bystander=1',
    verdict: 'lost-wakeup',
    exact: false,
    says: 'sleeper slept for # on filled though what it waited for was there',
    cycle: ['sleeper'],
  },
  {
    workload: 'unserved',
    verdict: 'lost-wakeup',
    says: 'server slept for # on knock though what it waited for was there',
    cycle: ['server'],
    victims: ['client'],
  },
  {
    workload: 'idle',
    verdict: 'lost-wakeup',
    exact: false,
    says: 'hand/0, hand/1 have slept # on work, and nobody wakes them',
    cycle: ['hand/0', 'hand/1'],
  },
  {
    workload: 'idle',
    params: 'bystander=0',
    verdict: 'lost-wakeup',
    says: 'hand/0, hand/1 have slept # on work, and nobody wakes them',
    cycle: ['hand/0', 'hand/1'],
  },

  // Locks whose holder is gone.
  {
    workload: 'orphan',
    params: 'how=return',
    verdict: 'orphaned-lock',
    says: 'holder returned with purse held, and waiter waits for it',
    cycle: ['holder'],
    victims: ['waiter'],
  },
  {
    workload: 'orphan',
    params: 'how=throw',
    verdict: 'orphaned-lock',
    says: 'holder threw Error: dropped it with purse held, and waiter waits for it',
    cycle: ['holder'],
    victims: ['waiter'],
  },
  {
    workload: 'orphan',
    params: 'how=exit',
    verdict: 'orphaned-lock',
    says: 'holder exited (process.exit(7)) with purse held, and waiter waits for it',
    cycle: ['holder'],
    victims: ['waiter'],
  },
  {
    workload: 'orphan',
    params: 'how=oom',
    hangMs: PATIENT,
    verdict: 'orphaned-lock',
    says: 'holder was terminated (out of memory) with purse held, and waiter waits for it',
    cycle: ['holder'],
    victims: ['waiter'],
  },
  {
    workload: 'orphan',
    params: 'tries=on',
    verdict: 'orphaned-lock',
    says: 'holder returned with purse held, and waiter asks for it',
    cycle: ['holder'],
    victims: ['waiter'],
  },
  {
    workload: 'orphan',
    params: 'waiters=0 how=return',
    verdict: 'orphaned-lock',
    says: 'holder returned with purse held',
    cycle: ['holder'],
  },
  {
    workload: 'orphan',
    params: 'waiters=0 how=throw',
    expect: 'crash',
    verdict: 'crash',
    says: 'holder threw Error: dropped it with purse held',
    cycle: ['holder'],
  },

  // Busy, and nothing done.
  {
    workload: 'livelock',
    verdict: 'livelock',
    exact: false,
    says: 'gentleman/0, gentleman/1 have been busy with locks for # and got nothing done: left_half, right_half',
    cycle: ['gentleman/0', 'gentleman/1'],
  },
  {
    workload: 'livelock',
    params: 'bystander=1',
    verdict: 'livelock',
    exact: false,
    says: 'gentleman/0, gentleman/1 have been busy with locks for # and got nothing done: left_half, right_half',
    cycle: ['gentleman/0', 'gentleman/1'],
  },
  {
    workload: 'timed',
    variant: 'stubborn',
    durationMs: 20_000,
    verdict: 'livelock',
    exact: false,
    says: 'teller/0, teller/1 have been busy with locks for # and got nothing done: debit, credit',
    cycle: ['teller/0', 'teller/1'],
  },
  {
    workload: 'poll',
    verdict: 'livelock',
    exact: false,
    says: 'poller has been busy with locks for # and got nothing done',
    cycle: ['poller'],
  },
  {
    workload: 'starvation',
    verdict: 'starvation',
    exact: false,
    says: 'pauper has waited for counter_lock for #, while hog gets on',
    cycle: ['pauper'],
  },
  {
    workload: 'starvation',
    params: 'tries=on',
    verdict: 'starvation',
    exact: false,
    says: 'pauper has waited for counter_lock for #, while hog gets on',
    cycle: ['pauper'],
  },

  // Away.
  {
    workload: 'outside',
    params: 'how=loop',
    verdict: 'stall',
    exact: false,
    says: 'absent has been outside the kernel for # without progress',
    cycle: ['absent'],
    victims: ['visitor'],
  },
  {
    workload: 'outside',
    params: 'how=command',
    verdict: 'stall',
    exact: false,
    says: 'absent has been outside the kernel for # without progress',
    cycle: ['absent'],
    victims: ['visitor'],
  },
  {
    workload: 'outside',
    params: 'how=wait',
    verdict: 'stall',
    exact: false,
    says: 'absent has been outside the kernel for # without progress',
    cycle: ['absent'],
    victims: ['visitor'],
  },
  {
    workload: 'slow',
    verdict: 'stall',
    exact: false,
    says: 'starter has been outside the kernel for # without progress',
    cycle: ['starter'],
    twin: { durationMs: 1_200 },
  },
  {
    workload: 'mute',
    verdict: 'stall',
    exact: false,
    says: 'loner has been outside the kernel for # without progress',
    cycle: ['loner'],
  },
  {
    workload: 'mute',
    variant: 'endless',
    durationMs: 50,
    timeoutMs: 1_500,
    verdict: 'timeout',
    exact: false,
    says: 'the trial took longer than #; still running: loner',
    cycle: [],
  },
  {
    workload: 'stuck-daemon',
    durationMs: 50,
    verdict: 'stall',
    exact: false,
    says: 'poltergeist does not come to an end, # after all others did',
    cycle: ['poltergeist'],
  },
  {
    workload: 'host',
    variant: 'loops',
    verdict: 'stall',
    exact: false,
    says: 'the main thread’s event loop has not turned for #',
    cycle: [],
  },
  {
    workload: 'host',
    variant: 'waits',
    durationMs: 50,
    params: 'where=check',
    verdict: 'stall',
    exact: false,
    says: 'the main thread’s event loop has not turned for #',
    cycle: [],
  },

  // Ends that no role, boot() or check() should come to.
  {
    workload: 'ends',
    params: 'how=throw',
    verdict: 'crash',
    says: 'mortal threw RangeError: no such page',
    cycle: ['mortal'],
  },
  {
    workload: 'ends',
    params: 'how=exit',
    verdict: 'crash',
    says: 'mortal exited (process.exit(3))',
    cycle: ['mortal'],
  },
  {
    workload: 'ends',
    params: 'how=kill',
    verdict: 'crash',
    says: 'the machine died: killed by SIGKILL',
  },
  {
    workload: 'ends',
    params: 'how=oom',
    hangMs: PATIENT,
    verdict: 'crash',
    says: 'mortal was terminated (out of memory)',
    cycle: ['mortal'],
  },
  {
    workload: 'ends',
    params: 'how=promise',
    verdict: 'crash',
    says: 'mortal threw TypeError: role mortal returned a promise: a role runs as kernel code, and must not be async',
    cycle: ['mortal'],
  },
  {
    workload: 'ends',
    params: 'how=rejection',
    verdict: 'crash',
    says: 'mortal threw an unhandled rejection: Error: nobody minds',
    cycle: ['mortal'],
  },
  {
    workload: 'ends',
    params: 'how=timer',
    verdict: 'crash',
    says: 'mortal threw Error: too late, outside its role',
    cycle: ['mortal'],
  },
  {
    workload: 'host',
    variant: 'throws',
    verdict: 'crash',
    says: 'boot() threw TypeError: this is no inode',
  },
  {
    workload: 'host',
    variant: 'throws',
    durationMs: 50,
    params: 'where=check',
    verdict: 'crash',
    says: 'check() threw TypeError: this is no inode',
  },
  {
    workload: 'host',
    variant: 'objects',
    durationMs: 50,
    verdict: 'panic',
    says: 'check: three inodes are linked nowhere',
  },
  {
    workload: 'host',
    variant: 'panics',
    verdict: 'panic',
    says: 'free: freeing free block',
    cycle: [],
  },
  {
    workload: 'host',
    variant: 'panics',
    durationMs: 50,
    params: 'where=check',
    verdict: 'panic',
    says: 'free: freeing free block',
    cycle: [],
  },
  {
    workload: 'misuse',
    params: 'how=twice',
    verdict: 'panic',
    says: 'recursive mutex_enter, lp=@ (seat) owner=@ (sitter) thread=@ (sitter)',
    cycle: ['sitter'],
  },
  {
    workload: 'misuse',
    params: 'how=stranger',
    verdict: 'panic',
    says: 'mutex_exit: not owner, lp=@ (seat) owner=0 thread=@ (sitter)',
    cycle: ['sitter'],
  },
  {
    workload: 'handover',
    verdict: 'panic',
    says: 'recursive rw_enter, lp=@ (baton) wwwh=@ thread=@',
    cycle: ['runner/2'],
    victims: 'whoever came',
  },
];

describe.concurrent('planted', () => {
  test.for(ROWS.map((row) => [titleOf(row), row] as const))('%s', async ([, row]) => {
    const came = await trial({ ...row, variant: row.variant ?? 'planted' });
    const { record, dump } = came;
    expect(record, record.message ?? '').toMatchObject({
      verdict: row.verdict,
      exact: row.exact ?? true,
      dump_error: null,
    });
    expect(timeless(record.message)).toBe(row.says);
    expect(came.exit).toBe(EXIT.ok);
    expect(dump === undefined).toBe(row.cycle === undefined);
    if (dump === undefined) return;
    const { head, threads } = dump;
    expect(head).toMatchObject({
      verdict: record.verdict,
      message: record.message,
      exact: record.exact,
    });
    expect(named(dump, head.cycle)).toEqual(row.cycle);
    if (row.victims !== 'whoever came')
      expect(named(dump, head.victims).toSorted()).toEqual(row.victims ?? []);
    expect(
      threads
        .filter(({ part }) => part === 'cycle')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual((row.cycle ?? []).toSorted());
  });
});

describe.concurrent('the twin without the fault', () => {
  const twins = new Map(ROWS.map(twinOf).map((twin) => [titleOf(twin), twin]));
  test.for([...twins])('%s', async ([, twin]) => {
    const { exit, record, dump } = await trial(twin);
    expect(record).toMatchObject({ verdict: 'pass', message: null });
    expect(exit).toBe(EXIT.ok);
    expect(dump).toBeUndefined();
  });
});

function titleOf({ workload, variant = 'planted', params = '' }: Asked): string {
  return [workload, variant, params].filter((part) => part !== '').join(' ');
}

/** How a fault is planted means nothing to a twin: where it is the same, it is run once. */
function twinOf({ workload, params = '', twin }: Row): Asked {
  const same =
    ['ends', 'misuse'].includes(workload) || (workload === 'orphan' && params.startsWith('how='));
  return { workload, variant: 'twin', params: same ? '' : params, ...twin };
}
