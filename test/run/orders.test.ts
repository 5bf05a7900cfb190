/*
 * Goal: what a watch does it does to its own trial: no other one is booted before it is over.
 *
 * Method: a watchdog of the test's, which says what it is told to say and when; so the watch ends exactly when the main
 * thread has been at the next trial for as long as it can be.  Its twin is a main thread that does not wait.
 * Then the real watchdog on an image that is left half booted (watch-over.mjs): what it would do there, and that it
 * does not once it has said that its watch is over.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, test } from 'vitest';

import { attachImage, createImage } from '../../src/layout/image.ts';
import { Orders, type Watchdog } from '../../src/run/orders.ts';
import type { WatchOrder } from '../../src/run/protocol.ts';

beforeAll(() => attachImage(createImage({ threads: 1, heapBytes: 4096 })));

class Told implements Watchdog {
  readonly orders: string[] = [];
  private readonly listeners: ((message: { type: string }) => void)[] = [];

  on(_: 'message', listener: (message: { type: string }) => void): void {
    this.listeners.push(listener);
  }

  postMessage({ type }: WatchOrder): void {
    this.orders.push(type);
  }

  says(type: string): void {
    for (const listener of this.listeners) listener({ type });
  }
}

/** Does not wait for the end of a watch. */
class Hasty extends Orders {
  override rest(): Promise<void> {
    return Promise.resolve();
  }
}

const WATCH = { type: 'watch' } as WatchOrder;

/** All that was due has happened: promises alone, and no chain of them is that long. */
async function settled(): Promise<void> {
  for (let i = 0; i < 32; i++) await Promise.resolve();
}

async function watching(orders: Orders, watchdog: Told): Promise<void> {
  const asked = orders.ask(WATCH, 'watching');
  watchdog.says('watching');
  await asked;
}

/** A trial, and the boot of the next one, while the watchdog is held up in the first. */
async function twoTrials(make: (watchdog: Watchdog) => Orders): Promise<string[]> {
  const did: string[] = [];
  const watchdog = new Told();
  const orders = make(watchdog);
  await orders.rest();
  await watching(orders, watchdog);
  const booted = orders.rest().then(() => did.push('main boots'));
  await settled();
  did.push('the watchdog halts');
  watchdog.says('over');
  await booted;
  return did;
}

describe('the next trial', () => {
  test('is not booted while the last one is watched', async () => {
    expect(await twoTrials((watchdog) => new Orders(watchdog))).toEqual([
      'the watchdog halts',
      'main boots',
    ]);
  });

  test('would be, by one who does not wait', async () => {
    expect(await twoTrials((watchdog) => new Hasty(watchdog))).toEqual([
      'main boots',
      'the watchdog halts',
    ]);
  });

  test('is not watched by one who has not waited at all', async () => {
    const watchdog = new Told();
    const orders = new Orders(watchdog);
    await watching(orders, watchdog);
    await expect(orders.ask(WATCH, 'watching')).rejects.toThrow('rest() comes first');
    expect(watchdog.orders).toEqual(['watch']);
  });

  test('waits for nothing when the watch is over already, and for the next end after the next order', async () => {
    const watchdog = new Told();
    const orders = new Orders(watchdog);
    await watching(orders, watchdog);
    watchdog.says('over');
    await orders.rest();
    await orders.rest();
    await watching(orders, watchdog);
    let rests = false;
    const rest = orders.rest().then(() => (rests = true));
    await settled();
    expect(rests).toBe(false);
    watchdog.says('over');
    await rest;
  });
});

describe('a verdict of the watchdog', () => {
  test('is heard by all who wait for it, until it is forgotten', async () => {
    const watchdog = new Told();
    const orders = new Orders(watchdog);
    await watching(orders, watchdog);
    watchdog.says('concluded');
    await orders.heard('concluded', 'keep');
    await orders.heard('concluded');
    let again = false;
    void orders.heard('concluded').then(() => (again = true));
    await settled();
    expect(again).toBe(false);
  });

  test('of the last trial is not one of the next', async () => {
    const watchdog = new Told();
    const orders = new Orders(watchdog);
    watchdog.says('concluded');
    await watching(orders, watchdog);
    let heard = false;
    void orders.heard('concluded').then(() => (heard = true));
    await settled();
    expect(heard).toBe(false);
  });
});

describe('an image that is half booted', () => {
  async function left(when: string): Promise<unknown> {
    const fixture = fileURLToPath(new URL('watch-over.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, when], {
      timeout: 25_000,
      killSignal: 'SIGKILL',
    });
    return JSON.parse(stdout);
  }

  test('is left alone once the watch is over', async () => {
    expect(await left('over')).toEqual({ judged: false, halted: false });
  });

  test('is judged and halted by a watch that is not', async () => {
    expect(await left('early')).toEqual({ judged: true, halted: true });
  });
});
