/*
 * Goal: `gridlock mdb` prints the same however it is given its commands, at a terminal too, and its exit code tells
 * a script whether all went well.
 *
 * Method: the built command line as a process.  A terminal is made by script(1) of util-linux: keys are typed when
 * what they answer is on the screen.  Where there is no script(1) those tests are skipped.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

import { gridlock, inScratch, MAIN, type Ran } from './gridlock.ts';

const DUMP = fileURLToPath(new URL('../dumps/dtrace-deadlock.wstub.dump', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LINES = ['::status', 'mod_lock::mutex', '::walk thread | ::findstack', '1=X;2=X'];

function piped(input: string, ...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'mdb', DUMP, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    input,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { exit: status, stdout, stderr };
}

describe('commands', () => {
  test('from -e, -f and stdin print the same', () => {
    inScratch((directory) => {
      const script = join(directory, 'script');
      writeFileSync(script, `${LINES.join('\n')}\n`);
      const byOption = gridlock('mdb', ...LINES.flatMap((line) => ['-e', line]), DUMP);
      expect(byOption).toMatchObject({ exit: 0, stderr: '' });
      expect(byOption.stdout).toMatch(/^debugging crash dump/);
      expect(gridlock('mdb', DUMP, '-f', script)).toEqual(byOption);
      expect(piped(`${LINES.join('\r\n')}\r\n`)).toEqual(byOption);
      expect(piped(LINES.join('\n'))).toEqual(byOption);
    });
  });

  test('one that fails is said on stderr, the others run, and the exit code is 2', () => {
    const ran = gridlock('mdb', DUMP, '-e', '::nothing', '-e', '1=X');
    expect(ran).toEqual({
      exit: 2,
      stdout: `${' '.repeat(16)}${'1'.padEnd(16)}\n`,
      stderr: "mdb: invalid command '::nothing': unknown dcmd name (::dcmds lists them)\n",
    });
  });

  test('behind ::quit are not run', () => {
    expect(piped('1=X\n::quit\n::nothing\n')).toMatchObject({ exit: 0, stderr: '' });
  });

  test('may begin with a dash', () => {
    expect(gridlock('mdb', DUMP, '-e', '-1=J').stdout).toBe(`${' '.repeat(16)}ffffffffffffffff\n`);
    expect(gridlock('mdb', DUMP, '-e')).toMatchObject({ exit: 2, stdout: '' });
  });

  test('as JSON are lines of it', () => {
    const ran = gridlock('mdb', DUMP, '--json', '-e', '::walk thread');
    const rows = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(rows).toHaveLength(12);
    expect(rows[0]).toEqual({ address: expect.stringMatching(/^[0-9a-f]+$/) as string });
  });

  test('whose reader goes away end without a word', () => {
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', `"$0" "$1" mdb "$2" -e ',f4240::walk thread' | head -1`, process.execPath, MAIN, DUMP],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^[0-9a-f]+\n$/);
  });
});

describe('a dump', () => {
  test('of 100 MB that is none is refused at once', () => {
    inScratch((directory) => {
      const file = join(directory, 'x.dump');
      writeFileSync(file, Buffer.alloc(100 << 20, 'garbage'));
      const begin = performance.now();
      const ran = gridlock('mdb', file, '-e', '::status');
      expect(ran.exit).toBe(2);
      expect(ran.stderr).toMatch(/x\.dump cannot be read as a dump: /);
      expect(performance.now() - begin).toBeLessThan(10_000);
    });
  });

  test('may be called latest, where there is one', () => {
    inScratch((results) => {
      expect(gridlock('mdb', 'latest', '--results', results)).toMatchObject({
        exit: 2,
        stderr: expect.stringMatching(/^there is no dump at latest/) as string,
      });
    });
  });
});

describe('a dmod', () => {
  const dmod = (run: string): string =>
    `export default { name: 'mine', dcmds: [{ name: 'hello', usage: '', address: 'none', summary: 's', help: 'h', *run() { ${run} } }] };`;

  test('brings its commands', () => {
    inScratch((directory) => {
      const file = join(directory, 'dmod.mjs');
      writeFileSync(file, dmod("yield { text: 'hello' };"));
      const ran = gridlock('mdb', DUMP, '--dmod', file, '-e', '::hello');
      expect(ran).toEqual({ exit: 0, stdout: 'hello\n', stderr: '' });
      expect(gridlock('mdb', DUMP, '--no-dmod', '-e', '::hello').exit).toBe(2);
    });
  });

  test('that is at fault does not end the session, and is told from a user’s mistake', () => {
    inScratch((directory) => {
      const file = join(directory, 'dmod.mjs');
      writeFileSync(file, dmod("throw new Error('cheese');"));
      const ran = gridlock('mdb', DUMP, '--dmod', file, '-e', '::hello', '-e', '1=X');
      expect(ran.stderr).toMatch(/^mdb: a fault of gridlock itself, or of a dmod: Error: cheese\n/);
      expect(ran.stdout).toMatch(/1/);
      expect(ran.exit).toBe(70);
    });
  });

  test('that is none is refused', () => {
    inScratch((directory) => {
      const file = join(directory, 'dmod.mjs');
      writeFileSync(file, 'export default 1;');
      const ran = gridlock('mdb', DUMP, '--dmod', file, '-e', '1=X');
      expect(ran).toMatchObject({ exit: 2, stdout: '' });
      expect(ran.stderr).toMatch(/cannot be loaded: its default export is no dmod/);
    });
  });
});

const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script');

/** At a terminal of 24 rows: each key is typed when the text before it has come. */
async function typed(
  state: string,
  steps: readonly (readonly [after: string, keys: string])[],
): Promise<{ screen: string; exit: number | null }> {
  const command = `stty rows 24 cols 80; exec "${process.execPath}" "${MAIN}" mdb "${DUMP}"`;
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TERM: 'xterm', XDG_STATE_HOME: state, HOME: state },
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  let [screen, from] = ['', 0];
  const left = [...steps];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    for (let next = left[0]; next !== undefined; next = left[0]) {
      const at = screen.indexOf(next[0], from);
      if (at < 0) break;
      from = at + next[0].length;
      child.stdin.write(next[1]);
      left.shift();
    }
  });
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  expect(left).toEqual([]);
  return { screen, exit };
}

