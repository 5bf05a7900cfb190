/*
 * Goal: a name stays a name in every report, whatever is in it, and leads nowhere.
 *
 * Method: names that are hostile to some format, and any others, in a run, in its dump, in traces, in what is said while a
 * run goes on, and in a merge; each report is read as its readers do (hostile.ts).  Controls: reports in which the escaped name
 * is put back as it was, which the same checks must refuse.
 */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';

import { colorsFor } from '../../src/base/color.ts';
import { fail } from '../../src/base/fail.ts';
import { printable, shellWord } from '../../src/base/text.ts';
import { EVENT } from '../../src/layout/records.ts';
import { DotReporter } from '../../src/report/dot.ts';
import { githubData, githubProperty, markdownCode, xml } from '../../src/report/escape.ts';
import { Teller } from '../../src/report/follow.ts';
import { githubReport } from '../../src/report/github.ts';
import { escaped } from '../../src/report/html/markup.ts';
import { renderHtml } from '../../src/report/html.ts';
import { jsonReport } from '../../src/report/json.ts';
import { junitReport } from '../../src/report/junit.ts';
import { replayTo } from '../../src/report/live.ts';
import { markdownReport } from '../../src/report/markdown.ts';
import { mergeRuns } from '../../src/report/merge.ts';
import { mergeLines } from '../../src/report/merged.ts';
import { MinimalReporter } from '../../src/report/minimal.ts';
import { readRun, type RunModel } from '../../src/report/model.ts';
import { NdjsonReporter } from '../../src/report/ndjson.ts';
import { heartbeat, StatusBlock } from '../../src/report/progress.ts';
import { ReplayJudge, ReplayReporter } from '../../src/report/replay.ts';
import { REPORTERS } from '../../src/report/reporters.ts';
import { RunReporter } from '../../src/report/run.ts';
import { sarifReport } from '../../src/report/sarif.ts';
import { showRun } from '../../src/report/show.ts';
import { SoakReporter } from '../../src/report/soak.ts';
import { historyOf } from '../../src/report/trace-history.ts';
import { traceFrom, traceText } from '../../src/report/trace.ts';
import type { Summary } from '../../src/run/campaign-records.ts';
import { ResultsDir } from '../../src/run/results.ts';
import {
  commandsOf,
  faultsOfGithub,
  faultsOfHtml,
  faultsOfJson,
  faultsOfJunit,
  faultsOfMarkdown,
  faultsOfNdjson,
  faultsOfSarif,
  faultsOfTerminal,
  faultsOfTraceText,
  FORGED,
  type Names,
} from './hostile.ts';
import { dumpOf, runOf, summaryOf, trialOf } from './made.ts';
import { made } from './trace-made.ts';

