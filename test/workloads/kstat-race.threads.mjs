/*
 * The two threads of kstat-race.test.ts, and the schedule that they are made to follow.
 *
 *     step         reader                                   installer
 *     ---------    --------------------------------------   ------------------------------------------
 *     HELD                                                  has its kstat, has dropped kstat_chain_lock
 *     COUNTED      has counted, is about to allocate
 *     AT_LOCK                                               wants kstat_chain_lock again
 *                  allocates, copies
 *
 * Between COUNTED and AT_LOCK the installer does what the variant lets it do without the lock.  Both are
 * held by a probe, from the outside: the code under test is the workload's own, and does not know.
 */

import { parentPort, workerData } from 'node:worker_threads';

// The workload first: it lays out the globals.
await import('../../dist/workloads/kstat-race/workload.js');
const { header_snapshot_probe } = await import('../../dist/workloads/kstat-race/kstat_headers.js');
const { kstat_chain_lock } = await import('../../dist/workloads/kstat-race/kstat.js');
const { kstat_install } = await import('../../dist/workloads/kstat-race/kstat_fr.js');
const { kstat_chain_update, kstat_open } =
  await import('../../dist/workloads/kstat-race/libkstat.js');
const { attachImage, threadAt } = await import('../../dist/src/layout/image.js');
const { kmem_lock } = await import('../../dist/src/kernel/kmem.js');
const { mutex_owned } = await import('../../dist/src/kernel/mutex.js');
const { POINT, probe_attach } = await import('../../dist/src/kernel/probe.js');
const { thread_attach } = await import('../../dist/src/kernel/startup.js');

const [HELD, COUNTED, AT_LOCK] = [0, 1, 2];
const WAIT_MS = 20_000;

const { image, steps, row, part, ksp } = workerData;

function reached(step) {
  Atomics.store(steps, step, 1);
  Atomics.notify(steps, step);
}

function until(step) {
  if (Atomics.wait(steps, step, 0, WAIT_MS) === 'timed-out') throw new Error(`no step ${step}`);
}

function reader() {
  const outcomes = [];
  header_snapshot_probe((outcome) => {
    outcomes.push(outcome);
    parentPort.postMessage({ outcome }); //  at once: after a fault it is too late
  });
  until(HELD);
  let counted = false;
  probe_attach((point, object) => {
    if (counted || point !== POINT.acquire || object !== kmem_lock) return;
    if (!mutex_owned(kstat_chain_lock)) return;
    counted = true;
    reached(COUNTED);
    until(AT_LOCK);
  });
  const kc = kstat_open();
  kstat_chain_update(kc);
  return { headers: kc.kc_count };
}

function installer() {
  let points = 0;
  probe_attach((point, object) => {
    if (object !== kstat_chain_lock) return;
    if (point === POINT.released && ++points === 1) {
      reached(HELD);
      until(COUNTED);
    } else if (point === POINT.acquire && points === 1) {
      points++;
      reached(AT_LOCK);
    }
  });
  kstat_install(ksp);
  return {};
}

attachImage(image);
thread_attach(threadAt(row), 'held');
try {
  const result = part === 'reader' ? reader() : installer();
  parentPort.postMessage({ ...result, end: 'returned' });
} catch (error) {
  parentPort.postMessage({ end: error.name, message: error.message });
}
