/*
 * Goal: what a run says of where it was has no path of this machine in it.
 * Method: options of Node as people give them; and a process that was started with some, whose own options are the twin: they
 * do have the path.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { portableFlag } from '../../src/run/here.ts';

const HERE = process.cwd();
const BUILT = new URL('../../dist/src/run/here.js', import.meta.url).href;

test.for([
  ['--jitless', '--jitless'],
  ['--max-old-space-size=512', '--max-old-space-size=512'],
  ['--import=tsx/esm', '--import=tsx/esm'],
  ['--conditions=a,b', '--conditions=a,b'],
  ['./hook.cjs', './hook.cjs'],
  [join(HERE, 'hook.cjs'), './hook.cjs'],
  [`--require=${join(HERE, 'deep', 'hook.cjs')}`, '--require=./deep/hook.cjs'],
  [`--import=${pathToFileURL(join(HERE, 'hook.mjs')).href}`, '--import=./hook.mjs'],
  [`--allow-fs-read=${join(HERE, 'a')},${join(HERE, 'b')}`, '--allow-fs-read=./a,./b'],
  [join(HERE, '..', 'hook.cjs'), '../hook.cjs'],
] as const)('%s is said as %s', ([flag, said]) => {
  expect(portableFlag(flag)).toBe(said);
});

test('a process that was started with a file says where it is from here', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gridlock-here-')));
  try {
    const hook = join(root, 'hook.cjs');
    writeFileSync(hook, '');
    const script = `
      import { surroundings } from ${JSON.stringify(BUILT)};
      console.log(JSON.stringify([process.execArgv.join(' '), surroundings().flags]));
    `;
    const options = ['--require', hook, '--no-opt', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, options, {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const [given, said] = JSON.parse(stdout) as [string, string];
    expect(said).toMatch(/^--require \.\/hook\.cjs --no-opt --input-type=module/);
    expect(said).not.toContain(root);
    expect(given).toContain(hook);
  } finally {
    rmSync(root, { recursive: true });
  }
});
