/*
 * Goal: what the deadman says depends on what is the case, and not on when it looks.
 *
 * Method: scenes (scene.ts), among them the moments that look like a hang and are none.  Each such moment has
 * its neighbour here that is one, so neither a deadman who always finds something nor one who never does can
 * pass.  That the real kernel writes what the scenes write is shown by test/run, with real threads.
 */

import { describe, expect, test } from 'vitest';
import {
  empty,
  found,
  HANG_MS,
  lock_a,
  lock_b,
  lock_c,
  meeting,
  P_LOCK,
  ready,
  Scene,
  table,
  units,
} from './scene.ts';
import { header, image_header, kbarrier, kthread } from '../../src/layout/records.ts';
import { put, store } from '../../src/layout/word.ts';
import { afterNudge } from '../../src/nmi/findings.ts';

describe('a cycle', () => {
  test('is found at the second look at it, by no timeout', () => {
    const scene = new Scene('a', 'b', 'c', 'other');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', lock_b);
    scene.sleeps('b', lock_a);
    scene.sleeps('c', lock_a);
    expect(scene.look()).toBeUndefined();
    expect(scene.looks(10)).toMatchObject({
      verdict: 'deadlock',
      exact: true,
      message: 'a wants lock_b; b wants lock_a, which a holds',
      cycle: ['a', 'b'],
      victims: ['c'],
    });
  });

  test('is found by looks a millisecond apart, as soon as its last wait has lasted from one to the next', () => {
    const scene = new Scene('a', 'b', 'other');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', lock_b);
    for (let ms = 0; ms < 25; ms++) expect(scene.look(1)).toBeUndefined();
    scene.sleeps('b', lock_a);
    expect(scene.look(1)).toBeUndefined();
    expect(scene.look(1)).toMatchObject({ verdict: 'deadlock' });
  });

  test('is none if its waits were never all at one time', () => {
    const scene = new Scene('a', 'b');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', lock_b);
    scene.sleeps('b', lock_a);
    const moved = scene.looks(HANG_MS / 2, () => {
      // Another wait each time, for the same lock.
      scene.wakes('b');
      scene.sleeps('b', lock_a);
    });
    expect(moved).toBeUndefined();
  });

  test('is none if a wait in it has a limit', () => {
    const scene = new Scene('a', 'b');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', lock_b, 'timed');
    scene.sleeps('b', lock_a);
    expect(scene.looks(10 * HANG_MS)).toBeUndefined();
  });

  test('is none if one in it was chosen to wake', () => {
    const scene = new Scene('a', 'b');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', lock_b);
    scene.sleeps('b', lock_a);
    scene.granted('a');
    expect(scene.looks(HANG_MS / 2)).toBeUndefined();
  });

  test('goes through a read hold, and through a writer that readers queue behind', () => {
    const scene = new Scene('a', 'b', 'bystander');
    scene.holds('a', table, 'reader');
    scene.holds('bystander', table, 'reader');
    scene.sleeps('b', table, 'writer');
    scene.sleeps('a', table);
    scene.look();
    expect(scene.looks(10)).toMatchObject({
      verdict: 'deadlock',
      message: 'a wants table to read, behind b; b wants table to write, which a holds',
      cycle: ['a', 'b'],
    });
  });

  test('of one: who waits to write what it reads, or for a resource of its own', () => {
    const reader = new Scene('a', 'other');
    reader.holds('a', table, 'reader');
    reader.sleeps('a', table, 'writer');
    reader.look();
    expect(reader.looks(10)).toMatchObject({
      verdict: 'self-deadlock',
      message: 'a wants table to write, which it holds itself',
    });

    const owner = new Scene('a', 'other');
    owner.holds('a', P_LOCK);
    put(owner.t('a'), kthread.wants_resource, P_LOCK);
    owner.sleeps('a', ready);
    owner.look();
    expect(owner.looks(10)).toMatchObject({
      verdict: 'self-deadlock',
      message: 'a wants P_LOCK, which it holds itself',
    });
  });

  test('of one is none: a mutex, a rwlock that was handed to its waiter', () => {
    for (const lock of [lock_a, table]) {
      const scene = new Scene('a', 'other');
      scene.sleeps('a', lock, ...(lock === table ? (['writer'] as const) : []));
      scene.names_owner(lock, 'a');
      expect(scene.looks(HANG_MS / 2, () => scene.progress('other'))).toBeUndefined();
    }
  });

  test('of one is none: a reader in line, and no writer left that it queues behind', () => {
    const scene = new Scene('a', 'w');
    scene.holds('a', table, 'reader');
    scene.sleeps('w', table, 'writer');
    scene.sleeps('a', table);
    // The writer gave up.  It is awake, off the line, and about to let the readers in.
    scene.wakes('w');
    expect(scene.looks(HANG_MS / 2)).toBeUndefined();
  });
});

