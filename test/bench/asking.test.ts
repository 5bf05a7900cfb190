/*
 * Goal: what the bench is asked is refused before anything is measured where it cannot be measured so, and is measured where it
 * can; numbers of threads and pins get to the machines.
 *
 * Method: a table of askings, each with a twin that differs in what is wrong and is let pass; the quickest question that starts
 * machines, for the whole way.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { wantedOf, type checkPeers as CheckPeers, type Wanted } from '../../src/bench/asking.ts';
import { bench, headerOf } from '../../src/bench/bench.ts';
import type { Asked, Figure } from '../../src/bench/figure.ts';
import { compareSides } from '../../src/compare/compare.ts';
import { figuresOf, QUESTIONS } from '../../src/bench/question-list.ts';
import { THREADS_OF } from '../../src/bench/thread-counts.ts';
import { pinOver } from '../../src/run/pinning.ts';
import { HEADER, processesOf, sideOf } from '../compare/made.ts';
import { gridlock, inScratch, records } from '../cli/gridlock.ts';
import { benchMachine } from './machine.ts';

const QUICK: Asked = { quick: true, against: [] };
const RIGHT = fileURLToPath(new URL('../planted/peers/right.js', import.meta.url));

function namesOf(wanted: readonly Wanted[]): string[] {
  return wanted.map(({ question }) => question);
}

describe('figures are known beforehand', () => {
  test.for([
    ['lock-pair.nope', 'lock-pair.mutex'],
    ['lock-contended.mutex', 'lock-contended.longest_gap'],
    ['lock-fairness.acquire_p90', 'lock-fairness.acquire_p99.9'],
    ['detection.first_rest_of_trial', 'detection.first_stop_all'],
    ['schedules.at', 'schedules.at 30,000 a second'],
    ['gallery.reorder', 'gallery.reorder 10'],
    // One that a quick run has not.
    ['time-to-bug.gallery/queue planted', 'time-to-bug.gallery/reorder planted found'],
  ] as const)('%s is none, %s is one', ([wrong, right]) => {
    expect(() => wantedOf(['boot', wrong], QUICK)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_FIGURE', exit: 2 }),
    );
    const [question = '', ...name] = right.split('.');
    expect(wantedOf(['boot', right], QUICK)).toEqual([
      { question: 'boot', figures: null },
      { question, figures: [name.join('.')] },
    ]);
  });

  test('each question has some, each once', () => {
    for (const question of Object.keys(QUESTIONS))
      for (const quick of [true, false]) {
        const names = figuresOf(question, quick);
        expect(names.length, question).toBeGreaterThan(0);
        expect(new Set(names).size, question).toBe(names.length);
      }
  });

  test('the bench says so before it writes a word', async () => {
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    await inScratchOf(async (resultsRoot) => {
      const asked = bench(['probe-cost', 'lock-pair.nope'], {
        ...QUICK,
        json: true,
        write,
        resultsRoot,
      });
      await expect(asked).rejects.toMatchObject({ code: 'UNKNOWN_FIGURE' });
      expect(existsSync(resultsRoot)).toBe(false);
    });
    expect(written).toEqual([]);
  });
});

describe('threads', () => {
  test.for([
    ['lock-contended', [2, 17], [1, 16], 'a number from 1 to 16, which is what lock-contended'],
    ['condvar-handoff', [1], [2, 64], 'a number from 2 to 64'],
    ['semaphore', [3], [2, 4], 'an even number from 2 to 64'],
    ['detection', [257], [256], 'a number from 2 to 256'],
  ] as const)('%s: %s are refused, %s are not', ([question, wrong, right, says]) => {
    expect(() => wantedOf([question], { ...QUICK, threads: wrong })).toThrow(
      expect.objectContaining({
        code: 'BAD_NUMBER',
        exit: 2,
        message: expect.stringContaining(says) as string,
      }),
    );
    expect(namesOf(wantedOf([question], { ...QUICK, threads: right }))).toEqual([question]);
  });

  test.for(['lock-pair', 'kstat-fixes', 'probe-cost', 'schedules', 'gallery', 'time-to-bug'])(
    '%s counts none, and those that do are named',
    (question) => {
      expect(() => wantedOf(['boot', question], { ...QUICK, threads: [2] })).toThrow(
        expect.objectContaining({
          code: 'QUESTION_OPTION',
          exit: 2,
          values: expect.objectContaining({ known: Object.keys(THREADS_OF).join(', ') }) as object,
        }),
      );
    },
  );

  test('without a question, those are asked that can', () => {
    const asked = (threads: readonly number[]) => namesOf(wantedOf([], { ...QUICK, threads }));
    expect(asked([2, 4])).toEqual(Object.keys(THREADS_OF));
    expect(asked([1])).not.toContain('semaphore');
    expect(asked([1])).toContain('rwlock');
    expect(asked([256])).toEqual(['detection', 'watchdog-cost', 'boot']);
    expect(() => asked([257])).toThrow(expect.objectContaining({ code: 'BAD_NUMBER' }));
  });
});

describe('pins', () => {
  test.for([
    ['probe-cost', [], 'boot'],
    ['lock-pair.mutex', [], 'lock-pair'],
    ['lock-pair.cv_signal', ['futex'], 'lock-pair.semaphore'],
  ] as const)('%s against %s starts no machine, %s does', ([wrong, against, right]) => {
    const asked = { quick: true, against: [...against], pin: false };
    expect(() => wantedOf([wrong], asked)).toThrow(
      expect.objectContaining({ code: 'QUESTION_OPTION', exit: 2 }),
    );
    expect(wantedOf([right], asked)).toHaveLength(1);
    expect(wantedOf([wrong], { ...asked, pin: true })).toHaveLength(1);
  });

  test('the header says what a machine says of its pins', async () => {
    const unpinned = 'not pinned: asked not to';
    expect(await pinningOf(false)).toBe(unpinned);
    expect((await headerOf({ ...QUICK, pin: false })).pinning).toBe(unpinned);
    // Pinned, or why not: wherever this runs, both say the same.
    const { pinning } = await headerOf(QUICK);
    expect(pinning).not.toBe(unpinned);
    expect(await pinningOf(undefined)).toBe(pinning);
    expect((await pinOver([])).says.startsWith('pinned')).toBe(pinning.startsWith('pinned'));
  });
});

describe('peers', () => {
  const check = async (questions: readonly string[], against: readonly string[]): Promise<void> => {
    const { checkPeers } = (await import(
      new URL('../../dist/src/bench/asking.js', import.meta.url).href
    )) as { checkPeers: typeof CheckPeers };
    const asked = { quick: true, against };
    await checkPeers(wantedOf(questions, asked), asked);
  };

  test.for([
    [['rwlock'], [RIGHT]],
    [['boot', 'condvar-handoff'], [RIGHT]],
    [['lock-pair.semaphore'], [RIGHT]],
    [['lock-pair.cv_signal'], ['plain']],
    // One is taken, the other is not.
    [['rwlock'], ['plain', 'futex']],
  ] as const)('%s has no use for %s', async ([questions, against]) => {
    await expect(check(questions, against)).rejects.toMatchObject({
      code: 'PEER_UNASKED',
      exit: 2,
      values: { peer: against.at(-1)! },
      hint: expect.stringContaining('measured: lock-pair, ') as string,
    });
  });

  test.for([
    [['rwlock', 'lock-fairness'], [RIGHT]],
    [['lock-pair.mutex'], [RIGHT]],
    [[], [RIGHT]],
    [['rwlock'], ['plain']],
    // Nobody named any of them.
    [['probe-cost'], ['all']],
  ] as const)('%s has one for %s', async ([questions, against]) => {
    await expect(check(questions, against)).resolves.toBeUndefined();
  });

  test('as the command line says it', () => {
    inScratch((results) => {
      const ran = gridlock('bench', 'rwlock', '--against', RIGHT, '--results', results);
      expect(ran).toMatchObject({ exit: 2, stdout: '' });
      expect(ran.stderr).toMatch(/right\.js: what it has is mutex\n.*lock-contended/);
      expect(readdirSync(results)).toEqual([]);
    });
  });
});

test('threads and pins as they were asked for, in figures and in the header; nothing else is said', () => {
  inScratch((results) => {
    const words = 'bench boot --quick --json --threads 2 --threads 1 --no-pin --results';
    const ran = gridlock(...words.split(' '), results);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stderr).toBe('');
    const [header, ...figures] = records(ran);
    expect(header).toMatchObject({ threads: [2, 1], pinning: 'not pinned: asked not to' });
    const counts = figures.flatMap((each) =>
      Object.values((each['params'] ?? {}) as Figure['params']),
    );
    expect(counts).toEqual([2, 2, 1, 1]);
    expect(existsSync(join(results, readdirSync(results)[0]!, 'done.json'))).toBe(true);
  });
});

test('a comparison says above its table where threads or pins differ', () => {
  const side = (label: string, more: object) =>
    sideOf(label, processesOf([1, 2]), { ...HEADER, ...more });
  const differing = (one: object, other: object) =>
    compareSides(side('A', one), side('B', other)).differs;
  const [pinned, unpinned] = ['pinned over CPUs 0,1', 'not pinned: asked not to'];
  const own = { threads: null, pinning: pinned };
  expect(differing(own, { threads: [2, 4], pinning: unpinned })).toEqual([
    { what: 'pinning', a: pinned, b: unpinned },
    { what: 'threads', a: "each question's own", b: '2,4' },
  ]);
  expect(differing(own, own)).toEqual([]);
  // A bench of before there was the option.
  expect(differing({}, {})).toEqual([]);
  expect(differing({ pinning: pinned }, own)).toEqual([]);
});

test.for([
  ['2,x', 'x is not a number of threads'],
  ['2,,4', 'nothing is not a number of threads'],
  ['0', '0 is not a number of threads'],
  ['2,4,2', 'each number once'],
] as const)('--threads %s: %s', ([text, says]) => {
  const ran = gridlock('bench', 'boot', '--threads', text);
  expect(ran).toMatchObject({ exit: 2, stdout: '' });
  expect(ran.stderr).toContain(says);
});

/** What a machine says of its pins. */
async function pinningOf(pin: boolean | undefined): Promise<string> {
  const options = { pin };
  const machine = await benchMachine(
    './workloads/empty.js',
    'empty',
    { threads: 2 },
    null,
    options,
  );
  machine.kill();
  return machine.facts.pinning;
}

async function inScratchOf(body: (directory: string) => Promise<void>): Promise<void> {
  // Gone again by then: whoever writes has to make it.
  await body(inScratch((directory) => directory));
}
