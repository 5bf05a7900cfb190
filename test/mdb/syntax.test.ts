/*
 * Goal: a line is read as mdb reads it (mdb_lex.l, mdb_grammar.y), and what cannot be read is said in its words.
 *
 * Method: a table of lines and what they mean, written back as text in which every operand is in parentheses; a
 * table of lines that are refused; and for any text at all, that nothing but an MdbError comes of it.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { MdbError } from '../../src/mdb/error.ts';
import { parse, type Argument, type Expression } from '../../src/mdb/language/syntax.ts';

function shown(line: string): string {
  return parse(line)
    .map(({ stages, shell }) => {
      const text = stages.map(({ at, count, verb }) => {
        const where = at === undefined ? '' : expression(at);
        const times = count === undefined ? '' : `,${expression(count)}`;
        switch (verb.kind) {
          case 'dcmd':
            return `${where}${times} ${[verb.name, ...verb.args.map(argument)].join(' ')}`;
          case 'format':
            return `${where}${times} ${verb.source}${verb.format}`;
          case 'assign':
            return `${where}${times} >${verb.name}`;
          case 'again':
          default:
            return `${where}${times} again`;
        }
      });
      return (
        text.map((each) => each.trim()).join(' | ') + (shell === undefined ? '' : ` ! ${shell}`)
      );
    })
    .map((command) => command.trim())
    .join(' ; ');
}

function argument(arg: Argument): string {
  return typeof arg === 'string' ? `[${arg}]` : `$${expression(arg)}`;
}

function expression(it: Expression): string {
  switch (it.kind) {
    case 'number':
      return it.value.toString();
    case 'word':
      return it.quoted ? `"${it.text}"` : it.text;
    case 'variable':
      return `<${it.name}`;
    case 'dot':
      return it.which;
    case 'unary':
      return `${it.op}${expression(it.of)}`;
    case 'deref':
      return `*${it.bytes}${expression(it.of)}`;
    case 'binary':
    default:
      return `(${expression(it.left)}${it.op}${expression(it.right)})`;
  }
}

describe('a line means', () => {
  test.for<[line: string, means: string]>([
    // Nothing.
    ['', ''],
    ['  ;; ;', ''],
    ['// ::status', ''],
    // Verbs.
    ['::status', 'status'],
    ['mod_lock::mutex', 'mod_lock mutex'],
    ['mod_lock,2::mutex -f', 'mod_lock,2 mutex [-f]'],
    [',3::walk thread', ',3 walk [thread]'],
    ['$C', '$C'],
    [',0$C', ',0 $C'],
    ['<rbp$c', '<rbp $c'],
    ['$c0', '$c [0]'],
    ['$', '$?'],
    ['::mdb`help x', 'mdb`help [x]'],
    ['lock/K', 'lock /K'],
    ['lock/X X', 'lock /X X'],
    ['lock,4/2X"a b"n', 'lock,4 /2X"a b"n'],
    ['0?i', '0 ?i'],
    ['add=X', 'add =X'],
    ['1>x', '1 >x'],
    ['.>/4/x', '. >/4/x'],
    ['lock', 'lock again'],
    [',5', ',5 again'],
    // More than one.
    ['::a;::b ; ::c', 'a ; b ; c'],
    ['::walk thread | ::findstack', 'walk [thread] | findstack'],
    ['::a|::b|::c', 'a | b | c'],
    ['::a // ::b ; ::c', 'a'],
    ['::a x//y', 'a [x//y]'],
    ['1=X // one', '1 =X'],
    // The shell.
    ['!ls', '! ls'],
    ['::a ! grep x | wc', 'a ! grep x | wc'],
    ['::a ! head -1 ; ::b', 'a ! head -1 ; b'],
    ['::a ! "tr ; x" ; ::b', 'a ! tr ; x ; b'],
    ['::a ! \'awk "{print}"\'', 'a ! awk "{print}"'],
    // Arguments.
    ['::a "b c" \'d;e\' f"g h"i', 'a [b c] [d;e] [fg hi]'],
    [String.raw`::a "b\"c\n"`, 'a [b"c\n]'],
    ['::a $[1+2] $[ <x ]', 'a $(1+2) $<x'],
    // Operators: each binds tighter than those before it.
    ['1|2^3&4==5<<6+7*8%%9=X', '(1|(2^(3&(4==(5<<(6+(7*(8%%9)))))))) =X'],
    ['1*2+3<<4==5&6^7|8=X', '(((((((1*2)+3)<<4)==5)&6)^7)|8) =X'],
    ['1-2-3=X', '((1-2)-3) =X'],
    ['8%4%2=X', '((8%4)%2) =X'],
    ['a#8=X', '(a#8) =X'],
    ['1!=2=X', '(1!=2) =X'],
    ['2-(3-4)=X', '(2-(3-4)) =X'],
    ['-1+2=X', '(-1+2) =X'],
    ['~-#1=X', '~-#1 =X'],
    ['*lock+8/X', '(*8lock+8) /X'],
    ['*(lock+8)/X', '*8(lock+8) /X'],
    ['*/4/lock/X', '*4lock /X'],
    ['%/s/lock/X', '*2lock /X'],
    ['**lock=X', '*8*8lock =X'],
    // Operands.
    ['0t10=X', '10 =X'],
    ['0T1_0=X', '10 =X'],
    ['0xff=X', '255 =X'],
    ['0XFF=X', '255 =X'],
    ['0o17=X', '15 =X'],
    ['0i101=X', '5 =X'],
    ['0t1.5=X', '4609434218613702656 =X'],
    ["'a'=X", '97 =X'],
    ["'ab'=X", '24930 =X'],
    [String.raw`'\n'=X`, '10 =X'],
    ["''=X", '0 =X'],
    ['1add=X', '1add =X'],
    ['shmsys`_fini::dis', 'shmsys`_fini dis'],
    ['"a lock"::mutex', '"a lock" mutex'],
    ['.=X', '. =X'],
    ['.+8=X', '(.+8) =X'],
    ['+=X', '+ =X'],
    ['^/X', '^ /X'],
    ['&/X', '& /X'],
    ['<x+<y=X', '(<x+<y) =X'],
  ])('%s', ([line, means]) => {
    expect(shown(line)).toBe(means);
  });
});

