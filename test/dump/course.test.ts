/*
 * Goal: the table of a schedule shows where threads change and how it ended, however long it was, and says what it
 * leaves out.
 *
 * Method: courses made by hand.  Long ones of any shape are checked against what folding promises: no switch among the
 * shown choices is lost, labels ascend, and the numbers add up.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawCourse, drawLanes, endingOf, type Course, type Step } from '../../src/dump/course.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { dumpPath } from '../mdb/session.ts';

function courseOf(moves: readonly (readonly [thread: number, text: string])[]): Course {
  const steps = moves.map(([thread, text], choice): Step => ({
    choice,
    thread,
    name: `t/${thread}`,
    text,
  }));
  return { choices: steps.length, preemptions: 1, steps, ending: [] };
}

describe('the table', () => {
  test('has a column a thread, and the ending below', () => {
    const course = courseOf([
      [0, 'start'],
      [1, 'start'],
      [1, 'acquire south'],
      [0, 'acquire north'],
    ]);
    const ending = [{ thread: 0, name: 't/0', text: 'waits for south, which t/1 holds' }];
    expect(drawCourse({ ...course, ending }, 'more').join('\n')).toMatchInlineSnapshot(`
      "4 choices, 1 preemption:
       CHOICE t/0                               t/1
            0 start
            1                                   start
            2                                   acquire south
            3 acquire north
              waits for south, which t/1 holds"
    `);
  });

  test('counts what is done over and over, and folds the middle of a long run', () => {
    const course = courseOf([
      [0, 'start'],
      ...Array.from({ length: 9 }, () => [1, 'poll'] as const),
      ...Array.from({ length: 20 }, (_, i) => [0, `acquire lock[${i}]`] as const),
    ]);
    expect(drawCourse(course, 'more').join('\n')).toMatchInlineSnapshot(`
      "30 choices, 1 preemption:
       CHOICE t/0               t/1
            0 start
            1                   poll ×9
           10 acquire lock[0]
           11 … 17 more
           28 acquire lock[18]
           29 acquire lock[19]"
    `);
  });

  test('names the thread in each row where there are too many for columns', () => {
    const course = courseOf(Array.from({ length: 6 }, (_, i) => [i, 'start'] as const));
    expect(drawCourse(course, 'more').slice(1, 3)).toEqual([
      ' CHOICE THREAD OPERATION',
      '      0 t/0    start',
    ]);
    const wide = courseOf([
      [0, `acquire ${'a'.repeat(80)}`],
      [1, `acquire ${'b'.repeat(80)}`],
    ]);
    expect(drawCourse(wide, 'more')[1]).toBe(' CHOICE THREAD OPERATION');
  });

  test('spells out what would move the cursor', () => {
    const lane = { label: '0', thread: 0, name: 'a\u001b[2J', text: 'acquire \u001b[1A' };
    expect(drawLanes([lane], 100).join('')).not.toContain('\u001b');
  });

  test('of any course is short, in order, and shows every switch behind its first row', () => {
    const move = fc.tuple(fc.nat({ max: 3 }), fc.constantFrom('poll', 'acquire a', 'acquire b'));
    fc.assert(
      fc.property(fc.array(move, { maxLength: 400 }), (moves) => {
        const course = courseOf(moves);
        const [said = '', , ...lines] = drawCourse(course, 'more');
        expect(lines.length).toBeLessThanOrEqual(30);
        const labels = lines.map((line) => Number(line.slice(0, 7)));
        expect(labels.toSorted((a, b) => a - b)).toEqual(labels);
        const first = labels[0] ?? 0;
        const earlier = / (\d+) earlier ones?: more$/.exec(said)?.[1];
        expect(Number(earlier ?? 0)).toBe(first);
        for (const { choice, thread } of course.steps) {
          const isSwitch = course.steps[choice - 1]?.thread !== thread;
          if (isSwitch && choice >= first) expect(labels).toContain(choice);
        }
      }),
    );
  });
});

test('the ending says what each of the circle waits for, and who holds it', async () => {
  const file = await DumpFile.open(dumpPath('once.opposite'));
  const dump = await file.dump();
  file.close();
  expect(endingOf(dump)).toEqual([
    { thread: 0, name: 'saver/0', text: 'waits for south, which saver/1 holds' },
    { thread: 1, name: 'saver/1', text: 'waits for north, which saver/0 holds' },
  ]);
  const gone = dump.threads.map((thread) => ({ ...thread, wants: null, exit: 'threw: Error: x' }));
  expect(endingOf({ ...dump, threads: gone }).map(({ text }) => text)).toEqual([
    'is gone: threw: Error: x',
    'is gone: threw: Error: x',
  ]);
});