const root = mkdtempSync(join(tmpdir(), 'gridlock-hostile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

const NASTY = [
  `x\n${FORGED}`,
  `x\r\n::error file=a,line=1::${FORGED}`,
  '::error::x',
  '  ::add-mask::e',
  '##[error]x',
  '%0A::error::%25x',
  '\u0000\u0007\u001B[31mred\u001B[2J\u009B1A',
  '\u001B]8;;https://example.org\u0007link\u001B]8;;\u0007',
  ']]><!--',
  '-->',
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onfocus='x",
  '&lt;&#0;&amp;',
  '\uD800',
  '\uDC00x\uD800',
  '\uFFFE\uFFFF\u{7FFFF}',
  '🧵🔒👩‍👩‍👧',
  '\u202Egnp.exe\u2066',
  'שלום עולם',
  'a\u2028b\u2029c\u0085d',
  'a | b | c',
  'a\\|b\\',
  '`` ` ```` | ```',
  '```\n# x\n```',
  '](https://example.org) {0} {1}',
  '@somebody #1 <b>',
  '$(touch x)`touch y`; & | > "$HOME"',
  "it's",
  '../../x',
  '/etc/passwd',
  'C:\\x',
  'dumps/../../x',
  'CON',
  '__proto__',
  'constructor',
  '-x',
  '=1+1',
  'z\u0301\u0301\u0301',
  'x'.repeat(10_240),
  '|`<\u202E'.repeat(2_560),
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme' }), fc.constantFrom(...NASTY))
      .map((parts) => parts.join('')),
  },
);
const names = fc.record({
  workload: text,
  variant: text,
  strategy: text.filter((name) => name !== 'free'),
  outcome: text,
  message: text,
  thread: text,
});
type AllNames = Names & { readonly thread: string };

/** All of them hostile in one way. */
function every(name: string): AllNames {
  return {
    workload: name,
    variant: name,
    strategy: name,
    outcome: name,
    message: name,
    thread: name,
  };
}

let runs = 0;

/** A run that failed without a dump, with one, and with one that is said to be elsewhere. */
async function runWith(given: AllNames): Promise<RunModel> {
  const { workload, variant, strategy, outcome, message, thread } = given;
  const named = { workload, variant, strategy };
  const dump = 'dumps/once.dump';
  const failed = [
    trialOf({ ...named, message, because: [thread], replay: null, outcomes: { [outcome]: 2 } }),
    trialOf({ ...named, message, signature: thread, dump, replay: thread, index: 4 }),
    trialOf({ ...named, message, signature: message, dump: variant, replay: null, index: 5 }),
  ];
  const summary = summaryOf(failed, { declared: variant as 'pass', outcomes: { [outcome]: 2 } });
  const declared = outcome as 'pass';
  const facts = { ...named, params: {}, settings: {}, declared, trials: 10 };
  const header = { gridlock: thread, node: variant, os: message, campaigns: [facts] };
  const directory = runOf(join(root, String(runs++)), [...failed, summary], 1, header);
  await dumpOf(join(directory, dump), (before) => thread + before);
  return readRun(directory);
}

const DOCUMENTS = {
  json: [jsonReport, faultsOfJson],
  junit: [junitReport, faultsOfJunit],
  sarif: [sarifReport, faultsOfSarif],
  markdown: [markdownReport, faultsOfMarkdown],
  github: [githubReport, faultsOfGithub],
  html: [renderHtml, faultsOfHtml],
  ndjson: [ndjsonOf, faultsOfNdjson],
  minimal: [(model: RunModel) => saidBy(MinimalReporter, model), faultsOfTerminal],
  dot: [(model: RunModel) => saidBy(DotReporter, model), faultsOfTerminal],
  default: [defaultOf, faultsOfTerminal],
} as const;
const documents = Object.keys(DOCUMENTS) as (keyof typeof DOCUMENTS)[];

class Page {
  text = '';
  write(more: string): void {
    this.text += more;
  }
}

async function ndjsonOf(model: RunModel): Promise<string> {
  const page = new Page();
  await replayTo(new NdjsonReporter(page), model);
  return page.text;
}

async function saidBy(Reporter: typeof MinimalReporter, model: RunModel): Promise<string> {
  const page = new Page();
  await replayTo(new Reporter(page), model);
  return page.text;
}

const SPEAK = { json: false, quiet: false, progress: false, color: 'never' } as const;

/** What is written to stdout meanwhile. */
async function onStdout(body: () => unknown): Promise<string> {
  const page = new Page();
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((more) => {
    page.write(String(more));
    return true;
  });
  try {
    await body();
  } finally {
    spy.mockRestore();
  }
  return page.text;
}

async function defaultOf(model: RunModel): Promise<string> {
  return onStdout(async () => replayTo(new RunReporter(SPEAK), model));
}

function remove({ directory }: RunModel): void {
  rmSync(directory, { recursive: true, force: true });
}

test('every reporter is tried here', () => {
  expect(new Set([...documents, 'trace'])).toEqual(new Set(REPORTERS));
});

describe('every reporter', () => {
  async function expectKept(given: AllNames): Promise<void> {
    const model = await runWith(given);
    const faults: string[] = [];
    for (const format of documents) {
      const [report, faultsOf] = DOCUMENTS[format];
      const said = await report(model);
      faults.push(...faultsOf(said, given).map((fault) => `${format}: ${fault}`));
      if (!said.isWellFormed()) faults.push(`${format}: no UTF-8 could be written`);
    }
    remove(model);
    expect(faults, JSON.stringify(given.workload.slice(0, 80))).toEqual([]);
  }

  test('keeps names, whatever they are', async () => {
    await fc.assert(fc.asyncProperty(names, expectKept), { numRuns: 8 });
  });

  test('keeps each of the nasty ones', async () => {
    // Two at a time: one name in all places would hide that one is taken for another.
    for (const [i, name] of NASTY.entries())
      await expectKept({ ...every(name), message: NASTY.at(i - 1)! });
  });
});

/** Of each format how it writes a name, and a name that breaks out of it when it is not written like that. */
const ESCAPES = {
  json: [(name: string) => JSON.stringify(name).slice(1, -1), 'a "b"\n'],
  ndjson: [(name: string) => JSON.stringify(name).slice(1, -1), 'a "b"\n'],
  sarif: [(name: string) => JSON.stringify(name).slice(1, -1), 'a "b"\n'],
  junit: [xml, 'a ]]><b c="'],
  markdown: [markdownCode, 'a | b'],
  github: [githubProperty, `a\n::add-mask::b`],
  html: [escaped, '</script><img src=x onerror=alert(1)>'],
  minimal: [printable, `a\n${FORGED}`],
  dot: [printable, 'a\u001B[2J'],
  default: [printable, '\u202Ea'],
} as const;

test.for(documents)('control: %s without its escapes is refused', async (format) => {
  const [report, faultsOf] = DOCUMENTS[format];
  const [escape, name] = ESCAPES[format];
  const given = every(name);
  const said = await report(await runWith(given));
  expect(faultsOf(said, given)).toEqual([]);
  const broken = said.replaceAll(escape(name), name);
  expect(broken).not.toBe(said);
  expect(faultsOf(broken, given)).not.toEqual([]);
});

test('control: commands are read as the runner does', () => {
  expect(commandsOf('::error file=a,line=1::x\n  ::group::y\nz ::no\n##[debug]w')).toEqual([
    { command: 'error', properties: 'file=a,line=1', data: 'x' },
    { command: 'group', properties: '', data: 'y' },
    { command: '##[', properties: '', data: '##[debug]w' },
  ]);
  expect(commandsOf(`::error::${githubData('a\n::error::b')}`)).toHaveLength(1);
});

describe('a trace', () => {
  function traceWith(name: string): string {
    const LOCK = 0x800;
    const kinds = [EVENT.contend, EVENT.block, EVENT.note, EVENT.wake, EVENT.acquire];
    const told = kinds.map((kind, i) => ({
      place: 0,
      seq: i + 1,
      time: i + 1,
      kind,
      object: LOCK,
    }));
    const threads = [{ name, psargs: name, role: name }, { name: `${name}2` }];
    const making = { threads, told, clock: 9, locks: { [name]: LOCK } };
    return traceText(traceFrom([historyOf(made(making))], { run: name }));
  }

  test('names threads and locks that have hostile names', () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(faultsOfTraceText(traceWith(name))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('control: a name as it is would be refused', () => {
    const name = 'a\u001B[2J';
    const said = traceWith(name);
    expect(said).toContain(printable(name).replaceAll('\\', '\\\\'));
    const broken = said.replaceAll(printable(name).replaceAll('\\', '\\\\'), '\\u001b[2J');
    expect(faultsOfTraceText(broken)).not.toEqual([]);
  });
});

describe('while a run goes on', () => {
  const status = (name: string) => ({
    type: 'status' as const,
    index: 0,
    seconds: 1,
    threads: [{ name, progress: 1, holds: 1, wants: name, silentMs: 5_000 }],
  });

  /** All that is said of a run, a soak and a replay, to people. */
  async function live(name: string): Promise<string> {
    const { workload, variant } = every(name);
    const trial = trialOf({
      ...every(name),
      verdict: name as 'panic',
      dump: name,
      dump_error: null,
      replay: name,
    });
    const undumped = trialOf({ ...trial, dump: null, dump_error: name, signature: name });
    const lost = { ...summaryOf([trial]), lost: 3, declared: name as 'pass' };
    const strayed = { ...lost, strayed: { trial: 1, choice: 2 } };
    const results = { directory: `results/${name}` } as ResultsDir;
    const summaries = [lost, strayed] as Summary[];
    const header = { gridlock: name, node: name, cpus: 2, seed: 1 };
    const facts = { threads: [{ name }], pinning: name, bootMs: 1 } as never;
    const options = {
      entry: { workload: { name: workload } },
      variant,
      trials: 2,
      rootSeed: 1,
      durationMs: 1,
      control: null,
      budgetMs: 1,
    } as never;
    const dump = { file: name, error: null } as never;
    const none = { file: null, error: name } as never;
    return onStdout(async () => {
      const judge = new ReplayJudge({ verdict: 'deadlock', choices: [] });
      judge.onMachine(facts);
      for (const each of [trial, undumped]) judge.onTrial(each);
      for (const reporter of [new RunReporter(SPEAK), new ReplayReporter(SPEAK, judge)]) {
        reporter.onHeader(header, results);
        reporter.onCampaign(options, 1, 1);
        reporter.onMachine(facts, 1);
        for (const each of [dump, none]) reporter.onRequested(each);
        for (const each of [trial, undumped]) reporter.onTrial(each);
        await reporter.end({ summaries, exit: 1, results });
      }
      const dumps = { dumps: 1, bytes: 1, missed: 0 };
      const figures = { trials: 1, failures: 1, usedMs: 1, dumps, dumpsOpen: false };
      const soak = new SoakReporter(SPEAK, 1_000, () => ({ ...figures, machineBytes: 1 }));
      soak.onHeader(header, results);
      soak.onTurn({ type: 'turn', position: 0, cell: name, first: 0, at_s: 0 });
      for (const each of [trial, undumped]) soak.onTrial(each);
      for (const each of [dump, none]) soak.onRequested(each);
      soak.onLost(fail('USAGE', { what: name }), name);
      const growth = {
        type: 'growth',
        process: name,
        quantity: 'memory',
        unit: 'bytes',
        per_hour: 1,
        low: 1,
        high: 1,
        samples: 1,
        hours: 1,
        grade: 'forbidden',
      } as const;
      await soak.end({
        summaries,
        exit: 130,
        results,
        growth: [growth],
        isGrowthJudged: true,
        turns: 1,
        unturned: 0,
        shy: [name],
        usedMs: 1,
        dumps,
      });
      const page = new Page();
      const teller = new Teller((line) => page.write(`${line}\n`), 0);
      const turn = { type: 'turn', position: 0, cell: name, at_s: 0 };
      const told = [header, trial, { ...lost, grade: name }, growth, turn];
      for (const record of [{ type: 'header', ...header }, ...told])
        teller.hear(JSON.stringify(record), 0);
      process.stdout.write(page.text);
    });
  }

  async function block(name: string): Promise<string> {
    return onStdout(() => {
      const drawn = new StatusBlock(process.stdout, colorsFor('never', process.stdout));
      const running = { label: name, trial: 0, trials: 1, seed: 1 };
      drawn.draw(running, status(name) as never);
      process.stdout.write(`${heartbeat(running, status(name) as never)}\n`);
    });
  }

  test('nothing that is said acts on a terminal', async () => {
    for (const name of NASTY) {
      const shown = JSON.stringify(name.slice(0, 80));
      expect(faultsOfTerminal(await live(name)), shown).toEqual([]);
      // Of what a CI reads, reporters take care when they print it.
      const drawn = faultsOfTerminal(await block(name));
      expect(
        drawn.filter((fault) => !fault.startsWith('a command')),
        shown,
      ).toEqual([]);
    }
    await fc.assert(
      fc.asyncProperty(text, async (name) => {
        expect(faultsOfTerminal(await live(name))).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  test('control: it would be seen', async () => {
    const name = 'a\u001B[2J';
    const said = await live(name);
    expect(said.split(printable(name)).length).toBeGreaterThan(20);
    expect(faultsOfTerminal(said.replace(printable(name), name))).not.toEqual([]);
  });
});

describe('a merge and its pages', () => {
  test('keep names', async () => {
    const colors = colorsFor('never', process.stdout);
    await fc.assert(
      fc.asyncProperty(names, async (given) => {
        const model = await runWith(given);
        const out = join(root, `merge-${runs++}`);
        const merged = mergeRuns({ directories: [model.directory], out, root });
        const again = readRun(merged.directory);
        // What it says of itself is no name of the run.
        expect(faultsOfJson(await jsonReport(again), given)).toEqual([]);
        expect(faultsOfTerminal(mergeLines(merged, colors))).toEqual([]);
        for (const directory of [model.directory, out])
          expect(faultsOfTerminal(showRun(directory))).toEqual([]);
        rmSync(out, { recursive: true });
        remove(model);
      }),
      { numRuns: 12 },
    );
  });

  test('take no file from elsewhere', async () => {
    const model = await runWith(every('x'));
    const { directory } = model;
    writeFileSync(join(directory, '..', 'secret'), 'x');
    const dumps = ['../secret', 'dumps/../../secret', join(root, 'secret'), 'dumps', 'CON', ''];
    const trials = dumps.map((dump, index) => trialOf({ dump, index, signature: String(index) }));
    const inside = trialOf({ dump: 'dumps/once.dump', index: 50, signature: 'inside' });
    const campaigns = [
      {
        workload: 'once',
        variant: 'opposite',
        strategy: 'free',
        params: {},
        settings: {},
        declared: 'pass',
        trials: 9,
      },
    ];
    runOf(directory, [...trials, inside], 1, { campaigns });
    const out = join(root, 'elsewhere');
    mergeRuns({ directories: [directory], out, root });
    expect(readdirSync(join(out, 'dumps'))).toEqual(['once.dump']);
    const told = JSON.stringify(await githubReport(readRun(directory)));
    expect(told).not.toContain('secret cannot');
  });
});

test('a variant of any name has a dump of its own, in its directory', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const results = ResultsDir.open(root, 'x');
      const [one, other] = [a, b].map((name) => results.dumpFile('once', name, 3)) as [
        string,
        string,
      ];
      expect(results.relative(one)).toMatch(/^dumps\/once-[\w.-]{0,100}-3\.dump$/);
      expect(one === other).toBe(a === b);
      expect(results.scheduleFile('once', a, 3)).toBe(one.replace(/\.dump$/, '.sched'));
    }),
    { numRuns: 50 },
  );
  const results = ResultsDir.open(root, 'x');
  expect(results.relative(results.dumpFile('once', 'opposite', 3))).toBe(
    'dumps/once-opposite-3.dump',
  );
});

test('a name is one word of a shell, and does nothing there', async () => {
  const { execFileSync } = await import('node:child_process');
  const scratch = join(root, 'shell');
  mkdirSync(scratch);
  const words = NASTY.filter((name) => name.length < 1_000);
  const line = `printf '%s\\n' ${words.map(shellWord).join(' ')}`;
  const said = execFileSync('sh', ['-c', line], { cwd: scratch, encoding: 'utf8' });
  expect(said.split('\n').slice(0, -1)).toEqual(words.map(printable));
  expect(existsSync(join(scratch, 'x')) || existsSync(join(scratch, 'y'))).toBe(false);
  // What would happen without.
  const careless = `printf '%s\\n' ${words.find((word) => word.startsWith('$('))!}`;
  execFileSync('sh', ['-c', careless.replace(/;.*/s, '')], { cwd: scratch, encoding: 'utf8' });
  expect(existsSync(join(scratch, 'x'))).toBe(true);
});
