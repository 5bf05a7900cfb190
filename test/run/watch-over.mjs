/*
 * A main thread that leaves the image half booted: `node watch-over.mjs over|early` prints what the watchdog made of it.
 *
 * Half booted is what bootImage() makes of it for a moment: nothing is decided, and the image is still of the last boot.
 * Here that moment lasts.  The watch in question has no time left, so its next look ends in a verdict.
 *
 *     over      the trial is decided, and the watch over, before that
 *     early     it is not: the main thread did not wait for that
 *
 * A process of its own: the watchdog's inspector reaches all threads of the process that it is in.
 */

import { Worker } from 'node:worker_threads';

const dist = new URL('../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { createImage } = await load('layout/image.js');
const { header, image_header } = await load('layout/records.js');
const word = await load('layout/word.js');
const { kernel_boot, thread_create } = await load('kernel/startup.js');
const { Orders } = await load('run/orders.js');
const { seriesOrder } = await load('bench/trial.js');

const UNDECIDED = 0;
const BY_WATCHDOG = 1;
const BY_MAIN = 2;

const url = new URL('../planted/idle.js', import.meta.url).href;
await import(url);
const image = createImage({ threads: 1, heapBytes: 4096 });
kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
thread_create({ name: 't', role: 't', psargs: 't', flags: 0 });

const watchdog = new Worker(new URL('run/watchdog.js', dist), { workerData: { image, url } });
const orders = new Orders(watchdog);
const decide = (by) => word.store(header, image_header.judge, by);
const trial = { ...seriesOrder(0, 1), durationMs: 0, hangMs: 60_000, timeoutMs: 0 };
const watch = {
  type: 'watch',
  boot: word.get(header, image_header.boot),
  workload: 'idle',
  variant: 'twin',
  strategy: 'free',
  params: {},
  outcomes: [],
  order: trial,
};

if (process.argv[2] === 'over') {
  decide(BY_MAIN);
  await orders.ask(watch, 'watching');
  await orders.rest();
  decide(UNDECIDED);
  // It has looked at its orders since.
  await orders.ask({ type: 'prepare', threadIds: [] }, 'prepared');
} else {
  decide(UNDECIDED);
  await orders.ask(watch, 'watching');
  await orders.heard('concluded');
}
const judged = word.load(header, image_header.judge) === BY_WATCHDOG;
const halted = word.load(header, image_header.halt) !== 0;
process.stdout.write(JSON.stringify({ judged, halted }));
await watchdog.terminate();
