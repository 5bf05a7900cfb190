/*
 * Goal: a thread that does not answer the NMI is told apart by what /proc says of it, twice.
 *
 * Method: a table of pairs of looks, made up, for the judgement; and real threads in known states, in
 * a process of their own, for the reading of /proc.  The threads run dist, as in stop.test.ts.  A thread
 * that polls is the control for the one asleep: it looks the same to whoever looks once.
 */

import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { judgeOsThread, osThreadId, readOsThread } from '../../src/nmi/osthread.ts';
import type { OsJudgement, OsThread } from '../../src/nmi/osthread.ts';
import { availableCpus, parseCpuList, pinThreads, spread } from '../../src/nmi/pin.ts';

const isLinux = process.platform === 'linux';

const look: OsThread = {
  tid: 7,
  state: 'S',
  cpu: 0,
  utimeTicks: 10,
  stimeTicks: 2,
  runNanos: 120_000_000,
  readyNanos: 5_000_000,
  voluntary: 30,
  involuntary: 4,
  wchan: 'futex_do_wait',
  syscall: null,
};
const ticksOnly = { runNanos: null, readyNanos: null };

interface Judged {
  judgement: OsJudgement;
  before: OsJudgement[];
  thread: OsThread;
}

describe('a thread is judged', () => {
  test.for<[OsJudgement, string, Partial<OsThread>]>([
    ['asleep', 'in a futex', {}],
    ['asleep', 'in its event loop', { wchan: 'do_epoll_wait' }],
    ['asleep', 'where the kernel does not say', { wchan: null }],
    ['native', 'in another system call', { wchan: 'anon_pipe_read' }],
    ['restless', 'asleep, but it ran', { runNanos: 120_000_001 }],
    ['restless', 'asleep again', { voluntary: 31 }],
    ['restless', 'asleep, but it ran, in ticks', { ...ticksOnly, utimeTicks: 11 }],
    ['on-cpu', 'running', { state: 'R', runNanos: 121_000_000, wchan: null }],
    ['on-cpu', 'running, in ticks', { ...ticksOnly, state: 'R', stimeTicks: 3 }],
    ['starved', 'ready, and it did not run', { state: 'R', readyNanos: 25_000_000, wchan: null }],
    ['uninterruptible', 'waiting for a disk', { state: 'D', wchan: 'folio_wait_bit' }],
    ['stopped', 'by a signal', { state: 'T', runNanos: 121_000_000 }],
    ['stopped', 'by a tracer', { state: 't' }],
  ])('%s: %s', ([expected, , change]) => {
    const first = change.runNanos === null ? { ...look, ...ticksOnly } : look;
    expect(judgeOsThread(first, { ...look, ...change })).toBe(expected);
  });
});

describe.skipIf(!isLinux)('on Linux', () => {
  test('threads in known states are read as what they do', async () => {
    const fixture = fileURLToPath(new URL('fixtures/osthreads.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [fixture]);
    const seen = JSON.parse(stdout) as Record<
      'asleep' | 'spinning' | 'restless' | 'opening',
      Judged
    > & {
      pid: number;
      main: number;
      nobody: null;
      tids: number[];
    };

    expect(seen.main).toBe(seen.pid);
    expect(new Set([seen.main, ...seen.tids]).size).toBe(5);
    expect(seen.nobody).toBeNull();

    expect(seen.asleep.thread).toMatchObject({ tid: seen.tids[0], state: 'S' });
    expect(seen.spinning.thread).toMatchObject({ tid: seen.tids[1], state: 'R', wchan: null });
    expect(seen.spinning.before).not.toContain('asleep');
    expect(seen.restless.before).not.toContain('asleep');
    expect(seen.opening.judgement).toBe('native');
  });

  test('a look says what proc(5) says', () => {
    const tid = osThreadId();
    expect(tid).toBe(process.pid);
    const status = readFileSync('/proc/self/status', 'utf8');
    const seen = readOsThread(process.pid);
    expect(seen?.state).toBe(/^State:\s*(\w)/m.exec(status)?.[1]);
    expect(seen?.utimeTicks).toBeGreaterThan(0);
    expect(availableCpus()).toContain(seen?.cpu);
  });
});

describe('processors', () => {
  test.for([
    ['0-3,8,10-11', [0, 1, 2, 3, 8, 10, 11]],
    ['5', [5]],
    ['', []],
    ['none', []],
  ] as const)('%s', ([list, cpus]) => {
    expect(parseCpuList(list)).toEqual(cpus);
  });

  test('threads are spread over them in turn', () => {
    expect(spread([11, 12, 13], [0, 4])).toEqual([
      { tid: 11, cpus: [0] },
      { tid: 12, cpus: [4] },
      { tid: 13, cpus: [0] },
    ]);
  });

  test('nothing to do is nothing done', async () => {
    expect(await pinThreads([])).toEqual({ pinned: 0, of: 0 });
  });

  test('a thread without a processor is not pinned, and it says so', async () => {
    const report = await pinThreads(spread([process.pid], []));
    expect(report).toEqual({
      pinned: 0,
      of: 1,
      why: isLinux ? 'no processor, or no thread, to pin to' : report.why,
    });
  });

  const canPin = isLinux && existsSync('/usr/bin/taskset') && availableCpus().length > 1;

  test.skipIf(!canPin)('a thread is pinned; the other, and one that is gone, are not', async () => {
    const [one, other] = [spawn('sleep', ['60']), spawn('sleep', ['60'])];
    const allowed = (pid?: number) =>
      /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    try {
      const [cpu] = availableCpus().slice(-1);
      const report = await pinThreads([
        { tid: one.pid ?? 0, cpus: [cpu ?? 0] },
        { tid: 4_194_304, cpus: [cpu ?? 0] },
      ]);
      expect(report).toMatchObject({ pinned: 1, of: 2 });
      expect(report.why).toContain('No such process');
      expect(parseCpuList(allowed(one.pid))).toEqual([cpu]);
      expect(parseCpuList(allowed(other.pid))).toEqual(availableCpus());
    } finally {
      one.kill();
      other.kill();
    }
  });

  test.skipIf(!isLinux)('without taskset, or without a shell, it says so', async () => {
    const { PATH } = process.env;
    try {
      process.env['PATH'] = '/nowhere';
      const report = await pinThreads([{ tid: process.pid, cpus: [0] }]);
      expect(report).toMatchObject({ pinned: 0, of: 1 });
      expect(report.why).toMatch(/not found|ENOENT/);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});
