/*
 * Goal: the NMI stops a thread wherever it is, shows where that is, and nobody can tell afterwards.
 *
 * Method: each scenario is a process of its own (fixtures/machine.mjs) with real threads in known
 * states, and a watchdog that prints what it saw.  A thread cannot import TypeScript on Node 20, so
 * the scenarios run what `npm run build` made of src/nmi, in dist; `npm test` builds it first.
 *
 * Controls: a spinning thread, which moves whenever it is not stopped; a pair of threads whose wakeups
 * are lost, which must be noticed; and for each thread that is said not to stop, the same thread later,
 * when it does.  No bound on time here is nearer than ten times what was measured.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { STOPPABLE } from '../../src/nmi/flags.ts';
import { ownScopes, toFrame, valueText } from '../../src/nmi/frames.ts';
import type { Frame, ThreadStop } from '../../src/nmi/stop.ts';

const machine = fileURLToPath(new URL('fixtures/machine.mjs', import.meta.url));
const threads = new URL('fixtures/threads.mjs', import.meta.url);
const source = readFileSync(threads, 'utf8').split('\n');

interface End {
  exits: string[];
  heard: number;
}

/** What the watchdog saw, and how everybody ended. */
async function watch<T>(scenario: string): Promise<T & End> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...STOPPABLE, machine, scenario],
    { timeout: 25_000, killSignal: 'SIGKILL' },
  );
  expect(stderr).toBe('');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  return Object.assign({}, ...lines) as T & End;
}

// From Node 22 on there are frames of Node's own below a module that runs.
const names = (stop: ThreadStop | undefined) =>
  stop?.frames.filter(({ url }) => !url.startsWith('node:')).map((frame) => frame.function);
const text = (frame: Frame | undefined) => source[(frame?.line ?? 0) - 1] ?? '';
const locals = (frame: Frame | undefined) =>
  Object.fromEntries(frame?.locals?.map(({ name, value }) => [name, value]) ?? []);

