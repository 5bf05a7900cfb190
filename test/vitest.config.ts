/*
 * How the tests run.
 *
 * Each file has a process of its own, for a test may boot machines, pin threads and die.  Two at a time,
 * so that threads which must race have processors left to race on, wherever this runs.
 *
 * The timeouts are what a stuck test costs, and no test may need them: what waits, waits for a word to
 * change, and says what it waited for.
 */

import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: 'test/scratch.ts',
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
