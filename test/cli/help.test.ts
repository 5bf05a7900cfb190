/*
 * Goal: help has its parts in the order in which they are read, and loses none.
 *
 * Method: the pages of the built program, and pages made up of what nobody knows yet.
 */

import { expect, test } from 'vitest';

import { arranged } from '../../src/cli/help.ts';
import { gridlock } from './gridlock.ts';

const CLOSING = ['EXIT CODES', 'ENVIRONMENT'];

function headsOf(page: string): string[] {
  return page.split('\n').filter((line) => /^[A-Z][A-Z ]+$/.test(line));
}

test('examples first, then the verbs by what they are for, options, and what a script must know', () => {
  const { exit, stdout, stderr } = gridlock('--help');
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const groups = ['RUN', 'LOOK INTO A FAILURE', 'RESULTS', 'MEASURE', 'SET UP'];
  expect(headsOf(stdout)).toEqual(['EXAMPLES', ...groups, 'OPTIONS', ...CLOSING]);
  const [, examples] = /EXAMPLES\n(.*?)\n\n/s.exec(stdout)!;
  for (const verb of ['run', 'soak', 'report', 'merge', 'analyze', 'mdb', 'replay'])
    expect(examples).toMatch(new RegExp(`^ {2}gridlock ${verb} `, 'm'));
});

test('of a command, too: where it goes, before what else there is', () => {
  const { stdout } = gridlock('soak', '--help');
  expect(headsOf(stdout)).toEqual([
    'POSITIONALS',
    'WHAT TO RUN',
    'HOW LONG',
    'HOW',
    'JUDGING',
    'SEVERAL RUNTIMES',
    'OUTPUT',
    'OPTIONS',
    ...CLOSING,
  ]);
  expect(stdout).toContain('--reporter');
});

test('with nothing to do the same page is on stderr, and it is an error', () => {
  const { exit, stdout, stderr } = gridlock();
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(headsOf(stderr)[0]).toBe('EXAMPLES');
  expect(stderr).toMatch(/say what to do: .*\n {2}gridlock --help shows what it takes\n$/);
});

test('the version is a line of its own, wherever it is asked for', () => {
  const [alone, behind] = [gridlock('--version'), gridlock('run', '--version')];
  expect(alone.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(behind.stdout).toBe(alone.stdout);
});

test('what is not known is not lost', () => {
  const page = [
    'gridlock <command>',
    'about',
    'Commands:\n  gridlock fly <how>  new\n                      indeed\n  gridlock run       old',
    'Another group:\n  --new  what',
    'Options:\n  --old  that',
    'Examples:\n  gridlock fly high',
  ].join('\n\n');
  const lines = arranged(page).split('\n');
  expect(headsOf(arranged(page))).toEqual([
    'EXAMPLES',
    'RUN',
    'OTHERS',
    'ANOTHER GROUP',
    'OPTIONS',
    ...CLOSING,
  ]);
  expect(lines.indexOf('                      indeed')).toBe(
    lines.indexOf('  gridlock fly <how>  new') + 1,
  );
  for (const line of page.split('\n').filter((each) => each.startsWith(' ')))
    expect(lines).toContain(line);
});
