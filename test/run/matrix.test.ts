/*
 * Goal: whatever the children of a matrix do, it comes to its end with what they said, and with the worst of their exits.
 * Method: children that are one line of script each, and say what a run would, or fail as one can: exit codes, a signal, junk,
 * silence, a binary that is not there.  The twins are children that do as they should.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Matrix, type MatrixOptions } from '../../src/run/matrix.ts';
import type { Configuration } from '../../src/run/matrix-axes.ts';
import type { TurnEnd } from '../../src/run/matrix-records.ts';
import { readJournal } from '../../src/run/results.ts';
import { readRun } from '../../src/report/model.ts';
import { summaryOf, trialOf } from '../report/made.ts';

let place = '';
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'gridlock-matrix-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

type Script = string | ((round: number) => string);

/** A matrix of children that are these scripts, by the names of their configurations. */
async function matrixOf(
  scripts: Readonly<Record<string, Script>>,
  more: Partial<MatrixOptions> = {},
  hear: (matrix: Matrix, record: object) => void = () => undefined,
) {
  const root = mkdtempSync(join(place, 'm'));
  const configurations = Object.keys(scripts).map(configurationOf);
  const turns: TurnEnd[] = [];
  const said: object[] = [];
  const matrix: Matrix = new Matrix(
    {
      command: 'run',
      axes: [{ name: 'c', values: Object.keys(scripts) }],
      configurations,
      rounds: 1,
      childArgs: ({ settings }, round, results) => {
        const script = scripts[settings['c']!]!;
        const text = typeof script === 'string' ? script : script(round);
        return ['-e', `const results = ${JSON.stringify(results)}; ${text}`];
      },
      rootSeed: 7,
      resultsRoot: root,
      ...more,
    },
    {
      onTurnEnd: (end) => turns.push(end),
      onRecord: (record) => {
        said.push(record);
        hear(matrix, record);
      },
    },
  );
  const result = await matrix.run();
  return { ...result, directory: result.results.directory, turns, said };
}

function configurationOf(name: string): Configuration {
  const node = { version: process.versions.node, file: process.execPath };
  return { name: `c=${name}`, settings: { c: name }, node, flags: [] };
}

/** A child that has a results directory of its own, says these records, and exits. */
function says(records: readonly object[], exit: number, declared = 'deadlock'): string {
  const { workload, variant, strategy } = trialOf();
  const facts = { workload, variant, strategy, params: {}, settings: {}, declared, trials: 9 };
  const manifest = JSON.stringify({ campaigns: [facts], asked: [{ workload, variant }] });
  const lines = [{ type: 'header', schema: 1 }, ...records, { type: 'end', exit }];
  const text = lines.map((each) => JSON.stringify(each)).join('\n');
  return `
    const fs = require('node:fs');
    fs.mkdirSync(results + '/one/dumps', { recursive: true });
    fs.writeFileSync(results + '/one/manifest.json', ${JSON.stringify(manifest)});
    fs.writeFileSync(results + '/one/dumps/a.dump', 'a dump');
    fs.writeFileSync(results + '/one/dumps/a.sched', 'its schedule');
    process.stdout.write(${JSON.stringify(`${text}\n`)});
    process.exitCode = ${exit};`;
}

const failed = (index: number, more = {}) =>
  trialOf({ index, grade: 'expected', dump: 'dumps/a.dump', ...more });
const passed = (index: number) =>
  trialOf({ index, verdict: 'pass', grade: 'interesting', signature: '', dump: null });

test('records of children become ours, with their configuration, and their dumps are here', async () => {
  const summary = { ...summaryOf([failed(0)]), declared: 'deadlock', dump: 'dumps/a.dump' };
  const { directory, exit, said } = await matrixOf({
    a: says([failed(0), passed(1), { ...summary, trials: 2 }], 0),
    b: says([passed(0), { ...summaryOf([]), trials: 1, grade: 'forbidden' }], 1),
  });
  expect(exit).toBe(1);
  const trials = said.filter((each) => 'index' in each);
  expect(trials).toMatchObject([
    { configuration: 'c=a', campaign: 0, dump: 'dumps/1-1-a.dump' },
    { configuration: 'c=a', campaign: 0, dump: null },
    { configuration: 'c=b', campaign: 1, dump: null },
  ]);
  expect(readdirSync(join(directory, 'dumps'))).toEqual(['1-1-a.dump', '1-1-a.sched']);
  expect(said.at(-1)).toEqual({ type: 'end', exit: 1 });
  // And it is read as a run of two campaigns.
  const model = readRun(directory);
  expect(model).toMatchObject({ isDone: true, exit: 1 });
  expect(model.campaigns.map(({ configuration, trials: n }) => [configuration, n])).toEqual([
    ['c=a', 2],
    ['c=b', 1],
  ]);
  expect(readFileSync(join(directory, 'manifest.json'), 'utf8')).not.toContain(place);
  expect(readFileSync(join(directory, 'journal.ndjson'), 'utf8')).not.toContain(place);
});

