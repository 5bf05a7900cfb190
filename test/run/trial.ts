/*
 * Runs planted workloads, in a campaign of this process's own, and tells everything about what came out.
 *
 * It uses the build, since a machine is a process of its own that no TypeScript loader helps; `npm test`
 * builds first.  The command line on top adds nothing but output, and has its own tests (test/cli).
 *
 * Whatever a trial comes to, its machine must be gone afterwards, with all that its roles started: the
 * whole process group is asked for.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import type { VerdictName } from '../../src/base/verdict.ts';
import type { Dump } from '../../src/dump/format.ts';
import { DumpFile } from '../../src/dump/read.ts';
import type { TrialRecord } from '../../src/run/campaign-records.ts';
import type { Stress, StressListener } from '../../src/run/stress.ts';

const built = (await import(new URL('../../dist/src/run/stress.js', import.meta.url).href)) as {
  Stress: typeof Stress;
};

/** A hang is noticed after so long, and a trial without one takes a little longer. */
export const HANG_MS = 500;
export const SOUND_MS = 700;
/** What a trial with a fault may take, if nobody notices the fault. */
const FAULTY_MS = 20_000;

export interface Asked {
  /** a file of test/planted, without its suffix */
  readonly workload: string;
  readonly variant?: string;
  /** `name=value name=value` */
  readonly params?: string;
  readonly hangMs?: number;
  readonly durationMs?: number;
  readonly timeoutMs?: number;
  /** what must come out for the run to succeed, where that is not what the variant declares */
  readonly expect?: VerdictName;
  readonly dumps?: boolean;
}

export interface Came {
  readonly exit: number;
  readonly records: readonly TrialRecord[];
  /** of each record, if it has one */
  readonly dumps: readonly (Dump | undefined)[];
  /** those that were asked for while it ran, in order */
  readonly requested: readonly Dump[];
  /** of the machines, in order */
  readonly pids: readonly number[];
}

type Listen = (stress: Stress) => StressListener;

/** @param listen also hears what happens, and may interfere by way of the stress run or the machine's pid */
export async function campaign(
  asked: Asked & { trials?: number },
  listen: Listen = () => ({}),
): Promise<Came> {
  const { workload, variant = 'planted', params = '', hangMs = HANG_MS } = asked;
  const resultsRoot = mkdtempSync(join(tmpdir(), 'gridlock-planted-'));
  const pids: number[] = [];
  const records: TrialRecord[] = [];
  const requests: string[] = [];
  let listener: StressListener = {};
  const stress = new built.Stress(
    {
      workloads: [fileURLToPath(new URL(`../planted/${workload}.js`, import.meta.url))],
      variants: [variant],
      params: new Map(
        params
          .split(' ')
          .filter((each) => each !== '')
          .map((each) => each.split('=') as [string, string]),
      ),
      trials: asked.trials ?? 1,
      durationMs: asked.durationMs ?? (variant === 'planted' ? FAULTY_MS : SOUND_MS),
      hangMs,
      timeoutMs: asked.timeoutMs,
      rootSeed: 0x51f0,
      load: 0,
      track: 'held',
      pin: true,
      untilFailure: false,
      maxFailures: Infinity,
      expect: asked.expect,
      resultsRoot,
      dumps: asked.dumps ?? true,
      statusMs: 20,
      control: null,
      noise: null,
      schedule: null,
      trialSeed: undefined,
      jobs: 1,
      budgetMs: Infinity,
    },
    {
      onMachine(facts, pid) {
        pids.push(pid);
        listener.onMachine?.(facts, pid);
      },
      onTrial: (record) => records.push(record),
      onStatus: (status) => listener.onStatus?.(status),
      onRequested(dump) {
        requests.push(dump.file ?? '');
        listener.onRequested?.(dump);
      },
    },
  );
  listener = listen(stress);
  try {
    const { exit, results } = await stress.run();
    const files = records.map(({ dump }) => (dump === null ? '' : join(results.directory, dump)));
    return {
      exit,
      records,
      dumps: await Promise.all(files.map(async (file) => (file === '' ? undefined : read(file)))),
      requested: await Promise.all(requests.filter((file) => file !== '').map(read)),
      pids,
    };
  } finally {
    rmSync(resultsRoot, { recursive: true, force: true });
    for (const pid of pids) await gone(pid);
  }
}

/** One trial. */
export async function trial(
  asked: Asked,
  listen?: Listen,
): Promise<
  Omit<Came, 'records' | 'dumps'> & {
    readonly record: TrialRecord;
    readonly dump: Dump | undefined;
  }
> {
  const { records, dumps, ...rest } = await campaign(asked, listen);
  expect(records).toHaveLength(1);
  return { ...rest, record: records[0]!, dump: dumps[0] };
}

async function read(file: string): Promise<Dump> {
  const dump = await DumpFile.open(file);
  try {
    return await dump.dump();
  } finally {
    dump.close();
  }
}

/** Waits until a machine and everything it started has gone. */
export async function gone(pid: number): Promise<void> {
  await vi.waitUntil(() => !isThere(-pid), { timeout: 10_000 });
}

/** @param pid a process; negative for a group */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The names of threads of a dump. */
export function named({ threads }: Dump, ids: readonly number[]): string[] {
  return ids.map((id) => threads.find((thread) => thread.id === id)?.name ?? `?${id}`);
}

/** A message without what differs from run to run: times, addresses. */
export function timeless(message: string | null): string {
  return (message ?? '').replaceAll(/\b[\d.]+ m?s\b/g, '#').replaceAll(/=[0-9a-f]{3,}\b/g, '=@');
}
