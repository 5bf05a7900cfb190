/*
 * Goal: what the turns of a soak came to together is what one campaign would have said; a soak that is read back from its
 * journal is where it was; and none of it grows with the number of trials.
 * Method: records that are made.  The ledger against a tally that was told the same; a journal against the ledger that wrote
 * it; a ledger of a million trials and ten thousand kinds of failures against bounds.
 */

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { SeriesRecord, TrialRecord } from '../../src/run/campaign-records.ts';
import { DumpBudget } from '../../src/run/dump-budget.ts';
import { Ledger } from '../../src/run/ledger.ts';
import { ResultsDir } from '../../src/run/results.ts';
import { Ledgers, readSoak, resumable, type TurnRecord } from '../../src/run/soak-state.ts';
import { Tally } from '../../src/run/tally.ts';

const KEY = { workload: 'once', variant: 'split', strategy: 'auto' };
const root = mkdtempSync(join(tmpdir(), 'gridlock-ledger-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function series(first: number, passed: number): SeriesRecord {
  const sums = { given_up: 0, choices: 4 * passed, preemptions: passed, outcomes: { met: passed } };
  const hashes = Array.from({ length: passed }, (_, i) => (first + i) % 7);
  return {
    type: 'series',
    ...KEY,
    first,
    seed: 1,
    passed,
    ...sums,
    seconds: passed / 1000,
    hashes,
  };
}

function failed(index: number, signature = 'panic:balance'): TrialRecord {
  return {
    type: 'trial',
    ...KEY,
    index,
    seed: 1,
    verdict: 'panic',
    grade: 'expected',
    seconds: 0.01,
    progress: {},
    outcomes: {},
    dump: null,
    replay: `gridlock replay ${signature}`,
    message: signature,
    because: [],
    exact: true,
    signature,
    dump_ms: null,
    dump_error: null,
    schedule: null,
  };
}

function ledgers(): Ledgers {
  return new Ledgers(() => 'panic');
}

describe('the ledger', () => {
  test('says what one campaign would have said', () => {
    const ledger = new Ledger(KEY, 'panic');
    const tally = new Tally();
    for (const first of [0, 4096, 8192]) {
      const passed = series(first, 300);
      ledger.passed(passed);
      tally.passed({
        ...passed,
        trials: passed.passed,
        interleavings: passed.hashes.map((hash) => [hash, 1] as const),
      });
      ledger.trial(failed(first + 300));
      tally.failed(failed(first + 300));
    }
    expect(ledger.summary()).toMatchObject({
      ...KEY,
      declared: 'panic',
      trials: 903,
      verdicts: { pass: 900, panic: 3 },
      outcomes: { met: 900 },
      grade: 'expected',
      ...tally.statistics(),
    });
    expect(ledger.next).toBe(8192 + 301);
  });

  test('a declared failure that has not shown is no finding yet; a forbidden trial is one for good', () => {
    const ledger = new Ledger(KEY, 'panic');
    ledger.passed(series(0, 10));
    expect(ledger.summary().grade).toBe('interesting');
    ledger.trial({ ...failed(10), verdict: 'deadlock', grade: 'forbidden' });
    ledger.trial(failed(11));
    expect(ledger.summary().grade).toBe('forbidden');
  });

  test('is bounded: after thousands of failures only counts go on', () => {
    const ledger = new Ledger(KEY, 'panic');
    for (let i = 0; i < 10_000; i++) {
      ledger.passed({ ...series(i * 101, 0), passed: 100, hashes: [] });
      ledger.trial(failed(i * 101 + 100, `kind ${i}`));
    }
    for (let i = 0; i < 5; i++) ledger.trial(failed(2_000_000 + i, 'kind 3'));
    const summary = ledger.summary();
    expect(summary.trials).toBe(1_010_005);
    expect(summary.verdicts).toEqual({ pass: 1_000_000, panic: 10_005 });
    expect(summary.rate.value).toBeCloseTo(10_005 / 1_010_005);
    expect(summary.failures[0]).toMatchObject({ signature: 'kind 3', count: 6, first: 403 });
    expect(JSON.stringify(summary).length).toBeLessThan(100_000);
  });
});

describe('a soak read back', () => {
  function journal(name: string, lines: readonly object[]): string {
    const results = ResultsDir.create(join(root, name), { seed: 7, soak: { duration: '1h' } });
    for (const line of lines) results.append(line);
    return results.directory;
  }

  const turn = (position: number, first: number, at: number): TurnRecord => ({
    type: 'turn',
    position,
    cell: 'once split, auto',
    first,
    at_s: at,
  });
  const { hashes: _, ...plain } = series(0, 300);
  const records = [turn(0, 0, 0), plain, failed(300), turn(5, 4096, 60), { ...plain, first: 4096 }];

  test('has the position, the indices, the time and the totals that it had', () => {
    const directory = journal('whole', records);
    const mine = ledgers();
    const state = readSoak(directory, mine, new DumpBudget({ count: 9, bytes: Infinity }));
    expect(state).toEqual({ position: 5, usedMs: 60_300, unsaid: [] });
    expect(mine.of(KEY).next).toBe(4096 + 300);
    const told = new Ledger(KEY, 'panic');
    told.passed(plain);
    told.trial(failed(300));
    told.passed({ ...plain, first: 4096 });
    expect(mine.of(KEY).summary()).toEqual(told.summary());
  });

  test('a verdict without its trial is the trial; one that has it is not counted twice', () => {
    const { type: _, ...outcome } = { ...failed(500), verdict: 'stall' };
    const before = { trials: 40, givenUp: 10, choices: 160, preemptions: 30 };
    const directory = journal('verdicts', [
      { ...failed(300), type: 'verdict' },
      ...records,
      { ...outcome, type: 'verdict', before },
    ]);
    const mine = ledgers();
    const { unsaid } = readSoak(directory, mine, new DumpBudget({ count: 9, bytes: Infinity }));
    expect(unsaid).toMatchObject([
      { type: 'series', first: 460, passed: 30, given_up: 10 },
      { type: 'trial', index: 500, verdict: 'stall', grade: 'forbidden' },
    ]);
    expect(mine.of(KEY).failures).toBe(2);
    expect(mine.of(KEY).next).toBe(4396);
    expect(mine.of(KEY).summary()).toMatchObject({ trials: 632, grade: 'forbidden' });
    // Written down, they are what any journal has: read once more, they are the same.
    const results = ResultsDir.open(directory, 'verdicts');
    for (const record of unsaid) results.append(record);
    const again = ledgers();
    const state = readSoak(directory, again, new DumpBudget({ count: 9, bytes: Infinity }));
    expect(state.unsaid).toEqual([]);
    expect(again.of(KEY).summary()).toEqual(mine.of(KEY).summary());
  });

  test('a line that was cut does not swallow the next', () => {
    const directory = journal('cut', records);
    appendFileSync(join(directory, 'journal.ndjson'), '{"type":"trial","workl');
    ResultsDir.open(directory, 'cut').append(turn(6, 8192, 90));
    const state = readSoak(directory, ledgers(), new DumpBudget({ count: 9, bytes: Infinity }));
    expect(state.position).toBe(6);
  });

  test('the budget for dumps is what is left of it', () => {
    const directory = journal('dumps', [{ ...failed(0), dump: 'dumps/one.dump' }]);
    writeFileSync(join(directory, 'dumps', 'one.dump'), 'x'.repeat(1000));
    const budget = new DumpBudget({ count: Infinity, bytes: 1001 });
    readSoak(directory, ledgers(), budget);
    expect(budget.used).toEqual({ dumps: 1, bytes: 1000, missed: 0 });
    expect(budget.signatures(KEY)).toEqual(['panic:balance']);
    expect(budget.isOpen).toBe(true);
    budget.took(join(directory, 'dumps', 'one.dump'));
    expect(budget.isOpen).toBe(false);
    for (const kind of ['panic:balance', 'new', 'new']) budget.refused(KEY, kind);
    expect(budget.used.missed).toBe(1);
  });

  test('what came to its end is not resumed, what was stopped is', () => {
    const directory = journal('done', records);
    expect(resumable(directory)).toMatchObject({ seed: 7, soak: { duration: '1h' } });
    for (const [exit, isOver] of [
      [143, false],
      [130, false],
      [0, true],
      [1, true],
    ] as const) {
      writeFileSync(join(directory, 'done.json'), JSON.stringify({ exit }));
      if (isOver) expect(() => resumable(directory)).toThrow(/came to its end, with exit code/);
      else expect(resumable(directory).seed).toBe(7);
    }
  });
});
