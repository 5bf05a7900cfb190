/*
 * Goal: the picture of a hang shows who holds and who wants what, round the cycle and back, who queues
 * behind it and who runs; and no text of the dump can move the cursor of whoever looks at it.
 *
 * Method: pictures as inline snapshots, of dumps made by hand; then random texts in every place of one.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { printable } from '../../src/base/text.ts';
import { drawHang, milliseconds } from '../../src/dump/cycle.ts';
import type { DumpThread } from '../../src/dump/format.ts';
import { HEAD, PAGER } from './sample.ts';

const lock = (name: string, mode?: 'reader' | 'writer') => ({
  name,
  kind: 'mutex',
  address: '0',
  held_ms: 1,
  ...(mode === undefined ? {} : { mode }),
});
const wants = (name: string, owners: number[], waited_ms = 18, via?: string) => ({
  name,
  kind: 'mutex',
  address: '0',
  waited_ms,
  owners,
  ...(via === undefined ? {} : { via }),
});
const thread = (id: number, name: string, change: Partial<DumpThread>): DumpThread => ({
  ...PAGER,
  id,
  name,
  holds: [],
  wants: null,
  ...change,
});
const draw = (
  head: { cycle: number[]; victims?: number[]; running?: number[] },
  threads: DumpThread[],
): string => drawHang({ head: { ...HEAD, victims: [], running: [], ...head }, threads }).join('\n');

const callout = thread(1, 'callout taskq', {
  holds: [lock('ftb_mtx'), lock('mod_lock')],
  wants: wants('dtrace_lock', [2]),
});
const dtrace = thread(2, 'dtrace -Cs', {
  holds: [lock('cpu_lock'), lock('dtrace_lock')],
  wants: wants('P_PR_LOCK', [3], 2400, 'pr_pid_cv'),
});
const reader = thread(3, 'prgetmap', {
  holds: [lock('P_PR_LOCK'), lock('a_lock', 'reader')],
  wants: wants('mod_lock', [1], 0.34),
});

describe('the picture', () => {
  test('of a cycle comes back to where it began', () => {
    const waiter = thread(4, 'fsflush', { wants: wants('mod_lock', [1], 7.25) });
    const runner = thread(5, 'database', { progress: 12_345, progress_after: 67 });
    expect(
      draw({ cycle: [1, 2, 3], victims: [4], running: [5] }, [
        callout,
        dtrace,
        reader,
        waiter,
        runner,
      ]),
    ).toMatchInlineSnapshot(`
        "callout taskq  holds ftb_mtx, mod_lock
          │ wants dtrace_lock, for 18 ms
          ▼
        dtrace -Cs     holds cpu_lock, dtrace_lock
          │ wants P_PR_LOCK (asleep on pr_pid_cv), for 2.4 s
          ▼
        prgetmap       holds P_PR_LOCK, a_lock (reader)
          │ wants mod_lock, for 340 us
          └─▶ callout taskq

        behind them:
          fsflush wants mod_lock, for 7.3 ms

        still running:
          database, progress 12,345 and 67 more since"
      `);
  });

  test('of a chain that ends at nobody says so', () => {
    expect(
      draw({ cycle: [1, 2] }, [callout, { ...dtrace, wants: { ...dtrace.wants!, owners: [] } }]),
    ).toMatchInlineSnapshot(`
        "callout taskq  holds ftb_mtx, mod_lock
          │ wants dtrace_lock, for 18 ms
          ▼
        dtrace -Cs     holds cpu_lock, dtrace_lock
          │ wants P_PR_LOCK (asleep on pr_pid_cv), for 2.4 s
          ╵ which nobody is known to have"
      `);
  });

  test('of one that waits for itself', () => {
    expect(
      draw({ cycle: [1] }, [thread(1, 'pager', { holds: [lock('a')], wants: wants('a', [1], 5) })]),
    ).toMatchInlineSnapshot(`
        "pager  holds a
          │ wants a, for 5.0 ms
          └─▶ pager"
      `);
  });

  test('of a lock whose owner is gone', () => {
    expect(
      draw({ cycle: [1], victims: [2] }, [
        thread(1, 'pager', { holds: [lock('a')], exit: 'threw: Error: x' }),
        dtrace,
      ]),
    ).toMatchInlineSnapshot(`
        "pager  holds a
          ✗ threw: Error: x

        behind them:
          dtrace -Cs wants P_PR_LOCK, for 2.4 s"
      `);
  });

  test('of nothing is nothing, and of threads that are not in the dump', () => {
    expect(draw({ cycle: [] }, [])).toBe('');
    expect(draw({ cycle: [7], victims: [8], running: [9] }, [])).toBe('');
  });
});

test.for([
  [0.0004, '0 us'],
  [0.34, '340 us'],
  [0.9999, '1000 us'],
  [1, '1.0 ms'],
  [9.96, '10.0 ms'],
  [18.4, '18 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [61_000, '61.0 s'],
] as const)('%f ms reads %s', ([ms, text]) => {
  expect(milliseconds(ms)).toBe(text);
});

test('no text in a dump reaches the terminal as anything but letters', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\x1b[2J\x1b[1;1H', 'a\nb', '\u202egnp.exe', '\x07', '\u009b31m', '\ud800'),
  );
  const lockOf = fc.record({ name: text }).map(({ name }) => lock(name, 'reader'));
  const anyone = fc
    .record({
      name: text,
      holds: fc.array(lockOf, { maxLength: 3 }),
      wanted: text,
      via: text,
      exit: text,
      gone: fc.boolean(),
    })
    .map(({ name, holds, wanted, via, exit, gone }) =>
      thread(0, name, { holds, exit, wants: gone ? null : wants(wanted, [1], 1, via) }),
    );
  fc.assert(
    fc.property(fc.array(anyone, { minLength: 3, maxLength: 3 }), ([one, two, three]) => {
      const threads = [one!, two!, three!].map((each, i) => ({ ...each, id: i + 1 }));
      const lines = drawHang({
        head: { ...HEAD, cycle: [1, 2], victims: [3], running: [3] },
        threads,
      });
      expect(lines).toEqual(lines.map((each) => printable(each)));
    }),
    { numRuns: 100 },
  );
});
