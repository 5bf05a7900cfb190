/*
 * Goal: addresses mean what the headers of target.ts, text.ts and stack.ts say, and what is printed of one can
 * be typed to mean it again.
 *
 * Method: a target made by hand (tiny.ts), every address of which is known; then the golden dumps, every frame of
 * which must come back.
 */

import { describe, expect, test } from 'vitest';
import { MdbError } from '../../src/mdb/error.ts';
import { STACK_BASE } from '../../src/mdb/target/stack.ts';
import type { Target } from '../../src/mdb/target/target.ts';
import { TEXT_BASE } from '../../src/mdb/target/text.ts';
import { GOLDEN, openGolden, say } from './session.ts';
import { A_TS, B_TS, tinySession, tinyTarget } from './tiny.ts';

const target = tinyTarget();
const A = TEXT_BASE;
const B = TEXT_BASE + 0x2000;

describe('symbols', () => {
  test.for<[string, number | undefined]>([
    ['pool', 0x80],
    ['my lock', 0x90],
    ['outer', A + A_TS.indexOf('export function outer')],
    ['inner', A + A_TS.indexOf('function inner')],
    ['a`inner', A + A_TS.indexOf('function inner')],
    ['b`inner', B],
    ['b`pool', B + B_TS.indexOf('export const pool')],
    ['src/b.ts`inner', B],
    ['a.ts', A],
    ['node_thing', undefined],
    ['nothing', undefined],
    ['c`inner', undefined],
    ['a`nothing', undefined],
  ])('%s', ([name, address]) => {
    // A function without its text begins where a frame of it was seen.
    const at =
      name === 'node_thing' ? target.text.addressOf(target.threads[0]!.stack[2]!) : address;
    expect(target.lookup(name)).toBe(at === undefined ? undefined : BigInt(at));
  });

  test.for<[number, string]>([
    [0x80, 'pool'],
    [0x8f, 'pool+0xf'],
    [0x95, 'my lock+5'],
    [0xa0, '0xa0'],
    [0, '0'],
    [A, 'a.ts'],
    [A + A_TS.indexOf('inner(a)'), `outer+0x${(A_TS.indexOf('inner(a)') - 14).toString(16)}`],
    [B + 3, 'b`inner+3'],
    [B + B_TS.indexOf('export const pool'), 'b`pool'],
    [B + B_TS.length, `0x${(B + B_TS.length).toString(16)}`],
  ])('%i is %s', ([address, name]) => {
    expect(target.symbolic(BigInt(address))).toBe(name);
  });

  test('of all frames of all golden dumps mean their frames when they are typed', async () => {
    for (const name of GOLDEN) {
      const session = await openGolden(name);
      const places = new Set(
        session.target.threads.flatMap((thread) =>
          session.target.stackOf(thread).frames.map(({ pc }) => pc),
        ),
      );
      expect(places.size).toBeGreaterThan(3);
      for (const pc of places) {
        const text = session.target.symbolic(BigInt(pc));
        expect(text).toMatch(/^[\w$`:./#@]+(?:\+(?:\d|0x[0-9a-f]+))?$/);
        expect(session.evaluate(text), `${name}: ${text}`).toBe(BigInt(pc));
      }
    }
  });

  test('of frames are those functions that V8 named, as far as their text is there', async () => {
    const session = await openGolden('dtrace-deadlock.wstub');
    let seen = 0;
    for (const thread of session.target.threads) {
      for (const { pc, frame } of session.target.stackOf(thread).frames) {
        const named = session.target.nameAt(BigInt(pc));
        if (named?.text?.object.source === undefined || frame.function.startsWith('(')) continue;
        expect(named.text.name).toBe(frame.function);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(100);
  });
});

describe('memory', () => {
  const of = (target_: Target, address: number, bytes: number): bigint =>
    target_.readNumber(BigInt(address), bytes);

  test('of the image is little-endian', () => {
    expect(of(target, 0x80, 2)).toBe(0x1642n);
    expect(of(target, 0x80, 8)).toBe(0x00636261_00001642n);
    expect(target.readText(0x84n)).toBe('abc');
    expect(target.readString(0x100n)).toBe('pager');
    expect(target.readString(0x1fen)).toBe('?');
  });

  test('of the text is its letters', () => {
    expect(target.readText(BigInt(A + 3), 6)).toBe('A file');
    expect(of(target, A, 1)).toBe(BigInt('/'.charCodeAt(0)));
  });

  test('of a stack leads from frame to frame', () => {
    const [first, second, third] = target.stackOf(target.threads[0]!).frames;
    expect(third!.fp).toBe(STACK_BASE + 0x10000 - 4 * 8);
    expect(of(target, first!.fp, 8)).toBe(BigInt(second!.fp));
    expect(of(target, first!.fp + 8, 8)).toBe(BigInt(second!.pc));
    expect(of(target, third!.fp, 8)).toBe(0n);
    expect(of(target, third!.fp + 8, 8)).toBe(0n);
    // Its one local that is a number, and half of it.
    expect(of(target, first!.fp - 8, 8)).toBe(26n);
    expect(of(target, first!.fp - 8, 4)).toBe(26n);
  });

  test.for<[string, bigint, number]>([
    ['behind the image', 0x200n, 1],
    ['across its end', 0x1fen, 4],
    ['behind a text', BigInt(B + B_TS.length), 1],
    ['of a text that is not there', target.lookup('node_thing')!, 1],
    ['below a stack’s frames', BigInt(STACK_BASE), 8],
    ['across a stack’s words', BigInt(STACK_BASE + 0x10000 - 4 * 8 + 4), 8],
    ['of no stack', BigInt(STACK_BASE + 0x50000), 8],
    ['far up', 2n ** 64n - 1n, 8],
  ])('%s is not mapped', ([, address, bytes]) => {
    expect(() => target.read(address, bytes)).toThrow(MdbError);
    expect(() => target.read(address, bytes)).toThrow(/no mapping for address/);
    expect(target.isMapped(address, bytes)).toBe(false);
  });
});

describe('threads', () => {
  test('are found by their records, whatever flags a lock keeps beside', () => {
    expect(target.threadAt(0x40n)?.id).toBe(1);
    expect(target.threadAt(0x41n)?.id).toBe(1);
    expect(target.threadAt(0x48n)).toBeUndefined();
  });

  test('the dump is about the one that panicked, or the first of the cycle', () => {
    // Thread 2 has the flag, and no stack to show for it.
    expect(target.representative?.id).toBe(1);
    const [one, two] = target.threads;
    expect(tinyTarget([one!, { ...two!, stack: one!.stack }]).representative?.id).toBe(2);
  });
});

describe('the memory of a dump', () => {
  test.for([
    ['pool::print', '{\n    count = 0x1642\n    tag = [ "abc" ]\n}'],
    ['pool::print -a', '80 {\n    80 count = 0x1642\n    84 tag = [ "abc" ]\n}'],
    ['pool::print -t', '{\n    u16 count = 0x1642\n    char[4] tag = [ "abc" ]\n}'],
    ['pool::print -d count', 'count = 5698'],
    ['pool::print -h', '{\n    count = 0x1642\n    <<HOLE of 2 bytes>>\n    tag = [ "abc" ]\n}'],
    [
      '"my lock"::print',
      '{\n    owner = 0x41\n    kind = 0x1 (mutex)\n    part = {\n        count = 0x7\n        tag = [ "" ]\n    }\n}',
    ],
    ['"my lock"::print -s 0', '{\n    owner = 0x41\n    kind = 0x1 (mutex)\n    part = { ... }\n}'],
    ['"my lock"::print part.count', 'part.count = 0x7'],
    ['"my lock"::print owner | ::print kthread_t name', 'name = 0x100 "pager"'],
    ['40::print kthread_t t_state', 't_state = 0x1 (TS_SLEEP)'],
    ['60::print kthread state flags', 'state = 0x9\nflags = 0x2 <PANICKED>'],
    ['40::print kthread t_procp->count', 't_procp->count = 0x1642'],
    [
      '40::print kthread proc wchan since delta',
      'proc = pool\nwchan = my lock\nsince = 0x1a2 (41.8 ms)\ndelta = -2',
    ],
    ['40::print -n kthread proc', 'proc = 0x80'],
    ['80::print struct table rows[0].tag', 'rows[0].tag = [ "abc" ]'],
    [
      '80::print table',
      '{\n    rows = [\n        [0] {\n            count = 0x1642\n            tag = [ "abc" ]\n        }\n        1 elements, all zero\n    ]\n}',
    ],
    ['80::print bucket tag[1]', 'tag[1] = 0x62'],
    ['pool/X', 'pool:\npool:           1642            '],
    ['pool/x', 'pool:\npool:           1642            '],
    ['82/x', 'pool+2:         0               '],
    ['pool,2/X', 'pool:\npool:           1642            636261          '],
    [
      'pool/4B',
      'pool:\npool:           42              16              0               0               ',
    ],
    ['pool+4/s', 'pool+4:         abc'],
    ['"my lock"/K', 'my lock:\nmy lock:        41              '],
    ['40/nX', null],
    ['c+c=D', '                24              '],
    ['0t26=X', '                1a              '],
    ['outer=p', '                outer           '],
    ['inner+2/i', 'inner+2:        function inner(a: number): number {'],
  ] as [string, string | null][])('%s', async ([line, expected]) => {
    const { out, error } = await say(tinySession(), line);
    expect(error).toBe('');
    if (expected === null) expect(out).not.toBe('');
    else expect(out).toBe(`${expected}\n`);
  });

  test.for([
    ['40::print kthread nothing', 'failed to find member nothing of kthread'],
    ['40::print kthread stat', '(is it state?)'],
    ['40::print kthred', 'failed to look up type kthred'],
    ['40::print kthread proc.tag.x', 'it is char[4], not a struct'],
    ['60::print kthread proc.count', 'it is NULL'],
    ['80::print table rows[2]', 'it has 2 elements'],
    ['80::print bucket count[0]', 'it is no array'],
    ['80::print bucket a..b', 'syntax error near'],
    ['1ff::print kthread', 'no mapping for address'],
    ['::print kthread', 'an address is needed'],
    ['a0::print', 'nothing says what is at a0'],
    ['pool/w 1', 'nothing in it can be written'],
    ['pool/W 1', 'nothing in it can be written'],
    ['pool/#', "invalid format string '#'"],
    ['pool/k', "invalid format string 'k'"],
    ['pool\\X', 'no physical addresses'],
    ['200/X', 'no mapping for address'],
    ['1=s', 'needs memory'],
    ['pool,1000000000/X', 'is too large'],
    ['pool,f000/2r', 'more than 100000 values'],
  ])('%s is an error', async ([line, expected]) => {
    const { error, isWell } = await say(tinySession(), line!);
    expect(error).toMatch(/^mdb: [^\n]+\n$/);
    expect(error).toContain(expected);
    expect(isWell).toBe(false);
  });

  test('is JSON for programs', async () => {
    const { out } = await say(tinySession({ json: true }), '40::print kthread');
    expect(JSON.parse(out)).toEqual({
      name: 'pager',
      state: 'TS_SLEEP',
      flags: 'DAEMON',
      proc: '80',
      wchan: '90',
      since: 418,
      delta: -2,
    });
  });
});

describe('::dis', () => {
  test.for([
    [
      'inner::dis',
      [
        'inner:                           function inner(a: number): number {',
        'inner+0x26:                        // deep',
        'inner+0x30:                        return a;',
        'inner+0x3a:                      }',
      ],
    ],
    [
      'outer+44::dis -n 1',
      [
        'outer:                             export function outer(a: number, b: number): number {',
        'outer+0x44:                      >   return inner(a) + b;    <a`inner>',
        'outer+0x4d:                        }',
      ],
    ],
  ] as [string, string[]][])('%s', async ([line, expected]) => {
    const { out } = await say(tinySession(), line);
    expect(out.trimEnd().split('\n')).toEqual(expected);
  });

  test.for([
    ['pool::dis', 'pool is not in the text of this dump'],
    ['node_thing::dis', 'the dump has no source of node:internal/x'],
    ['::dis', '::dis needs an address'],
  ])('%s is an error', async ([line, expected]) => {
    expect((await say(tinySession(), line!)).error).toContain(expected);
  });
});

describe('a stack', () => {
  test.for([
    [
      '40::findstack',
      'stack pointer for thread 40: 20000ffc0\n  000000020000ffc0 inner+0x30()\n  000000020000ffd0 outer+0x3f()\n  000000020000ffe0 node_thing()',
    ],
    [
      '40::findstack -v',
      'stack pointer for thread 40: 20000ffc0\n  000000020000ffc0 inner+0x30(1a)\n  000000020000ffd0 outer+0x3f()\n  000000020000ffe0 node_thing()',
    ],
    ['60::findstack', 'no stack of thread 60: it was idle in its event loop'],
    [
      ',0$C',
      '000000020000ffc0 inner+0x30()\n000000020000ffd0 outer+0x3f()\n000000020000ffe0 node_thing()',
    ],
  ])('%s', async ([line, expected]) => {
    expect((await say(tinySession(), line!)).out).toBe(`${expected}\n`);
  });
});
