/*
 * Goal: stub-call measures the kernel's own stubs, each in the way that it is named after, and says what the fix saves by
 * the figures alone.
 * Method: the kernel is booted as the workload boots it, and where a stub leads is looked at before anybody calls it; a
 * hold that is not given up is the broken twin of the check.  The sentences are made of figures made up here.
 */

import { beforeAll, describe, expect, test } from 'vitest';

// The workload first, here as in the threads: it lays out the globals.
import workload from '../../src/bench/workloads/stubs.ts';
import { figure, type Figure } from '../../src/bench/figure.ts';
import { stubTable } from '../../src/bench/questions/stub-call.ts';
import { seedOfWay, wayOfSeed, WAYS } from '../../src/bench/stub-kinds.ts';
import { benchMachine, benchTrial } from './machine.ts';
import { kernel_boot } from '../../src/kernel/startup.ts';
import { createImage } from '../../src/layout/image.ts';
import { mod_hold_stub, mod_release_stub } from '../../workloads/dtrace-deadlock/modctl.ts';
import { jump, stub, stubs_common_code } from '../../workloads/dtrace-deadlock/modstubs.ts';

const params = { threads: 1 };

function boot(seed: number): { variant: string; params: typeof params; seed: number } {
  kernel_boot({ seed, track: 'held', panicOnCycle: false });
  const trial = { variant: 'calls', params, seed };
  workload.boot?.(trial);
  return trial;
}

describe('the kernel', () => {
  beforeAll(() => {
    createImage({ threads: 1, heapBytes: Number(workload.heapBytes) });
  });

  test.for(WAYS)('%s leads where a stub of its kind does', (way) => {
    boot(seedOfWay(3, way));
    const target = jump(stub.shmgetid);
    if (way.startsWith('NO_UNLOAD')) expect(target.name).toBe('shmgetid');
    else expect(target).toBe(stubs_common_code);
  });

  test('a hold that nobody gave up is not passed over', () => {
    const trial = boot(seedOfWay(0, 'WSTUB'));
    expect(workload.check?.(trial)).toBeUndefined();
    mod_hold_stub(stub.shmgetid);
    expect(workload.check?.(trial)).toBe('shmsys is held 1 times, and nobody is in it');
    mod_release_stub(stub.shmgetid);
    expect(workload.check?.(trial)).toBeUndefined();
  });
});

test('each round has a seed for each way', () => {
  const seeds = [0, 1, 7].flatMap((round) => WAYS.map((way) => seedOfWay(round, way)));
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.map(wayOfSeed)).toEqual([...WAYS, ...WAYS, ...WAYS]);
});

test('threads call in every way, and all answers are right', async () => {
  const machine = await benchMachine('./workloads/stubs.js', 'calls', { threads: 2 }, null, {
    pin: true,
  });
  try {
    for (const [index, way] of WAYS.entries()) {
      const { outcome } = await benchTrial(machine, 'pass', {
        index,
        seed: seedOfWay(index, way),
        durationMs: 10,
      });
      expect(outcome.outcomes['calls_s'], way).toBeGreaterThan(0);
      expect(outcome.progress['caller'], way).toBeGreaterThan(0);
    }
  } finally {
    machine.kill();
  }
});

describe('what the fix saves', () => {
  function figures(threads: number, before: number, since: number): Figure[] {
    const times = { STUB: before, WSTUB: before, NO_UNLOAD_STUB: since, NO_UNLOAD_WSTUB: since };
    return Object.entries(times).map(([name, ns]) =>
      figure({
        question: 'stub-call',
        name,
        params: { threads },
        unit: 'ns',
        values: [ns, ns, ns],
        floors: [20, 20, 20],
      }),
    );
  }

  test('is said for one thread and for the most, a line of the table each', () => {
    const all = [...figures(1, 100, 25), ...figures(2, 150, 20), ...figures(8, 300, 20)];
    expect(stubTable(all)).toMatchInlineSnapshot(`
      "  THREADS  PLAIN_NS  STUB_NS  ×PLAIN  WSTUB_NS  ×PLAIN  NO_UNLOAD_STUB_NS  ×PLAIN  NO_UNLOAD_WSTUB_NS  ×PLAIN  SAVED_NS  NOTE
              1      20.0      100    5.00       100    5.00               25.0    1.25                25.0    1.25      75.0  -
              2      20.0      150    7.50       150    7.50               20.0    1.00                20.0    1.00       130  -
              8      20.0      300   15.00       300   15.00               20.0    1.00                20.0    1.00       280  -
        alone: the fix of 9056 saves 75.0 ns of 100 ns a call, and lets through 4.0 times as many
        8 threads at a time: the fix of 9056 saves 280 ns of 300 ns a call, and lets through 15.0 times as many"
    `);
  });

  test('is nothing where the figures say so', () => {
    expect(stubTable(figures(1, 20, 25))).toContain('saves nothing here; it costs 5.0 ns a call');
  });
});
