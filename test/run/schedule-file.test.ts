/*
 * Goal: a schedule's file says what its token says, comes back as it was, and is refused with the reason where it is
 * none; a command that runs a trial again is closed when the trial is over, and read again from a dump.
 *
 * Method: round trips of anything that a failure can be; a good file with one thing wrong, a row each.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { VERDICTS } from '../../src/base/verdict.ts';
import { againLine, closeAgain, portable, replayOf } from '../../src/run/again.ts';
import {
  readScheduleFile,
  writeScheduleFile,
  type KeptSchedule,
} from '../../src/run/schedule-file.ts';
import { formatToken, scheduleOf } from '../../src/sched/schedule.ts';
import { formatReplay, parseReplay } from '../../src/sched/token.ts';

const scratch = mkdtempSync(join(tmpdir(), 'gridlock-sched-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const FILE = join(scratch, 'x.sched');

const KEPT: KeptSchedule = {
  workload: './workloads/ferry.js',
  variant: 'opposite',
  params: new Map([['n', '2']]),
  seed: 0x5eed,
  steps: 5000,
  verdict: 'deadlock',
  schedule: scheduleOf([0, 0, 1, 1, 1, 0]),
  message: 'ferry/0 wants south',
  threads: ['ferry/0', 'ferry/1'],
};

const text = fc.string({ unit: 'binary', maxLength: 12 });
const kept = fc.record({
  workload: fc.constantFrom('dtrace-deadlock', './a b.js', '../ü/x.ts'),
  variant: text,
  // A name that objects have of themselves is no name of a parameter.
  params: fc
    .dictionary(text, text, { maxKeys: 3 })
    .map((all) => Object.entries(all).filter(([name]) => !(name in {})))
    .map((pairs) => new Map(pairs.map(([name, value]) => [`p${name}`, value]))),
  seed: fc.nat({ max: 0xffff_ffff }),
  steps: fc.integer({ min: 1, max: 1_000_000 }),
  verdict: fc.constantFrom(...VERDICTS),
  schedule: fc.array(fc.nat({ max: 9 }), { maxLength: 40 }).map((all) => scheduleOf(all)),
  message: fc.oneof(text, fc.constant('"runs": [[9,9]],\n')),
  threads: fc.array(text, { maxLength: 4 }),
});

describe('a file', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(kept, (given) => {
        writeScheduleFile(FILE, given);
        expect(readScheduleFile(FILE)).toEqual(given);
      }),
    );
  });

  test('has what it takes to read it, and the token to paste', () => {
    writeScheduleFile(FILE, KEPT);
    const written = readFileSync(FILE, 'utf8');
    expect(JSON.parse(written)).toEqual({
      format: 'gridlock-schedule',
      version: 1,
      workload: './workloads/ferry.js',
      variant: 'opposite',
      params: { n: '2' },
      seed: 0x5eed,
      steps: 5000,
      verdict: 'deadlock',
      message: 'ferry/0 wants south',
      threads: ['ferry/0', 'ferry/1'],
      runs: [
        [0, 2],
        [1, 3],
        [0, 1],
      ],
      token: formatReplay(KEPT),
    });
    expect(written).toContain('\n  "runs": [[0,2],[1,3],[0,1]],\n');
  });

  test('holds no path of this machine', () => {
    writeScheduleFile(FILE, { ...KEPT, workload: resolve('workloads/ferry.js') });
    expect(readScheduleFile(FILE).workload).toBe('./workloads/ferry.js');
    expect(readFileSync(FILE, 'utf8')).not.toContain(process.cwd());
  });

  test('whose token was taken out may be changed', () => {
    writeScheduleFile(FILE, KEPT);
    const { token: _, ...fields } = JSON.parse(readFileSync(FILE, 'utf8')) as { token: string };
    writeFileSync(FILE, JSON.stringify({ ...fields, runs: [[1, 9]] }));
    expect(readScheduleFile(FILE).schedule).toEqual([{ thread: 1, choices: 9 }]);
  });

  test.for<[string, object | string, RegExp]>([
    ['no JSON', '{', /cannot be read as a schedule/],
    ['nothing', 'null', /its format is not gridlock-schedule/],
    ['another format', { format: 'dump' }, /its format is not gridlock-schedule/],
    ['a later version', { version: 2 }, /its version is 2, and this gridlock reads 1/],
    ['a verdict that is none', { verdict: 'doom' }, /verdict: /],
    ['a seed that is none', { seed: -1 }, /seed: /],
    ['a run of no choices', { runs: [[0, 0]] }, /runs\.0\.1: /],
    [
      'more choices than there can be',
      { runs: [[0, 4_000_000_000]], token: undefined },
      /more than 16777216/,
    ],
    ['a token of something else', { seed: 1 }, /its token says something else than its fields/],
    ['a token of other runs', { runs: [[1, 9]] }, /its token says something else/],
  ])('is refused: %s', ([, change, says]) => {
    writeScheduleFile(FILE, KEPT);
    const fields = JSON.parse(readFileSync(FILE, 'utf8')) as object;
    writeFileSync(
      FILE,
      typeof change === 'string' ? change : JSON.stringify({ ...fields, ...change }),
    );
    expect(() => readScheduleFile(FILE)).toThrow(says);
  });
});

describe('the command that runs a trial again', () => {
  const schedule = {
    token: formatToken(KEPT.schedule),
    choices: 6,
    preemptions: 1,
    givenUp: false,
    strayed: -1,
    events: 0,
  };

  test('is closed by what came of the trial, and read again', () => {
    fc.assert(
      fc.property(kept, (given) => {
        const open = againLine(given);
        const token = formatToken(given.schedule);
        const line = closeAgain(open, given.verdict, { ...schedule, token });
        expect(line).toMatch(/^gridlock replay [\w./:-]+$/);
        const { message: _, threads: __, ...replayable } = given;
        expect(replayOf(line, 'pass')).toEqual(replayable);
      }),
    );
  });

  test('of a free run is left alone', () => {
    const line = 'gridlock run x --variant y --seed 1 -n 1';
    expect(closeAgain(line, 'deadlock', null)).toBe(line);
    expect(closeAgain(line, 'deadlock', schedule)).toBe(line);
    expect(replayOf(line, 'deadlock')).toBeUndefined();
  });

  test('of the time before tokens is understood, with the verdict of its dump', () => {
    const line = `gridlock run ./a.js --variant v -P n=2 -P m= -s replay --schedule ${schedule.token} --steps 70 --trial-seed 9`;
    expect(replayOf(line, 'deadlock')).toEqual({
      workload: './a.js',
      variant: 'v',
      params: new Map([
        ['n', '2'],
        ['m', ''],
      ]),
      seed: 9,
      steps: 70,
      verdict: 'deadlock',
      schedule: KEPT.schedule,
    });
  });

  test('names a workload without a path of this machine', () => {
    expect(portable('dtrace-deadlock')).toBe('dtrace-deadlock');
    expect(portable('.\\a\\b.js')).toBe('./a/b.js');
    expect(portable(resolve('a.js'))).toBe('./a.js');
    expect(portable(resolve('..', 'a.js'))).toBe('../a.js');
    const absolute = parseReplay(formatReplay({ ...KEPT, workload: portable(resolve('x/y.js')) }));
    expect(absolute.workload).toBe('./x/y.js');
  });
});
