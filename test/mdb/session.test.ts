/*
 * Goal: what a line leaves behind is what mdb leaves behind: dot, the last command, variables; and pipes, counts,
 * options and errors go as there.
 *
 * Method: sessions over golden dumps, a few lines each, with exactly what comes of the last.
 */

import { describe, expect, test } from 'vitest';

import type { Dcmd, Row } from '../../src/mdb/dcmd.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import { runLine, runScript } from '../../src/mdb/prompt/script.ts';
import type { Output, Session } from '../../src/mdb/session.ts';
import { openGolden, say } from './session.ts';

const DUMP = 'dtrace-deadlock.wstub';

/** The last line's output, after the others. */
async function after(...lines: readonly string[]): Promise<string> {
  const session = await openGolden(DUMP);
  let said = { out: '', error: '' };
  for (const line of lines) said = await say(session, line);
  return said.out + said.error;
}

const cells = (text: string): string[] => text.split(/\s+/).filter((cell) => cell !== '');

describe('state', () => {
  test.for<[what: string, lines: string[], values: string[]]>([
    ['dot is the address that was typed', ['1234=X', '.=X'], ['1234']],
    ['dot is what a command set', ['mod_lock/X', '.-mod_lock=X'], ['0']],
    ['+ is behind what a format read', ['mod_lock/XX', '+-mod_lock=X'], ['8']],
    ['^ is before it', ['mod_lock/X', 'mod_lock-^=X'], ['4']],
    ['& is the last address typed', ['mod_lock/X', '1=X', '&=X'], ['1']],
    ['a variable is kept', ['5>five', '<five+1=X'], ['6']],
    ['a variable holds dot', ['7=X', '>seven', '<seven=X'], ['7']],
    ['a bare expression is the last command there', ['1=X', '2'], ['2']],
    ['and of a pipe its first', ['::walk thread ! head -1', '9=D', '8'], ['8']],
    ['an error leaves what was', ['5=X', 'nothing=X', '.=X'], ['5']],
    ['a walk sets its variable', ['::walk thread v | ::json ! true', '<v-<v=X'], ['0']],
  ])('%s', async ([, lines, values]) => {
    expect(cells(await after(...lines))).toEqual(values);
  });

  test(',n alone goes on behind the last command', async () => {
    const [first, second] = [await after('mod_lock/X'), await after('mod_lock/X', ',1')];
    expect(cells(first)[1]).toBe('mod_lock:');
    expect(cells(second)[0]).toBe('mod_lock+4:');
  });
});

