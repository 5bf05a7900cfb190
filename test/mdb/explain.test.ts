/*
 * Goal: the explanation of a dump is true, for each verdict, and leads on.
 *
 * Method: hangs made up of a few threads, each with the sentence that it must give, word for word; and beside it
 * its twin with one edge less, which must not give it.  The golden dumps are explained too, and everything that
 * an explanation says to type is typed.
 */

import { describe, expect, test } from 'vitest';

import type { Dump, DumpHead, DumpThread, HeldLock, WantedLock } from '../../src/dump/format.ts';
import { factsOf } from '../../src/mdb/dcmds/deadlock.ts';
import { explain, NO_FACTS } from '../../src/mdb/story/explain.ts';
import { ownFrames } from '../../src/mdb/story/words.ts';
import { GOLDEN, openGolden, say } from './session.ts';

const FRAMES = [
  { function: 'wait', file: 'src/layout/word.ts', line: 9, column: 1 },
  { function: 'mutex_enter', file: 'src/kernel/mutex.ts', line: 8, column: 1 },
  { function: 'take', file: 'workloads/x/forks.ts', line: 7, column: 1 },
  { function: 'run', file: 'workloads/x/roles.ts', line: 6, column: 1 },
];

function held(name: string, more: Partial<HeldLock> = {}): HeldLock {
  return { name, kind: 'mutex', address: `a_${name}`, held_ms: 5, ...more };
}

function wanted(name: string, owners: number[], more: Partial<WantedLock> = {}): WantedLock {
  return { name, kind: 'mutex', address: `a_${name}`, waited_ms: 3, owners, ...more };
}

function thread(id: number, name: string, more: Partial<DumpThread> = {}): DumpThread {
  return {
    id,
    name,
    role: name,
    psargs: name,
    address: `4${id}00`,
    thread_id: id,
    os_tid: id,
    cpu: -1,
    state: 'TS_SLEEP',
    part: 'cycle',
    holds: [],
    wants: null,
    stack: FRAMES,
    progress: 0,
    progress_after: 0,
    silent_ms: 0,
    ...more,
  };
}

function dumpOf(head: Partial<DumpHead>, threads: readonly DumpThread[]): Dump {
  return {
    head: {
      verdict: 'deadlock',
      message: 'm',
      because: [],
      cycle: threads.map(({ id }) => id),
      victims: [],
      running: [],
      ...head,
    } as unknown as DumpHead,
    threads,
    locks: [],
    symbols: [],
  };
}

const ANN = thread(1, 'ann', { holds: [held('salt')], wants: wanted('pepper', [2]) });
const BOB = thread(2, 'bob', { holds: [held('pepper')], wants: wanted('salt', [1]) });
const ROUND =
  'ann has salt and waits for pepper, which bob has; that one waits for salt, which ann has. Neither can go on.';

describe('a circle', () => {
  test('is told round and back', () => {
    const told = explain(dumpOf({}, [ANN, BOB]));
    expect(told.title).toBe('deadlock: two threads wait for one another in a circle');
    expect(told.story[0]).toBe(ROUND);
    expect(told.links.map(({ has, at }) => [has?.name, at?.function])).toEqual([
      ['salt', 'take'],
      ['pepper', 'take'],
    ]);
  });

  test('that does not close is none', () => {
    const open = { ...BOB, wants: wanted('salt', []) };
    const told = explain(dumpOf({}, [ANN, open]));
    expect(told.title).toBe('deadlock: threads wait, and none of them can wake another');
    expect(told.story).not.toContain(ROUND);
    expect(told.story[1]).toContain('nobody is known to have salt');
  });

  test('over a declared resource says why no chain of owners shows it', () => {
    const flag = { ...ANN, wants: wanted('pepper', [2], { via: 'pepper_cv', kind: 'resource' }) };
    const about = explain(dumpOf({}, [flag, BOB])).story.filter((each) =>
      each.includes('pepper_cv'),
    );
    expect(about).toHaveLength(1);
    expect(about[0]).toContain('nobody owns a condvar');
    const none = explain(dumpOf({}, [ANN, BOB])).story.filter((each) => each.includes('condvar'));
    expect(none).toEqual([]);
  });

  test('of readers and writers says who reads and who writes', () => {
    const reader = { ...ANN, holds: [held('salt', { kind: 'rwlock', mode: 'reader' })] };
    const writer = { ...BOB, wants: wanted('salt', [1], { kind: 'rwlock', mode: 'writer' }) };
    expect(explain(dumpOf({}, [reader, writer])).story[0]).toBe(
      'ann has salt and waits for pepper, which bob has; that one waits for salt to write, which ann has to read. Neither can go on.',
    );
  });
});

describe('an edge that nobody declared', () => {
  const asleep = thread(1, 'ann', { wants: wanted('cv', [], { kind: 'cv' }) });
  const other = thread(2, 'bob', { wants: wanted('pepper', [1]) });

  test('is hinted at by who signalled last', () => {
    const facts = { ...NO_FACTS, signalledBy: () => other };
    const told = explain(dumpOf({ cycle: [1] }, [asleep, other]), facts);
    expect(told.story.filter((each) => each.startsWith('A hint, not a proof: bob'))).toHaveLength(
      1,
    );
    expect(told.next.map(({ command }) => command)).toContain('4200::findstack');
  });

  test('is not where nothing is known', () => {
    const told = explain(dumpOf({ cycle: [1] }, [asleep, other]));
    expect(told.story.join(' ')).not.toContain('hint');
  });
});