describe('a thread', () => {
  interface ThreeStates {
    stops: ThreadStop[];
    bare: ThreadStop[];
    whole: ThreadStop[];
    moved: number;
  }

  test('asleep, spinning or idle: stopped where it is, and then let go', async () => {
    const seen = await watch<ThreeStates>('asleep, spinning, idle');
    const [main, asleep, spinning, idle] = seen.stops;

    expect(names(asleep)).toEqual(['asleep', '(top level)']);
    expect(asleep?.frames[0]?.url).toBe(threads.href);
    const [frame] = asleep?.frames ?? [];
    expect(text(frame)).toContain('Atomics.wait');
    expect(text(frame).slice((frame?.column ?? 0) - 1)).toMatch(/^wait\(words, GO, 0\)/);
    expect(locals(frame)).toMatchObject({ n: '0', lock: '6720', name: '"swapinfo"' });

    expect(names(spinning)).toEqual(['count', 'spinning', '(top level)']);
    expect(spinning?.stopped).toBe(true);

    expect(idle).toMatchObject({ stopped: false, frames: [], reason: 'idle in its event loop' });
    expect(main).toMatchObject({ threadId: 0, stopped: false, reason: 'idle in its event loop' });

    // The spinning thread stood still, and the same count went on after resume().
    expect(seen.moved).toBe(0);
    expect(seen.exits).toEqual(['asleep 0', 'spinning 0', 'idle 0']);
    expect(seen.heard).toBe('go on'.length);

    // Locals are read only on request.
    expect(seen.bare.map((stop) => stop.frames[0]?.locals)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);

    // Of a thread that is asked for wholly, those of every frame.
    const known = seen.whole.map(({ frames }) => frames.map((each) => each.locals !== undefined));
    // Some versions of Node have frames of their own below ours.
    expect(known.map((each) => [...new Set(each)])).toEqual([[false], [true], []]);
  });

  test.for(['asleep', 'spinning'])('is reached while main is %s, and so is main', async (state) => {
    const { stops, exits } = await watch<{ stops: ThreadStop[] }>(`main ${state}`);
    expect(stops.map((stop) => stop.stopped)).toEqual([true, true, true]);
    expect(names(stops[0])).toEqual([`${state}_main`, 'main', '(top level)']);
    expect(exits).toEqual(['asleep 0', 'spinning 0']);
  });

  test('in native code gives no answer, holds up nobody, and is not caught later', async () => {
    const seen = await watch<{ during: ThreadStop[]; after: ThreadStop[] }>('in native code');
    expect(seen.during[0]).toMatchObject({ stopped: false, frames: [] });
    expect(seen.during[0]?.reason).toContain('native code');
    expect(seen.during[0]?.millis).toBe(100);
    expect(names(seen.during[1])).toEqual(['asleep', '(top level)']);
    expect(names(seen.after[0])).toEqual(['count', 'native', '(top level)']);
    expect(seen.exits).toEqual(['native 0', 'asleep 0']);
  });

  test('that comes out of native code while all is stopped is held there', async () => {
    const seen = await watch<{ during: ThreadStop[]; again: ThreadStop[]; moved: number }>(
      'late, while stopped',
    );
    expect(seen.during[0]?.stopped).toBe(false);
    expect(seen.again[0]?.stopped).toBe(true);
    expect(names(seen.again[0])?.slice(-3)).toEqual(['sleepNatively', 'native', '(top level)']);
    const execSync = seen.again[0]?.frames.find((frame) => frame.function === 'execSync');
    expect(execSync?.url).toBe('node:child_process');
    expect(seen.moved).toBe(0);
    expect(seen.exits).toEqual(['native 0']);
  });

  test('cannot be reached while main is in native code, and can be again after', async () => {
    const { stops, after } = await watch<{ stops: ThreadStop[]; after: ThreadStop[] }>(
      'main in native code',
    );
    expect(stops.map((stop) => stop.stopped)).toEqual([false, false]);
    expect(stops[0]?.reason).toContain('no answer from the main thread');
    expect(stops[1]?.reason).toContain('native code');
    expect(after.map((stop) => stop.stopped)).toEqual([true, true]);
  });

  test('with a long stack shows all of it, or as much as was asked for', async () => {
    const { stops, whole } = await watch<{ stops: ThreadStop[]; whole: ThreadStop[] }>(
      'a long stack',
    );
    expect(stops[0]?.frames).toHaveLength(64);
    expect(stops[0]?.frames).toEqual(whole[0]?.frames.slice(0, 64));
    expect(whole[0]?.frames).toHaveLength(64 + (stops[0]?.framesCut ?? 0));
    expect(names(whole[0])?.filter((name) => name === 'deep')).toHaveLength(501);
    expect(whole[0]?.framesCut).toBe(0);
  });

  test('with a forgotten debugger statement is stopped by the NMI only', async () => {
    const { stops, exits } = await watch<{ stops: ThreadStop[] }>('a forgotten debugger statement');
    expect(names(stops[0])).toEqual(['breaking', '(top level)']);
    expect(exits).toEqual(['breaking 0']);
  });

  test('that comes later is found', async () => {
    const seen = await watch<{
      later: number;
      before: number[];
      after: number[];
      stops: ThreadStop[];
    }>('a thread that comes later');
    expect(seen.before).toEqual([seen.later]);
    expect(seen.after).toEqual([]);
    expect(seen.stops.map(names)).toEqual([
      ['asleep', '(top level)'],
      ['asleep', '(top level)'],
    ]);
  });

  test('that cannot be stopped has its reason', async () => {
    const { missing, self, ids, stops } = await watch<{
      missing: number[];
      self: number;
      ids: number[];
      stops: ThreadStop[];
    }>('who cannot be stopped');
    expect(missing).toEqual([ids[0], 99]);
    expect(stops.map(({ threadId, reason }) => [threadId, reason])).toEqual([
      [self, 'it is the watchdog itself'],
      [ids[0], 'no such thread'],
      [99, 'no such thread'],
      [ids[1], 'the NMI is closed'],
    ]);
  });
});