describe('pipes', () => {
  test('a dcmd runs once an address, its head comes once', async () => {
    const out = await after('::walk lock | ::mutex -f');
    const lines = out.trimEnd().split('\n');
    const threads = cells(await after('::walk lock'));
    expect(lines.filter((line) => line.includes('WAITERS'))).toHaveLength(1);
    expect(lines).toHaveLength(threads.length + 1);
  });

  test('$[ ] in an argument is evaluated each time', async () => {
    expect(await after('mod_lock::dis -n $[1')).toMatch(/^mdb: syntax error: \$\[ unmatched/);
    expect(await after('mutex_enter::dis -n $[1+1]')).toBe(await after('mutex_enter::dis -n 2'));
  });

  test('a shell gets what was printed; its failure is one', async () => {
    expect(await after('::walk thread ! wc -l')).toMatch(/^\s*12\n$/);
    expect(await after('!exit 3')).toBe('mdb: exit 3 exited with status 3\n');
    expect(await after('!echo one; 2=X')).toBe(`one\n${' '.repeat(16)}${'2'.padEnd(16)}\n`);
  });
});

describe('errors', () => {
  test.for<[line: string, says: string]>([
    ['::nothing', "invalid command '::nothing': unknown dcmd name (::dcmds lists them)"],
    ['::statsu', "invalid command '::statsu': unknown dcmd name (is it ::status?)"],
    ['$z', "invalid command '$z': unknown dcmd name (::dcmds lists them)"],
    ['::mutex', '::mutex needs an address: usage: addr ::mutex [-f]'],
    ['1::status', '::status takes no address: usage: ::status'],
    ['mod_lock::mutex -z', "invalid option -- 'z': usage: addr ::mutex [-f]"],
    ['ffffffffffffffff/X', 'failed to read 4 bytes at ffffffffffffffff: no mapping for address'],
    ['mod_lock/W 1', 'failed to write at 41a00'],
    ['mod_lock/y', "invalid format string 'y': ::formats lists the letters"],
    ['mod_lock\\X', 'a dump has no physical addresses: use /'],
    ['1,0t1000001::walk thread', 'a count of 1000001 is too large: at most 1000000'],
  ])('%s', async ([line, says]) => {
    const { out, error, isWell } = await say(await openGolden(DUMP), line);
    expect(out).toBe('');
    expect(error.startsWith('mdb: ')).toBe(true);
    expect(error.endsWith('\n')).toBe(true);
    // An address in the text depends on the dump.
    if (says.startsWith('failed to write'))
      expect(error).toMatch(/^mdb: failed to write at [0-9a-f]+/);
    else expect(error).toBe(`mdb: ${says}\n`);
    expect(isWell).toBe(false);
  });

  test('one command’s error does not stop the next; all of a line are run', async () => {
    const { out, error } = await say(await openGolden(DUMP), '::nothing; 1=X');
    expect(cells(out)).toEqual(['1']);
    expect(error).toMatch(/unknown dcmd/);
  });
});

/** A golden session with a dcmd of the test's. */
async function sessionWith(name: string, run: () => Iterable<Row>): Promise<Session> {
  const dcmd: Dcmd = {
    name,
    usage: '',
    address: 'none',
    summary: 'a test',
    help: 'A test.',
    run,
  };
  const { target } = await openGolden(DUMP);
  return sessionOf(target, { dmods: [{ name: 'test', dcmds: [dcmd] }] });
}

function sink(): Output & { text: string; errors: string } {
  return {
    text: '',
    errors: '',
    write(text) {
      this.text += text;
      return true;
    },
    error(text) {
      this.errors += text;
    },
  };
}

describe('a session', () => {
  test('is interrupted between rows, and goes on', async () => {
    let rows = 0;
    const session = await sessionWith('forever', function* () {
      for (;;) {
        if (++rows === 100) session.interrupt();
        yield {};
      }
    });
    const { error } = await say(session, '::forever');
    expect(error).toBe('mdb: interrupted\n');
    expect(rows).toBe(100);
    expect(cells((await say(session, '1=X')).out)).toEqual(['1']);
  });

  test('is interrupted between repetitions of what says nothing', async () => {
    let runs = 0;
    const session = await sessionWith('silent', () => {
      if (++runs === 5) session.interrupt();
      return [];
    });
    expect((await say(session, ',1000::silent')).error).toBe('mdb: interrupted\n');
    expect(runs).toBe(5);
  });

  test('stops a command when nobody wants more', async () => {
    let rows = 0;
    const session = await sessionWith('forever', function* () {
      for (;;) yield { text: String(++rows) };
    });
    await session.run('::forever', { write: (text) => text !== '10\n', error: () => {} });
    expect(rows).toBe(10);
  });

  test('outlives a dcmd that is at fault, and says so', async () => {
    const session = await sessionWith('broken', () => {
      throw new TypeError('x is undefined');
    });
    const output = sink();
    expect(await runLine(session, '::broken', output)).toBe('fault');
    expect(output.errors).toMatch(
      /^mdb: a fault of gridlock itself, or of a dmod: TypeError: x is/,
    );
    expect(await runLine(session, '1=X', output)).toBe('well');
  });

  test('runs a script to the end or to ::quit, and remembers the worst', async () => {
    const cases: [string[], string, string[]][] = [
      [['1=X\n2=X', '3=X'], 'well', ['1', '2', '3']],
      [['1=X\nnothing', '3=X'], 'failed', ['1', '3']],
      [['1=X\r\n$q\n2=X', '3=X'], 'well', ['1']],
      [['1=X; ::quit; 2=X'], 'well', ['1']],
    ];
    for (const [texts, outcome, values] of cases) {
      const output = sink();
      expect(await runScript(await openGolden(DUMP), texts, output)).toBe(outcome);
      expect(cells(output.text)).toEqual(values);
    }
  });

  test('as JSON, each row is a line; heads are not', async () => {
    const session = await openGolden(DUMP, { json: true });
    const { out } = await say(session, '::walk lock | ::mutex -f');
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(new Set(rows.map(({ type }) => type))).toEqual(new Set(['adapt']));
  });
});
