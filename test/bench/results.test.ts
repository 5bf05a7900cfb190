/*
 * Goal: what a bench measured is on the disk when it breaks off, however it does, and is shown; a process that is asked sends
 * what it found, or how it failed.
 *
 * Method: the quickest question, for its shape alone; journals that are cut at every byte.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { bench, headerOf } from '../../src/bench/bench.ts';
import { pooled } from '../../src/bench/figure.ts';
import { askProcess, checkCheckout } from '../../src/bench/processes.ts';
import { sideBySide } from '../../src/bench/side-by-side.ts';
import { showBench } from '../../src/bench/show.ts';
import { readSide } from '../../src/compare/side.ts';
import { readRun } from '../../src/report/model.ts';
import { figureKey, readFigures } from '../../src/run/figures.ts';
import { latestRun, readJournal } from '../../src/run/results.ts';
import { benchDirectory, failedIn, processesOf } from '../compare/made.ts';
import { inScratch } from '../cli/gridlock.ts';

const QUICK = { quick: true, against: [], json: true, write: () => {} } as const;

test('a question that fails in the middle: what was before it is kept', async () => {
  const root = inScratch((directory) => directory);
  mkdirSync(root);
  try {
    // Here, in the sources, no machine can be started.
    const asked = bench(['probe-cost', 'boot'], { ...QUICK, resultsRoot: root });
    await expect(asked).rejects.toMatchObject({ code: 'MACHINE_LOST' });
    const directory = latestRun(root)!;
    const { figures, failed, header } = readFigures(directory);
    expect(figures.map(({ name }) => name)).toEqual(['asked', 'attached', 'events']);
    expect(figures[0]!.values).toHaveLength(figures[0]!.n);
    expect(figures[0]!.floors).toHaveLength(figures[0]!.n);
    expect(failed).toMatchObject([{ question: 'boot' }]);
    expect(header).toMatchObject({ quick: true, cpus: expect.any(Number) as number });
    expect(showBench(directory)).toMatch(
      /3 figures\n.*\nboot broke off: lost the machine[^]*attached/,
    );
    expect(() => readRun(directory)).toThrow(expect.objectContaining({ code: 'NOT_A_RUN' }));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a journal that is cut anywhere has the figures whose lines are whole', () => {
  inScratch((root) => {
    const figures = processesOf([1, 2, 3], {}, 1);
    const directory = benchDirectory(root, figures);
    const journal = join(directory, 'journal.ndjson');
    const text = readFileSync(journal, 'utf8');
    const lines = text.split('\n').slice(0, -1);
    expect(readJournal(journal).records.map(({ type }) => type)).toEqual([
      'header',
      'figure',
      'figure',
      'figure',
      'end',
    ]);
    for (let bytes = text.length; bytes > 0; bytes -= 37) {
      truncateSync(journal, bytes);
      let [whole, at] = [0, -1];
      // A record counts once it is whole, with its newline or without.
      for (const line of lines) if ((at += line.length + 1) <= bytes) whole++;
      const read = readFigures(directory).figures.length;
      expect(read).toBe(Math.min(3, Math.max(0, whole - 1)));
      if (read > 0) expect(readSide('x', [directory]).figures[0]!.values).toHaveLength(read);
    }
    rmSync(join(directory, 'done.json'));
    expect(showBench(directory)).toMatch(/it was cut off in the middle of a record, or still runs/);
    expect(() => readSide('x', [directory])).toThrow(
      expect.objectContaining({
        code: 'COMPARE_EMPTY',
        exit: 2,
        message: expect.stringContaining('cut off before anything') as string,
      }),
    );
  });
});

test('a figure that was journalled twice counts once', () => {
  inScratch((root) => {
    const figures = processesOf([1, 2]);
    const directory = benchDirectory(root, [...figures, ...figures]);
    expect(readFigures(directory).figures).toHaveLength(2);
  });
});

test('two checkouts: a peer that is not there is refused before anything is measured', async () => {
  const root = inScratch((directory) => directory);
  const checkouts = [
    { label: 'A', root: '.' },
    { label: 'B', root: '.' },
  ] as const;
  const asked = { quick: true, against: ['./nope.js'], resultsRoot: root };
  await expect(sideBySide(checkouts, ['probe-cost'], asked)).rejects.toMatchObject({
    code: 'PEER_NOT_FOUND',
    exit: 2,
  });
  expect(existsSync(root)).toBe(false);
});

test('where a disk has a peer is not kept; that something failed is', async () => {
  const { against } = await headerOf({
    quick: true,
    against: ['futex', resolve('x', 'my-lock.js')],
  });
  expect(against).toEqual(['futex', './x/my-lock.js']);
  inScratch((root) => {
    const failed = benchDirectory(root, [...processesOf([1]), failedIn(1, 'hung')]);
    expect(readFileSync(join(failed, 'done.json'), 'utf8')).toContain('"exit": 1');
    expect(showBench(failed)).toMatch(/ hung /);
    const good = benchDirectory(root, processesOf([1]));
    expect(readFileSync(join(good, 'done.json'), 'utf8')).toContain('"exit": 0');
  });
});

test('processes are pooled by what was asked, and keep their goal', () => {
  const figures = [
    ...processesOf([1, 3], { goal: 2 }, 1),
    ...processesOf([5], { params: { threads: 2 } }),
  ];
  expect(pooled(figures)).toMatchObject([
    { value: 2, ratio: 2, n: 6, goal: 2 },
    { value: 5, ratio: null, n: 3 },
  ]);
  const [a, b] = [
    { x: 1, y: 2 },
    { y: 2, x: 1 },
  ].map((params) => figureKey({ question: 'q', name: 'n', params, seen: [] }));
  expect(a).toBe(b);
});

test('a process answers, with its number', async () => {
  const asked = { quick: true, against: [], figures: ['asked'] };
  const figures = await askProcess({ question: 'probe-cost', asked, process: 3 });
  expect(figures).toMatchObject([{ type: 'figure', name: 'asked', process: 3 }]);
});

test('a failure of the question is the failure of its process', async () => {
  const asked = { quick: true, against: [], figures: ['mutx'] };
  await expect(askProcess({ question: 'lock-pair', asked, process: 0 })).rejects.toMatchObject({
    code: 'UNKNOWN_FIGURE',
    exit: 2,
    hint: 'did you mean lock-pair.mutex?',
  });
});

test('a checkout that is none, that is not built, or whose process dies', async () => {
  const root = inScratch((directory) => directory);
  mkdirSync(join(root, 'dist', 'src', 'bench'), { recursive: true });
  try {
    expect(() => checkCheckout(root)).toThrow(/it has no package\.json/);
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    expect(() => checkCheckout(root)).toThrow(
      expect.objectContaining({ code: 'NO_BENCH', exit: 2 }),
    );
    const entry = join(root, 'dist', 'src', 'bench', 'process.js');
    const ask = () =>
      askProcess({ question: 'q', asked: { quick: true, against: [] }, process: 0, root });
    writeFileSync(entry, 'process.stderr.write("no more\\n"); process.exitCode = 9;');
    await expect(ask()).rejects.toMatchObject({
      code: 'BENCH_PROCESS',
      message: 'the process that was asked q ended with exit code 9: no more',
    });
    writeFileSync(entry, 'process.kill(process.pid, "SIGKILL");');
    await expect(ask()).rejects.toThrow(/ended by SIGKILL/);
    writeFileSync(entry, 'process.stdout.write("{}\\nnot json\\n");');
    await expect(ask()).rejects.toThrow(/ended without a figure/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
