/*
 * Goal: a lock of somebody else's that is wrong is a row which says what it did, with a dump where one can be taken, and the
 * others' figures beside it.
 *
 * Method: the locks of test/planted/peers, one right and the others its broken twins, in an arena of few and short rounds; how
 * fast anybody is does not matter here.  A lock that hangs takes seconds each time, so this is part of `npm run test:long`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Arena, Lane } from '../../src/bench/arena.ts';
import type { contenders } from '../../src/bench/peers.ts';
import type { cellSeed } from '../../src/bench/workloads/contended.ts';
import { gridlock, inScratch, MAIN } from '../cli/gridlock.ts';

const built = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../../dist/src/bench/${file}.js`, import.meta.url).href)) as T;

function planted(name: string): string {
  return fileURLToPath(new URL(`../planted/peers/${name}.js`, import.meta.url));
}

describe('a lock', () => {
  let scratch = '';
  let lanes: ReadonlyMap<string, Lane<number>>;
  let again: ReadonlyMap<string, Lane<number>>;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'gridlock-peers-'));
    process.chdir(scratch);
    const { Arena: Built } = await built<{ Arena: typeof Arena }>('arena');
    const find = await built<{ contenders: typeof contenders }>('peers');
    const seeds = await built<{ cellSeed: typeof cellSeed }>('workloads/contended');
    const names = ['right', 'loses', 'hangs', 'promises'].map(planted);
    const arena = new Built({
      question: 'lock-contended',
      module: './workloads/contended.js',
      variant: 'contended',
      params: { threads: 4 },
      contenders: await find.contenders('mutex', names),
      asked: { dumps: 'kept-' },
    });
    const cell = async (threads: number): Promise<ReadonlyMap<string, Lane<number>>> => {
      const order = {
        cell: `${threads}`,
        rounds: 2,
        durationMs: 150,
        seed: seeds.cellSeed(threads, 0),
      };
      const all = await arena.rounds(order, ({ outcomes }) => outcomes['entries'] ?? 0);
      return new Map(all.map((lane) => [lane.contender.name, lane]));
    };
    try {
      lanes = await cell(4);
      again = await cell(1);
    } finally {
      arena.stop();
    }
  });

  afterAll(() => {
    process.chdir(tmpdir());
    rmSync(scratch, { recursive: true, force: true });
  });

  test.for(['gridlock', 'right'])('%s has a figure of each round', (name) => {
    expect(lanes.get(name)).toMatchObject({
      failure: null,
      rounds: [expect.any(Number), expect.any(Number)],
    });
    expect(Math.min(...lanes.get(name)!.rounds)).toBeGreaterThan(0);
  });

  test.for([
    ['loses', /^lost \d+ updates$/, /^check: lost \d+ updates$/, false],
    ['hangs', /^hung$/, /^contender\/\d has been outside the kernel for/, true],
    ['promises', /^crashed$/, /lock\(\) came back before it had the lock/, true],
  ] as const)(
    '%s is told by its row, with a dump where one can be taken',
    ([name, what, says, dumped]) => {
      const { rounds, failure } = lanes.get(name)!;
      expect(rounds.length).toBeLessThan(2);
      expect(failure!.what).toMatch(what);
      expect(failure!.message).toMatch(says);
      expect(failure!.dump !== null && existsSync(failure!.dump)).toBe(dumped);
    },
  );

  test.for(['loses', 'hangs'])(
    '%s is tried again in the next cell, and is well when it is alone',
    (name) => {
      expect(again.get(name)).toMatchObject({
        failure: null,
        rounds: [expect.any(Number), expect.any(Number)],
      });
    },
  );

  test(
    'one that hung in two cells in a row is not tried a third time',
    { timeout: 60_000 },
    async () => {
      const { Arena: Built } = await built<{ Arena: typeof Arena }>('arena');
      const find = await built<{ contenders: typeof contenders }>('peers');
      const seeds = await built<{ cellSeed: typeof cellSeed }>('workloads/contended');
      const [, hangs] = await find.contenders('mutex', [planted('hangs')]);
      const arena = new Built({
        question: 'lock-contended',
        module: './workloads/contended.js',
        variant: 'contended',
        params: { threads: 4 },
        contenders: [hangs!],
        asked: { threads: [4], pin: false },
      });
      const seed = seeds.cellSeed(4, 0);
      const says = async (cell: string): Promise<string | undefined> => {
        const [lane] = await arena.rounds({ cell, rounds: 1, durationMs: 100, seed }, () => 0);
        // It was not said where dumps go, so there is none, here or elsewhere.
        expect(lane!.failure).toMatchObject({ what: 'hung', dump: null });
        expect(readdirSync('.').filter((name) => !name.startsWith('kept-'))).toEqual([]);
        return lane!.failure!.message;
      };
      try {
        expect(await says('first')).toContain('outside the kernel');
        expect(await says('second')).toContain('outside the kernel');
        expect(await says('third')).toContain('was not tried again');
      } finally {
        arena.stop();
      }
    },
  );

  test('the dump names the line that hangs, and no place of this disk', () => {
    const { dump } = lanes.get('hangs')!.failure!;
    expect(dump).toBe('kept-lock-contended-hangs-4.dump');
    const ran = gridlock('analyze', join(scratch, dump!), '--markdown');
    expect(ran.stdout).toContain('test/planted/peers/hangs.js:');
    expect(ran.stdout).toContain('--against');
    // Relative to where it was called, it may end in the same words.
    const root = fileURLToPath(new URL('../..', import.meta.url));
    expect(ran.stdout.replaceAll(`..${root}`, '')).not.toContain(root);
  });
});

test('a lock that fails is a row, a dump, and the exit code of a finding', () => {
  inScratch((directory) => {
    const args = ['bench', 'lock-pair.mutex', '--quick', '--against', planted('forgets')];
    const { status, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(stdout).toMatch(/^ {2}mutex +lock=forgets +hung /m);
    expect(stdout).toMatch(/^ {2}mutex +lock=futex +[\d.]+ns /m);
    expect(stdout).toMatch(/^lock-pair forgets: hung: taker has been outside the kernel/m);
    const dump = /^ {2}gridlock mdb (\S+)$/m.exec(stdout)?.[1] ?? '';
    expect(dump).toMatch(/^results[/\\]\w+[/\\]dumps[/\\]lock-pair-forgets-mutex\.dump$/);
    expect(existsSync(join(directory, dump))).toBe(true);
    expect(status).toBe(1);
  });
});

test('the dumps of several processes lie with their figures, wherever those are kept', () => {
  inScratch((directory) => {
    const kept = join(directory, 'deep', 'down');
    const words = 'bench lock-contended --quick --threads 2 --processes 2 --json --against';
    const args = [...words.split(' '), planted('hangs'), '--results', kept];
    const { status } = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 110_000,
    });
    expect(status).toBe(1);
    expect(readdirSync(directory)).toEqual(['deep']);
    const [id] = readdirSync(kept);
    const names = ['0', '1'].flatMap((process) =>
      ['0ns', '200ns'].map((section) => `${process}-lock-contended-hangs-2x${section}.dump`),
    );
    expect(readdirSync(join(kept, id!, 'dumps')).toSorted()).toEqual(names);
    // Relative to the directory, so that it can be sent to somebody.
    const journal = readFileSync(join(kept, id!, 'journal.ndjson'), 'utf8');
    for (const name of names) expect(journal).toContain(`"dump":"dumps/${name}"`);
    expect(journal).not.toContain(directory);
    const shown = gridlock('show', 'latest', '--results', kept).stdout;
    expect(shown).toContain(`gridlock mdb ${join(kept, id!, 'dumps', names[0]!)}`);
  });
});
