/*
 * Goal: a merge of shards is the run of one machine: every trial once, in any order, whatever was cut or given twice.
 *
 * Method: journals that are made up here are merged in process, in permutations and with parts left out; and one real
 * campaign is run whole, and as eight processes of which one is killed with SIGKILL while it runs.
 */

import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { mergeRuns, type Merged } from '../../src/report/merge.ts';
import { readRun } from '../../src/report/model.ts';
import { readJournal } from '../../src/run/results.ts';
import { gridlock, inScratch, MAIN } from '../cli/gridlock.ts';

const HEADER = { schema: 1, gridlock: '0', node: '20', os: 'x', cpus: 2, memory_mb: 1, seed: 7 };

interface Made {
  readonly shard?: string;
  readonly seed?: number;
  readonly declared?: string;
  readonly params?: Record<string, unknown>;
  /** what the trials of the whole run come to, by index */
  readonly verdicts: readonly string[];
  readonly isCut?: boolean;
  readonly exit?: number;
  /** whether each trial was timed: acquires of as many ns as its number, as often */
  readonly isTimed?: boolean;
  /** of done.json */
  readonly beside?: number;
}

/** A results directory of a free run, as a machine leaves it. */
function makeRun(root: string, name: string, made: Made): string {
  const { shard = '1/1', seed = 7, declared = 'deadlock', params = {}, verdicts } = made;
  const [index, total] = shard.split('/').map(Number) as [number, number];
  const directory = join(root, name);
  mkdirSync(join(directory, 'dumps'), { recursive: true });
  const names = { workload: 'made-up', variant: 'planted', strategy: 'free' };
  const header = { ...HEADER, seed, shard: total === 1 ? null : shard };
  const campaigns = [{ ...names, params, settings: {}, declared, trials: verdicts.length }];
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ ...header, id: `id-${name}`, engine: 'GitLab', campaigns }),
  );
  const mine = verdicts.flatMap((verdict, k) => (k % total === index - 1 ? [{ verdict, k }] : []));
  const kept = new Set<string>();
  const trials = mine.map(({ verdict, k }) => {
    const isFirst = verdict !== 'pass' && !kept.has(verdict);
    kept.add(verdict);
    const dump = isFirst ? `dumps/made-up-planted-${k}.dump` : null;
    if (dump !== null) writeFileSync(join(directory, dump), `dump of ${k}`);
    return {
      type: 'trial',
      ...names,
      index: k,
      seed: k,
      verdict,
      grade: verdict === declared ? 'expected' : verdict === 'pass' ? 'interesting' : 'forbidden',
      seconds: 0.1 * (k + 1),
      progress: {},
      outcomes: { seen: 1 },
      ...(made.isTimed === true
        ? { times: { acquire_ns: { max: k, counts: k === 0 ? [] : [[k, k]] } } }
        : {}),
      dump,
      replay: null,
      message: verdict === 'pass' ? null : verdict,
      because: [],
      exact: true,
      signature: verdict,
      dump_ms: null,
      dump_error: null,
      schedule: null,
    };
  });
  const counts: Record<string, number> = {};
  for (const { verdict } of mine) counts[verdict] = (counts[verdict] ?? 0) + 1;
  const isShown = counts[declared] !== undefined;
  const isForbidden = trials.some(({ grade }) => grade === 'forbidden');
  const summary = {
    type: 'summary',
    ...names,
    declared,
    trials: mine.length,
    verdicts: counts,
    grade: isForbidden || !isShown ? 'forbidden' : 'expected',
    machines: 1,
    pinning: 'pinned',
    exhausted: false,
    strayed: null,
  };
  const exit = made.exit ?? (summary.grade === 'forbidden' ? 1 : 0);
  const end = made.isCut === true ? [] : [summary, { type: 'end', exit }];
  const lines = [{ type: 'header', ...header }, ...trials, ...end].map((each) =>
    JSON.stringify(each),
  );
  writeFileSync(join(directory, 'journal.ndjson'), `${lines.join('\n')}\n`);
  if (made.isCut !== true) {
    const done = { exit, beside: made.beside };
    writeFileSync(join(directory, 'done.json'), JSON.stringify(done));
  }
  return directory;
}

const VERDICTS = [
  'pass',
  'deadlock',
  'pass',
  'pass',
  'deadlock',
  'pass',
  'pass',
  'pass',
  'panic',
  'pass',
];
const EXPECTED = VERDICTS.map((verdict) => (verdict === 'panic' ? 'deadlock' : verdict));

