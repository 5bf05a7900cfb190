/*
 * A thread that halts the machine as soon as another one is off its CPU: of the build, on an image of the test's.
 *
 * workerData: the image, and the address of the kthread to look at.
 */

import { workerData } from 'node:worker_threads';

const { bindWords, load, wait } = await import('../../dist/src/layout/word.js');
const { kthread, TS } = await import('../../dist/src/layout/records.js');
const { haltMachine } = await import('../../dist/src/run/halt.js');

const LOOK_MS = 5;
const LOOKS_MAX = 4_000;

bindWords(workerData.image);
const { t } = workerData;
let looks = 0;
while (load(t, kthread.state) !== TS.run && looks++ < LOOKS_MAX) {
  wait(t, kthread.state, TS.onproc, LOOK_MS);
}
haltMachine();