describe('a lock whose holder is gone', () => {
  test('is found at once, by who waits for it, with a limit or without, or tried', () => {
    for (const how of ['waits', 'waits with a limit', 'asks'] as const) {
      const scene = new Scene('dead', 'a', 'other');
      scene.holds('dead', lock_a);
      scene.dies('dead', 'threw', 'Error: oops');
      if (how === 'asks') scene.tries('a', lock_a);
      else scene.sleeps('a', lock_a, ...(how === 'waits' ? [] : (['timed'] as const)));
      expect(scene.looks(10), how).toMatchObject({
        verdict: 'orphaned-lock',
        exact: true,
        message: `dead threw Error: oops with lock_a held, and a ${how === 'asks' ? 'asks' : 'waits'} for it`,
        cycle: ['dead'],
        victims: ['a'],
      });
    }
  });

  test('is none if it let go before it ended, whoever still sleeps', () => {
    const scene = new Scene('dead', 'a', 'b', 'other');
    scene.holds('dead', lock_a);
    scene.sleeps('a', lock_a);
    scene.sleeps('b', lock_a);
    scene.look();
    scene.drops('dead');
    scene.granted('a');
    scene.dies('dead', 'returned');
    expect(scene.looks(HANG_MS / 2, () => scene.progress('other'))).toBeUndefined();
  });

  test('is none if it was told to unwind', () => {
    const scene = new Scene('dead', 'a');
    scene.holds('dead', lock_a);
    scene.sleeps('a', lock_a);
    scene.dies('dead', 'halted');
    expect(scene.look()).toBeUndefined();
  });

  test('that nobody wants is a crash, when it was wanted by nobody for the hang timeout', () => {
    const scene = new Scene('dead', 'other');
    scene.holds('dead', lock_a);
    scene.dies('dead', 'exited', 'process.exit(1)');
    const result = scene.looks(2 * HANG_MS, () => scene.progress('other'));
    expect(result).toMatchObject({
      verdict: 'crash',
      message: 'dead exited (process.exit(1)) with lock_a held',
    });
    expect(result?.afterMs).toBe(HANG_MS);
  });

  test('a role that returned with one is no crash', () => {
    const scene = new Scene('dead');
    scene.holds('dead', lock_a);
    scene.dies('dead', 'returned');
    expect(scene.looks(10)).toMatchObject({
      verdict: 'orphaned-lock',
      message: 'dead returned with lock_a held',
    });
  });

  test('a role that threw with nothing in its hands is a crash at once', () => {
    const scene = new Scene('dead', 'other');
    scene.dies('dead', 'threw', 'Error: oops');
    expect(scene.looks(10)).toMatchObject({
      verdict: 'crash',
      exact: true,
      message: 'dead threw Error: oops',
    });
  });
});

