/*
 * Owns a machine, which its argument specifies as JSON, and which stands still as it starts, until it is killed, or until it reads a line: then it ends.
 */

import { Supervisor } from '../../dist/src/run/supervisor.js';

process.stdin.once('data', () => {
  throw new Error('over');
});

await Supervisor.start(JSON.parse(process.argv[2]));