function shardsOf(root: string, total: number, made: Omit<Made, 'shard'>): string[] {
  return Array.from({ length: total }, (_, i) =>
    makeRun(root, `s${i + 1}`, { ...made, shard: `${i + 1}/${total}` }),
  );
}

function merge(
  root: string,
  directories: readonly string[],
  name: string,
): Merged & { json: string } {
  const merged = mergeRuns({ directories, out: join(root, name), root });
  return { ...merged, json: readFileSync(join(merged.directory, 'run.json'), 'utf8') };
}

test('what shards timed adds up, whoever is given first or twice; a run that timed nothing says nothing', () => {
  inScratch((root) => {
    const given = { verdicts: EXPECTED, isTimed: true };
    const [a, b, c] = shardsOf(root, 3, given) as [string, string, string];
    const counts = EXPECTED.flatMap((_, k) => (k === 0 ? [] : [[k, k]]));
    const expected = { acquire_ns: { max: 9, counts } };
    for (const [i, directories] of [
      [a, b, c],
      [c, a, b, a],
    ].entries()) {
      const { summaries, directory } = merge(root, directories, `m${i}`);
      expect(summaries[0]!.times).toEqual(expected);
      expect(readRun(directory).campaigns[0]!.times).toEqual(expected);
    }
    expect(merge(root, [a, c], 'less').summaries[0]!.times).not.toEqual(expected);
    const untimed = merge(root, [makeRun(root, 'u', { verdicts: EXPECTED })], 'mu');
    expect('times' in untimed.summaries[0]!).toBe(false);
  });
});

test('shards come to what the whole came to, in any order, twice or nested', () => {
  inScratch((root) => {
    const [a, b, c] = shardsOf(root, 3, { verdicts: EXPECTED }) as [string, string, string];
    const all = merge(root, [a, b, c], 'm');
    expect(all.missing).toEqual([]);
    expect(all.exit).toBe(0);
    expect(all.summaries).toHaveLength(1);
    expect(all.summaries[0]).toMatchObject({
      trials: 10,
      verdicts: { pass: 7, deadlock: 3 },
      outcomes: { seen: 10 },
      grade: 'expected',
      machines: 3,
      dump: 'dumps/made-up-planted-1.dump',
    });
    const whole = merge(root, [makeRun(root, 'whole', { verdicts: EXPECTED })], 'one').summaries[0];
    expect({ ...all.summaries[0], machines: 1, time_to_failure_s: null, pinning: '' }).toEqual({
      ...whole,
      time_to_failure_s: null,
      pinning: '',
    });
    const { directory: ab } = merge(root, [a, b], 'ab');
    const orders = [
      [c, b, a],
      [b, a, c],
      [a, a, b, c, c],
      [ab, c],
      [c, ab, a],
      [all.directory],
      [all.directory, b, ab],
    ];
    for (const [i, order] of orders.entries()) {
      const again = merge(root, order, `again-${i}`);
      expect(again.json, order.join(' ')).toBe(all.json);
      for (const file of ['journal.ndjson', 'manifest.json'])
        expect(readFileSync(join(again.directory, file), 'utf8')).toBe(
          readFileSync(join(all.directory, file), 'utf8'),
        );
    }
    expect(readdirSync(join(all.directory, 'dumps'))).toEqual(['made-up-planted-1.dump']);
    // Over itself, which is how a merge is brought up to date.
    expect(merge(root, [all.directory, c], 'm').json).toBe(all.json);
  });
});

test('the merge is a results directory', () => {
  inScratch((root) => {
    const { directory } = merge(root, shardsOf(root, 3, { verdicts: VERDICTS }), 'm');
    const model = readRun(directory);
    expect(model).toMatchObject({ isDone: true, isCut: false, exit: 1 });
    expect(model.header).toMatchObject({ seed: 7, shard: null });
    expect(model.campaigns).toHaveLength(1);
    expect(model.campaigns[0]).toMatchObject({
      trials: 10,
      verdicts: { pass: 7, deadlock: 2, panic: 1 },
    });
    expect(model.campaigns[0]!.failures.map(({ index }) => index)).toEqual([1, 8]);
    const { records } = readJournal(join(directory, 'journal.ndjson'));
    const indices = records.filter(({ type }) => type === 'trial').map(({ index }) => index);
    expect(indices).toEqual(VERDICTS.map((_, k) => k));
    const shown = gridlock('show', directory);
    expect(shown.stdout, shown.stderr).toMatch(/10 trials[^]*made-up +planted/);
    for (const file of ['manifest.json', 'journal.ndjson', 'run.json'])
      expect(readFileSync(join(directory, file), 'utf8')).not.toContain(root);
  });
});

