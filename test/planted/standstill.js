/*
 * Planted: a module that makes the main thread of its machine stand still as it is imported, so that the machine neither says
 * nor hears anything.  First it writes the machine's pid to the file that STANDSTILL names.
 *
 * Twins: with LATE_MS it goes on after so long, with its event loop running; without both, a role that does nothing.
 */

import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { defineWorkload } from 'gridlock';

const { STANDSTILL, LATE_MS } = process.env;
if (isMainThread && process.send !== undefined) {
  if (LATE_MS !== undefined) await new Promise((resolve) => setTimeout(resolve, Number(LATE_MS)));
  else if (STANDSTILL !== undefined) {
    writeFileSync(STANDSTILL, String(process.pid));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

export default defineWorkload({
  name: 'standstill',
  title: 'a machine whose main thread stands still',
  variants: { twin: { title: 'nothing is done', verdict: 'pass' } },
  roles: [{ name: 'idler', psargs: 'idler', run: ({ progress }) => progress() }],
});
