/*
 * Owns a machine that stands still as it starts, until it is killed, or until it reads a line: then it ends.
 */

import { Supervisor } from '../../dist/src/run/supervisor.js';

process.stdin.once('data', () => {
  throw new Error('over');
});

await Supervisor.start({
  type: 'spec',
  url: new URL('../planted/standstill.js', import.meta.url).href,
  variant: 'twin',
  params: {},
  load: 0,
  track: 'held',
  pin: false,
  cpu: 0,
  control: null,
  noise: null,
});
