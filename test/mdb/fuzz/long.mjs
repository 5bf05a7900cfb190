/*
 * The fuzzer for as long as you like.
 *
 *     npm run fuzz                          a million inputs, from a seed of the clock
 *     npm run fuzz -- 5000 0x51f0           so many, from that seed
 *     npm run fuzz -- 1 0x51f0 1234         input 1234 of it, alone
 *
 * It is no part of `npm test`, for its length: that runs a few thousand.  What it finds names its seed and input.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [count = '1000000', given = String(Date.now() % 2 ** 32), first = '0'] =
  process.argv.slice(2);
const seed = Number(given);
const { status } = spawnSync(
  process.execPath,
  [
    `${root}node_modules/vitest/vitest.mjs`,
    'run',
    '--config',
    'test/vitest.config.ts',
    '--disableConsoleIntercept',
    'test/mdb/fuzz.test.ts',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, GRIDLOCK_FUZZ: `${Number(count)}:${seed}:${Number(first)}` },
  },
);
process.exitCode = status ?? 1;