test.for([
  [
    'a shard is missing',
    [5, ['shard 2/3: missing']],
    EXPECTED,
    (dirs: string[]) => dirs.splice(1, 1),
  ],
  [
    'a finding beats that',
    [1, ['shard 1/3: missing']],
    VERDICTS,
    (dirs: string[]) => dirs.splice(0, 1),
  ],
  [
    'a shard is cut in the middle of a line',
    [5, ['shard 3/3: cut, at made-up planted free']],
    EXPECTED,
    (dirs: string[]) => {
      const journal = join(dirs[2]!, 'journal.ndjson');
      const text = readFileSync(journal, 'utf8');
      truncateSync(
        journal,
        Buffer.byteLength(text.slice(0, text.indexOf('"type":"summary"') - 40)),
      );
      rmSync(join(dirs[2]!, 'done.json'));
    },
  ],
  [
    'a trial is missing from the journal of a run that ended',
    [5, ['shard 1/3: cut, at made-up planted free']],
    EXPECTED,
    (dirs: string[]) => {
      const journal = join(dirs[0]!, 'journal.ndjson');
      const lines = readFileSync(journal, 'utf8').split('\n');
      writeFileSync(journal, [...lines.slice(0, 1), ...lines.slice(2)].join('\n'));
    },
  ],
] as const)('%s', ([, [exit, missing], verdicts, harm]) => {
  inScratch((root) => {
    const dirs = shardsOf(root, 3, { verdicts });
    harm(dirs);
    const merged = merge(root, dirs, 'm');
    expect(merged.missing).toEqual(missing);
    expect(merged.exit).toBe(exit);
    expect(JSON.parse(merged.json)).toMatchObject({ exit });
  });
});

test('a bug that one shard saw was seen; one that none saw is a finding only if all are there', () => {
  inScratch((root) => {
    const once = VERDICTS.map((_, k) => (k === 4 ? 'deadlock' : 'pass'));
    expect(merge(root, shardsOf(root, 3, { verdicts: once }), 'once').exit).toBe(0);
    const never = VERDICTS.map(() => 'pass');
    const dirs = shardsOf(root, 3, { verdicts: never });
    expect(merge(root, dirs, 'never').exit).toBe(1);
    expect(merge(root, dirs.slice(1), 'fewer').exit).toBe(5);
  });
});

test.for([
  [70, [70, 3, 99]],
  [3, [3, 99, 0]],
  [99, [0, 99, 0]],
  [0, [0, 4, 0]],
] as const)('the worst is %d of %j', ([worst, exits]) => {
  inScratch((root) => {
    const dirs = exits.map((exit, i) =>
      makeRun(root, `s${i}`, { verdicts: EXPECTED, shard: `${i + 1}/3`, exit }),
    );
    expect(merge(root, dirs, 'm').exit).toBe(worst);
  });
});

test('what a shard missed is not lost behind a bug that it did not see, and another saw', () => {
  inScratch((root) => {
    const once = VERDICTS.map((_, k) => (k === 4 ? 'deadlock' : 'pass'));
    const shards = (name: string, beside: object, verdicts: readonly string[]) =>
      [1, 2, 3].map((index) => {
        const own = index === 1 ? beside : {};
        return makeRun(root, `${name}-${index}`, { verdicts, shard: `${index}/3`, ...own });
      });
    // The first of three does not have trial 4: its exit code is 1.
    const exitOf = (name: string, beside: object, verdicts: readonly string[] = once) =>
      merge(root, shards(name, beside, verdicts), `m-${name}`).exit;
    expect(exitOf('threshold', { beside: 99 })).toBe(99);
    expect(exitOf('lost', { beside: 3 })).toBe(3);
    // The controls: nothing was missed; a merge of merges; a finding is worse; a shard that is missing is not.
    expect(exitOf('nothing', {})).toBe(0);
    expect(merge(root, [join(root, 'm-threshold')], 'again').exit).toBe(99);
    const forbidden = VERDICTS.map((_, k) => (k === 4 ? 'panic' : 'pass'));
    expect(exitOf('finding', { beside: 99 }, forbidden)).toBe(1);
    expect(
      exitOf(
        'unshown',
        { beside: 99 },
        VERDICTS.map(() => 'pass'),
      ),
    ).toBe(1);
    const fewer = shards('fewer', { beside: 99 }, once).slice(0, 2);
    expect(merge(root, fewer, 'm-fewer').exit).toBe(99);
  });
});

