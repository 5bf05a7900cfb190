/*
 * Goal: the two shipped bugs show when a strategy decides who runs, in programs of one or two rounds; and their fixes
 * do not show them under the same search.
 *
 * Method: run as a user runs them, each with a seed.  How often the bug shows was measured (the READMEs have it), and a test has
 * several times as many schedules as the first failure took.
 */

import { describe, expect, test } from 'vitest';
import { run } from './run.ts';

const SEED = 7;

describe.concurrent(`kstat-race, seed ${SEED}`, () => {
  const CHAIN = '-P kstats=7 -P rounds=1 -P redzone=on';
  const PANIC = 'kernel memory allocator: redzone violation: write past end of buffer';

  test.for(['random', 'pos'])('shows in a chain of 7, with %s', async (strategy) => {
    const { last } = await run(
      'kstat-race',
      'unlocked-clear',
      SEED,
      `${CHAIN} -s ${strategy} -n 100 -x`,
    );
    expect(last).toMatchObject({ verdict: 'panic', message: PANIC });
  });

  test.for(['locked-clear', 'count-invalid', 'pre-4246'])('does not in %s', async (variant) => {
    const { summary } = await run('kstat-race', variant, SEED, `${CHAIN} -s random -n 100`);
    expect(summary.verdicts).toEqual({ pass: 100 });
    expect(summary.outcomes['exact']).toBeGreaterThan(0);
  });

  test('late-clearer shows where somebody is made to wait, and not by chance', async () => {
    const found = await run('kstat-race', 'late-clearer', SEED, '-s pct -n 60 -x');
    expect(found.last).toMatchObject({ verdict: 'panic', message: PANIC });
    const missed = await run('kstat-race', 'late-clearer', SEED, '-s random -n 60');
    expect(missed.summary.verdicts).toEqual({ pass: 60 });
  });

  test('needs no params to be tried with a strategy; with those of a free run it does not end', async () => {
    const { last } = await run('kstat-race', 'unlocked-clear', SEED, '-s random -n 100 -x');
    expect(last).toMatchObject({ verdict: 'panic', message: PANIC });
    const free = '-P kstats=5698 -P rounds=0 -P redzone=off';
    const twin = await run('kstat-race', 'unlocked-clear', SEED, `${free} -s random -n 1`);
    expect(twin.last).toMatchObject({ verdict: 'timeout' });
  });

  test('a chain without a page of its own is refused without a red zone', async () => {
    const { last } = await run('kstat-race', 'locked-clear', SEED, '-P kstats=7 -n 1');
    expect(last?.message).toContain('a chain of 7 kstats has no page of its own');
  });
});

describe.concurrent('every schedule', () => {
  // One round of the three threads; one of two threads, over a chain of 7.
  const THREE =
    '-P cast=three -P rounds=1 -P enable=any -P segments=2 -P shm=1 -P probes=1 -P providers=1 -P databases=0';
  const CHAIN = '-P kstats=7 -P rounds=1 -P redzone=on';

  test.for([
    ['dtrace-deadlock', 'no-unload-wstub', THREE, 2],
    ['dtrace-deadlock', 'wstub', THREE, 0],
    ['kstat-race', 'locked-clear', CHAIN, 2],
    ['kstat-race', 'unlocked-clear', CHAIN, 1],
  ] as const)('of %s %s passes within a bound (%#)', async ([workload, variant, params, most]) => {
    const { summary } = await run(
      workload,
      variant,
      SEED,
      `${params} -s dfs --preemptions ${most}`,
    );
    expect(summary).toMatchObject({ exhausted: true, preemptions_max: most });
    expect(summary.verdicts).toEqual({ pass: summary.trials });
    expect(summary.trials).toBeGreaterThan(most === 0 ? 1 : 100);
  });

  test.for([
    ['dtrace-deadlock', 'wstub', THREE, 'deadlock'],
    ['kstat-race', 'unlocked-clear', CHAIN, 'panic'],
  ] as const)('of %s %s does not', async ([workload, variant, params, verdict]) => {
    const { last } = await run(workload, variant, SEED, `${params} -s dfs --preemptions 2 -x`);
    expect(last?.verdict).toBe(verdict);
  });
});

describe.concurrent(`dtrace-deadlock, seed ${SEED}`, () => {
  const SMALL =
    '-P rounds=2 -P tick=1 -P enable=any -P segments=4 -P shm=1 -P probes=4 -P providers=1 ' +
    '-P databases=1 -P shells=0 -P ps=0 -P modloads=0';

  test('shows in two rounds', async () => {
    const { last } = await run('dtrace-deadlock', 'wstub', SEED, `${SMALL} -s random -n 100 -x`);
    expect(last?.verdict).toBe('deadlock');
    expect(last?.message).toMatch(
      /^callout taskq\/\d wants dtrace_lock; dtrace -Cs wants P_PR_LOCK\[\d\]; dtrace -n wants mod_lock, which/,
    );
  });

  // Who enables probes waits for who reads a map: one thread at a time, somebody must still be let run.
  test.for(['random', 'pct'])('waits of the three alone end, under %s', async (strategy) => {
    const three = '-P cast=three -P rounds=1 -P segments=2 -P shm=1 -P probes=1 -P databases=0';
    const { summary } = await run(
      'dtrace-deadlock',
      'no-unload-wstub',
      SEED,
      `${three} -s ${strategy} -n 100 -x`,
    );
    expect(summary.verdicts).toEqual({ pass: 100 });
  });

  test('does not with the fix', async () => {
    const { summary } = await run(
      'dtrace-deadlock',
      'no-unload-wstub',
      SEED,
      `${SMALL} -s random -n 100`,
    );
    expect(summary.verdicts).toEqual({ pass: 100 });
    expect(summary.outcomes['unregistered']).toBeGreaterThan(0);
  });
});
