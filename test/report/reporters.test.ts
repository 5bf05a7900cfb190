/*
 * Goal: every report says what a run came to, is valid where a schema is published, and ends each failure with the line
 * that runs it again; which reports there are, and where they go, is as it was asked for.
 *
 * Method: directories made by hand, one for each way in which a campaign can end; all reporters over each.  Controls:
 * reports broken on purpose, which the schemas must refuse; a run in which all is as declared.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { EXIT } from '../../src/base/exit.ts';
import { Fail } from '../../src/base/fail.ts';
import { DotReporter } from '../../src/report/dot.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { githubReport } from '../../src/report/github.ts';
import { jsonReport } from '../../src/report/json.ts';
import { junitReport } from '../../src/report/junit.ts';
import { Chorus, replayTo } from '../../src/report/live.ts';
import { markdownReport } from '../../src/report/markdown.ts';
import { MinimalReporter } from '../../src/report/minimal.ts';
import { readRun, type RunModel } from '../../src/report/model.ts';
import { NdjsonReporter } from '../../src/report/ndjson.ts';
import { planReports, REPORTERS, writeReports } from '../../src/report/reporters.ts';
import { sarifReport } from '../../src/report/sarif.ts';
import { dumpOf, runOf, summaryOf, trialOf } from './made.ts';
import { faultOfJunit, faultOfSarif, textsIn } from './schemas.ts';

const root = mkdtempSync(join(tmpdir(), 'gridlock-report-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const AGAIN = 'gridlock run ./once.js --variant opposite --seed 7 -n 4';
const CAMPAIGN_AGAIN = 'gridlock run ./once.js --variant opposite --seed 7 -n 10';
const DUMP = 'dumps/once-opposite-3.dump';

const failed = trialOf({ dump: DUMP });
const declared = trialOf({ grade: 'expected' });

const GREW = {
  type: 'growth',
  process: 'gridlock',
  quantity: 'memory',
  unit: 'bytes',
  per_hour: 3e7,
  low: 2e7,
  high: 4e7,
  samples: 100,
  hours: 1,
  grade: 'forbidden',
};

/** Ways for a campaign to end: records, exit, and the kinds of what was found, forbidden ones with a bang. */
const WAYS = {
  failed: [[failed, summaryOf([failed])], 1, ['deadlock!']],
  declared: [[declared, summaryOf([declared], { declared: 'deadlock' })], 0, ['deadlock']],
  'not shown': [[summaryOf([], { declared: 'deadlock', grade: 'forbidden' })], 1, ['not-shown!']],
  outcome: [[summaryOf([], { outcomes: { torn: 3 }, grade: 'forbidden' })], 1, ['outcome!']],
  strayed: [
    [summaryOf([], { strayed: { trial: 4, choice: 9 }, grade: 'forbidden' })],
    1,
    ['strayed!'],
  ],
  cut: [[failed], undefined, ['deadlock!']],
  grew: [[summaryOf([]), GREW], 1, ['growth!']],
  passed: [[summaryOf([])], 0, []],
  nothing: [[], 4, []],
} as const satisfies Record<string, readonly [readonly object[], number | undefined, string[]]>;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[];

async function made(way: Way): Promise<RunModel> {
  const [records, exit] = WAYS[way];
  const directory = runOf(join(root, way), records, exit);
  await dumpOf(join(directory, DUMP));
  return readRun(directory);
}

const DOCUMENTS = {
  json: jsonReport,
  junit: junitReport,
  sarif: sarifReport,
  markdown: markdownReport,
  github: githubReport,
};
const documents = Object.keys(DOCUMENTS) as (keyof typeof DOCUMENTS)[];

class Page {
  text = '';
  write(text: string): void {
    this.text += text;
  }
}

