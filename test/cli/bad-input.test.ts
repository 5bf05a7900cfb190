/*
 * Goal: bad input is refused with a message that says what, and the exit code of the table.
 * Method: a table of command lines, each run as a process.  The controls are the good neighbours of the
 * bad ones: the same command with the mistake mended must not be refused.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJournal } from '../../src/run/results.ts';
import { scheduleOf } from '../../src/sched/schedule.ts';
import { formatReplay } from '../../src/sched/token.ts';
import { gridlock, inScratch, records } from './gridlock.ts';

const CYCLE = 'test/planted/cycle.js';
const FIXTURES = 'test/cli/fixtures';

const FREE = 'test/dumps/dtrace-deadlock.wstub.dump';

function tokenOf(workload: string, variant = 'wstub', params: [string, string][] = []): string {
  return formatReplay({
    workload,
    variant,
    params: new Map(params),
    seed: 1,
    steps: 100,
    verdict: 'deadlock',
    schedule: scheduleOf([0, 1]),
  });
}

const REFUSED: readonly (readonly [
  what: string,
  args: readonly string[],
  exit: number,
  says: RegExp,
])[] = [
  ['nothing', [], 2, /say what to do/],
  ['an unknown command', ['rnu'], 2, /Did you mean run/],
  ['an unknown option', ['run', '--wat'], 2, /Unknown argument: wat/],
  [
    'an unknown workload',
    ['run', 'dtrace-deadlok'],
    2,
    /no workload is named dtrace-deadlok\n {2}did you mean dtrace-deadlock/,
  ],
  ['a file that is not there', ['run', './none.js'], 2, /there is no file \.\/none\.js/],
  [
    'an unknown variant',
    ['run', CYCLE, '--variant', 'plantd'],
    2,
    /did you mean --variant planted/,
  ],
  ['an unknown param', ['run', CYCLE, '-P', 'm=2'], 2, /no parameter m; it has n/],
  ['a param below its range', ['run', CYCLE, '-P', 'n=1'], 2, /n is 1, outside 2 to 64/],
  ['a param above its range', ['run', CYCLE, '-P', 'n=65'], 2, /n is 65, outside 2 to 64/],
  [
    'a param that is no number',
    ['run', CYCLE, '-P', 'n=two'],
    2,
    /n is two, which is not a whole number/,
  ],
  ['a param without a value', ['run', CYCLE, '-P', 'n'], 2, /-P n is not a name and a value/],
  ['a bare duration', ['run', CYCLE, '-d', '60'], 2, /60 has no unit, write 60s/],
  [
    'a duration that cannot fit',
    ['run', CYCLE, '-d', '60s', '--timeout', '10s'],
    2,
    /does not fit in --timeout 10s/,
  ],
  [
    'a hang timeout that cannot fit',
    ['run', CYCLE, '-d', '2s', '--timeout', '8s'],
    2,
    /--hang-timeout 10s does not fit in --timeout 8s/,
  ],
  ['no trials', ['run', CYCLE, '-n', '0'], 2, /0 is not a whole number, 1 or more/],
  ['an unknown strategy', ['run', CYCLE, '-s', 'pctt'], 2, /no strategy is named pctt/],
  [
    'replay as a strategy',
    ['run', CYCLE, '-s', 'replay'],
    2,
    /run again by gridlock replay\n {2}gridlock replay --help/,
  ],
  [
    'load under a strategy',
    ['run', CYCLE, '-s', 'pct', '--load', '1'],
    2,
    /--load goes with --strategy free/,
  ],
  [
    'strength of no noise',
    ['run', CYCLE, '--strength', '1ms'],
    2,
    /--strength goes with --strategy noise/,
  ],
  [
    'too much noise',
    ['run', CYCLE, '-s', 'noise', '--strength', '1s'],
    2,
    /--strength is 1000ms, outside 0\.02ms to 100ms/,
  ],
  [
    'events of a run with noise',
    ['run', CYCLE, '-s', 'noise', '--track', 'events'],
    2,
    /--track events goes with --strategy free/,
  ],
  ['no steps', ['run', CYCLE, '-s', 'pct', '--steps', '0'], 2, /--steps: 0 is not a whole number/],
  ['an unknown verdict', ['run', CYCLE, '--expect', 'doom'], 2, /doom/],
  [
    'a module that throws',
    ['run', `${FIXTURES}/throws.js`],
    2,
    /threw while it was imported: the disk is made of cheese/,
  ],
  [
    'a module without a default export',
    ['run', `${FIXTURES}/no-default.js`],
    2,
    /it has no default export/,
  ],
  ['a workload without roles', ['run', `${FIXTURES}/no-roles.js`], 2, /roles: has no roles/],
  [
    'a workload with an unknown verdict',
    ['run', `${FIXTURES}/bad-verdict.js`],
    2,
    /variants\.v\.verdict/,
  ],
  [
    'a variant that sets no param',
    ['run', `${FIXTURES}/bad-param.js`],
    2,
    /variant v sets x, which is no param/,
  ],
  ['a dump that is not there', ['analyze', 'none.dump'], 2, /there is no dump at none\.dump/],
  ['a dump that is none', ['analyze', 'package.json'], 2, /package\.json cannot be read as a dump/],
  [
    'a replay of nothing',
    ['replay', 'none'],
    2,
    /there is no file none, and it is no replay token/,
  ],
  ['a schedule without its program', ['replay', 's1.AAE.x4k'], 2, /does not say of which program/],
  ['a cut token', ['shrink', 'a:b:0x1:9:pass:s1.A'], 2, /does not end in a schedule/],
  [
    'a token of a workload that there is not',
    ['replay', tokenOf('dtrace-deadlok')],
    2,
    /no workload is named dtrace-deadlok\n {2}did you mean dtrace-deadlock/,
  ],
  [
    'a token of a variant that there is not',
    ['replay', tokenOf(CYCLE, 'plantd')],
    2,
    /did you mean --variant planted/,
  ],
  [
    'a token of a parameter that there is not',
    ['shrink', tokenOf(CYCLE, 'planted', [['m', '2']])],
    2,
    /no parameter m; it has n/,
  ],
  ['a dump of a free run', ['replay', FREE], 2, /no strategy chose.*\n.*gridlock run dtrace/],
  ['a schedule file that is none', ['replay', `${FIXTURES}/none.sched`], 2, /its format is not/],
  ['a run that is not there', ['show', 'none'], 2, /there is no run none/],
];

describe('is refused', () => {
  test.each(REFUSED)('%s', (_what, args, exit, says) => {
    const ran = gridlock(...args);
    expect(ran.stderr).toMatch(says);
    expect(ran.exit).toBe(exit);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).not.toMatch(/^ +at /m);
  });
});

test('a results directory that cannot be made: exit 3', () => {
  const ran = gridlock('run', CYCLE, '--variant', 'planted', '--results', '/proc/none/results');
  expect(ran.stderr).toMatch(/cannot write to/);
  expect(ran.exit).toBe(3);
});

test('control: the same command with the mistakes mended runs, and exits 0', () => {
  inScratch((results) => {
    const ran = gridlock(
      'run',
      CYCLE,
      '--variant',
      'planted',
      '-P',
      'n=3',
      '-d',
      '5s',
      '--results',
      results,
      '--json',
    );
    expect(ran.exit, ran.stderr).toBe(0);
    expect(records(ran).find(({ type }) => type === 'trial')).toMatchObject({
      verdict: 'deadlock',
      grade: 'expected',
    });
  });
});

test('an expected bug that does not show is a finding: exit 1', () => {
  inScratch((results) => {
    const ran = gridlock(
      'run',
      CYCLE,
      '--variant',
      'twin',
      '-d',
      '100ms',
      '--expect',
      'deadlock',
      '--results',
      results,
    );
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.stdout).toMatch(/declared deadlock, came to pass/);
  });
});

/** A file system of the given size, if this user may mount one. */
function withFullDisk(body: (directory: string) => void): boolean {
  return inScratch((scratch) => {
    const disk = join(scratch, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      return false;
    }
    try {
      body(disk);
    } finally {
      execFileSync('umount', [disk]);
    }
    return true;
  });
}

test('a disk that fills up while dumping costs the dump, not the verdict', ({ skip }) => {
  const mounted = withFullDisk((disk) => {
    // What is left is enough for the journal, and for no dump.
    writeFileSync(join(disk, 'filler'), new Uint8Array(44 * 1024));
    const ran = gridlock('run', CYCLE, '--variant', 'planted', '--results', disk, '--json');
    const trial = records(ran).find(({ type }) => type === 'trial');
    expect(trial, ran.stderr).toMatchObject({ verdict: 'deadlock', dump: null });
    expect(trial?.['dump_error']).toMatch(/ENOSPC/);
    expect(ran.stderr).toMatch(/no dump: .*ENOSPC/);
    const run = readdirSync(disk).find((name) => name !== 'filler')!;
    const { records: journal, cut } = readJournal(join(disk, run, 'journal.ndjson'));
    expect(cut).toBe(false);
    expect(journal.map(({ type }) => type)).toEqual([
      'header',
      'verdict',
      'trial',
      'summary',
      'end',
    ]);
    expect(readdirSync(join(disk, run, 'dumps'))).toEqual([]);
    expect(existsSync(join(disk, run, 'done.json'))).toBe(true);
  });
  if (!mounted) skip('this user may not mount a tmpfs');
});
