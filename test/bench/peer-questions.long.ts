/*
 * Goal: rwlock, condvar-handoff and semaphore measure locks that are right, and say of one that is not what it did.
 * Method: each question's workload in an arena with ours, the plain lock that is its floor, and broken twins, which must
 * fail in their own way and disturb nobody.  What is said of them is then put in a table.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import type { Lane } from '../../src/bench/arena.ts';
import { besideFigures, besideTable } from '../../src/bench/beside.ts';
import type { Failure } from '../../src/bench/figure.ts';
import { handoffOfSeed, seedOfHandoff } from '../../src/bench/handoff-cells.ts';
import type { PeerKind } from '../../src/bench/peer.ts';
import { OURS, type Contender } from '../../src/bench/peers.ts';
import { MIXES, mixOfSeed, seedOfMix } from '../../src/bench/rw-cells.ts';
import { seedOfUnits, unitsOfSeed } from '../../src/bench/unit-cells.ts';

const ROUNDS = fileURLToPath(new URL('rounds.mjs', import.meta.url));
const TWINS = fileURLToPath(new URL('../planted/peers', import.meta.url));

interface Came {
  readonly name: string;
  readonly rounds: readonly Readonly<Record<string, number>>[];
  readonly failure: Failure | null;
}

interface Asked {
  readonly kind: PeerKind;
  readonly module: string;
  readonly variant: string;
  readonly params: Readonly<Record<string, number>>;
  readonly seed: number;
  /** by its file, what it must be found out to do */
  readonly twins: Readonly<Record<string, RegExp>>;
  readonly outcome: string;
}

function rounds({ kind, module, variant, params, seed, twins }: Asked): Came[] {
  const cwd = mkdtempSync(join(tmpdir(), 'gridlock-arena-'));
  const contender = (name: string, file: string): Contender => ({
    ...OURS,
    name,
    file,
    kinds: [kind],
  });
  const contenders = [
    OURS,
    contender('plain', 'plain'),
    ...Object.keys(twins).map((name) => contender(name, relative(cwd, join(TWINS, `${name}.js`)))),
  ];
  const spec = {
    question: kind,
    module: `./workloads/${module}.js`,
    variant,
    params,
    contenders,
    asked: {},
  };
  const order = { cell: 'test', rounds: 2, durationMs: 100, seed };
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [ROUNDS, JSON.stringify({ spec, order })],
    { cwd, encoding: 'utf8' },
  );
  rmSync(cwd, { recursive: true, force: true });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Came[];
}

test.for<Asked>([
  {
    kind: 'rwlock',
    module: 'rwlocks',
    variant: 'mixed',
    params: { threads: 2 },
    seed: seedOfMix(2, MIXES[2]),
    twins: { 'two-writers': /^\d+ writes at once$/, 'reads-beside': /^\d+ reads beside a writer$/ },
    outcome: 'sections',
  },
  {
    kind: 'condvar',
    module: 'handoffs',
    variant: 'token',
    params: { threads: 2 },
    seed: seedOfHandoff(2, false),
    twins: { deaf: /^hung$/ },
    outcome: 'passed',
  },
  {
    kind: 'semaphore',
    module: 'units',
    variant: 'bounded',
    params: { threads: 2 },
    seed: seedOfUnits(2, 2),
    twins: { generous: /^\d+ units (beyond the room|that nobody had put in)$/ },
    outcome: 'used',
  },
])('$kind: ours and the plain one come through, and no broken one', (asked) => {
  const came = rounds(asked);
  for (const { name, rounds: done, failure } of came) {
    const wrong = asked.twins[name];
    if (wrong !== undefined) {
      expect(failure?.what, name).toMatch(wrong);
      continue;
    }
    expect(failure, name).toBeNull();
    expect(done, name).toHaveLength(2);
    for (const each of done) expect(each[asked.outcome], name).toBeGreaterThan(0);
  }
});

test('the seeds of the cells are all different, and are read as they were written', () => {
  for (const threads of [1, 2, 16]) {
    for (const mix of MIXES) expect(mixOfSeed(seedOfMix(threads, mix))).toEqual({ threads, mix });
    for (const isBare of [true, false])
      expect(handoffOfSeed(seedOfHandoff(threads, isBare))).toEqual({ threads, isBare });
    for (const room of [1, 16])
      expect(unitsOfSeed(seedOfUnits(threads, room))).toEqual({ threads, room });
  }
});

test('ours stands beside the best of those that came through, and a failure is said in its place', () => {
  const lane = (name: string, values: readonly number[], failure: Failure | null = null) => ({
    contender: name === OURS.name ? OURS : { ...OURS, name, file: name },
    rounds: values,
    failure,
  });
  const hung = { what: 'hung', message: 'nobody goes on', dump: null };
  const lanes: Lane<number>[] = [
    lane(OURS.name, [30, 30]),
    lane('slow', [60, 60]),
    lane('quick', [20, 20]),
    lane('quicker', [10], hung),
  ];
  const figures = besideFigures('semaphore', { threads: 2 }, lanes, [
    { name: 'unit', unit: 'us', pick: (us) => us, goal: 1 },
  ]);
  expect(figures.map(({ ratio, goal, params }) => [params['lock'], ratio, goal])).toEqual([
    ['gridlock', 1.5, 1],
    ['slow', null, null],
    ['quick', null, null],
    ['quicker', null, null],
  ]);
  expect(besideTable(figures, ['threads'], ['unit'])).toMatchInlineSnapshot(`
    "  THREADS  GRIDLOCK    SLOW   QUICK  QUICKER  ×BEST  NOTE
            2    30.0us  60.0us  20.0us  hung      1.50  -
      ×best: ours over the peer with the least unit of the row"
  `);
});
