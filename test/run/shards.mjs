/*
 * A soak of everything in shards, on one machine: a process each, one killed for good, one killed and resumed, and merged.
 *
 *     npm run test:shards                                   eight shards, ten minutes
 *     npm run test:shards -- --duration 30s --shards 3      while something is being mended
 *     npm run test:shards -- --keep DIR                     what is left is there afterwards, whatever came of it
 *
 *     time        what
 *     --------    ---------------------------------------------------------------------------------------------
 *     0           all shards, as a CI starts them
 *     0.3         the last but one is killed with SIGKILL, in the middle of a turn
 *     0.4         the last is, and stays dead.  The machines of both must go by themselves
 *     0.5         the last but one is resumed
 *     1           all end; merge
 *
 * What is checked then is shards-check.mjs, and each of its checks must fail for a twin that is broken.
 *
 * All that is shipped comes to what it declares.  So on a machine that is as busy as this one makes itself, a finding is a
 * false alarm, and this fails: a soak that cries wolf on a busy machine is worth nothing.
 *
 * Nothing here can hang: each process has a bound, and what is waited for ends with one of them.  It is no part of `npm test`, for
 * its length.
 */

import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../dist/src/base/duration.js';
import {
  alarmsOf,
  faultsOfMerge,
  faultsOfShards,
  journalOf,
  stretchesOf,
} from './shards-check.mjs';
import { twins } from './shards-twins.mjs';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** What a shard may take beyond its duration: booting, its last trial, a dump, its end, on a machine that is busy. */
const JOB_MS = 300_000;
const MERGE_MS = 300_000;
/** A machine whose command line is gone notices by its pipe. */
const DEATH_MS = 30_000;
const LOOK_MS = 50;

const { values } = parseArgs({
  options: {
    duration: { type: 'string', default: '10m' },
    shards: { type: 'string', default: '8' },
    seed: { type: 'string', default: '20809' },
    keep: { type: 'string' },
  },
});
const durationMs = parseDuration(values.duration, '--duration');
const total = Number(values.shards);
if (!(total >= 3)) throw new Error('--shards: three at least, since one dies and one is resumed');
const root = values.keep ?? mkdtempSync(join(tmpdir(), 'gridlock-shards-'));
mkdirSync(root, { recursive: true });
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => running.forEach((child) => child.kill(signal)));

/** One of the shards: what it printed, and how its processes ended. */
class Shard {
  number;
  printed = [];
  heartbeats = 0;
  cuts = 0;
  exits = [];
  onTrial = () => undefined;

  constructor(number) {
    this.number = number;
  }

  get results() {
    return join(root, `shard-${this.number}`);
  }

  get directory() {
    return join(this.results, readdirSync(this.results)[0]);
  }

  /** Runs it, or goes on with it, to its end. */
  async run(...args) {
    const began = performance.now();
    const child = spawn(
      process.execPath,
      [MAIN, 'soak', ...args, '--shard', `${this.number}/${total}`, '--results', this.results]
        .concat(['--duration', values.duration, '--json', '--no-progress'])
        .concat(['--timeout', `${durationMs + JOB_MS}ms`]),
      { stdio: ['ignore', 'pipe', 'pipe'], timeout: durationMs + JOB_MS, killSignal: 'SIGKILL' },
    );
    this.child = child;
    running.add(child);
    const log = createWriteStream(join(root, `shard-${this.number}.log`), { flags: 'a' });
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.write(`${line}\n`);
      if (line.startsWith('heartbeat: ')) this.heartbeats++;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.endsWith('}')) return;
      const record = JSON.parse(line);
      if (['trial', 'series'].includes(record.type)) this.printed.push(record);
      if (record.type === 'trial') this.onTrial();
    });
    const exit = await new Promise((done) => {
      child.once('close', (code, signal) => done(code ?? signal));
    });
    running.delete(child);
    log.end();
    this.exits.push({ exit, seconds: (performance.now() - began) / 1000 });
    return exit;
  }

  /** Its next finished trial; at the latest, its end. */
  async trial() {
    const { child } = this;
    await new Promise((done) => {
      this.onTrial = () => done(undefined);
      if (child.exitCode !== null) done(undefined);
      child.once('close', done);
    });
  }

  /** Kills it at its next finished trial, and waits for the end of its machine.  @returns what is wrong */
  async kill() {
    const { child } = this;
    await this.trial();
    const machines = childrenOf(child.pid);
    child.kill('SIGKILL');
    this.cuts++;
    if (child.exitCode !== null) return [`shard ${this.number} had ended before it was killed`];
    const left = await outliving(machines);
    say(
      `shard ${this.number} killed, with ${machines.length} machine, gone by itself: ${left.length === 0}`,
    );
    return left.map((pid) => `shard ${this.number}: its machine ${pid} outlives it`);
  }

  /** As shards-check.mjs wants it. */
  read() {
    const { number, directory, printed, cuts } = this;
    return { number, directory, printed, cuts, ...journalOf(directory) };
  }
}

