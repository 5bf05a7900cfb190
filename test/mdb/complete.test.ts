/*
 * Goal: Tab offers what may stand where the cursor is, and nothing that cannot be typed.
 * Method: a table of lines over golden dumps, with what is offered, whole or in part, and what is not.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { complete } from '../../src/mdb/prompt/complete.ts';
import { openGolden, say } from './session.ts';

const DUMP = 'dtrace-deadlock.wstub';

describe('offers', () => {
  test.for<[line: string, fragment: string, has: string[], hasNot: string[]]>([
    ['::', '', ['status', 'findstack', 'quit'], ['$C', 'wchan']],
    ['::stat', 'stat', ['status'], ['stack']],
    ['mod_lock::mu', 'mu', ['mutex'], ['findstack']],
    ['::walk thread | ::find', 'find', ['findstack'], []],
    ['1=X; ::wal', 'wal', ['walk', 'walkers'], []],
    ['$', '$', ['$C', '$c', '$q'], ['status']],
    ['::walk ', '', ['thread', 'lock'], ['status']],
    ['::walk th', 'th', ['thread'], ['lock']],
    ['::help wa', 'wa', ['walk', 'walkers'], []],
    ['0::print kth', 'kth', ['kthread'], ['kmutex']],
    ['0::print -a kth', 'kth', ['kthread'], []],
    ['0::print kthread ', '', ['name', 'state', 'wchan'], ['kthread']],
    ['0::print kthread na', 'na', ['name'], ['state']],
    ['0::print kthread proc->', '', [], ['name']],
    ['0::print kthread t_ts.wai', 'wai', [], ['name']],
    ['mod_lock::print ow', 'ow', ['owner'], ['name']],
    ['mod_lock::print kmutex na', 'na', ['name'], []],
    ['<', '', ['rip', 'thread'], []],
    ['1+<th', 'th', ['thread'], []],
    ['mod_l', 'mod_l', ['mod_lock'], []],
    ['mod_lock+prget', 'prget', ['prgetmap'], []],
    ['mutex`mutex_e', 'mutex_e', ['mutex_enter', 'mutex_exit'], ['prgetmap']],
    ['', '', [], ['mod_lock']],
    ['::walk thread x', '', [], ['thread']],
  ])('%s', async ([line, fragment, has, hasNot]) => {
    const [found, part] = complete(await openGolden(DUMP), line);
    if (has.length > 0) expect(part).toBe(fragment);
    expect(found).toEqual(expect.arrayContaining(has));
    for (const each of hasNot) expect(found).not.toContain(each);
    expect(found.filter((each) => !each.startsWith(part))).toEqual([]);
  });

  test('variables of the session', async () => {
    const session = await openGolden(DUMP);
    expect(complete(session, '<fi')[0]).toEqual([]);
    await say(session, '5>five');
    expect(complete(session, '<fi')[0]).toEqual(['five']);
  });

  test('names with blanks in quotes only', async () => {
    const session = await openGolden('dtrace-deadlock.wstub');
    const [all] = complete(session, '"');
    const blank = all.find((name) => name.includes(' '));
    const [plain] = complete(session, 'a');
    expect(plain.every((name) => /^[\w.$@`-]+$/.test(name))).toBe(true);
    if (blank !== undefined) expect(blank).toMatch(/^".*"$/);
  });
});

test('any line is answered, with candidates that begin as the fragment does', async () => {
  const session = await openGolden(DUMP);
  fc.assert(
    fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (text) => {
      for (const line of [text, `::print ${text}`, `::${text}`, `mod_lock::print ${text}`]) {
        const [found, part] = complete(session, line);
        expect(found.every((each) => each.startsWith(part))).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
