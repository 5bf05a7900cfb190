/*
 * Goal: the bench answers what it was asked and refuses what it does not know, in the form that was asked
 * for.
 * Method: the quickest question, for its shape alone: no test says how fast anything must be.
 */

import { expect, test } from 'vitest';
import { bench } from '../../src/bench/bench.ts';
import type { Figure } from '../../src/bench/figure.ts';

test('an unknown question is refused before any is measured', async () => {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const asked = bench(['probe-cost', 'lock-contendet'], {
    quick: true,
    against: [],
    json: true,
    write,
  });
  await expect(asked).rejects.toMatchObject({
    code: 'UNKNOWN_QUESTION',
    exit: 2,
    hint: expect.stringContaining('lock-contended') as string,
  });
  expect(written).toEqual([]);
});

test('--json is a header, and one object a figure', async () => {
  const written: string[] = [];
  const { figures } = await bench(['probe-cost'], {
    quick: true,
    against: [],
    json: true,
    write: (text) => void written.push(text),
  });
  const [header, ...lines] = written
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(header).toMatchObject({ type: 'header', schema: 1, cpus: expect.any(Number) as number });
  expect(lines).toEqual(figures);
  for (const each of lines as Figure[]) {
    expect(Object.keys(each)).toEqual([
      'type',
      'question',
      'name',
      'params',
      'value',
      'unit',
      'floor',
      'ratio',
      'low',
      'high',
      'n',
      'goal',
      'better',
      'seen',
      'values',
      'floors',
      'process',
    ]);
    expect(each).toMatchObject({ type: 'figure', question: 'probe-cost', unit: 'ns' });
    expect(each.value).toBeGreaterThan(0);
    expect(each.ratio!).toBeGreaterThanOrEqual(each.low);
    expect(each.ratio!).toBeLessThanOrEqual(each.high);
  }
  expect(lines.map((each) => (each as Figure).name)).toEqual(['asked', 'attached', 'events']);
});