test('what showed in one round has shown (control: in none, it is a finding)', async () => {
  const summary = (grade: string) => ({ ...summaryOf([]), declared: 'deadlock', grade });
  const shy = (round: number): string => says([passed(round - 1), summary('forbidden')], 1);
  const lucky = (round: number): string =>
    round === 2 ? says([failed(1), summary('expected')], 0) : shy(round);
  const both = await matrixOf({ lucky, shy }, { rounds: 2 });
  expect(both.turns.map(({ exit }) => exit)).toEqual([1, 1, 0, 1]);
  expect(both.exit).toBe(1);
  expect(both.summaries.map(({ grade, trials }) => [grade, trials])).toEqual([
    ['expected', 2],
    ['forbidden', 2],
  ]);
  expect((await matrixOf({ lucky }, { rounds: 2 })).exit).toBe(0);
});

test.for([
  { how: 'exits with 3', script: "process.stderr.write('no room'); process.exit(3)", exit: 3 },
  { how: 'is at fault', script: 'process.exit(70)', exit: 70 },
  { how: 'exits with what is no code of ours', script: 'process.exit(42)', exit: 70 },
  { how: 'throws', script: "throw new Error('lost')", exit: 70 },
  { how: 'is killed', script: "process.kill(process.pid, 'SIGKILL')", exit: 70 },
  { how: 'says junk', script: "console.log('{]'); console.log('null'); console.log(7)", exit: 0 },
  { how: 'does nothing', script: '', exit: 0 },
])('a child that $how costs its turn alone', async ({ script, exit }) => {
  const ran = await matrixOf({ bad: script, good: says([failed(0)], 0) });
  expect(ran.exit).toBe(exit);
  expect(ran.turns).toHaveLength(2);
  expect(ran.turns[1]).toMatchObject({ configuration: 'c=good', exit: 0, message: null });
  expect(readRun(ran.directory).campaigns.map(({ trials }) => trials)).toEqual([1]);
});

test('what a child that failed said last is kept', async () => {
  const { turns, directory } = await matrixOf({
    bad: "process.stderr.write('one\\ntwo\\nno  room\\n'); process.exit(3)",
  });
  expect(turns[0]).toMatchObject({ exit: 3, message: 'two; no room' });
  const { records } = readJournal(join(directory, 'journal.ndjson'));
  expect(records.find(({ type }) => type === 'configuration')).toMatchObject({ exit: 3 });
});

test('one that refuses its command line is the last', async () => {
  const ran = await matrixOf({ bad: 'process.exit(2)', good: says([failed(0)], 0) });
  expect(ran.turns).toHaveLength(1);
  expect(ran.exit).toBe(2);
});

test('a binary that is gone by now is said', async () => {
  const gone = { version: '99.0.0', file: join(place, 'gone') };
  const { turns, exit } = await matrixOf(
    { a: '' },
    { configurations: [{ ...configurationOf('a'), node: gone }] },
  );
  expect(exit).toBe(70);
  expect(turns[0]!.message).toMatch(/spawn node ENOENT/);
});

test('a child that says nothing is ended', async () => {
  const script = "process.on('SIGTERM', () => process.exit(143)); setInterval(() => {}, 1000)";
  const { turns, exit } = await matrixOf({ mute: script }, { silenceMs: 500 });
  expect(turns[0]).toMatchObject({ exit: 143 });
  expect(exit).toBe(143);
});

test('told to stop, it passes that on, and keeps what is said until then', async () => {
  const last = JSON.stringify(`${JSON.stringify(failed(1))}\n`);
  const flushes = `
    process.on('SIGINT', () => process.stdout.write(${last}, () => process.exit(130)));
    setInterval(() => {}, 1000);
    ${says([failed(0)], 0)}`;
  const { directory, exit, turns } = await matrixOf(
    { first: flushes, second: says([failed(0)], 0) },
    {},
    (matrix, record) => {
      if ('index' in record && record.index === 0) matrix.stop('SIGINT');
    },
  );
  expect(exit).toBe(130);
  expect(turns).toMatchObject([{ configuration: 'c=first', exit: 130, message: null }]);
  expect(readRun(directory)).toMatchObject({ exit: 130, campaigns: [{ trials: 2 }] });
});
