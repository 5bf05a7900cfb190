/*
 * Goal: whatever is typed, and whatever file is opened, the debugger answers or says why not, and soon.
 *
 * Method: a seeded fuzzer (fuzz/inputs.ts).  Here a few thousand inputs; `npm run fuzz -- N SEED` runs as many as
 * you like, a million by default.  A failure names its seed and its input, and `npm run fuzz -- 1 SEED INPUT` runs
 * that one alone.  The controls: a dcmd that throws, and one that says nothing for too long, are found.
 */

import { afterAll, expect, test } from 'vitest';
import type { Row } from '../../src/mdb/dcmd.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import { Fuzzer } from './fuzz/inputs.ts';
import { openGolden } from './session.ts';

const [count = 4000, seed = 9056, first = 0] = (process.env['GRIDLOCK_FUZZ'] ?? '')
  .split(':')
  .filter((each) => each !== '')
  .map(Number);
const isLong = process.env['GRIDLOCK_FUZZ'] !== undefined;
const REPORT_EVERY = 10_000;

// A belt to the braces of lines.ts.
process.env['SHELL'] = '/bin/false';
const fuzzer = new Fuzzer(seed);
afterAll(() => fuzzer.close());

test(`${count} inputs from seed ${seed}`, { timeout: isLong ? 0 : 30_000 }, async () => {
  const failures: string[] = [];
  for (let input = first; input < first + count && failures.length < 20; input++) {
    try {
      await fuzzer.run(input);
    } catch (error) {
      failures.push((error as Error).message);
      if (isLong) process.stderr.write(`${(error as Error).message}\n`);
    }
    if (isLong && (input + 1) % REPORT_EVERY === 0) {
      process.stderr.write(`${input + 1 - first} of ${count}: ${JSON.stringify(fuzzer.tally)}\n`);
    }
  }
  if (isLong) process.stderr.write(`${JSON.stringify(fuzzer.tally)}\n`);
  expect(failures).toEqual([]);
});

test.for<[string, () => Iterable<Row>, RegExp | undefined]>([
  [
    'one that throws is found, with seed, input and line',
    () => {
      throw new TypeError('x is undefined');
    },
    /^seed 9056, input 7: "::planted": TypeError: x is undefined/,
  ],
  [
    'one that never ends is stopped between its rows, and is none',
    function* () {
      for (;;) yield {};
    },
    undefined,
  ],
  [
    'one that is silent for too long is found',
    function* () {
      const begin = performance.now();
      while (performance.now() - begin < 5_100);
      yield {};
    },
    /^seed 9056, input 7: "::planted": Error: took 5\d\d\d ms/,
  ],
])('control: of dcmds, %s', async ([, run, found]) => {
  const { target } = await openGolden('read-hold.planted');
  const planted = {
    name: 'planted',
    usage: '',
    address: 'none',
    summary: 's',
    help: 'h',
    run,
  } as const;
  const session = sessionOf(target, { dmods: [{ name: 'test', dcmds: [planted] }] });
  const control = new Fuzzer(9056);
  try {
    const typed = control.type(7, session, '::planted');
    if (found === undefined) expect(await typed).toBe(false);
    else await expect(typed).rejects.toThrow(found);
  } finally {
    control.close();
  }
});
