/*
 * Goal: the axes of a matrix become its configurations, and what cannot be run is refused before anything is.
 * Method: texts whose product is known; packages of Node made up in a directory, of which the binaries are scripts that
 * say a version; the flags of the Node that runs this.  Each refusal has a twin that is let pass.
 */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configurationsOf, parseAxes } from '../../src/run/matrix-axes.ts';
import { installedNodes, installLine, nodesOf } from '../../src/run/node-binaries.ts';
import { isFlagOf, nameOf, v8FlagsOf } from '../../src/run/v8-flags.ts';

const HERE = process.versions.node;
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
let place = '';

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'gridlock-axes-'));
  packaged('node-90', PACKAGE, '90.1.2');
  packaged('node-90-old', PACKAGE, '90.0.9');
  packaged('node-lies', 'something-else', '91.0.0');
  packaged('node-12', PACKAGE, '12.22.12');
  scripted(join(place, 'mute'), 'exit 0');
  scripted(join(place, 'broken'), 'exit 7');
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

function holding(text: string): string {
  return expect.stringContaining(text) as string;
}

function matching(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string;
}

function packaged(folder: string, name: string, version: string): void {
  const bin = join(place, 'node_modules', folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, '..', 'package.json'), JSON.stringify({ name, version }));
  scripted(join(bin, 'node'), `echo v${version}`);
}

function scripted(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}

describe('axes', () => {
  test('one value of each, the last changing fastest', async () => {
    const axes = parseAxes(['pin=on,off', 'threads=2, 4']);
    expect(axes).toEqual([
      { name: 'pin', values: ['on', 'off'] },
      { name: 'threads', values: ['2', '4'] },
    ]);
    const all = await configurationsOf(axes, place);
    expect(all.map(({ name }) => name)).toEqual([
      'pin=on,threads=2',
      'pin=on,threads=4',
      'pin=off,threads=2',
      'pin=off,threads=4',
    ]);
    expect(all[0]).toMatchObject({
      settings: { pin: 'on', threads: '2' },
      node: { version: HERE, file: process.execPath },
      flags: [],
    });
  });

  test.for([
    { texts: ['v8'], says: 'not a name' },
    { texts: ['=2'], says: 'not a name' },
    { texts: ['a='], says: 'empty' },
    { texts: ['a=1,,2'], says: 'empty' },
    { texts: ['a=1,2,1'], says: '1 is there twice' },
    { texts: ['a=1', 'a=2'], says: 'a is there already' },
  ])('$texts is refused: $says', ({ texts, says }) => {
    expect(() => parseAxes(texts)).toThrow(
      expect.objectContaining({
        code: 'MATRIX_AXIS',
        exit: 2,
        message: holding(says),
      }),
    );
  });

  test('the product is bounded: 64 are run, 65 are not', async () => {
    const axis = (name: string, n: number): string =>
      `${name}=${Array.from({ length: n }, (_, i) => i).join(',')}`;
    expect(await configurationsOf(parseAxes([axis('a', 8), axis('b', 8)]), place)).toHaveLength(64);
    await expect(
      configurationsOf(parseAxes([axis('a', 13), axis('b', 5)]), place),
    ).rejects.toMatchObject({ code: 'MATRIX_SIZE', exit: 2, values: { count: 65 } });
  });
});

