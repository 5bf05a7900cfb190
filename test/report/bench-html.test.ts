/*
 * Goal: the page of a bench has a curve where there is one to see, all figures in tables, and nothing that its names could do.
 * Method: benches written by hand (bench.sample.ts), and what is in the markup of their pages.  The twins are figures with a
 * position too few, and with a quantile alone, which must not be drawn.
 */

import { rmSync } from 'node:fs';
import { parse } from 'parse5';
import { afterAll, describe, expect, test } from 'vitest';
import { benchPage } from '../../src/report/html/bench.ts';
import { chartOf, sparkOf } from '../../src/report/html/chart.ts';
import { planReports, writeReports } from '../../src/report/reporters.ts';
import { readFigures, type FigureRecord } from '../../src/run/figures.ts';
import { benchOf, figureOf, sampleFigures } from './bench.sample.ts';

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

function pageOf(figures?: readonly object[], more: readonly object[] = [], isDone = true): string {
  const directory = benchOf(figures, { more, isDone });
  made.push(directory);
  return benchPage({ ...readFigures(directory), id: 'made', isDone });
}

function chartsOf(page: string): string[] {
  return [...page.matchAll(/<figcaption>([^<]*)<\/figcaption>/g)].map(([, caption]) => caption!);
}

function threadsOf(counts: readonly number[]): FigureRecord[] {
  return counts.map((threads) => figureOf({ params: { threads }, value: 10 * threads }));
}

describe('curves', () => {
  test('over a param, and over quantiles', () => {
    expect(chartsOf(pageOf())).toEqual(['section over threads', 'acquire, quantiles, logarithmic']);
  });

  test.for([
    { what: 'two positions', figures: threadsOf([1, 2]) },
    { what: 'a param that is no number', figures: [figureOf({ params: { lock: 'a' } })] },
    { what: 'one quantile', figures: [figureOf({ name: 'wait_p99' })] },
    { what: 'no figure', figures: [] },
  ])('not with $what (control)', ({ figures }) => {
    expect(chartsOf(pageOf(figures))).toEqual([]);
    expect(chartsOf(pageOf(threadsOf([1, 2, 4])))).toEqual(['mutex over threads']);
  });

  test('positions are in order, and a line for each setting', () => {
    const page = pageOf(
      threadsOf([16, 2, 4]).concat(figureOf({ params: { threads: 2, lock: 'x' } })),
    );
    expect(page).toMatch(/mutex over threads: value 20ns at 2, 40ns at 4, 160ns at 16"/);
  });

  test('points are where their values say', () => {
    const line = { label: 'a', points: [0, 5, null, 10] };
    const chart = { caption: 'c', unit: 'ms', positions: ['1', '2', '3', '4'] };
    const { text } = chartOf({ ...chart, lines: [line] })!;
    expect(text).toContain('d="M0,1000L333,500M1000,0"');
    expect(text.match(/<span>[^<]*<\/span>/g)).toEqual([
      '<span>10ms</span>',
      '<span>5ms</span>',
      '<span>0ms</span>',
    ]);
    const wide = { label: 'b', points: [1, 10, 100, 1000] };
    expect(chartOf({ ...chart, lines: [wide] })!.text).toContain('M0,1000L333,667L667,333L1000,0');
    expect(chartOf({ ...chart, lines: [{ label: 'c', points: [1, null] }] })).toBeUndefined();
  });

  test('more lines than can be told apart are in the table', () => {
    const locks = Array.from({ length: 11 }, (_, i) => i);
    const figures = locks.flatMap((lock) =>
      [1, 2, 4].map((threads) => figureOf({ params: { threads, lock: `l${lock}` } })),
    );
    const page = pageOf(figures);
    expect(page.match(/<path class="dots /g)).toHaveLength(8);
    expect(page).toContain('3 lines more in the table');
    expect(page.match(/<th scope="row">/g)).toHaveLength(33);
  });

  test('rounds are a small line; of one there is none', () => {
    expect(sparkOf([1, 2])!.text).toContain('M1.0,9.0L95.0,1.0');
    expect(sparkOf([0, 0])!.text).toContain('M1.0,17.0L95.0,17.0');
    expect(sparkOf([1])).toBeUndefined();
  });
});

describe('figures', () => {
  test('those of several processes are one row', () => {
    const page = pageOf(sampleFigures().filter(({ question }) => question === 'lock-pair'));
    expect(page.match(/<th scope="row">/g)).toHaveLength(1);
    expect(page).toMatch(/21\.0ns[\s\S]*3 processes/);
  });

  test('what was promised is met or missed', () => {
    const page = pageOf([
      figureOf({ name: 'fast', value: 16, goal: 1.1 }),
      figureOf({ name: 'slow', value: 32, goal: 1.1 }),
    ]);
    expect(page).toMatch(/fast[\s\S]*>met<[\s\S]*slow[\s\S]*>missed</);
  });

  test('a question that broke off, and a bench that did, are said', () => {
    const failed = { type: 'failed', question: 'boot', message: 'no <room>' };
    const page = pageOf([figureOf()], [failed], false);
    expect(page).toContain('It broke off: no &lt;room&gt;');
    expect(page).toContain('cut off');
    expect(pageOf()).not.toContain('cut off');
  });

  test('records that are none do not break the page', () => {
    const bare = { type: 'figure', question: 'q', name: 'n', params: {}, value: null, process: 0 };
    expect(pageOf([bare])).toMatch(/<th scope="row">\s*<bdi>n<\/bdi>/);
  });
});

test('names that are no names do not run, and the page is a document', () => {
  const nasty = '</script><img src=x onerror=alert(1)>\u202e]]>';
  const figures = [1, 2, 4].map((threads) =>
    figureOf({ question: nasty, name: nasty, unit: nasty, params: { threads, [nasty]: nasty } }),
  );
  const page = pageOf(figures);
  expect(page).not.toContain('<img');
  const errors: string[] = [];
  parse(page, { onParseError: ({ code }) => errors.push(code), sourceCodeLocationInfo: true });
  expect(errors).toEqual([]);
  expect(Buffer.byteLength(pageOf())).toBeLessThan(100_000);
});

describe('gridlock report', () => {
  const said: string[] = [];
  const options = {
    lone: { write: (text: string) => said.push(text) },
    log: { write: () => 0 },
    tell: { write: (text: string) => said.push(text) },
  };

  test('makes the page of a bench', async () => {
    said.length = 0;
    const directory = benchOf();
    made.push(directory);
    expect(await writeReports(planReports(['html'], new Map(), {}), directory, options)).toBe(0);
    expect(said.join('')).toContain('19 figures of 3 questions');
  });

  test('has no other of it, and says so', async () => {
    said.length = 0;
    const directory = benchOf();
    made.push(directory);
    expect(await writeReports(planReports(['junit'], new Map(), {}), directory, options)).toBe(2);
    expect(said.join('')).toMatch(/is a bench, of which there is no junit, but html/);
  });
});