test('a number may be as large as it likes, and wraps', () => {
  expect(shown(`0x1${'0'.repeat(15)}f=X`)).toBe(`${0x1000000000000000fn & 0xffffffffffffffffn} =X`);
  expect(shown(`0x1${'0'.repeat(16)}f=X`)).toBe('15 =X');
});

describe('is refused, in mdb’s words', () => {
  test.for<[line: string, says: string]>([
    ['::', 'syntax error near "end of line"'],
    ['1 +', 'syntax error near "end of line"'],
    ['(1', 'syntax error near "end of line"'],
    ['1)', 'syntax error near ")"'],
    ['::a |', 'syntax error near "end of line"'],
    ['::a | ! wc', 'syntax error near "! wc"'],
    ['| ::a', 'syntax error near "| ::a"'],
    ['1 2::a', 'syntax error near "2::a"'],
    ['1|2|::a', 'syntax error near "::a"'],
    ['::a | 1 | ::b', 'syntax error near "::b"'],
    ['>', 'syntax error near "end of line"'],
    ['!', 'syntax error near "end of line"'],
    ['"abc', 'syntax error: " unmatched near ""abc"'],
    ["'abc", 'syntax error: \' unmatched near "\'abc"'],
    ['::a "b', 'syntax error: " unmatched near ""b"'],
    ['::a $[1', 'syntax error: $[ unmatched near "$[1"'],
    ["'123456789'", 'character constant may not exceed 8 bytes'],
    ['*/9/1', 'invalid cast -- */9/: use 1, 2, 4 or 8'],
    ['0xg', 'invalid number "0xg": not all of it is of radix 16'],
    ['0t1f', 'invalid number "0t1f": not all of it is of radix 10'],
    ['0x', 'invalid number "0x": not all of it is of radix 16'],
    ['('.repeat(300), 'expression is too deep'],
    ['1+'.repeat(1001) + '1', 'an expression of more than 1000 operators'],
    ['::a'.concat(' | ::a'.repeat(64)), 'a pipe of more than 64 commands'],
    ['x'.repeat(65_537), 'a line of 65537 characters is too long'],
  ])('%s', ([line, says]) => {
    let said = 'nothing';
    try {
      parse(line);
    } catch (error) {
      said = error instanceof MdbError ? error.message : `threw ${String(error)}`;
    }
    expect(said).toBe(says);
  });
});

test('any text is read, or refused by an MdbError', () => {
  const sign = fc.constantFrom(...'::$|;!/=?\\,.+^&*%#~-()[]<>"\'` \t0x1tabK'.split(''));
  const texts = fc.oneof(
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc.array(sign, { maxLength: 40 }).map((signs) => signs.join('')),
  );
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parse(text);
        seen.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(MdbError);
        seen.refused++;
      }
    }),
    { numRuns: 5000 },
  );
  // Both happen: neither branch is empty.
  expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(50);
});