describe('nobody awake', () => {
  test('is a hang at the second look: one thing that nobody wakes its sleepers from', () => {
    const scene = new Scene('a', 'b', 'server (daemon)');
    scene.sleeps('a', ready);
    scene.sleeps('b', ready);
    scene.sleeps('server', empty, 'idle');
    expect(scene.look()).toBeUndefined();
    expect(scene.looks(10)).toMatchObject({
      verdict: 'lost-wakeup',
      exact: true,
      message: 'a, b have slept 20 ms on ready, and nobody wakes them',
      cycle: ['a', 'b'],
      // The daemon may have lost its wakeup, and be what they wait for.
      nudges: ['a', 'b', 'server'],
    });
  });

  test.for([
    ['one runs', (scene: Scene) => scene.wakes('b')],
    ['one was chosen to wake', (scene: Scene) => scene.granted('b')],
    [
      'one will wake by itself',
      (scene: Scene) => {
        scene.wakes('b');
        scene.sleeps('b', ready, 'timed');
      },
    ],
  ] as const)('is not so if %s', ([, change]) => {
    const scene = new Scene('a', 'b');
    scene.sleeps('a', ready);
    scene.sleeps('b', units);
    change(scene);
    expect(scene.looks(HANG_MS / 2)).toBeUndefined();
  });

  test('is not so if one was awake at the last look and came to its end since', () => {
    const scene = new Scene('a', 'b');
    scene.sleeps('a', ready);
    scene.look();
    scene.look();
    scene.dies('b', 'returned');
    expect(scene.look()).toBeUndefined();
    expect(scene.looks(10)).toMatchObject({ verdict: 'lost-wakeup', exact: true, cycle: ['a'] });
  });

  test('is no hang if all may wait for ever', () => {
    const scene = new Scene('a', 'server (daemon)');
    scene.sleeps('a', ready, 'idle');
    scene.sleeps('server', empty);
    expect(scene.looks(5 * HANG_MS)).toBeUndefined();
  });

  test('and a role that crashed: it is the crash, not those who wait for its answer', () => {
    const scene = new Scene('dead', 'a');
    scene.holds('dead', lock_a);
    scene.sleeps('a', ready);
    scene.dies('dead', 'threw', 'Error: oops');
    scene.look();
    expect(scene.looks(20)).toMatchObject({ verdict: 'crash', cycle: ['dead'] });
  });
});

describe('who sleeps on what nobody is known to have', () => {
  /** Others get on all the while. */
  function beside(scene: Scene, ms = 3 * HANG_MS, meanwhile: () => void = () => undefined) {
    return scene.looks(ms, () => {
      scene.progress('other');
      meanwhile();
    });
  }

  test('and holds what others want: deadlock, with the chain, after the hang timeout', () => {
    const scene = new Scene('a', 'b', 'c', 'other');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    scene.sleeps('a', ready);
    scene.sleeps('b', lock_a);
    scene.sleeps('c', lock_b);
    expect(beside(scene)).toMatchObject({
      verdict: 'deadlock',
      exact: false,
      cycle: ['c', 'b', 'a'],
      nudges: ['a'],
      afterMs: HANG_MS + 10,
    });
  });

  test('on different things: deadlock, of all who do, though they began one after the other', () => {
    const scene = new Scene('a', 'b', 'other');
    scene.sleeps('a', units);
    let ms = 0;
    const result = beside(scene, 3 * HANG_MS, () => {
      ms += 10;
      if (ms < 400) scene.progress('b');
      if (ms === 400) scene.sleeps('b', ready);
    });
    expect(result).toMatchObject({ verdict: 'deadlock', cycle: ['a', 'b'] });
  });

  test('at a barrier: deadlock, and how many are there', () => {
    const scene = new Scene('a', 'b', 'other');
    put(meeting, kbarrier.parties, 3);
    scene.sleeps('a', meeting);
    scene.sleeps('b', meeting);
    expect(beside(scene)?.message).toMatch(/^a, b have slept .* on meeting, where 2 of 3 are/);
  });

  test('that nothing happens to: lost wakeup', () => {
    const scene = new Scene('a', 'other');
    scene.sleeps('a', ready);
    expect(beside(scene)).toMatchObject({
      verdict: 'lost-wakeup',
      exact: false,
      nudges: ['a'],
      afterMs: HANG_MS + 10,
    });
  });

  test('that serves others meanwhile: starvation, and half a timeout later', () => {
    const scene = new Scene('a', 'other');
    scene.sleeps('a', ready);
    expect(beside(scene, 3 * HANG_MS, () => scene.signalled(ready))).toMatchObject({
      verdict: 'starvation',
      cycle: ['a'],
      afterMs: 1.5 * HANG_MS + 10,
    });
  });

  test('says nothing as long as one is awake and half a suspect: it may be the one they wait for', () => {
    const scene = new Scene('a', 'b', 'late');
    put(meeting, kbarrier.parties, 3);
    scene.sleeps('a', meeting);
    scene.sleeps('b', meeting);
    let ms = 0;
    const result = scene.looks(5 * HANG_MS, () => {
      ms += 10;
      if (ms < 0.6 * HANG_MS) scene.progress('late');
    });
    expect(result).toMatchObject({ verdict: 'stall', cycle: ['late'] });
  });

  test('says nothing as long as one is in a wait with a limit', () => {
    const scene = new Scene('a', 'late');
    scene.sleeps('a', meeting);
    scene.sleeps('late', 0, 'timed');
    expect(scene.looks(10 * HANG_MS)).toBeUndefined();
  });

  test('is no suspect if it said so', () => {
    const scene = new Scene('a', 'server (daemon)', 'other');
    scene.sleeps('a', ready, 'idle');
    scene.sleeps('server', ready);
    expect(beside(scene, 10 * HANG_MS)).toBeUndefined();
  });
});

