/*
 * Goal: `run --matrix` from end to end: the flags of a configuration reach the threads of its machine, its trials are counted
 * under its name, and the worst decides the exit.
 * Method: a workload that says whether there is a compiler.  The configuration with one is the control of that without.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gridlock, inScratch, records } from './gridlock.ts';

const RUNTIME = 'test/planted/runtime.js';
/** What starts several processes, on a busy machine. */
const LONG = { timeout: 60_000 };

test('each configuration is run by its own flags, and is named in all that is said', () => {
  inScratch((results) => {
    const ran = gridlock(
      ...words('run --variant picky -n 2 -d 20ms --seed 7 --matrix v8=default,jitless --json'),
      RUNTIME,
      '--results',
      results,
    );
    expect(ran.exit, ran.stderr).toBe(1);
    const all = records(ran);
    const trials = all.filter(({ type }) => type === 'trial');
    const told = trials.map(({ configuration, verdict, outcomes, index }) => [
      configuration,
      verdict,
      Object.entries(outcomes as object).find(([, n]) => n > 0)?.[0],
      index,
    ]);
    // In rounds, of which each has its share of the same trials.
    expect(told).toEqual([
      ['v8=default', 'pass', 'compiled', 0],
      ['v8=jitless', 'panic', 'interpreted', 0],
      ['v8=default', 'pass', 'compiled', 1],
      ['v8=jitless', 'panic', 'interpreted', 1],
    ]);
    expect(trials[0]!['seed']).toBe(trials[1]!['seed']);
    expect(all[0]).toMatchObject({ type: 'header', seed: 7 });
    expect(all.at(-1)).toEqual({ type: 'end', exit: 1 });

    const run = join(results, readdirSync(results)[0]!);
    for (const file of ['manifest.json', 'journal.ndjson', 'run.json'])
      expect(readFileSync(join(run, file), 'utf8'), file).not.toContain(results);
    expect(readFileSync(join(run, 'manifest.json'), 'utf8')).not.toContain(process.execPath);
    expect(trials[1]!['replay']).toMatch(/^gridlock run .* --matrix v8=jitless$/);

    const shown = gridlock('show', 'latest', '--results', results).stdout;
    expect(shown).toMatch(/default +2 .*expected/);
    expect(shown).toMatch(/jitless +2 .*FORBIDDEN/);
  });
});

test('what is run everywhere as it should is ok, by any axis', () => {
  inScratch((results) => {
    const ran = gridlock(
      ...words('run --variant twin -d 20ms --matrix threads=1,2 --matrix pin=off -q'),
      RUNTIME,
      '--results',
      results,
    );
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/THREADS +PIN +TRIALS/);
    expect(ran.stdout.match(/expected/g)).toHaveLength(2);
  });
});

test.for([
  { axis: 'v8=jitles', exit: 2, says: 'did you mean jitless?' },
  { axis: 'node=1', exit: 3, says: 'npm install --no-save node-1@npm:' },
  { axis: 'thread=1,2', exit: 2, says: 'has no parameter thread' },
  { axis: 'threads=1,9', exit: 2, says: 'threads is 9, outside 1 to 4' },
  { axis: 'pin=maybe', exit: 2, says: 'on, off' },
  { axis: 'strategy=free,rnd', exit: 2, says: 'no strategy is named rnd' },
])('$axis is refused before anything runs', ({ axis, exit, says }) => {
  inScratch((results) => {
    const ran = gridlock('run', RUNTIME, '--matrix', axis, '--results', results);
    expect(ran.stderr).toContain(says);
    expect(ran.exit).toBe(exit);
    expect(readdirSync(results)).toEqual([]);
  });
});

test('a matrix is no shard; a bench has no load; a soak is not resumed', () => {
  const shard = gridlock(...words('run --matrix v8=default,jitless --shard 1/2'), RUNTIME);
  expect(shard.stderr).toContain('not divided into shards');
  expect(shard.exit).toBe(2);
  const bench = gridlock('bench', 'probe-cost', '--matrix', 'load=2,4');
  expect(bench.stderr).toContain('bench has no axis load; it has node, v8, threads, pin');
  expect(bench.exit).toBe(2);
  const soak = gridlock(...words('soak --matrix threads=2,4 -d 1s'), RUNTIME);
  expect(soak.stderr).toContain('soak has no axis threads; it has node, v8, pin, load, strategy');
  expect(soak.exit).toBe(2);
  const resumed = gridlock(...words('soak --resume latest --matrix v8=jitless'), RUNTIME);
  expect(resumed.stderr).toContain('a matrix is not resumed');
  expect(resumed.exit).toBe(2);
});

test.for([
  { question: 'probe-cost', axis: 'threads=2,4', says: 'probe-cost has no use for --threads' },
  { question: 'boot', axis: 'threads=2,257', says: '257 is not a number from 1 to 256' },
  { question: 'boot', axis: 'threads=2,some', says: 'some is not a number of threads' },
  { question: 'probe-cost', axis: 'pin=on,off', says: 'probe-cost has no use for --no-pin' },
  { question: 'boot', axis: 'pin=maybe', says: 'on, off' },
  { question: 'boot.warmth', axis: 'pin=on,off', says: 'boot has no figure warmth' },
])('bench $question: $axis is refused before anything is measured', ({ question, axis, says }) => {
  inScratch((results) => {
    const ran = gridlock('bench', question, '--matrix', axis, '--results', results);
    expect(ran.stderr).toContain(says);
    expect(ran).toMatchObject({ exit: 2, stdout: '' });
    expect(readdirSync(results)).toEqual([]);
  });
});

test('bench: threads and pins are axes, and each configuration measures what it says', LONG, () => {
  inScratch((results) => {
    const ran = gridlock(
      ...words('bench boot.warm --quick --matrix threads=1,2 --matrix pin=off --rounds 1 --json'),
      '--results',
      results,
    );
    expect(ran.exit, ran.stderr).toBe(0);
    const figures = records(ran).filter(({ type }) => type === 'figure');
    expect(figures.map(({ configuration, params }) => [configuration, params])).toEqual([
      ['threads=1,pin=off', { threads: 1 }],
      ['threads=2,pin=off', { threads: 2 }],
    ]);
    const shown = gridlock('show', 'latest', '--results', results).stdout;
    expect(shown).toMatch(/warm +- +1 +off /);
    expect(shown).toMatch(/warm +- +2 +off /);
  });
});

test.for([
  ['bench', 'probe-cost', '--threshold', 'probe-cost.asked: med<2'],
  ['bench', 'probe-cost', '--export-csv', 'x.csv'],
  ['run', RUNTIME, '--save-baseline', 'main'],
  ['soak', RUNTIME, '--threshold', 'failures: count<1'],
] as const)(
  '%s of a matrix is not judged: %s %s is refused, and not ignored',
  ([command, ...args]) => {
    const ran = gridlock(command, ...args, '--matrix', 'v8=default');
    expect(ran.stderr).toContain(`${args[1]} is of one configuration`);
    expect(ran).toMatchObject({ exit: 2, stdout: '' });
  },
);

function words(line: string): string[] {
  return line.split(' ');
}