describe('a wakeup', () => {
  const OK = 1;

  test('that comes while its waiter is stopped arrives; who was not notified still waits', async () => {
    const seen = await watch<{
      notified: number;
      during: number[];
      after: number[];
      other: ThreadStop;
      end: number[];
    }>('a wakeup during the stop');
    expect(seen.notified).toBe(1);
    expect(seen.during).toEqual([0, 0]);
    expect(seen.after).toEqual([OK, 0]);
    expect(text(seen.other.frames[0])).toContain('Atomics.wait');
    expect(seen.end).toEqual([OK, OK]);
  });

  interface Often {
    stops: number;
    asleep: number;
    lost: number;
    done: number;
  }

  test('is never lost, however often both sides are stopped', async () => {
    const seen = await watch<Often>('wakeups under many stops');
    expect(seen).toMatchObject({ lost: 0, done: 2 });
    expect(seen.stops).toBeGreaterThan(100);
    expect(seen.asleep).toBeGreaterThanOrEqual(10);
  });

  test('that is never sent would have been noticed (control)', async () => {
    const seen = await watch<Often>('wakeups that never come');
    expect(seen.lost).toBeGreaterThan(0);
    expect(seen.done).toBe(0);
  });
});

describe('the end of the watchdog', () => {
  test('close() lets everybody go', async () => {
    const { stops, exits } = await watch<{ stops: ThreadStop[] }>('closed while stopped');
    expect(stops.map((stop) => stop.stopped)).toEqual([false, true, true]);
    expect(exits).toEqual(['asleep 0', 'spinning 0']);
  });

  test('so does an error of its own', async () => {
    const seen = await watch<{ stops: ThreadStop[]; error: string }>(
      'the watchdog dies while all is stopped',
    );
    expect(seen.stops.map((stop) => stop.stopped)).toEqual([false, true, true]);
    expect(seen.error).toBe('the watchdog has a bug');
    expect(seen.exits).toEqual(['asleep 0', 'spinning 0']);
  });
});

describe('what V8 tells', () => {
  test.for([
    ['-0', { type: 'number', unserializableValue: '-0' }],
    ['6720', { type: 'number', value: 6720, description: '6720' }],
    ['10n', { type: 'bigint', unserializableValue: '10n' }],
    ['true', { type: 'boolean', value: true }],
    ['undefined', { type: 'undefined' }],
    ['null', { type: 'object', subtype: 'null', value: null }],
    ['"a\\nb"', { type: 'string', value: 'a\nb' }],
    ['Symbol(x)', { type: 'symbol', description: 'Symbol(x)' }],
    ['Array(2)', { type: 'object', className: 'Array', description: 'Array(2)' }],
    ['Error: gone', { type: 'object', description: 'Error: gone\n    at f (x.js:1:1)' }],
    ['function reap', { type: 'function', description: 'async function* reap(a) { }' }],
    ['function Pool', { type: 'function', description: 'class Pool { }' }],
    ['function (anonymous)', { type: 'function', description: '(a, b) => a' }],
  ] as const)('%s', ([expected, value]) => {
    expect(valueText(value)).toBe(expected);
  });

  test('long text is cut', () => {
    const value = valueText({ type: 'string', value: 'x'.repeat(10_000) });
    expect(value).toHaveLength(82);
    expect(value).toMatch(/^"x+…"$/);
  });

  const scope = (type: string) => ({ type, object: { type: 'object', objectId: type } });
  const frame = (...types: string[]) => ({
    callFrameId: '1',
    functionName: '',
    location: { scriptId: '7', lineNumber: 0, columnNumber: 0 },
    url: '',
    scopeChain: types.map(scope),
    this: { type: 'undefined' },
  });

  test.for([
    ['(anonymous)', ['block', 'local', 'closure', 'block', 'module', 'global'], ['block', 'local']],
    ['(top level)', ['block', 'module', 'global'], ['block']],
  ] as const)('%s: the scopes that are its own', ([name, types, own]) => {
    const callFrame = frame(...types);
    expect(toFrame(callFrame, new Map([['7', 'file:///a.js']]))).toEqual({
      function: name,
      url: 'file:///a.js',
      line: 1,
      column: 1,
    });
    expect(ownScopes(callFrame)).toEqual(own);
  });
});
