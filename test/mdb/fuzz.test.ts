/*
 * Goal: whatever is typed, and whatever file is opened, the debugger answers or says why not, and soon.
 *
 * Method: a seeded fuzzer (fuzz/inputs.ts).  Here a few thousand inputs; `npm run fuzz -- N SEED` runs as many as
 * you like, a million by default.  A failure names its seed and its input, and `npm run fuzz -- 1 SEED INPUT` runs
 * that one alone.  The controls: a dcmd that throws, and one that says nothing for too long, are found.
 */

import { afterAll, expect, test } from 'vitest';
import { Fuzzer } from './fuzz/inputs.ts';

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
