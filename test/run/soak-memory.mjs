/*
 * The memory of a soak: this process must be as large after 100,000 trials as it was after the first of them.
 *
 *     npm run test:soak-memory                 100,000 trials that pass
 *     npm run test:soak-memory -- 1000000      more of them
 *     npm run test:soak-memory -- 1000 split   trials that fail nearly always, each with a record of its own
 *
 * Method: `gridlock soak` over a program of one round, whose schedules a strategy chooses.  The trials are counted from the
 * records that it prints, its memory is read from the system at each.  What counts is the lower edge, the least in a stretch of
 * trials: above it is garbage.  The lower edge of the last fifth may not lie above that of the second fifth by more than
 * the collector's own restlessness.
 *
 * It is no part of `npm test`, for its length, and needs Linux, where one process can ask how large another is.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const FIFTHS = 5;
const GROWTH_MB_MAX = 12;
const [asked = '100000', variant = 'whole'] = process.argv.slice(2);
const trialsWanted = Number(asked);

const results = mkdtempSync(join(tmpdir(), 'gridlock-soak-memory-'));
const cli = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url)),
    'soak',
    fileURLToPath(new URL('../planted/once.js', import.meta.url)),
    ...`--variant ${variant} -s auto -d 1h --turn 10s --json --quiet`.split(' '),
    '--results',
    results,
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
);

/** [trials, megabytes] */
const samples = [];
let trials = 0;
for await (const line of createInterface({ input: cli.stdout })) {
  const record = JSON.parse(line);
  if (record.type === 'series') trials += record.passed;
  else if (record.type === 'trial') trials++;
  else continue;
  if (trials >= trialsWanted) break;
  samples.push([trials, megabytes(cli.pid)]);
}
cli.kill('SIGTERM');
await new Promise((resolve) => {
  if (cli.exitCode === null) cli.once('exit', resolve);
  else resolve(undefined);
});
rmSync(results, { recursive: true, force: true });

const lower = Array.from({ length: FIFTHS }, (_, i) => {
  const within = samples.filter(([at]) => Math.floor((at * FIFTHS) / trialsWanted) === i);
  return Math.min(...within.map(([, size]) => size));
});
const grown = lower.at(-1) - lower[1];
say(`${trials.toLocaleString('en')} trials of once ${variant}, ${samples.length} samples`);
say(`lower edge by fifths: ${lower.map((each) => each.toFixed(1)).join(', ')} MB`);
const isSteady = grown <= GROWTH_MB_MAX;
say(`from the second to the last: ${grown.toFixed(1)} MB, ${isSteady ? 'steady' : 'it grows'}`);
if (!isSteady) process.exitCode = 1;

function megabytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)[1]) / 1024;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