describe('the nudge', () => {
  function slept() {
    const scene = new Scene('a', 'b', 'other');
    scene.holds('a', lock_a);
    scene.sleeps('a', ready);
    scene.sleeps('b', lock_a);
    const result = scene.looks(3 * HANG_MS, () => scene.progress('other'))!;
    return result.finding;
  }

  test('that lets one go on proves its wakeup lost, whatever else it looked like', () => {
    const finding = slept();
    expect(finding.verdict).toBe('deadlock');
    expect(found(afterNudge(finding, finding.nudges![0]), 0)).toMatchObject({
      verdict: 'lost-wakeup',
      message: 'a slept for 1.0 s on ready though what it waited for was there',
      cycle: ['a'],
      victims: ['b'],
      nudges: [],
    });
  });

  test('that changes nothing leaves the verdict, and is a reason for it', () => {
    const finding = slept();
    const after = afterNudge(finding, undefined);
    expect(after).toMatchObject({ verdict: 'deadlock', cycle: finding.cycle });
    expect(after.because.at(-1)).toBe(
      'woken without a signal, a went back to sleep: what it waits for is not there',
    );
  });
});

describe('busy with locks', () => {
  test('two that get in each other’s way: livelock, of both', () => {
    const scene = new Scene('a', 'b', 'other');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    const result = scene.looks(3 * HANG_MS, () => {
      scene.progress('other');
      scene.tries('a', lock_b);
      scene.tries('b', lock_a);
    });
    expect(result).toMatchObject({
      verdict: 'livelock',
      cycle: ['a', 'b'],
      message: 'a, b have been busy with locks for 1.0 s and got nothing done: lock_a, lock_b',
    });
  });

  test('is a livelock too if one of them fell silent later', () => {
    const scene = new Scene('a', 'b', 'other');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    let ms = 0;
    const result = scene.looks(3 * HANG_MS, () => {
      ms += 10;
      scene.progress('other', ...(ms < 0.8 * HANG_MS ? ['b'] : []));
      scene.tries('a', lock_b);
      scene.tries('b', lock_a);
    });
    expect(result).toMatchObject({ verdict: 'livelock', cycle: ['a', 'b'] });
  });

  test('names the locks that it is about, not those it wanted before', () => {
    const scene = new Scene('a', 'b');
    scene.holds('a', lock_a);
    scene.holds('b', lock_b);
    let ms = 0;
    const result = scene.looks(3 * HANG_MS, () => {
      ms += 10;
      scene.tries('a', ms < 0.5 * HANG_MS ? lock_c : lock_b);
      scene.tries('b', lock_a);
    });
    expect(result?.message).toMatch(/: lock_a, lock_b$/);
  });

  test('one whose lock is with one that gets on: starvation', () => {
    const scene = new Scene('a', 'hog');
    scene.holds('hog', lock_a);
    const result = scene.looks(3 * HANG_MS, () => {
      scene.progress('hog');
      scene.tries('a', lock_a);
    });
    expect(result).toMatchObject({
      verdict: 'starvation',
      cycle: ['a'],
      afterMs: 1.5 * HANG_MS + 10,
    });
    expect(result?.message).toBe('a has waited for lock_a for 1.5 s, while hog gets on');
  });

  test('in short waits, again and again: a poll that never ends', () => {
    const scene = new Scene('a');
    expect(scene.looks(3 * HANG_MS, () => scene.naps('a', 0))).toMatchObject({
      verdict: 'livelock',
      cycle: ['a'],
    });
  });

  test('is not what one is that was busy, and does not come back', () => {
    const scene = new Scene('a');
    let ms = 0;
    const result = scene.looks(3 * HANG_MS, () => {
      ms += 10;
      if (ms < 0.7 * HANG_MS) scene.tries('a', lock_a);
    });
    expect(result).toMatchObject({ verdict: 'stall', cycle: ['a'] });
  });
});

