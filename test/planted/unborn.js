/*
 * Planted: a module that is never done with importing itself, in a machine.  It writes the machine's pid to the file that
 * UNBORN names, so that whoever waits for that moment finds it there.
 *
 * Twin: without UNBORN, a role that does nothing.
 */

import { writeFileSync } from 'node:fs';
import { defineWorkload } from 'gridlock';

const file = process.env.UNBORN;
// The command line imports it as well, to know its variants; only a machine has somebody to send to.
if (file !== undefined && process.send !== undefined) {
  writeFileSync(file, String(process.pid));
  await new Promise(() => undefined);
}

export default defineWorkload({
  name: 'unborn',
  title: 'a machine that is never ready',
  variants: { twin: { title: 'nothing is done', verdict: 'pass' } },
  roles: [{ name: 'idler', psargs: 'idler', run: ({ progress }) => progress() }],
});