const states = mkdtempSync(join(tmpdir(), 'gridlock-mdb-'));
afterAll(() => rmSync(states, { recursive: true, force: true }));

const PROMPT = '\u001b[3G';

describe.skipIf(!hasScript)('at a terminal (needs script(1) of util-linux)', () => {
  test('a command prints what it prints in a script; Ctrl-D ends', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    const { screen, exit } = await typed(state, [
      [PROMPT, '::status\r'],
      ['again:', ''],
      [PROMPT, '\u0004'],
    ]);
    const plain = stripVTControlCharacters(screen).replaceAll('\r', '');
    expect(plain).toMatch(/^Loading modules: \[ gridlock.* \]\n/);
    // Wide lines are folded by the terminal, not by us.
    expect(plain).toContain(gridlock('mdb', DUMP, '-e', '::status').stdout);
    expect(exit).toBe(0);
  });

  test('Tab completes, and the history is kept for the next session', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    await typed(state, [
      // A Tab among other keys at once is taken for pasted text.
      [PROMPT, '::statu\t'],
      ['::status', ' ! head -1\r'],
      ['debugging crash dump', ''],
      [PROMPT, '1=X\r'],
      ['1   ', ''],
      [PROMPT, '$q\r'],
    ]);
    const file = join(state, 'gridlock', 'mdb_history');
    expect(readFileSync(file, 'utf8')).toBe('::status ! head -1\n1=X\n$q\n');
    const { screen } = await typed(state, [
      [PROMPT, '\u001b[A\u001b[A\r'],
      ['1   ', ''],
      [PROMPT, '\u0004'],
    ]);
    expect(stripVTControlCharacters(screen)).toContain('1=X');
  });

  test('output stops after a screen; q ends the command, n gives a line', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    const { screen } = await typed(state, [
      [PROMPT, '::walk thread | ::findstack\r'],
      ['>> More [<space>, <cr>, q, n, c, a] ? ', 'n'],
      ['>> More [<space>, <cr>, q, n, c, a] ? ', 'q'],
      [PROMPT, '7=X\r'],
      ['7   ', ''],
      [PROMPT, '\u0004'],
    ]);
    const before = screen.slice(0, screen.indexOf('>> More')).split('\n');
    // What was typed, and 23 rows of the 24.
    expect(before.length - 2).toBe(24);
  });

  test('Ctrl-C stops a command, or clears the line, and never the session', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    const { screen, exit } = await typed(state, [
      [PROMPT, ',f4240::walk thread\r'],
      ['>> More', 'c'],
      ['\r\n4', '\u0003'],
      ['mdb: interrupted', ''],
      [PROMPT, 'garbage\u0003'],
      [PROMPT, '5=X\r'],
      ['5   ', ''],
      [PROMPT, '\u0004'],
    ]);
    expect(screen).not.toContain('unknown symbol');
    expect(exit).toBe(0);
  });

  test('what is typed ahead is run when its turn comes', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    const { screen } = await typed(state, [[PROMPT, '1=X\r2=X\r$q\r']]);
    const values = stripVTControlCharacters(screen).match(/^ {16}\d/gm);
    expect(values?.map((value) => value.trim())).toEqual(['1', '2']);
  });

  test('errors are red; --color never is without', async () => {
    const state = mkdtempSync(join(states, 'state-'));
    const { screen } = await typed(state, [
      [PROMPT, '::nothing\r'],
      ['unknown dcmd', ''],
      [PROMPT, '\u0004'],
    ]);
    expect(screen).toContain("\u001b[31mmdb: invalid command '::nothing'");
    const args = [DUMP, '-e', '<thread::findstack', '--color'];
    expect(gridlock('mdb', ...args, 'never').stdout).not.toContain('\u001b');
    expect(gridlock('mdb', ...args, 'always').stdout).toContain('\u001b[2m');
  });
});
