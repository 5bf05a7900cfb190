/*
 * Machines for tests of questions: from the build, since no TypeScript loader helps a process of its own.
 */

import type {
  benchMachine as BenchMachine,
  benchTrial as BenchTrial,
} from '../../src/bench/trial.ts';

const built = (await import(new URL('../../dist/src/bench/trial.js', import.meta.url).href)) as {
  benchMachine: typeof BenchMachine;
  benchTrial: typeof BenchTrial;
};

export const { benchMachine, benchTrial } = built;
