/*
 * Goal: a file that somebody named is written whole, and what is there beside its bytes stays as it was: links, modes, devices.
 *
 * Method: each in an empty directory.  That a fault at any call leaves the old or the new is test/run/journal.test.ts.
 */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HOST_DISK, writeNamed, writeWhole, type Disk } from '../../src/base/disk.ts';

const isWindows = process.platform === 'win32';
let directory = '';
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'gridlock-disk-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllGlobals());

function path(name: string): string {
  return join(directory, name);
}

test('a new one, and one in the place of another', () => {
  for (const text of ['one', 'two, which is longer', '']) {
    writeNamed(path('x'), text);
    expect(readFileSync(path('x'), 'utf8')).toBe(text);
  }
  expect(readdirSync(directory)).toEqual(['x']);
});

test.skipIf(isWindows)('a link stays one, and what it leads to is written', () => {
  mkdirSync(path('there'));
  writeFileSync(path('there/file'), 'old');
  symlinkSync('there/file', path('link'));
  writeNamed(path('link'), 'new');
  expect(lstatSync(path('link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(path('there/file'), 'utf8')).toBe('new');
  // By its bytes alone a file takes the place of the link (control).
  writeWhole(path('link'), [Buffer.from('newer')]);
  expect(lstatSync(path('link')).isSymbolicLink()).toBe(false);
});

test.skipIf(isWindows).for([0o600, 0o664, 0o444])('a file keeps its mode %o', (mode) => {
  writeFileSync(path('x'), 'old');
  chmodSync(path('x'), mode);
  writeNamed(path('x'), 'new');
  expect(statSync(path('x')).mode & 0o777).toBe(mode);
});

test.skipIf(isWindows)('a device is written to, and stays one', () => {
  writeNamed('/dev/null', 'nothing');
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
});

test('a directory is an error, and stays', () => {
  mkdirSync(path('x/inside'), { recursive: true });
  expect(() => writeNamed(path('x'), 'text')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  expect(readdirSync(directory)).toEqual(['x']);
  expect(existsSync(path('x/inside'))).toBe(true);
});

test('two at a time do not write into the temporary of each other', () => {
  const renamed: string[] = [];
  const noted: Disk = {
    ...HOST_DISK,
    rename: (from, to) => {
      renamed.push(from);
      if (renamed.length === 1) writeWhole(path('x'), [Buffer.from('inner')], noted);
      HOST_DISK.rename(from, to);
    },
  };
  writeWhole(path('x'), [Buffer.from('outer')], noted);
  expect(new Set(renamed).size).toBe(2);
  expect(readFileSync(path('x'), 'utf8')).toBe('outer');
  expect(readdirSync(directory)).toEqual(['x']);
});

test.for([
  ['win32', 'EPERM', true],
  ['win32', 'ENOENT', false],
  ['linux', 'EPERM', false],
] as const)('on %s a rename that says %s is tried again: %s', ([platform, code, isTried]) => {
  vi.stubGlobal('process', { ...process, platform });
  let calls = 0;
  const busy: Disk = {
    ...HOST_DISK,
    rename: (from, to) => {
      if (++calls <= 3) throw Object.assign(new Error(code), { code });
      HOST_DISK.rename(from, to);
    },
  };
  const write = (): number => writeWhole(path('x'), [Buffer.from('text')], busy);
  if (isTried) expect(write()).toBe(4);
  else expect(write).toThrow(code);
  expect(calls).toBe(isTried ? 4 : 1);
  expect(readdirSync(directory)).toEqual(isTried ? ['x'] : []);
});
