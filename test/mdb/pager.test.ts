/*
 * Goal: output stops after a screen, and each key does what mdb's pager does with it.
 * Method: a screen of text and a list of keys; what is on the screen in the end, with the prompts taken out, and
 * how many there were.
 */

import { describe, expect, test } from 'vitest';

import { MORE, Pager } from '../../src/mdb/prompt/pager.ts';

interface Shown {
  readonly lines: number;
  readonly asked: number;
  readonly wanted: boolean;
  readonly left: number;
}

async function page(
  keys: string,
  lines: readonly string[],
  { rows = 5, columns = 20 } = {},
): Promise<Shown> {
  const pressed = keys.split('');
  let [written, asked] = [0, 0];
  const pager = new Pager({
    rows,
    columns,
    write: (text) => {
      if (text === MORE) asked++;
      else if (text.endsWith('\n')) written++;
      return true;
    },
    key: async () => pressed.shift(),
  });
  pager.begin();
  let wanted = true;
  for (const line of lines) wanted = wanted && (await pager.write(`${line}\n`));
  return { lines: written, asked, wanted, left: pressed.length };
}

const TEN = Array.from({ length: 10 }, (_, i) => `line ${i}`);

describe('a screen of 5 rows and 10 lines', () => {
  test.for<[keys: string, lines: number, asked: number, wanted: boolean]>([
    // Four lines and the prompt fill the screen.
    ['  ', 10, 2, true],
    ['q', 4, 1, false],
    ['\u0003', 4, 1, false],
    ['', 4, 1, false],
    ['a', 4, 1, false],
    ['nq', 5, 2, false],
    ['\r\r\rq', 7, 4, false],
    ['n q', 9, 3, false],
    ['c', 10, 1, true],
    ['xyz q', 8, 2, false],
    ['Q', 4, 1, false],
  ])('%j', async ([keys, lines, asked, wanted]) => {
    expect(await page(keys, TEN)).toEqual({ lines, asked, wanted, left: 0 });
  });
});

test('what fits is not asked about', async () => {
  expect(await page('', TEN.slice(0, 4))).toMatchObject({ lines: 4, asked: 0 });
  expect(await page('q', TEN.slice(0, 5))).toMatchObject({ lines: 4, asked: 1 });
});

test('a folded line counts for the rows that it takes', async () => {
  const long = 'x'.repeat(50);
  expect(await page('q', [long, long])).toMatchObject({ lines: 1, asked: 1 });
  expect(await page('q', [long, long], { rows: 5, columns: 60 })).toMatchObject({ asked: 0 });
});

test('lines of one row are counted one by one', async () => {
  expect(await page('q', [TEN.join('\n')])).toMatchObject({ lines: 4, asked: 1, wanted: false });
});

test('a ends what is behind it on the line, until the next prompt', async () => {
  const keys = ['a'];
  const pager = new Pager({
    rows: 2,
    columns: 20,
    write: () => true,
    key: async () => keys.shift(),
  });
  pager.begin();
  expect(await pager.write('1\n')).toBe(true);
  expect(await pager.write('2\n')).toBe(false);
  expect(await pager.write('another command\n')).toBe(false);
  pager.begin();
  expect(await pager.write('the next line\n')).toBe(true);
});