describe.for(ways)('%s', (way) => {
  const [, exit, kinds] = WAYS[way];

  test('is found', async () => {
    const findings = await findingsOf(await made(way));
    expect(findings.map((each) => `${each.kind}${each.isForbidden ? '!' : ''}`)).toEqual(kinds);
    for (const { again, trial } of findings)
      expect(again).toBe(
        trial !== null ? AGAIN : way === 'grew' ? 'gridlock soak --seed 7' : CAMPAIGN_AGAIN,
      );
  });

  test('is valid as JUnit, whose counts count', async () => {
    const text = await junitReport(await made(way));
    expect(faultOfJunit(text)).toBeUndefined();
    const bad = kinds.filter((kind) => kind.endsWith('!')).length;
    expect(textsIn(text, '//failure')).toHaveLength(bad);
    expect(text.includes('<error ')).toBe(way === 'cut');
    const cases = { nothing: 0, grew: 2 }[way as string] ?? 1;
    expect(text).toContain(
      `<testsuites name="gridlock" tests="${cases}" failures="${bad}" errors="${way === 'cut' ? 1 : 0}">`,
    );
    for (const body of [...textsIn(text, '//failure'), ...textsIn(text, '//system-out')])
      expect(body.trimEnd().split('\n').at(-1)).toMatch(/^gridlock (?:run|soak) /);
  });

  test('is valid as SARIF, with a result for each failure', async () => {
    const text = await sarifReport(await made(way));
    expect(faultOfSarif(text)).toBeUndefined();
    const [run] = (JSON.parse(text) as { runs: { results: Result[] }[] }).runs;
    expect(
      run!.results.map(({ ruleId, level }) => ruleId + (level === 'error' ? '!' : '')),
    ).toEqual(kinds);
    for (const { message } of run!.results)
      expect(message.text.split('\n').at(-1)).toMatch(/^gridlock (?:run|soak) /);
  });

  test('is an annotation for each, of its level', async () => {
    const lines = (await githubReport(await made(way))).split('\n');
    const levels = new Set(lines.map((line) => /^::(error|notice) /.exec(line)?.[1]));
    const isIn = (level: string): boolean => levels.has(level);
    expect(isIn('error')).toBe(kinds.some((kind) => kind.endsWith('!')));
    expect(isIn('notice')).toBe(kinds.some((kind) => !kind.endsWith('!')));
    expect(lines.filter((line) => line === '::endgroup::')).toHaveLength(kinds.length);
    for (const [i, line] of lines.entries())
      if (line === '::endgroup::') expect(lines[i - 1]).toMatch(/^gridlock (?:run|soak) /);
  });

  test('is said in Markdown', async () => {
    const text = await markdownReport(await made(way));
    expect(text.split('\n')[0]).toMatch(
      /^### gridlock: (?:cut off; until then )?(?:\d+ findings?|\d+ variants? as declared)$/,
    );
    expect(text.match(/^gridlock (?:run|soak) .*$/gm) ?? []).toHaveLength(kinds.length);
  });

  test('is one JSON document', async () => {
    const page = JSON.parse(await jsonReport(await made(way))) as Record<string, unknown>;
    expect(page).toMatchObject({ type: 'report', schema: 1, exit: exit ?? null });
    expect(page['done']).toBe(exit !== undefined);
    expect(page['findings']).toHaveLength(kinds.length);
  });

  test('is NDJSON, whose end is that of the run', async () => {
    const page = new Page();
    await replayTo(new NdjsonReporter(page), await made(way));
    const lines = page.text.trimEnd().split('\n');
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).toBe('header');
    expect(types.includes('end')).toBe(exit !== undefined);
  });

  test('is told by minimal and by dot, and each failure ends with what runs it again', async () => {
    for (const Reporter of [MinimalReporter, DotReporter]) {
      const page = new Page();
      await replayTo(new Reporter(page), await made(way));
      const isBad = kinds.some((kind) => kind.endsWith('!'));
      // What grew is of no campaign, and no trial runs it again.
      expect(page.text.includes('grew by')).toBe(way === 'grew');
      expect(/^ {2}gridlock run /m.test(page.text)).toBe(isBad && way !== 'grew');
      expect(page.text).toMatch(/ as declared, [\d,]+ trials?: /);
    }
  });
});

interface Result {
  readonly ruleId: string;
  readonly level: string;
  readonly message: { readonly text: string };
}

