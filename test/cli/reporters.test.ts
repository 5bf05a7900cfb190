/*
 * Goal: a soak and a replay have the reporters that a run has.
 *
 * Method: one small soak and a replay of its first failure, as processes; their documents are read.  Control: a reporter that
 * nobody knows is refused before anything runs.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { faultOfJunit } from '../report/schemas.ts';
import { gridlock, inScratch, records, type Ran } from './gridlock.ts';

const ONCE = ['test/planted/once.js', '--variant', 'opposite', '-s', 'random', '--load', '0'];

function typesOf(ran: Ran): Set<string> {
  return new Set(records(ran).map(({ type }) => String(type)));
}

test('of a soak, and of a replay of what it found', () => {
  inScratch((results) => {
    const asked = ['--results', results, '--reporter', 'ndjson,junit'];
    const sarif = join(results, 'own.sarif');
    const soaked = gridlock('soak', ...ONCE, '-d', '1s', ...asked, `--output-file.sarif=${sarif}`);
    expect(soaked.exit).toBe(0);
    // Trials that pass are told in series, if there were any in that second.
    const types = typesOf(soaked).add('series');
    expect([...types].toSorted()).toEqual(['end', 'header', 'series', 'summary', 'trial', 'turn']);
    expect(readFileSync(sarif, 'utf8')).toContain('gridlock replay ');
    const replayed = gridlock('replay', 'latest', ...asked);
    expect(replayed.exit).toBe(0);
    expect(records(replayed).at(-2)).toMatchObject({ type: 'replay', same: 1, of: 1 });
    const runs = readdirSync(results).filter((name) =>
      existsSync(join(results, name, 'done.json')),
    );
    expect(runs).toHaveLength(2);
    for (const run of runs) {
      const junit = readFileSync(join(results, run, 'junit.xml'), 'utf8');
      expect(faultOfJunit(junit)).toBeUndefined();
      expect(junit).toContain('<testcase classname="once"');
      expect(soaked.stderr + replayed.stderr).toContain(join(results, run, 'junit.xml'));
    }
  });
});

test('minimal and dot together close once', () => {
  inScratch((results) => {
    const asked = ['run', ...ONCE, '-n', '20', '--results', results, '--reporter'];
    for (const reporter of ['minimal', 'dot', 'minimal,dot'])
      expect(
        gridlock(...asked, reporter).stdout.match(/^1 of 1 as declared, 20 trials: /gm),
      ).toEqual(['1 of 1 as declared, 20 trials: ']);
  });
});

test('control: one that is unknown is refused, and nothing runs', () => {
  inScratch((results) => {
    for (const command of [
      ['soak', ...ONCE],
      ['replay', 'latest'],
    ]) {
      const { exit, stderr } = gridlock(...command, '--results', results, '--reporter', 'junti');
      expect(exit).toBe(2);
      expect(stderr).toContain('did you mean --reporter junit?');
    }
    expect(readdirSync(results)).toEqual([]);
  });
});
