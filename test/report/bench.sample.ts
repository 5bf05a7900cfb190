/*
 * A bench as it lies on the disk, made by hand: a question that scales, one of quantiles, and one that has neither.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FigureRecord } from '../../src/run/figures.ts';
import { HEADER } from './html.sample.ts';

export function figureOf(more: Partial<FigureRecord> = {}): FigureRecord {
  const { value = 20, floor = 16 } = more;
  return {
    type: 'figure',
    question: 'lock-pair',
    name: 'mutex',
    params: {},
    value,
    unit: 'ns',
    floor,
    ratio: floor === null ? null : value / floor,
    low: 1.2,
    high: 1.3,
    n: 3,
    goal: null,
    better: 'less',
    seen: [],
    values: [value * 0.9, value, value * 1.2],
    floors: floor === null ? null : [floor, floor, floor],
    process: 0,
    ...more,
  };
}

const THREADS = [1, 2, 4, 8, 16];
const LOCKS = ['gridlock', 'futex'];
const QUANTILES = [
  { name: 'acquire_p50', us: 0.4 },
  { name: 'acquire_p99', us: 9 },
  { name: 'acquire_p99.9', us: 180 },
  { name: 'acquire_max', us: 2400 },
];

/** Something of everything. */
export function sampleFigures(): FigureRecord[] {
  const contended = LOCKS.flatMap((lock, i) =>
    THREADS.map((threads) =>
      figureOf({
        question: 'lock-contended',
        name: 'section',
        params: { threads, section: '200ns', lock },
        value: 210 + threads * (20 + i * 35),
        goal: i === 0 ? 1 : null,
        ...(i === 0 ? {} : { floor: null }),
      }),
    ),
  );
  const fairness = LOCKS.flatMap((lock, i) =>
    QUANTILES.map(({ name, us }) =>
      figureOf({
        question: 'lock-fairness',
        name,
        params: { threads: 4, lock },
        value: us * (1 + i),
        unit: 'us',
        floor: null,
      }),
    ),
  );
  const pair = [0, 1, 2].map((process) => figureOf({ process, value: 20 + process, goal: 1.1 }));
  return [...contended, ...fairness, ...pair];
}

/** Writes such a bench.  @returns its directory */
export function benchOf(
  figures: readonly object[] = sampleFigures(),
  { more = [] as readonly object[], isDone = true } = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), 'gridlock-bench-'));
  const manifest = { ...HEADER, type: undefined, id: '20260101T000000', kind: 'bench' };
  const lines = [{ ...HEADER, cpu: 'a CPU', commit: 'abc1234' }, ...figures, ...more];
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(
    join(directory, 'journal.ndjson'),
    lines.map((each) => `${JSON.stringify(each)}\n`).join(''),
  );
  if (isDone) writeFileSync(join(directory, 'done.json'), '{"exit":0}');
  return directory;
}