test('a dump adds the lines that wait, one for each thread of the cycle, and the picture', async () => {
  const [finding] = await findingsOf(await made('failed'));
  expect(finding?.hang?.places).toMatchInlineSnapshot(`
    [
      {
        "file": "test/planted/once.js",
        "line": 56,
        "says": "saver/0 holds north, and waits here for south, which saver/1 has",
        "thread": "saver/0",
        "wants": "south",
      },
      {
        "file": "test/planted/once.js",
        "line": 56,
        "says": "saver/1 holds south, and waits here for north, which saver/0 has",
        "thread": "saver/1",
        "wants": "north",
      },
    ]
  `);
  expect(finding?.hang?.picture[0]).toContain('holds');
});

test('control: without its dump a failure keeps its message, and loses the lines', async () => {
  const directory = runOf(join(root, 'dumpless'), WAYS.failed[0], 1);
  for (const damage of ['gone', 'damaged']) {
    if (damage === 'damaged') writeFileSync(join(directory, DUMP), 'no zip');
    const [finding] = await findingsOf(readRun(directory));
    expect(finding).toMatchObject({ message: failed.message, hang: null, again: AGAIN });
  }
  const outside = trialOf({ dump: '../failed/dumps/once-opposite-3.dump' });
  const [finding] = await findingsOf(readRun(runOf(join(root, 'outside'), [outside])));
  expect(finding?.hang).toBeNull();
});

test('a run that was cut before a command was journalled takes that of the dump', async () => {
  const directory = runOf(join(root, 'early'), [trialOf({ replay: null, dump: DUMP })]);
  await dumpOf(join(directory, DUMP));
  const [finding] = await findingsOf(readRun(directory));
  expect(finding?.again).toMatch(/^gridlock /);
  expect(finding?.again).toBe(finding?.hang?.again);
});

test('control: the schemas refuse what is not valid', async () => {
  const model = await made('failed');
  const junit = await junitReport(model);
  expect(faultOfJunit(junit.replace('<testcase ', '<testcase colour="red" '))).toMatch(/colour/);
  expect(faultOfJunit(junit.replace('tests=', 'tests=1 tests='))).toBeDefined();
  const sarif = await sarifReport(model);
  expect(faultOfSarif(sarif.replace('"level": "error"', '"level": "fatal"'))).toMatch(/level/);
  expect(faultOfSarif(sarif.replace('"startLine": ', '"startLine": -'))).toBeDefined();
});

test('a comment that would be too long counts what it leaves out', async () => {
  const many = Array.from({ length: 150 }, (_, index) =>
    trialOf({ index, signature: `${index}`, message: `kind ${index}: ${'x'.repeat(600)}` }),
  );
  const text = await markdownReport(readRun(runOf(join(root, 'many'), many)));
  expect(text.length).toBeLessThan(65_536);
  expect(text).toMatch(/^And \d+ more, which do not fit here\.$/m);
  const github = await githubReport(readRun(join(root, 'many')));
  expect(github.match(/^::error /gm)).toHaveLength(10);
  expect(github.match(/^::group::/gm)).toHaveLength(150);
});

describe('which reports', () => {
  const none = new Map<string, string>();

  test.for([
    [[], {}, ['default'], []],
    [[], { GITHUB_ACTIONS: 'true' }, ['default'], ['github']],
    [[], { GITHUB_ACTIONS: 'false' }, ['default'], []],
    [['junit'], { GITHUB_ACTIONS: 'true' }, [], ['junit']],
    [['dot', 'sarif', 'junit', 'dot'], {}, ['dot'], ['junit', 'sarif']],
  ] as const)('%j in %j', ([names, env, live, documents]) => {
    expect(planReports(names, none, env)).toMatchObject({ live, documents });
  });

  test('a file asks for its reporter, beside the others', () => {
    const plan = planReports([], new Map([['junit', 'x.xml']]), {});
    expect(plan).toMatchObject({ live: ['default'], documents: ['junit'] });
  });

  test.for([
    [['junti'], {}, 'UNKNOWN_REPORTER', '--reporter junit?'],
    [['constructor'], {}, 'UNKNOWN_REPORTER', ''],
    [[], { junti: 'x' }, 'UNKNOWN_REPORTER', '--reporter junit?'],
    [[], { toString: 'x' }, 'UNKNOWN_REPORTER', ''],
    [[], { dot: 'x' }, 'USAGE', ''],
    [[], { junit: '' }, 'USAGE', ''],
  ] as const)('%j with files %j is refused', ([names, files, code, hint]) => {
    let thrown: unknown;
    try {
      planReports(names, new Map(Object.entries(files)), {});
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Fail);
    expect(thrown).toMatchObject({ code, exit: EXIT.usage });
    expect((thrown as Fail).hint).toContain(hint);
  });
});