describe('a panic', () => {
  const fell = thread(1, 'ann', { holds: [held('salt')], state: 'TS_STOPPED' });
  const behind = thread(2, 'bob', { holds: [held('pepper')], wants: wanted('salt', [1]) });
  const head = {
    verdict: 'panic',
    message: 'Deadlock: cycle in blocking chain',
    cycle: [1],
  } as const;

  test('that closed a circle names it, by the lock that was tried', () => {
    const facts = { ...NO_FACTS, tried: () => 'a_pepper' };
    const { story } = explain(dumpOf(head, [fell, behind]), facts);
    expect(story[2]).toBe(
      'The circle: ann was about to wait for pepper, which bob had; that one waited for salt, which ann had.  Had it gone to sleep, none of them would have woken.',
    );
  });

  test.for([
    ['a lock that leads nowhere', 'a_sugar'],
    ['its own', 'a_salt'],
  ])('names none for %s', ([, tried]) => {
    const { story } = explain(dumpOf(head, [fell, behind]), { ...NO_FACTS, tried: () => tried });
    expect(story.join(' ')).not.toContain('The circle');
    expect(story.join(' ')).toContain('bob waited for salt, which ann had');
  });

  test('does not follow a chain for ever', () => {
    const a = thread(2, 'bob', { holds: [held('x')], wants: wanted('y', [3]) });
    const b = thread(3, 'cy', { holds: [held('y')], wants: wanted('x', [2]) });
    const { story } = explain(dumpOf(head, [fell, a, b]), { ...NO_FACTS, tried: () => 'a_x' });
    expect(story.join(' ')).not.toContain('The circle');
  });
});

test.for(['constructor', 'toString', '__proto__', 'hasOwnProperty', ''])(
  'a verdict %o, which there is not, is told by its message',
  async (verdict) => {
    const { target } = await openGolden('read-hold.planted');
    const { dump } = target;
    const told = explain({ ...dump, head: { ...dump.head, verdict: verdict as 'pass' } });
    expect(told.story.join(' ')).toContain(dump.head.message);
  },
);

describe('other verdicts', () => {
  const self = thread(1, 'ann', { holds: [held('salt')], wants: wanted('salt', [1]) });
  const gone = thread(1, 'ann', { holds: [held('salt')], exit: 'returned', state: 'TS_ZOMB' });
  const waits = thread(2, 'bob', { part: 'victim', wants: wanted('salt', [1]) });
  const rich = thread(3, 'cy', { progress_after: 7 });

  test.for([
    [
      'self-deadlock',
      [self],
      [1],
      'ann waits for what it has itself',
      'ann has had salt for 5.0 ms',
    ],
    [
      'orphaned-lock',
      [gone, waits],
      [1],
      'ann is gone, and took salt along',
      'bob has waited for salt',
    ],
    ['starvation', [waits, rich], [2], 'bob never gets salt', 'cy (7 rounds since the verdict)'],
    ['lost-wakeup', [waits], [2], 'bob slept through what it waited for', 'bob has slept on salt'],
    [
      'livelock',
      [ANN, BOB],
      [1, 2],
      'ann and bob are busy, and get nothing done',
      'take (forks.ts:7)',
    ],
    ['stall', [gone], [1], 'ann does not come back', 'in no function of the kernel'],
  ] as const)('%s', ([verdict, threads, cycle, title, part]) => {
    const victims = threads.filter((each) => each.part === 'victim').map(({ id }) => id);
    const told = explain(dumpOf({ verdict, cycle, victims }, threads));
    expect(told.title).toBe(`${verdict}: ${title}`);
    expect(told.story.join(' ')).toContain(part);
    // The control: of a verdict without a story of its own, the dump's message is all there is.
    const plain = explain(dumpOf({ verdict: 'crash', cycle }, threads));
    expect([plain.title, plain.story[0]]).toEqual(['crash', 'm.']);
  });

  test('a dump that contradicts itself is explained all the same', () => {
    for (const verdict of [
      'deadlock',
      'self-deadlock',
      'orphaned-lock',
      'starvation',
      'panic',
      'stall',
      'nonsense',
    ]) {
      const told = explain(dumpOf({ verdict, cycle: [9, 8] } as unknown as Partial<DumpHead>, []));
      expect(told.title).not.toBe('');
      expect(told.links).toEqual([]);
    }
  });
});

test('the frames of a workload are those outside the kernel', () => {
  expect(ownFrames(ANN).map((frame) => frame.function)).toEqual(['take', 'run']);
  expect(ownFrames({ ...ANN, stack: FRAMES.slice(0, 2) })).toEqual([]);
});

describe.for(GOLDEN)('of %s', (name) => {
  test('whatever it says to type works', async () => {
    const session = await openGolden(name);
    const { next, story } = explain(session.target.dump, factsOf(session.target));
    expect(story.length).toBeGreaterThan(0);
    expect(next.length).toBeGreaterThan(0);
    for (const { command } of next) {
      expect({ command, ...(await say(session, command)) }).toMatchObject({ isWell: true });
    }
    expect(await say(session, `${next[0]!.command}x`)).toMatchObject({ isWell: false });
  });
});
