/*
 * Goal: a lock of somebody else's is measured if it can be, and what is wrong with it is said if not: before
 * anything is measured where the file is no peer, and as a row, with the others' figures, where the lock is
 * wrong.
 *
 * Method: test/planted/peers has a file for each mistake, and one right lock of which the broken ones are
 * twins.  The rows come from an arena of few and short rounds; how fast anybody is does not matter here.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Arena, Lane } from '../../src/bench/arena.ts';
import type { contenders, peersOf } from '../../src/bench/peers.ts';
import type { cellSeed } from '../../src/bench/workloads/contended.ts';
import { gridlock, inScratch, MAIN, records } from '../cli/gridlock.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const built = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../../dist/src/bench/${file}.js`, import.meta.url).href)) as T;

function planted(name: string): string {
  return fileURLToPath(new URL(`../planted/peers/${name}.js`, import.meta.url));
}

const against = (peer: string) => gridlock('bench', 'lock-contended', '--quick', '--against', peer);

describe('a file that is no peer is refused before anything is measured', () => {
  test.for([
    ['throws', 2, 'it threw while it was imported: Error: no peace'],
    ['nothing', 2, 'it exports none of mutex, rwlock, condvar, semaphore'],
    ['half', 2, 'its mutex.open() returned no object with lock(), unlock(), or with locked()'],
    ['uncloneable', 2, 'its mutex.make() returned what no thread can be sent'],
    ['quits', 2, 'it ended its process (exit code 7)'],
    ['uninstalled', 3, 'the package a-package-that-nobody-has is not installed'],
    ['strange-option', 3, 'knows no option --an-option-that-no-node-has'],
    ['lacking', 3, 'it wants a Node of the next century'],
  ] as const)('%s', async ([name, exit, says]) => {
    const { peersOf: find } = await built<{ peersOf: typeof peersOf }>('peers');
    await expect(find([planted(name)])).rejects.toMatchObject({
      exit,
      message: expect.stringContaining(says) as string,
      values: { peer: expect.stringContaining(`${name}.js`) as string },
    });
  });

  test('two that would have one name in the tables', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gridlock-twins-'));
    try {
      const { peersOf: find } = await built<{ peersOf: typeof peersOf }>('peers');
      const files = ['right.js', 'futex.js', 'gridlock.js'].map((name) => join(directory, name));
      for (const file of files) copyFileSync(planted('right'), file);
      await expect(find([planted('right'), files[0]!])).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('would both be right in the tables') as string,
      });
      const { peers } = await find(['futex', ...files, files[0]!]);
      expect(peers.map(({ name }) => name)).toEqual(['futex', 'right', 'futex.js', 'gridlock.js']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('as the command line says it', () => {
    expect(against(planted('nothing'))).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: expect.stringContaining('gridlock init lock prints one that can') as string,
    });
  });

  test.for([
    ['futx', { code: 'PEER_UNKNOWN', exit: 2, values: { suggestion: 'futex' } }],
    ['./nowhere.js', { code: 'PEER_NOT_FOUND', exit: 2, values: { file: './nowhere.js' } }],
  ] as const)('a name that nobody has, or a path: %s', async ([name, failure]) => {
    const { peersOf: find } = await built<{ peersOf: typeof peersOf }>('peers');
    await expect(find([name])).rejects.toMatchObject(failure);
  });
});

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
      });
      const seed = seeds.cellSeed(4, 0);
      const says = async (cell: string): Promise<string | undefined> => {
        const [lane] = await arena.rounds({ cell, rounds: 1, durationMs: 100, seed }, () => 0);
        expect(lane!.failure!.what).toBe('hung');
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
    expect(existsSync(join(directory, dump))).toBe(true);
    expect(status).toBe(1);
  });
});

test('all is everybody who can run here, and who cannot is named', () => {
  const ran = gridlock('bench', 'probe-cost', '--quick', '--json', '--against', 'all');
  const [header] = records(ran) as { peers: { name: string }[]; absent: { name: string }[] }[];
  expect(ran.exit).toBe(0);
  expect(header!.peers.map(({ name }) => name)).toContain('futex');
  const names = [...header!.peers, ...header!.absent].map(({ name }) => name);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(names).toContain('v8');
});