test('other params are another campaign, another root seed or another division is refused', () => {
  inScratch((root) => {
    const a = makeRun(root, 'a', { verdicts: EXPECTED });
    const b = makeRun(root, 'b', { verdicts: EXPECTED, params: { n: 3 } });
    const { directory, summaries } = merge(root, [a, b], 'm');
    expect(summaries.map(({ trials }) => trials)).toEqual([10, 10]);
    expect(readRun(directory).campaigns.map(({ trials, params }) => [trials, params])).toEqual([
      [10, { n: 3 }],
      [10, {}],
    ]);
    // Both had a dump of this name.
    expect(readdirSync(join(directory, 'dumps'))).toHaveLength(2);
    const other = makeRun(root, 'other', { verdicts: EXPECTED, seed: 8 });
    expect(() => merge(root, [a, other], 'x')).toThrow('the root seed of one is 7, of the other 8');
    const part = makeRun(root, 'part', { verdicts: EXPECTED, shard: '1/2' });
    expect(() => merge(root, [a, part], 'x')).toThrow('number of shards');
    expect(() => merge(root, [a], 'b')).toThrow('is no merge');
  });
});

test('what did not pass beats what did, where a shard was run twice', () => {
  inScratch((root) => {
    const passed = makeRun(root, 'a', { verdicts: ['pass', 'pass', 'deadlock'] });
    const failed = makeRun(root, 'b', { verdicts: ['pass', 'panic', 'deadlock'] });
    for (const order of [
      [passed, failed],
      [failed, passed],
    ]) {
      const { summaries, exit } = merge(root, order, 'm');
      expect(summaries[0]).toMatchObject({
        trials: 3,
        verdicts: { pass: 1, panic: 1, deadlock: 1 },
      });
      expect(exit).toBe(1);
    }
  });
});

test('a shard that was cut in the middle of a series, and run again', () => {
  inScratch((root) => {
    // Each ended its series where its time did.
    const ends = { cut: [2_000, 3_000], again: [1_309, 4_096] };
    const dirs = Object.entries(ends).map(([name, at]) => {
      const directory = makeRun(root, name, { verdicts: [], declared: 'pass', isCut: true });
      const series = at.map((end, i) => ({
        type: 'series',
        workload: 'made-up',
        variant: 'planted',
        strategy: 'free',
        first: at[i - 1] ?? 0,
        seed: 1,
        passed: end - (at[i - 1] ?? 0),
        given_up: 0,
        choices: 5,
        preemptions: 1,
        outcomes: {},
        seconds: 1,
      }));
      for (const line of series)
        appendFileSync(join(directory, 'journal.ndjson'), `${JSON.stringify(line)}\n`);
      if (name === 'again') writeFileSync(join(directory, 'done.json'), '{"exit":0}');
      return directory;
    });
    const merged = merge(root, dirs, 'm');
    expect(merged).toMatchObject({ missing: [], exit: 0 });
    expect(merged.summaries[0]).toMatchObject({ trials: 4_096, verdicts: { pass: 4_096 } });
    expect(merge(root, [merged.directory, dirs[0]!], 'n').json).toBe(merged.json);
    // The cut one alone counts as far as it got.
    expect(merge(root, dirs.slice(0, 1), 'o').summaries[0]).toMatchObject({ trials: 3_000 });
  });
});

test('an older schema is brought to today, a newer one is refused', () => {
  inScratch((root) => {
    const old = makeRun(root, 'old', { verdicts: EXPECTED });
    // Made up: schema 0 counted seconds in milliseconds.
    for (const file of ['manifest.json', 'journal.ndjson']) {
      const text = readFileSync(join(old, file), 'utf8');
      writeFileSync(
        join(old, file),
        text
          .replaceAll('"schema":1', '"schema":0')
          .replaceAll(/"seconds":([\d.]+)/g, (_, seconds) => `"millis":${Number(seconds) * 1000}`),
      );
    }
    const migrations = new Map([
      [
        0,
        ({ millis, ...rest }: Readonly<Record<string, unknown>>) =>
          millis === undefined ? rest : { ...rest, seconds: (millis as number) / 1000 },
      ],
    ]);
    const out = join(root, 'm');
    const migratedRun = mergeRuns({ directories: [old], out, root, migrations }).summaries[0];
    const today = merge(root, [makeRun(root, 'old', { verdicts: EXPECTED })], 'today').summaries[0];
    expect(migratedRun).toEqual(today);
    const text = readFileSync(join(old, 'manifest.json'), 'utf8');
    for (const schema of ['0', '2', '"1"']) {
      writeFileSync(join(old, 'manifest.json'), text.replace('"schema":1', `"schema":${schema}`));
      expect(() => merge(root, [old], 'x')).toThrow('and this gridlock reads schema 1');
    }
  });
});

