/*
 * Goal: ::stacks puts together what is alike and nothing else, in mdb's order; and ten thousand threads are no
 * matter.
 *
 * Method: threads with made-up stacks over the sources of a golden dump.  What is equal but for one thing (the
 * state, the object, one place) must be apart.  Time is not measured here, but work is: how often a stack is
 * laid out, and a place is turned into text.
 */

import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { DumpFrame, WantedLock } from '../../src/dump/format.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import { Made, partsOf, type Parts } from './made.ts';
import { openGolden, say } from './session.ts';

let parts: Parts;
beforeAll(async () => {
  parts = await partsOf('dtrace-deadlock.wstub');
});

const MUTEX = 'src/kernel/mutex.ts';
const frame = (line: number, file = MUTEX): DumpFrame => ({
  function: `f${line}`,
  file,
  line,
  column: 1,
});
const wants = (kind: string): WantedLock => ({
  name: 'it',
  kind,
  address: '2000',
  waited_ms: 0,
  owners: [],
});

/** `THREAD STATE SOBJ COUNT` of each group. */
function groups(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^\S/.test(line) && !line.startsWith('THREAD'))
    .map((line) => line.replaceAll(/ +/g, ' '));
}

describe('groups', () => {
  test('are of the same state, object and places', async () => {
    const made = new Made(parts);
    const stack = [frame(120), frame(200)];
    made.thread(0, { stack, wants: wants('mutex') });
    made.thread(1, { stack: [frame(120), frame(201)], wants: wants('mutex') });
    made.thread(2, { stack, wants: wants('mutex') }, 'ONPROC');
    made.thread(3, { stack, wants: wants('cv') });
    made.thread(4, { stack: stack.slice(0, 1), wants: wants('mutex') });
    made.thread(5, { stack, wants: wants('mutex') });
    const { out } = await say(made.session(), '::stacks');
    expect(groups(out)).toEqual([
      '41500 SLEEP MUTEX 2',
      '41f00 ONPROC MUTEX 1',
      '42400 SLEEP CV 1',
      '42900 SLEEP MUTEX 1',
      '41a00 SLEEP MUTEX 1',
    ]);
    expect(out.split('\n').slice(0, 5)).toEqual([
      'THREAD           STATE    SOBJ                COUNT',
      '41500            SLEEP    MUTEX                   2',
      expect.stringMatching(/^ {17}mutex_enter\+0x[0-9a-f]+$/),
      expect.stringMatching(/^ {17}mutex_vector_enter\+0x[0-9a-f]+$/),
      '',
    ]);
  });

  test('who panicked is last, however few or many', async () => {
    const made = new Made(parts);
    for (const n of [0, 1]) made.put('kthread', made.thread(n), 'flags', 2);
    made.thread(2);
    const { out } = await say(made.session(), '::stacks');
    expect(groups(out)).toEqual(['41f00 SLEEP <NONE> 1', '41500 PANIC <NONE> 2']);
  });

  test('one that was woken and still sleeps waits for what it waited for', async () => {
    const made = new Made(parts);
    made.put('kthread', made.thread(0), 'wait_seq', 1).put('kthread', 0x41500, 'wait_kind', 2);
    made.put('kthread', made.thread(1), 'wait_seq', 2).put('kthread', 0x41a00, 'wait_kind', 2);
    const { out } = await say(made.session(), '::stacks');
    expect(groups(out)).toEqual(['41a00 SLEEP <NONE> 1', '41500 SLEEP RWLOCK 1']);
  });

  test('-a lists the members, with - for their count', async () => {
    const made = new Made(parts);
    for (const n of [0, 1, 2]) made.thread(n, { stack: [frame(120)] });
    const { out } = await say(made.session(), '::stacks -a');
    expect(groups(out)).toEqual([
      '41500 SLEEP <NONE> 3',
      '41a00 SLEEP <NONE> -',
      '41f00 SLEEP <NONE> -',
    ]);
  });
});

describe('filters', () => {
  async function chosen(line: string): Promise<string[]> {
    const session = await openGolden('dtrace-deadlock.wstub');
    const { out, error } = await say(session, `${line} | ::threadlist`);
    expect(error).toBe('');
    return [...out.matchAll(/^0+(\w+) /gm)].map(([, address = '']) => address);
  }

  test.for([
    ['::stacks -c mod_hold_stub', ['42900', '43800', '44200']],
    ['::stacks -c mod_hold_stub+1', []],
    ['::stacks -C mutex_enter -s ALL -S DELAY', ['41500', '42400', '44700']],
    ['::stacks -m prsubr', ['42900', '44700']],
    ['::stacks -m workloads/dtrace-deadlock/prsubr.ts', ['42900', '44700']],
    ['::stacks -s resource', ['42400', '44700']],
    ['::stacks -s ReSource', ['42400', '44700']],
    ['::stacks -t onproc', ['43300']],
    ['::stacks -T SLEEP', ['43300']],
    ['::stacks -S all', ['43300']],
    ['::stacks -s cv', ['41500']],
    ['::stacks -c mod_hold_stub | ::stacks -m prsubr', ['42900']],
    ['42900::stacks -m prsubr', ['42900']],
    ['41500::stacks -m prsubr', []],
    ['::stacks -i -s cv', []],
  ] as const)('%s', async ([line, expected]) => {
    expect(await chosen(line)).toEqual(expected);
  });

  test('an exact place is one place', async () => {
    const session = await openGolden('dtrace-deadlock.wstub');
    const { out } = await say(session, '42900::stacks');
    const place = /prgetmap\+0x\w+/.exec(out)?.[0] ?? '';
    expect(await chosen(`::stacks -c ${place}`)).toEqual(['42900']);
    expect(await chosen(`::stacks -c ${place}+1`)).toEqual([]);
  });

  test('what could match no thread is an error, and so is what is no thread', async () => {
    const session = await openGolden('dtrace-deadlock.wstub');
    const error = async (line: string): Promise<string> => (await say(session, line)).error;
    expect(await error('::stacks -s lock')).toMatch(
      /^mdb: sobj type "lock" unknown: one of mutex /,
    );
    expect(await error('::stacks -t asleep')).toMatch(
      /^mdb: thread state "asleep" unknown: one of /,
    );
    expect(await error('::stacks -m prsub')).toMatch(/is it prsubr\?/);
    expect(await error('::stacks -c mod_lock')).toMatch(/^mdb: mod_lock is no function: /);
    expect(await error('mod_lock::stacks')).toBe(
      'mdb: 2e00: not in thread list: ::walk thread lists them\n',
    );
  });
});

test('ten thousand threads: a stack is laid out once, and a place made text once', async () => {
  const made = new Made(parts, 0x41000 + 10_001 * 1280);
  const stacks = parts.dump.threads.map(({ stack }) => stack);
  for (let n = 0; n < 10_000; n++) {
    made.thread(n, { stack: stacks[n % stacks.length]!, wants: wants('mutex') });
  }
  const target = made.target();
  const places = new Set(
    stacks.flat().map(({ file, line, column }) => `${file}:${line}:${column}`),
  );
  const laidOut = vi.spyOn(target.text, 'addressOf');
  const named = vi.spyOn(target, 'nameAt');
  const { out, isWell } = await say(sessionOf(target), '::stacks');
  expect(isWell).toBe(true);
  expect(groups(out)).toHaveLength(stacks.length);
  expect(groups(out).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(10_000);
  const frames = made.threads.reduce((sum, { stack }) => sum + stack.length, 0);
  expect(laidOut).toHaveBeenCalledTimes(frames);
  expect(named.mock.calls.length).toBeLessThanOrEqual(places.size);
});