describe('where they go', () => {
  async function write(
    names: readonly string[],
    { files = {}, lone, summary }: { files?: object; lone?: Page; summary?: string } = {},
  ) {
    const { directory } = await made('failed');
    const [log, tell] = [new Page(), new Page()];
    const env = { GITHUB_STEP_SUMMARY: summary };
    const plan = planReports(names, new Map(Object.entries(files) as [string, string][]), env);
    const exit = await writeReports(plan, directory, { lone, log, tell });
    return { directory, exit, log: log.text, tell: tell.text };
  }

  test('into the results directory, each under its name, and says so', async () => {
    const names = documents.filter((name) => name !== 'github');
    const { directory, exit, tell } = await write(names);
    expect(exit).toBe(EXIT.ok);
    for (const file of ['report.json', 'junit.xml', 'report.sarif', 'report.md']) {
      expect(readFileSync(join(directory, file), 'utf8')).toContain(AGAIN);
      expect(tell).toContain(join(directory, file));
    }
  });

  test('one alone to stdout, where there is one to be had; two never', async () => {
    const [one, two] = [new Page(), new Page()];
    await write(['junit'], { lone: one });
    expect(faultOfJunit(one.text)).toBeUndefined();
    await write(['junit', 'sarif'], { lone: two });
    expect(two.text).toBe('');
  });

  test('GitHub’s to the log and behind the summary of the step', async () => {
    const summary = join(root, 'summary.md');
    writeFileSync(summary, 'before\n');
    const { log } = await write(['github'], { summary });
    expect(log).toMatch(/^::error file=.*,line=\d+,title=/);
    expect(readFileSync(summary, 'utf8')).toMatch(/^before\n### gridlock: 1 finding\n/);
  });

  test('where one cannot be written it is said, with its path, and the others are', async () => {
    const blocked = join(root, 'blocked');
    mkdirSync(blocked, { recursive: true });
    const { directory, exit, tell } = await write(['sarif'], { files: { junit: blocked } });
    expect(exit).toBe(EXIT.environment);
    expect(tell).toContain(`cannot write the report junit to ${blocked}: `);
    expect(tell).toContain(`gridlock report ${directory} --reporter junit`);
    expect(readFileSync(join(directory, 'report.sarif'), 'utf8')).toContain('2.1.0');
  });
});

test('every reporter is one of those that were tried here', () => {
  // The page and the trace have tests of their own.
  const elsewhere = ['html', 'trace'];
  expect(new Set(REPORTERS)).toEqual(
    new Set(['default', 'minimal', 'dot', 'ndjson', ...documents, ...elsewhere]),
  );
});

test('a chorus wants status as often as the one that wants it most, and ends all', async () => {
  const ended: string[] = [];
  const voice = (statusMs: number) => ({
    statusMs,
    end: async () => void ended.push(`${statusMs}`),
    close: () => {},
  });
  expect(new Chorus([voice(0), voice(500), voice(120)]).statusMs).toBe(120);
  expect(new Chorus([voice(0)]).statusMs).toBe(0);
  await replayTo(new Chorus([voice(0), voice(5)]), await made('passed'));
  expect(ended).toEqual(['0', '5']);
});

test('what is interesting is not counted as declared', async () => {
  const summaries = [summaryOf([], { grade: 'interesting' }), summaryOf([], { variant: 'twin' })];
  const model = readRun(runOf(join(root, 'interesting'), summaries, 0));
  const page = new Page();
  await replayTo(new MinimalReporter(page), model);
  expect(page.text).toMatch(/^1 of 2 as declared, 1 interesting, /);
  expect(await markdownReport(model)).toMatch(
    /^### gridlock: 1 variant as declared, 1 interesting\n/,
  );
});