test('what a watchdog alone told counts, and is graded', () => {
  inScratch((root) => {
    const cut = makeRun(root, 'cut', { verdicts: ['pass', 'pass'], declared: 'pass', isCut: true });
    const lines = readFileSync(join(cut, 'journal.ndjson'), 'utf8').trimEnd().split('\n');
    const last = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    const verdict = { ...last, type: 'verdict', index: 2, verdict: 'deadlock', before: null };
    appendFileSync(join(cut, 'journal.ndjson'), `${JSON.stringify(verdict)}\n{"type":"tri`);
    const { summaries, exit } = merge(root, [cut], 'm');
    expect(summaries[0]).toMatchObject({ trials: 3, verdicts: { pass: 2, deadlock: 1 } });
    expect(exit).toBe(1);
    expect(readRun(cut)).toMatchObject({ isCut: true, isDone: false });
    expect(readRun(cut).campaigns[0]).toMatchObject({ trials: 3 });
  });
});

/** A shard of a real campaign.  @param killAt SIGKILL when so many of its trials are over @returns trials that it told */
async function runShard(
  results: string,
  shard: string | undefined,
  killAt = Infinity,
): Promise<number[]> {
  const args = [
    'run',
    'test/planted/cycle.js',
    '--variant',
    'twin',
    '-d',
    '20ms',
    '-n',
    '24',
    '--seed',
    '7',
  ];
  const of = shard === undefined ? [] : ['--shard', shard];
  const child = spawn(
    process.execPath,
    [MAIN, ...args, ...of, '--results', results, '--json', '-q'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const told: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const record = JSON.parse(line) as { type: string; index: number };
    if (record.type === 'trial') told.push(record.index);
    if (told.length === killAt) child.kill('SIGKILL');
  }
  return told;
}

test('eight processes, one of them killed: every trial once', { timeout: 180_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'gridlock-merge-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const indices = Array.from({ length: 8 }, (_, i) => i + 1);
  const told = new Map<number, number[]>();
  for (const half of [
    indices.slice(0, 2),
    indices.slice(2, 4),
    indices.slice(4, 6),
    indices.slice(6),
  ]) {
    await Promise.all(
      half.map(async (i) => {
        told.set(i, await runShard(join(root, `s${i}`), `${i}/8`, i === 3 ? 1 : Infinity));
      }),
    );
  }
  for (const [i, trials] of told) if (i !== 3) expect(trials).toEqual([i - 1, i + 7, i + 15]);
  const dirs = indices.map((i) => join(root, `s${i}`));
  const cut = merge(root, dirs, 'cut');
  expect(cut.missing).toEqual(['shard 3/8: cut, at cycle twin free']);
  expect(cut.exit).toBe(5);
  // All that was told before the kill is there, and nothing twice.
  const { records } = readJournal(join(cut.directory, 'journal.ndjson'));
  const found = records.filter(({ type }) => type === 'trial').map(({ index }) => Number(index));
  expect(new Set(found).size).toBe(found.length);
  expect(found).toEqual(expect.arrayContaining([...told.values()].flat()));
  expect(cut.summaries[0]!.trials).toBe(found.length);
  expect(found.length).toBeLessThan(24);
  // Tried again, as a CI does.
  cpSync(join(root, 's3'), join(root, 's3-killed'), { recursive: true });
  await runShard(join(root, 's3'), '3/8');
  const whole = merge(root, [...dirs, join(root, 's3-killed')], 'whole');
  expect(whole).toMatchObject({ missing: [], exit: 0 });
  expect(whole.summaries[0]).toMatchObject({ trials: 24, verdicts: { pass: 24 } });
  expect(merge(root, dirs.toReversed(), 'reversed').json).toBe(whole.json);
  const seen = gridlock('merge', ...dirs, '--out', join(root, 'cli'));
  expect(seen.exit, seen.stderr).toBe(0);
  expect(readFileSync(join(root, 'cli', 'run.json'), 'utf8')).toBe(whole.json);
});