describe.skipIf(process.platform === 'win32')('versions of Node', () => {
  test('a package counts by the name inside it, whatever its folder is called', () => {
    const versions = installedNodes(join(place, 'below')).map(({ version }) => version);
    expect(versions).toEqual(expect.arrayContaining(['90.1.2', '90.0.9', '12.22.12']));
    expect(versions).not.toContain('91.0.0');
  });

  test('the newest that fits; this one needs no package', async () => {
    const major = HERE.split('.')[0]!;
    const found = await nodesOf(['90', '90.0', major], place);
    expect(found.map(({ version }) => version)).toEqual(['90.1.2', '90.0.9', HERE]);
    expect(found[2]!.file).toBe(process.execPath);
  });

  test('a path is a binary, or a folder of one; both are called by what it says', async () => {
    const folder = join('node_modules', 'node-90');
    const [byFolder] = await nodesOf([`./${folder}`], place);
    const [byFile] = await nodesOf([join(place, folder, 'bin', 'node')], place);
    expect(byFolder!.version).toBe('90.1.2');
    expect(byFile!.version).toBe('90.1.2');
  });

  test('what is not there is said, with the command that gets it', async () => {
    const asked = nodesOf(['90', '77', './nowhere'], place);
    await expect(asked).rejects.toMatchObject({
      code: 'NODE_MISSING',
      exit: 3,
      message: matching(/77, \.\/nowhere is not installed here; what is: .*90\.1\.2/),
      hint: holding(
        `npm install --no-save node-77@npm:${PACKAGE}@77 node-90@npm:${PACKAGE}@90.1.2\n90.1.2 is in it since npm takes away`,
      ),
    });
    expect(installLine([], [])).toEqual({ command: '', kept: '' });
  });

  test('of what is there, only what the install would take away is in its command', async () => {
    const manifest = join(place, 'package.json');
    const hintOf = async (asked: readonly string[], from = place): Promise<string> =>
      nodesOf(asked, from).then(
        () => '',
        (error: unknown) => (error as { hint: string }).hint,
      );
    const bare = `install it: npm install --no-save node-77@npm:${PACKAGE}@77\nor name`;
    // This process's own is in no package; what was not asked for is not our affair.
    expect(await hintOf([HERE, '77'])).toContain(bare);
    // Saved, so npm leaves it; the twin is the test before this one.
    writeFileSync(manifest, JSON.stringify({ devDependencies: { 'node-90': 'npm:x@90' } }));
    expect(await hintOf(['90', '77'])).toContain(bare);
    rmSync(manifest);
    // In a folder above that of the install.
    const below = join(place, 'other');
    mkdirSync(below);
    writeFileSync(join(below, 'package.json'), '{}');
    expect(await hintOf(['90', '77'], below)).toContain(bare);
  });

  test.for([
    { file: './mute', says: 'does not say its version' },
    { file: './broken', says: 'Command failed' },
    { file: './node_modules/node-12', says: '12.22.12, and 20.19.0 is the oldest' },
  ])('$file is no Node that we run by: $says', async ({ file, says }) => {
    await expect(nodesOf([file], place)).rejects.toMatchObject({
      code: 'NODE_UNUSABLE',
      exit: 3,
      message: holding(says),
    });
  });

  test('two that say one version cannot be told apart', async () => {
    await expect(nodesOf(['90', './node_modules/node-90'], place)).rejects.toMatchObject({
      code: 'MATRIX_AXIS',
      message: holding('are both Node 90.1.2'),
    });
  });
});

describe('flags of V8', () => {
  test('the binary says which there are', async () => {
    const flags = await v8FlagsOf(process.execPath);
    for (const flag of ['--jitless', '--no-opt', '--noopt', '--max_lazy', '--stack-size=500'])
      expect(isFlagOf(flags, flag), flag).toBe(true);
    for (const flag of ['--inspect', '--jitles', '--import', '--no-warnings'])
      expect(isFlagOf(flags, flag), flag).toBe(false);
    expect(nameOf('--stack_size=500')).toBe('stack-size');
  });

  test('a configuration has those that it names', async () => {
    const all = await configurationsOf(
      parseAxes(['v8=default,jitless,no-opt+stack-size=500']),
      place,
    );
    expect(all.map(({ flags }) => flags)).toEqual([
      [],
      ['--jitless'],
      ['--no-opt', '--stack-size=500'],
    ]);
  });

  test.for([
    { flag: 'jitles', code: 'UNKNOWN_FLAG', exit: 2, hint: 'did you mean jitless?' },
    { flag: 'inspect', code: 'UNKNOWN_FLAG', exit: 2, hint: '--v8-options' },
    { flag: 'stack-size=much', code: 'CONFIGURATION', exit: 3, hint: 'nothing has run yet' },
    { flag: 'logfile=/var/log', code: 'MATRIX_AXIS', exit: 2, hint: 'an axis and its values' },
  ])('$flag is refused: $code', async ({ flag, code, exit, hint }) => {
    await expect(configurationsOf(parseAxes([`v8=default,${flag}`]), place)).rejects.toMatchObject({
      code,
      exit,
      hint: holding(hint),
    });
  });
});
