/*
 * Goal: how long acquires took comes from the kernel into all that a run says: its threshold and exit code, the journal, --json,
 * show, the HTML report and the dump; and where nobody times them, that is said before anything runs.
 *
 * Method: a workload in which one acquire waits for 400 ms, and its twin in which none does; a bound half way between, so that
 * what a busy host adds decides nothing.  A crowd takes everything that can be taken, all at once: what is counted is exact.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TimesByMetric } from '../../src/run/times.ts';
import { gridlock, inScratch, records, type Ran } from './gridlock.ts';

const SLOW = 'test/planted/slow-acquire.js';
const TOO_SLOW = 'acquire_ns: p(99)<200ms';
const THRESHOLD = ['--threshold', TOO_SLOW, '--threshold', 'acquire_ns: count==3'];

function run(root: string, variant: string, ...args: readonly string[]): Ran {
  const asked = ['--variant', variant, '--seed', '7', '--track', 'events', '--results', root];
  return gridlock('run', SLOW, ...asked, ...args);
}

function latest(root: string): string {
  return join(root, readdirSync(root).toSorted().at(-1)!);
}

test.for([
  ['planted', 99, '✗'],
  ['twin', 0, '✓'],
] as const)('%s: exit code %i', ([variant, exit, mark]) => {
  inScratch((root) => {
    const ran = run(root, variant, '-n', '2', '--json', ...THRESHOLD.slice(0, 2));
    expect(ran.exit, ran.stderr).toBe(exit);
    const all = records(ran);
    const timesOf = (type: string): TimesByMetric[] =>
      all.filter((each) => each['type'] === type).map((each) => each['times'] as TimesByMetric);
    const trials = timesOf('trial').map(({ acquire_ns: each }) => each!);
    const [{ acquire_ns: sum }] = timesOf('summary') as [TimesByMetric];
    // The merge of both is their sum.
    expect(sum!.max).toBe(Math.max(...trials.map(({ max }) => max)));
    const countOf = (value: number): number =>
      trials.flatMap(({ counts }) => counts).reduce((n, [at, k]) => n + (at === value ? k : 0), 0);
    expect(sum!.counts).toEqual(sum!.counts.map(([value]) => [value, countOf(value)]));
    expect(sum!.counts.reduce((n, [, k]) => n + k, 0)).toBe(6);
    expect(sum!.max > 200e6).toBe(variant === 'planted');
    expect(all.filter(({ type }) => type === 'threshold')).toMatchObject([
      { threshold: TOO_SLOW, kept: mark === '✓' },
    ]);
    const directory = latest(root);
    expect(ran.stderr).toContain(`${mark} ${TOO_SLOW}`);
    const line = `slow-acquire ${variant}: acquire_ns p50 `;
    expect(ran.stderr).toContain(line);
    expect(gridlock('show', directory).stdout).toContain(line);
    const page = gridlock('report', directory, '--reporter', 'html').stdout;
    expect(page).toMatch(/<dt>acquire_ns<\/dt>\s*<dd>[\d.]+[um]?s\s*<small>p50; p99 /);
  });
});

test('each acquire of a crowd is counted, and counted once', { timeout: 60_000 }, () => {
  inScratch((root) => {
    const crowd = ['-P', 'threads=5', '-P', 'rounds=200', '-P', 'hold_ms=1'];
    // The two others acquire three times.
    const count = ['--threshold', `acquire_ns: count==${5 * 200 * 5 + 3}`];
    const ran = run(root, 'twin', ...crowd, ...count);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
    const less = run(root, 'twin', '-P', 'threads=5', '-P', 'rounds=199', ...count);
    expect(less.exit).toBe(99);
  });
});

test(
  'a dump has each thread’s own, and mdb prints it; a run that is not tracked has none',
  { timeout: 60_000 },
  () => {
    inScratch((root) => {
      const cycle = ['run', 'test/planted/cycle.js', '--variant', 'planted', '--results', root];
      const dumpOf = (...args: string[]): string => {
        const ran = gridlock(...cycle, ...args);
        expect(ran.exit, ran.stderr).toBe(0);
        const dumps = join(latest(root), 'dumps');
        return join(
          dumps,
          readdirSync(dumps).find((file) => file.endsWith('.dump'))!,
        );
      };
      const print = (dump: string): string => {
        const { stdout, stderr } = gridlock('mdb', dump, '-e', '::acquires');
        return stdout + stderr;
      };
      // Each philosopher has one fork, and waits for the other.
      const rows = print(dumpOf('-P', 'n=3', '--track', 'events'))
        .trimEnd()
        .split('\n');
      expect(rows.map((row) => row.trim().split(/ +/).at(-1))).toEqual([
        'NAME',
        'philosopher/0',
        'philosopher/1',
        'philosopher/2',
      ]);
      for (const row of rows.slice(1)) expect(row).toMatch(/^[\da-f]{16} +1 /);
      expect(print(dumpOf('-P', 'n=2'))).toMatch(/no acquires were timed/);
    });
  },
);

test('a soak: its turns add up, and are judged', { timeout: 60_000 }, () => {
  inScratch((root) => {
    const asked = ['--strategy', 'free', '--load', '0', '-d', '2s', '--track', 'events'];
    const soak = (variant: string): Ran =>
      gridlock(
        'soak',
        SLOW,
        '--variant',
        variant,
        ...asked,
        '--results',
        root,
        ...THRESHOLD.slice(0, 2),
      );
    const missed = soak('planted');
    expect(missed.exit, missed.stderr).toBe(99);
    expect(missed.stdout).toMatch(/slow-acquire planted: acquire_ns p50 .* of \d+\n/);
    const kept = soak('twin');
    expect(kept.exit, kept.stdout + kept.stderr).toBe(0);
  });
});

test.for([
  [['run', SLOW], /gridlock run test\/planted\/slow-acquire\.js --strategy free --track events /],
  [['run', SLOW, '-s', 'random'], /acquire_ns needs --track events, and --strategy free/],
  [['soak', SLOW], /gridlock soak test\/planted\/slow-acquire\.js --strategy free --track events /],
  [['soak', SLOW, '--track', 'events'], /--track events goes with --strategy free/],
] as const)('%j does not time acquires, and says so before anything runs', ([args, says]) => {
  inScratch((root) => {
    const results = join(root, 'none');
    const ran = gridlock(...args, '--results', results, ...THRESHOLD);
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stderr).toMatch(says);
    expect(existsSync(results)).toBe(false);
  });
});
