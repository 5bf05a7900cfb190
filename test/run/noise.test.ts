/*
 * Goal: a thread of a run with noise is really delayed where it should be, and nowhere else; a halt ends its delay; and
 * whoever runs `-s noise` gets trials that say so.
 *
 * Method: one thread in this process, on an image of its own, whose delays are counted by the words of that image.  Then
 * planted workloads that hang or pass whatever the host does.  Nothing here depends on how fast anything is: that noise
 * finds more than no noise is a measurement (its figures are in the header of sched/noise.ts).
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { DumpFile } from '../../src/dump/read.ts';
import { mutex_enter, mutex_exit } from '../../src/kernel/mutex.ts';
import { MachineHalt } from '../../src/kernel/panic.ts';
import { POINT, probe } from '../../src/kernel/probe.ts';
import { kernel_boot } from '../../src/kernel/startup.ts';
import { curthread } from '../../src/kernel/thread.ts';
import { createImage } from '../../src/layout/image.ts';
import { global } from '../../src/layout/linker.ts';
import { header, image_header, kmutex, kthread, TS, turnstile } from '../../src/layout/records.ts';
import { bindWords, boundImage, get, load, put, store, sub } from '../../src/layout/word.ts';
import { NoiseMaker, noiseOfImage } from '../../src/run/noise.ts';
import { noiseMade, noiseWords, strengthOf } from '../../src/sched/noise.ts';
import { gridlock, records } from '../cli/gridlock.ts';

const outer = global('noise_outer', kmutex);
const inner = global('noise_inner', kmutex);
const LONGEST_US = 200;
const ROUNDS = 200;

function nested(): void {
  mutex_enter(outer);
  mutex_enter(inner);
  mutex_exit(inner);
  mutex_exit(outer);
}

function apart(): void {
  mutex_enter(outer);
  mutex_exit(outer);
  mutex_enter(inner);
  mutex_exit(inner);
}

/** Calls it over and over with noise; bounded. */
function withNoise(call: () => void, longestUs = LONGEST_US): void {
  const maker = new NoiseMaker(0, longestUs);
  maker.attach();
  try {
    for (let i = 0; i < ROUNDS; i++) call();
  } finally {
    maker.detach();
  }
}

const made = () => noiseMade(noiseOfImage(), 0);

describe('one thread', () => {
  beforeEach(() => {
    createImage({ threads: 1, heapBytes: 4096, noiseWords: noiseWords(1) });
    kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
  });

  test('is delayed before an inner acquire, and goes on as if nothing had been', () => {
    withNoise(nested);
    expect(made().inner).toBeGreaterThan(0);
    expect(made().spent).toBeGreaterThan(0);
    expect(load(curthread, kthread.state)).toBe(TS.onproc);
    expect([load(outer, kmutex.owner), load(inner, kmutex.owner)]).toEqual([0, 0]);
  });

  test('control: who takes one lock after the other is at no inner acquire', () => {
    withNoise(apart);
    expect(made().inner).toBe(0);
    expect(made().delays).toBeGreaterThan(0);
  });

  test('control: detached, nobody is delayed', () => {
    withNoise(() => undefined);
    for (let i = 0; i < ROUNDS; i++) nested();
    expect(made().delays).toBe(0);
  });

  test('meets who stands in line for what it holds, and is delayed less from then on', () => {
    withNoise(nested);
    expect(made().met).toBe(0);
    const alone = strengthOf(noiseOfImage());
    put(sub(outer, kmutex.ts), turnstile.waiters, 1);
    withNoise(nested);
    expect(made().met).toBeGreaterThan(0);
    expect(strengthOf(noiseOfImage())).toBeLessThan(alone);
  });

  test.for(['halt', 'panic_thread'] as const)('is not delayed where %s is set', (word) => {
    const signal = (): void => probe(POINT.signal, outer);
    store(header, image_header[word] as typeof image_header.halt, curthread);
    withNoise(signal);
    expect(made().delays).toBe(0);
    store(header, image_header[word] as typeof image_header.halt, 0);
    withNoise(signal);
    expect(made().delays).toBeGreaterThan(0);
  });

  test('is out of its delay, and of everything, as soon as the machine is halted', async () => {
    // A delay that nobody waits for: the seed's first draw is half of a minute and more.
    const minuteUs = 6e7;
    noiseOfImage()[0] = minuteUs;
    const halter = new Worker(new URL('halter.mjs', import.meta.url), {
      workerData: { image: boundImage(), t: curthread },
    });
    const begin = performance.now();
    expect(() => withNoise(nested, minuteUs)).toThrow(MachineHalt);
    expect(performance.now() - begin).toBeLessThan(25_000);
    expect(made().delays).toBe(0);
    await new Promise((resolve) => halter.once('exit', resolve));
  });
});

test('an image without noise has no words for it', () => {
  createImage({ threads: 1, heapBytes: 4096 });
  expect(get(header, image_header.noise)).toBe(0);
  expect(noiseOfImage()).toHaveLength(0);
});

const OPPOSITE = 'test/planted/opposite.js';

describe('gridlock run -s noise', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'gridlock-noise-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  function run(...args: readonly string[]) {
    const results = mkdtempSync(join(scratch, 'run-'));
    const ran = gridlock('run', ...args, '--json', '--results', results);
    expect(ran.exit, ran.stderr).toBe(0);
    const all = records(ran);
    return {
      trials: all.filter(({ type }) => type === 'trial'),
      summary: all.find(({ type }) => type === 'summary'),
      directory: join(results, readdirSync(results)[0] ?? ''),
    };
  }

  test('says so in each record, in the command that runs a failure again, and in the dump', async () => {
    const options = ['-s', 'noise', '--strength', '0.5ms', '--seed', '7', '-n', '2'];
    const { trials, summary, directory } = run(OPPOSITE, '--variant', 'planted', ...options);
    expect(trials).toHaveLength(2);
    for (const trial of trials) {
      expect(trial).toMatchObject({ strategy: 'noise', verdict: 'deadlock', schedule: null });
      expect(trial['replay']).toContain('-s noise --strength 0.5ms --seed 7 ');
    }
    expect(summary).toMatchObject({ strategy: 'noise' });

    const again = run(...String(trials[0]!['replay']).split(' ').slice(2));
    expect(again.trials).toMatchObject([{ strategy: 'noise', seed: trials[0]!['seed'] }]);

    const file = await DumpFile.open(join(directory, String(trials[0]!['dump'])));
    const image = await file.image();
    file.close();
    const shared = new SharedArrayBuffer(image.length);
    new Uint8Array(shared).set(image);
    bindWords(shared);
    // At the barrier each holds its first lock, and what it draws there follows from the seed.
    const delays = [0, 1].map((slot) => noiseMade(noiseOfImage(), slot).inner);
    expect(Math.max(...delays)).toBeGreaterThan(0);
  });

  test.for([
    [OPPOSITE, 'gated'],
    [OPPOSITE, 'tries'],
    ['test/planted/sparse.js', 'twin'],
  ] as const)('finds nothing wrong with %s, %s', ([file, variant]) => {
    const options = ['-s', 'noise', '--seed', '7', '-n', '3', '-d', '500ms'];
    const { summary } = run(file, '--variant', variant, ...options);
    expect(summary).toMatchObject({ strategy: 'noise', trials: 3, verdicts: { pass: 3 } });
  });
});