describe('waiting', () => {
  test('for one that gets on: starvation, when that has been so for half a timeout more', () => {
    const scene = new Scene('a', 'b', 'hog');
    scene.holds('hog', lock_a);
    scene.holds('a', lock_b);
    scene.sleeps('a', lock_a);
    scene.sleeps('b', lock_b);
    expect(scene.looks(3 * HANG_MS, () => scene.progress('hog'))).toMatchObject({
      verdict: 'starvation',
      cycle: ['a'],
      victims: ['b'],
      afterMs: 1.5 * HANG_MS + 10,
    });
  });

  test('for one that has stopped: that one, with the waiter behind it', () => {
    const scene = new Scene('a', 'gone');
    scene.holds('gone', lock_c);
    scene.sleeps('a', lock_c);
    expect(scene.looks(3 * HANG_MS)).toMatchObject({
      verdict: 'stall',
      cycle: ['gone'],
      victims: ['a'],
      afterMs: HANG_MS + 10,
    });
  });

  test('for one that has stopped later: when that one is silent for long enough, and not before', () => {
    const scene = new Scene('a', 'gone');
    scene.holds('gone', lock_c);
    scene.sleeps('a', lock_c);
    let ms = 0;
    const result = scene.looks(3 * HANG_MS, () => {
      ms += 10;
      if (ms <= 0.4 * HANG_MS) scene.progress('gone');
    });
    expect(result).toMatchObject({ verdict: 'stall', cycle: ['gone'], afterMs: 1.4 * HANG_MS });
  });

  test('for one that takes long, with a limit: nothing, as long as it sleeps', () => {
    const scene = new Scene('a', 'slow');
    scene.holds('slow', lock_c);
    scene.sleeps('a', lock_c);
    scene.sleeps('slow', 0, 'timed');
    expect(scene.looks(10 * HANG_MS)).toBeUndefined();
  });
});

describe('time', () => {
  test('in which nobody looked counts as one look', () => {
    const scene = new Scene('a');
    scene.look();
    expect(scene.look(60_000)).toBeUndefined();
    expect(scene.looks(3 * HANG_MS)?.afterMs).toBe(HANG_MS - 50);
  });

  test('of a long wait with a limit does not count, of short ones it does', () => {
    const scene = new Scene('a');
    scene.sleeps('a', 0, 'timed');
    expect(scene.looks(5 * HANG_MS)).toBeUndefined();
    scene.wakes('a');
    expect(scene.looks(HANG_MS)?.afterMs).toBeGreaterThanOrEqual(0.7 * HANG_MS);
  });

  test('in which one is ready and has no CPU is no stall, in the end or from the start', () => {
    const scene = new Scene('a', 'other');
    const host = scene.host.get(scene.t('a'))!;
    const denied = scene.looks(10 * HANG_MS, () => {
      scene.progress('other');
      host.ranMs -= 10;
    });
    expect(denied).toBeUndefined();
    // A quarter of the hang timeout of its own is enough.
    expect(scene.looks(HANG_MS, () => scene.progress('other'))).toMatchObject({
      verdict: 'stall',
      afterMs: HANG_MS / 4,
    });
  });

  test('in which one was busy with locks until it lost the CPU is no stall', () => {
    const scene = new Scene('a', 'other');
    const host = scene.host.get(scene.t('a'))!;
    const busy = scene.looks(0.9 * HANG_MS, () => {
      scene.progress('other');
      scene.tries('a', lock_a);
    });
    expect(busy).toBeUndefined();
    const denied = scene.looks(2 * HANG_MS, () => {
      scene.progress('other');
      host.ranMs -= 10;
    });
    expect(denied).toBeUndefined();
    // With the CPU and still nothing done, it is one.
    expect(scene.looks(HANG_MS, () => scene.progress('other'))).toMatchObject({ verdict: 'stall' });
  });

  test('asleep in the host is its own, whatever it ran', () => {
    const scene = new Scene('a', 'other');
    scene.host.get(scene.t('a'))!.ready = false;
    const result = scene.looks(3 * HANG_MS, () => scene.progress('other'));
    expect(result).toMatchObject({ verdict: 'stall', afterMs: HANG_MS + 10 });
    expect(result?.finding.because[0]).toMatch(/native code/);
  });

  test('counts less on a host that cannot run all: no less than a quarter', () => {
    const scene = new Scene('a', 'other');
    scene.sleeps('a', ready);
    const other = scene.host.get(scene.t('other'))!;
    const share = (part: number) => () => {
      scene.progress('other');
      other.ranMs -= 10 * (1 - part);
      other.heldUpMs += 10 * (1 - part);
    };
    expect(scene.looks(20 * HANG_MS, share(0.5))?.afterMs).toBeGreaterThan(1.7 * HANG_MS);

    const worse = new Scene('a', 'other');
    worse.sleeps('a', ready);
    const result = worse.looks(20 * HANG_MS, () => {
      worse.progress('other');
      // Not one millisecond, and the wait for it not over.
      worse.host.get(worse.t('other'))!.ranMs -= 10;
    });
    expect(result?.verdict).toBe('lost-wakeup');
    expect(result?.afterMs).toBeGreaterThan(3 * HANG_MS);
    expect(result?.afterMs).toBeLessThan(4.5 * HANG_MS);
  });
});

