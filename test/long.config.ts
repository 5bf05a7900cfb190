/*
 * The tests that take long: npm run test:long.  They start dozens of machines, and some wait until a lock that hangs is known to;
 * npm test has of each what is quick.
 */

import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: 'test/scratch.ts',
    include: ['test/**/*.long.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