const begun = performance.now();
const shards = Array.from({ length: total }, (_, i) => new Shard(i + 1));
const [resumed, dead] = shards.slice(-2);
const faults = [];
say(`${total} shards of ${values.duration}, seed ${values.seed}, in ${root}`);
const all = shards.map((shard) => shard.run('--seed', values.seed));

await at(0.3);
faults.push(...(await resumed.kill()));
await at(0.4);
faults.push(...(await dead.kill()));
const atDeath = journalOf(dead.directory).records.length;
await at(0.5);
await all[total - 2];
all[total - 2] = resumed.run('--resume', resumed.directory);
const exits = await Promise.all(all);

const read = shards.map((shard) => shard.read());
for (const [i, exit] of exits.entries()) {
  const due = shards[i] === dead ? 'SIGKILL' : 0;
  if (exit !== due) faults.push(`shard ${i + 1} ended with ${exit}, not ${due}`);
}
const beats = Math.floor(durationMs / 60_000);
for (const { number, heartbeats } of shards.filter((shard) => shard !== dead && shard !== resumed))
  if (heartbeats < beats) faults.push(`shard ${number}: ${heartbeats} heartbeats, not ${beats}`);
if (read.at(-1).records.length !== atDeath) faults.push('the dead shard wrote on');
for (const alarm of alarmsOf(read)) faults.push(`false alarm: ${alarm}`);
faults.push(...faultsOfShards(read, total));

const directories = read.map(({ directory }) => directory);
const merged = await merge(directories, join(root, 'merged'));
say(merged.stdout.trim());
faults.push(...faultsOfMerge(read, merged.directory, merged.exit));
const turned = await merge(directories.toReversed(), join(root, 'turned'));
for (const file of ['journal.ndjson', 'run.json'])
  if (textOf(merged, file) !== textOf(turned, file))
    faults.push(`merged in another order, ${file} is another`);
const blind = await twins({ read, merged, total, root, merge });
faults.push(...blind.map((name) => `the checks do not see: ${name}`));

for (const shard of shards) {
  const trials = trialsOf(read[shard.number - 1].records);
  const ends = shard.exits.map(({ exit, seconds }) => `${exit} after ${Math.round(seconds)} s`);
  say(`shard ${shard.number}: ${trials.toLocaleString('en')} trials, ${ends.join(', ')}`);
}
const seconds = Math.round((performance.now() - begun) / 1000);
const sum = trialsOf(read.flatMap(({ records }) => records)).toLocaleString('en');
say(`${sum} trials, merged to exit code ${merged.exit}, ${seconds} s`);
for (const fault of faults.slice(0, 100)) say(fault);
say(faults.length === 0 ? 'fine' : `${faults.length} faults; kept: ${root}`);
if (faults.length > 0) process.exitCode = 1;
else if (values.keep === undefined) rmSync(root, { recursive: true, force: true });

/** Waits until a part of the duration is over. */
async function at(part) {
  await after(begun + durationMs * part - performance.now());
}

async function after(ms) {
  const signal = AbortSignal.timeout(Math.max(0, Math.round(ms)));
  await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
}

function trialsOf(records) {
  return stretchesOf(records)
    .filter(({ given }) => !given)
    .reduce(
      (n, { verdicts }) => n + Object.values(verdicts).reduce((one, other) => one + other, 0),
      0,
    );
}

async function merge(from, out) {
  const child = spawn(
    process.execPath,
    [MAIN, 'merge', ...from, '--out', out, '--color', 'never'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: MERGE_MS,
      killSignal: 'SIGKILL',
    },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  const exit = await new Promise((done) => {
    child.once('close', (code, signal) => done(code ?? signal));
  });
  return { exit, stdout, directory: resolve(out) };
}

function textOf({ directory }, file) {
  return readFileSync(join(directory, file), 'utf8');
}

/** Processes that this one started; none where the system does not tell. */
function childrenOf(pid) {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Those that are still there when the time is up. */
async function outliving(pids) {
  const until = performance.now() + DEATH_MS;
  // Their end is nobody's event but their parent's, which is gone.
  while (pids.some(isThere) && performance.now() < until) await after(LOOK_MS);
  return pids.filter(isThere);
}

/** Whether a process is there; a zombie is gone. */
function isThere(pid) {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