describe('the end of a trial', () => {
  function ending(): Scene {
    const scene = new Scene('a (daemon)', 'b (daemon)');
    store(header, image_header.halt, 1);
    scene.dies('b', 'halted');
    return scene;
  }

  test('is a stall for one that has the CPU and does not end', () => {
    expect(ending().looks(2 * HANG_MS)).toMatchObject({
      verdict: 'stall',
      message: 'a does not come to an end, 1.0 s after all others did',
      cycle: ['a'],
    });
  });

  test('is none for one that the host gives no CPU to end on', () => {
    const scene = ending();
    const host = scene.host.get(scene.t('a'))!;
    const denied = scene.looks(10 * HANG_MS, () => {
      host.ranMs -= 10;
    });
    expect(denied).toBeUndefined();
    expect(scene.looks(HANG_MS)).toMatchObject({ verdict: 'stall', afterMs: HANG_MS / 4 });
  });
});

describe('a role that never took progress()', () => {
  test.for([
    ['asks running()', (scene: Scene) => scene.polls('a')],
    ['tries locks', (scene: Scene) => scene.tries('a', lock_a)],
    ['sleeps and wakes', (scene: Scene) => scene.naps('a', ready)],
    [
      'takes a lock that is free',
      (scene: Scene) => {
        scene.holds('a', lock_a);
        scene.drops('a');
      },
    ],
  ] as const)('gets on if it %s', ([, does]) => {
    const scene = new Scene('a (mute)', 'other');
    const result = scene.looks(5 * HANG_MS, () => {
      scene.progress('other');
      does(scene);
    });
    expect(result).toBeUndefined();
  });

  test('does not if it does nothing of that', () => {
    const scene = new Scene('a (mute)', 'other');
    expect(scene.looks(5 * HANG_MS, () => scene.progress('other'))).toMatchObject({
      verdict: 'stall',
      cycle: ['a'],
    });
  });
});

describe('the main thread', () => {
  /** Time passes, and the main thread's event loop does not turn. */
  function still(meanwhile: (main: { ranMs: number; ready: boolean }) => void) {
    const scene = new Scene('a');
    for (let ms = 10; ms < 5 * HANG_MS; ms += 10) {
      scene.progress('a');
      meanwhile(scene.host.get('main')!);
      const finding = scene.look(10, false);
      if (finding !== undefined) return found(finding, ms);
    }
    return undefined;
  }

  test('that does not turn its event loop is a stall', () => {
    expect(still(() => undefined)).toMatchObject({
      verdict: 'stall',
      cycle: [],
      afterMs: HANG_MS + 10,
    });
  });

  test('that has no CPU to do it with is none', () => {
    const denied = still((main) => {
      main.ready = true;
      main.ranMs -= 10;
    });
    expect(denied).toBeUndefined();
  });
});
