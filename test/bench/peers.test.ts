/*
 * Goal: what is no peer is refused before anything is measured, and said why; who can run here is known.
 *
 * Method: test/planted/peers has a file for each mistake, and one right lock of which the broken ones are twins.  How a lock
 * that is wrong shows once it is measured: arena.long.ts.
 */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { peersOf } from '../../src/bench/peers.ts';
import { gridlock, records } from '../cli/gridlock.ts';

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

test('all is everybody who can run here, and who cannot is named', () => {
  const ran = gridlock('bench', 'probe-cost', '--quick', '--json', '--against', 'all');
  const [header] = records(ran) as { peers: { name: string }[]; absent: { name: string }[] }[];
  expect(ran.exit).toBe(0);
  expect(header!.peers.map(({ name }) => name)).toContain('futex');
  const names = [...header!.peers, ...header!.absent].map(({ name }) => name);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(names).toContain('v8');
});
