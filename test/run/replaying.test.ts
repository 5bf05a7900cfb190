/*
 * Goal: a replay is called one only if it was, and what was otherwise is said, with the trial and the choice.
 *
 * Method: trials made by hand, a row for each way in which a trial can be none.
 */

import { describe, expect, test } from 'vitest';
import { judgeReplays, type Recorded, type Replayed } from '../../src/run/replaying.ts';
import { hashEvents, packEvents, type Event } from '../../src/sched/events.ts';
import { OP } from '../../src/sched/strategy.ts';
import { formatToken, scheduleOf } from '../../src/sched/schedule.ts';

const THREADS = ['saver/0', 'saver/1'];
const RECORDED: Recorded = { verdict: 'deadlock', choices: [0, 1, 1, 0] };

function trial(
  verdict: Replayed['verdict'] = 'deadlock',
  choices: readonly number[] = RECORDED.choices,
): Replayed {
  const token = formatToken(scheduleOf(choices));
  const { length } = choices;
  return {
    verdict,
    schedule: { token, choices: length, preemptions: 0, givenUp: false, strayed: -1, events: 0 },
  };
}

test('each was one', () => {
  const many = Array.from({ length: 100 }, () => trial());
  const all = judgeReplays(RECORDED, many, THREADS);
  expect(all).toMatchObject({ same: 100, of: 100, verdicts: { deadlock: 100 }, strayed: null });
  expect(all.says).toEqual(['replayed 100 of 100: deadlock each time, the same 4 choices']);
  expect(judgeReplays(RECORDED, [trial()], THREADS).says).toEqual([
    'replayed 1 of 1: deadlock, the same 4 choices',
  ]);
});

describe('the same choices with other deeds', () => {
  const events: readonly Event[] = [
    { thread: 0, op: OP.start, object: 0 },
    { thread: 1, op: OP.acquire, object: 0x2e00 },
  ];
  const others = events.with(1, { thread: 1, op: OP.acquire, object: 0x2e40 });
  const did = (all: readonly Event[], log = true): Replayed => ({
    verdict: 'deadlock',
    schedule: { ...trial().schedule!, events: hashEvents(all) },
    ...(log ? { log: { events: packEvents(all), objects: { '2e00': 'north' } } } : {}),
  });

  test('are found by the hash, and said by the log', () => {
    const { says, unsteady, same } = judgeReplays(
      RECORDED,
      [did(events), did(events), did(others)],
      THREADS,
    );
    expect({ unsteady, same }).toEqual({ unsteady: 3, same: 3 });
    expect(says).toEqual([
      'replayed 3 of 3: deadlock each time, the same 4 choices',
      'trial 3 did not do the same at the same choices, choice 1: first saver/1 acquire north (2e00), then saver/1 acquire 2e40: the program decides by what no schedule controls',
    ]);
    expect(judgeReplays(RECORDED, [did(events, false), did(others, false)], THREADS).says[1]).toBe(
      'trial 2 did not do the same at the same choices: the program decides by what no schedule controls',
    );
  });

  test('are not there where all did the same, and not looked for in one that strayed', () => {
    expect(judgeReplays(RECORDED, [did(events), did(events)], THREADS).unsteady).toBeNull();
    const bent = trial('deadlock', [0, 1]);
    const stray = { ...bent, schedule: { ...bent.schedule!, events: hashEvents(others) } };
    expect(judgeReplays(RECORDED, [did(events), stray], THREADS).unsteady).toBeNull();
  });
});

test.for<[string, Replayed[], number, string[]]>([
  ['another verdict', [trial('pass')], 0, ['replayed 0 of 1: pass; recorded was deadlock']],
  [
    'several verdicts',
    [trial(), trial('pass'), trial()],
    2,
    ['replayed 2 of 3: deadlock 2 times, pass 1 time; recorded was deadlock'],
  ],
  [
    'the same verdict by another course',
    [trial(), trial('deadlock', [0, 1, 0, 0])],
    1,
    [
      'replayed 1 of 2: deadlock; recorded was deadlock',
      '1 of them, first trial 2, strayed: choice 2 was given to saver/1, which could not go on, and saver/0 did',
    ],
  ],
  [
    'more choices',
    [trial('deadlock', [0, 1, 1, 0, 1])],
    0,
    [
      'replayed 0 of 1: deadlock; recorded was deadlock',
      'strayed: behind the last of 4 choices saver/1 went on',
    ],
  ],
  [
    'fewer choices',
    [trial('pass', [0, 1])],
    0,
    ['replayed 0 of 1: pass; recorded was deadlock', 'strayed: it was over after 2 choices of 4'],
  ],
  [
    'a machine that was lost',
    [{ verdict: 'crash', schedule: null }],
    0,
    ['replayed 0 of 1: crash; recorded was deadlock'],
  ],
  [
    'a machine that was lost, where a crash was recorded',
    [{ verdict: 'deadlock', schedule: null }],
    0,
    ['replayed 0 of 1: deadlock; recorded was deadlock'],
  ],
  [
    'a verdict by the clock, and another course before it',
    [trial('stall', [0, 0])],
    0,
    [
      'replayed 0 of 1: stall; recorded was deadlock',
      'strayed: choice 1 was given to saver/1, which could not go on, and saver/0 did',
    ],
  ],
  ['no trial', [], 0, ['replayed 0 of 0: no trial ended; recorded was deadlock']],
])('not all were: %s', ([, trials, same, says]) => {
  const judged = judgeReplays(RECORDED, trials, THREADS);
  expect(judged.says).toEqual(says);
  expect(judged).toMatchObject({ same, of: trials.length });
});

test('of a verdict by the clock only choices that are in both are compared', () => {
  const recorded: Recorded = { verdict: 'stall', choices: [0, 1, 1, 0] };
  for (const choices of [
    [0, 1],
    [0, 1, 1, 0, 0, 1],
  ]) {
    expect(judgeReplays(recorded, [trial('stall', choices)], THREADS)).toMatchObject({ same: 1 });
  }
});
