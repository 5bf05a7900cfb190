/*
 * The soak: a machine without a fault, under more threads than it has CPUs, for as long as you like.  Every
 * verdict but pass is a false alarm.
 *
 *     npm run test:soak                     ten minutes, 64 threads
 *     npm run test:soak -- 60 128           an hour, 128 threads
 *
 * The workload is test/planted/mixed.js: every kind of lock, in one order.  It runs as a user would run it, by
 * the command line and with its defaults, in trials of a minute, so that boots and ends are soaked too.  One
 * machine must do for all of them: one that had to be replaced is a finding as well.
 *
 * It is no part of `npm test`, for its length.  What it finds is kept, and named at the end.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const TRIAL_S = 60;
const [minutes = '10', threads = '64'] = process.argv.slice(2);
const trials = Math.max(1, Math.round((Number(minutes) * 60) / TRIAL_S));
const seconds = Math.min(TRIAL_S, Number(minutes) * 60);

const results = mkdtempSync(join(tmpdir(), 'gridlock-soak-'));
const cli = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url)),
    'run',
    fileURLToPath(new URL('../planted/mixed.js', import.meta.url)),
    ...`--variant twin -P threads=${threads} -n ${trials} -d ${seconds}s --json --no-progress`.split(
      ' ',
    ),
    '--results',
    results,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cli.kill(signal));

const faults = [];
let done = 0;
for await (const line of createInterface({ input: cli.stdout })) {
  const record = JSON.parse(line);
  if (record.type === 'trial') {
    done++;
    const progress = Object.values(record.progress).reduce((sum, n) => sum + n, 0);
    say(
      `${done}/${trials}  ${record.verdict}  ${progress.toLocaleString('en')} steps  ${record.message ?? ''}`,
    );
    if (record.verdict !== 'pass')
      faults.push(`trial ${record.index}: ${record.verdict}: ${record.message}`);
  } else if (record.type === 'summary' && record.machines !== 1) {
    faults.push(`it took ${record.machines} machines`);
  }
}
const exit = await new Promise((resolve) => {
  if (cli.exitCode === null) cli.once('exit', resolve);
  else resolve(cli.exitCode);
});
if (exit !== 0) faults.push(`the command line ended with ${exit}`);
if (done !== trials) faults.push(`${done} of ${trials} trials were run`);

if (faults.length === 0) {
  say(`no alarm: ${trials} trials of ${seconds} s, ${threads} threads`);
  rmSync(results, { recursive: true, force: true });
} else {
  for (const fault of faults) say(fault);
  say(`kept: ${results}`);
  process.exitCode = 1;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
