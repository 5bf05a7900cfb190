/*
 * Goal: the block of a campaign says what its numbers say, no more, and fits a terminal.
 */

import { expect, test } from 'vitest';
import { width } from '../../src/base/table.ts';
import { statisticsLines, type Counted } from '../../src/report/statistics.ts';
import { Tally, type FailedTrial } from '../../src/run/tally.ts';

function failed(index: number, more: Partial<FailedTrial> = {}): FailedTrial {
  return {
    index,
    seconds: 0.001,
    verdict: 'deadlock',
    message: 'saver/0 wants south; saver/1 wants north, which saver/0 holds',
    signature: 'opposite',
    dump: null,
    replay: null,
    schedule: null,
    ...more,
  };
}

/** Trials of which these fail. */
function tallyOf(trials: number, failures: readonly FailedTrial[]): Tally {
  const tally = new Tally();
  let first = 0;
  for (const failure of failures) {
    if (failure.index > first)
      tally.passed({ first, trials: failure.index - first, seconds: failure.index - first });
    tally.failed(failure);
    first = failure.index + 1;
  }
  if (trials > first) tally.passed({ first, trials: trials - first, seconds: trials - first });
  return tally;
}

function block(tally: Tally, more: Partial<Counted> = {}): string[] {
  const lines = statisticsLines([
    {
      workload: 'once',
      variant: 'opposite',
      strategy: 'random',
      trials: tally.trials,
      exhausted: false,
      given_up: 0,
      preemptions_max: null,
      ...tally.statistics(),
      ...more,
    },
  ]);
  for (const line of lines) {
    expect(width(line)).toBeLessThanOrEqual(80);
    expect(line).toBe(line.trimEnd());
  }
  return lines;
}

const TWELVE = [340, 400, 1102, 2000, 2702, 3500, 4300, 5100, 7110, 7900, 8602, 9304];

test('failures: how many, how seldom, how soon, and which', () => {
  const failures = TWELVE.map((index) => failed(index));
  expect(block(tallyOf(10_000, failures))).toEqual([
    'once opposite, random: deadlock in 12 of 10,000 schedules:',
    // To failure 60, 341, 4 times 702, 790, 798, 2 times 800, 898 and 2,010; cut off at 695.
    '  0.12% (95%: 0.062–0.21%); first at 341, median 790 schedules, p90 898',
    '  COUNT  INDEX  VERDICT   MESSAGE',
    '     12    340  deadlock  saver/0 wants south; saver/1 wants north, which saver…',
  ]);
});

test('none: what that rules out', () => {
  expect(block(tallyOf(10_000, []))).toEqual([
    'once opposite, random: no failure in 10,000 schedules: below 0.030% at 95%',
  ]);
  expect(block(tallyOf(59, []), { strategy: 'free' })).toEqual([
    'once opposite, free: no failure in 59 trials: below 5.0% at 95%',
  ]);
});

test('one trial has its row in the verdict table, and no block', () => {
  expect(block(tallyOf(1, [failed(0)]))).toEqual([]);
});

test('five failures have no median, six have', () => {
  const said = (count: number): string =>
    block(
      tallyOf(
        100,
        TWELVE.slice(0, count).map((_, i) => failed(i * 10)),
      ),
    ).join(' ');
  expect(said(5)).toContain('first at 1');
  expect(said(5)).not.toContain('median');
  expect(said(6)).toContain('median 10 schedules, p90 not reached');
});

test('schedules that are not drawn have no rate, no chance and no median', () => {
  const tally = tallyOf(
    50,
    TWELVE.slice(0, 8).map((_, i) => failed(i * 3)),
  );
  tally.passed({
    first: 50,
    trials: 2,
    seconds: 1,
    interleavings: [
      [1, 1],
      [2, 1],
    ],
  });
  const lines = block(tally, {
    strategy: 'dfs',
    exhausted: true,
    preemptions_max: 2,
    given_up: 1_200,
  });
  expect(lines).toEqual([
    'once opposite, dfs: deadlock in 8 of 52 schedules; first at 1;',
    '  there are no others with 2 preemptions at most; 1,200 given up as seen',
    '  COUNT  INDEX  VERDICT   MESSAGE',
    '      8      0  deadlock  saver/0 wants south; saver/1 wants north, which saver…',
    '  interleavings: 2 distinct in 2',
  ]);
  // The twin: where they are drawn, all of these are said.
  expect(block(tally).join(' ')).toMatch(/%.*median.*the next is new with/);
});

test('several kinds: the most frequent first, eight at most', () => {
  const kinds = Array.from({ length: 10 }, (_, i) =>
    failed(i, { signature: `kind ${i}`, verdict: i === 9 ? 'panic' : 'deadlock' }),
  );
  const lines = block(
    tallyOf(20, [...kinds, failed(10, { signature: 'kind 9', verdict: 'panic' })]),
  );
  expect(lines[0]).toContain('a failure in 11 of 20 schedules: 55%');
  const [, ...rows] = lines.slice(lines.findIndex((line) => line.includes('COUNT')));
  expect(rows.map((row) => row.trim().split(/ +/).slice(0, 3))).toEqual([
    ['2', '9', 'panic'],
    ...Array.from({ length: 7 }, (_, i) => ['1', String(i), 'deadlock']),
    ['and', '2', 'other'],
  ]);
});

test('names and messages from outside do not reach the terminal as they are', () => {
  const hostile = failed(1, { message: 'a\u001b[2Jb\nc' });
  const text = block(tallyOf(3, [hostile]), { variant: '\u202eevil' }).join('\n');
  expect(text).toContain('a\\x1b[2Jb\\nc');
  expect(text).toContain('\\u{202e}evil');
});

test('interleavings: distinct, how likely the next is new, and what is unseen', () => {
  const ways = (
    hashes: readonly (readonly [number, number])[],
    hashesMax?: number,
    of = { choices: 412, preemptions: 1.5 },
  ): string => {
    const tally = new Tally(hashesMax);
    const trials = hashes.reduce((sum, [, times]) => sum + times, 0);
    tally.passed({
      first: 0,
      trials,
      seconds: 1,
      choices: trials * of.choices,
      preemptions: trials * of.preemptions,
      interleavings: hashes,
    });
    return block(tally).slice(1).join(' ').trim().replaceAll(/ +/g, ' ');
  };
  const each = '412 choices, 1.5 preemptions each';
  expect(
    ways([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 6],
    ]),
  ).toBe(`interleavings: 5 distinct in 10; the next is new with 40%; at least 5 unseen; ${each}`);
  expect(
    ways([
      [1, 5],
      [2, 5],
    ]),
  ).toBe(`interleavings: 2 distinct in 10; none only once; ${each}`);
  const one = ways([[1, 5]], undefined, { choices: 1, preemptions: 1 });
  expect(one).toBe('interleavings: 1 distinct in 5; none only once; 1 choice, 1 preemption each');
  // All new: nothing is known of the rest.
  const new_ = Array.from({ length: 100 }, (_, i) => [i, 1] as const);
  expect(ways(new_)).toBe(`interleavings: 100 distinct in 100; the next is new with 100%; ${each}`);
  expect(ways(new_, 64)).toMatch(/^interleavings: about \d+ distinct in 100/);
});
