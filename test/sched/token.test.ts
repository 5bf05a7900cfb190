/*
 * Goal: a token says everything about a program and its schedule, in letters that no shell reads, and a bent one is
 * refused with the reason.
 *
 * Method: hostile names, parameters and paths go round by the hundred; real shells are given the tokens unquoted; each
 * letter of a token is taken out and changed.  The errors are a table, each with a token whose checksum is right.
 */

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, Fail } from '../../src/base/fail.ts';
import { VERDICTS } from '../../src/base/verdict.ts';
import { checksum, scheduleOf } from '../../src/sched/schedule.ts';
import { formatReplay, parseReplay, type Replayable } from '../../src/sched/token.ts';

const PLAIN: Replayable = {
  workload: 'dtrace-deadlock',
  variant: 'wstub',
  params: new Map([['rounds', '1']]),
  seed: 0x5eed,
  steps: 5000,
  verdict: 'deadlock',
  schedule: scheduleOf([2, 2, 2, 1, 5, 5, 2]),
};

/** Any text, and often the text that is most likely to be read as something else. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(...'_:.%=-~ \'"$`\\/@*?{}[]()<>|;&!^,#+s1x09af\n\0ä'.split('')),
    maxLength: 20,
  }),
  fc.constantFrom(
    '',
    '-x',
    '__',
    '_5f',
    '~',
    '../a b/ü.js',
    's1.AA.000',
    'constructor',
    '__proto__',
  ),
);
const replayable = fc.record({
  workload: text,
  variant: text,
  params: fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  seed: fc.nat({ max: 0xffff_ffff }),
  steps: fc.integer({ min: 1, max: 1_000_000 }),
  releases: fc.constantFrom(undefined, true),
  verdict: fc.constantFrom(...VERDICTS),
  schedule: fc.array(fc.nat({ max: 40 }), { maxLength: 60 }).map((threads) => scheduleOf(threads)),
});

test('one can see which program it is of', () => {
  expect(formatReplay(PLAIN)).toMatch(
    /^dtrace-deadlock:wstub:rounds\.1:0x5eed:5000:deadlock:s1\.[\w-]+\.\w{3}$/,
  );
});

test('whatever names, params and paths hold comes back', () => {
  fc.assert(
    fc.property(replayable, (given) => {
      const token = formatReplay(given);
      expect(parseReplay(token)).toEqual(given);
      expect(parseReplay(` ${token}\n`)).toEqual(given);
    }),
    { numRuns: 500 },
  );
});

test('no two programs have one token', () => {
  const pair = fc.tuple(text, text);
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      const token = ([name, value]: [string, string]): string =>
        formatReplay({ ...PLAIN, params: new Map([[name, value]]) });
      expect(token(a) === token(b)).toBe(a[0] === b[0] && a[1] === b[1]);
    }),
  );
});

test('it is made of letters that no shell reads, and is no option', () => {
  fc.assert(
    fc.property(replayable, (given) => {
      expect(formatReplay(given)).toMatch(/^(?!-)[\w./:-]+$/);
    }),
  );
});

describe.for(['sh', 'bash', 'dash', 'zsh', 'fish', 'pwsh'])('%s', (shell) => {
  const isThere = spawnSync(shell, ['-c', 'exit 0']).status === 0;
  test.skipIf(!isThere)('hands it over as it is, unquoted', () => {
    for (const given of fc.sample(replayable, { numRuns: 20, seed: 7 })) {
      const token = formatReplay(given);
      const { stdout } = spawnSync(shell, ['-c', `echo ${token}`], { encoding: 'utf8' });
      expect(stdout.trim()).toBe(token);
    }
  });
});

test('one that lost or changed a letter is refused, and says what to do', () => {
  const token = formatReplay(PLAIN);
  for (let at = 0; at < token.length; at++) {
    const cut = token.slice(0, at) + token.slice(at + 1);
    const bent = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    for (const each of [cut, bent, token.slice(0, at)]) {
      expect(() => parseReplay(each), each).toThrow(/is not a whole replay token/);
    }
  }
});

/** With the checksum that belongs to it: what else is wrong with it is to be said. */
function signed(body: string): string {
  return `${body}.${checksum(body)}`;
}

test.for([
  ['nothing', '', /it has 1 fields with a colon between them, and 6 at least/],
  ['a word', 'dtrace-deadlock', /it has 1 fields/],
  [
    'a schedule of a later version',
    signed('w:v:0x1:9:pass:s2.AAE'),
    /is of version s2, and this gridlock reads s1/,
  ],
  ['no schedule', 'w:v:0x1:9:pass:deadlock', /it does not end in a schedule, s1/],
  ['no checksum', 'w:v:0x1:9:pass:s1.AAE', /it does not end in a schedule/],
  ['a run of no choices', signed('w:v:0x1:9:pass:s1.AAA'), /there is no schedule in it/],
  ['a seed that is none', signed('w:v:seed:9:pass:s1.AAE'), /seed is no seed/],
  ['a seed that is too big', signed('w:v:0x100000000:9:pass:s1.AAE'), /is no seed/],
  ['no steps', signed('w:v:0x1:0:pass:s1.AAE'), /0 is no number of steps/],
  ['a verdict that is none', signed('w:v:0x1:9:doom:s1.AAE'), /doom is no verdict/],
  ['a parameter without a value', signed('w:v:rounds:0x1:9:pass:s1.AAE'), /rounds is no parameter/],
] as const)('refused: %s', ([, token, says]) => {
  expect(() => parseReplay(token)).toThrow(says);
});

test('a schedule alone is told apart: its program is missing', () => {
  let failure: unknown;
  try {
    parseReplay('s1.AAE.x4k');
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(Fail);
  expect(explain(failure as Fail)).toMatchInlineSnapshot(`
    "s1.AAE.x4k is a schedule, and does not say of which program
      the whole token begins with the workload: gridlock replay WORKLOAD:VARIANT:…:s1.AAE.x4k"
  `);
  expect((failure as Fail).exit).toBe(2);
});
