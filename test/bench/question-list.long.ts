/*
 * Goal: what a question says beforehand of its figures' names is what it measures.
 * Method: all short questions are asked, quickly, and the two sets compared, so either twin fails: a name that is not in the list
 * could never be asked for, and one that is not measured would be asked for in vain.
 */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { wantedOf } from '../../src/bench/asking.ts';
import type { Figure } from '../../src/bench/figure.ts';
import { figuresOf } from '../../src/bench/question-list.ts';
import { inScratch, MAIN, records } from '../cli/gridlock.ts';

const TIMEOUT_MS = 15 * 60_000;

test('the figures of each question have the names that it says', { timeout: TIMEOUT_MS }, () => {
  inScratch((results) => {
    const args = ['bench', '--quick', '--json', '--results', results];
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    expect(status, stderr).toBe(0);
    const all = records({ exit: status, stdout, stderr });
    const figures = all.filter(({ type }) => type === 'figure') as unknown as Figure[];
    for (const { question } of wantedOf([], { quick: true, against: [] })) {
      const own = figures.filter((each) => each.question === question);
      // That one looks into /proc.
      if (question === 'watchdog-cost' && process.platform !== 'linux') continue;
      const names = new Set(own.map(({ name }) => name));
      expect([...names].toSorted(), question).toEqual([...figuresOf(question, true)].toSorted());
    }
  });
});
