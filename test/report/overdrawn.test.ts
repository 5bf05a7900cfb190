/*
 * Goal: what is drawn over itself leaves nothing behind, and is nothing where nobody looks.
 * Method: a terminal of a few lines that knows the two movements, and shows what a person would see; the command itself in a
 * terminal of script(1), where there is one.  That a pipe gets nothing of it is in bench/asking.test.ts.
 */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Overdrawn } from '../../src/report/overdrawn.ts';
import { inScratch, MAIN } from '../cli/gridlock.ts';

/** What is on the screen after all of it. */
function shown(text: string): string {
  let lines: string[] = [];
  for (const part of text.split(/(\u001B\[\d+A\u001B\[0J)/)) {
    const up = /^\u001B\[(\d+)A/.exec(part)?.[1];
    if (up === undefined) lines.push(...part.split('\n').slice(0, -1));
    else lines = lines.slice(0, -Number(up));
  }
  return lines.join('\n');
}

test('lines are drawn over the ones before, and are gone for what lasts', () => {
  let text = '';
  const write = (more: string): boolean => (text += more) !== '';
  const screen = new Overdrawn({ columns: 50, write });
  write('first\n');
  screen.draw(['one', 'two']);
  screen.draw(['three']);
  expect(shown(text)).toBe('first\nthree');
  screen.draw(['x'.repeat(200)]);
  expect(shown(text).split('\n')[1]!.length).toBeLessThan(50);
  screen.erase();
  write('last\n');
  screen.erase();
  expect(shown(text)).toBe('first\nlast');
});

const LONG = { timeout: 60_000 };
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)('the bench says which cell it measures, on a terminal', LONG, () => {
  inScratch((results) => {
    const env = { ...process.env, TERM: 'xterm', CI: '', NO_COLOR: '1' };
    const bench = `"${process.execPath}" "${MAIN}" bench boot.warm --quick --threads 1 --processes 1 --results "${results}"`;
    const { stdout, status } = spawnSync('script', ['-qec', bench, '/dev/null'], {
      encoding: 'utf8',
      timeout: LONG.timeout,
      env,
    });
    expect(status, stdout).toBe(0);
    const text = stdout.replaceAll('\r', '');
    expect(text).toContain('boot 1 (cell 1 of 1)\n');
    expect(shown(text)).not.toContain('(cell');
    expect(shown(text)).toMatch(/^boot\n {2}FIGURE/m);
  });
});
