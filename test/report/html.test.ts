/*
 * Goal: the HTML report says what the run came to, in a document that is whole, whatever the names in it are.
 *
 * Method: pages of results directories made of golden dumps are parsed as a browser parses them (parse5), and looked at as trees.
 * Whether hostile names stay names is a property; its check is first shown a page that does not escape.
 */

import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes, type ParserError } from 'parse5';
import { describe, expect, test } from 'vitest';
import type { DumpThread } from '../../src/dump/format.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { insideOf } from '../../src/mdb/inside.ts';
import { dotOf, drawingIn, graphOf } from '../../src/report/html/graph.ts';
import { lanesOf } from '../../src/report/html/lanes.ts';
import { locksOf } from '../../src/report/html/locks.ts';
import { html, markup, spelled, type Markup } from '../../src/report/html/markup.ts';
import { documentOf } from '../../src/report/html/page.ts';
import { scheduleOf } from '../../src/report/html/schedule.ts';
import { stacksOf } from '../../src/report/html/stacks.ts';
import { survivalOf } from '../../src/report/html/survival.ts';
import { niceStep, partName, timelineOf } from '../../src/report/html/timeline.ts';
import { renderHtml } from '../../src/report/html.ts';
import { readRun } from '../../src/report/model.ts';
import { HEAD, PAGER } from '../dump/sample.ts';
import { resultsOf, sampleRun, summaryOf, trialOf } from './html.sample.ts';

type Element = DefaultTreeAdapterTypes.Element;

const PAGE_BYTES_MAX = 300_000;

describe('a run with something of everything', () => {
  test('is a whole document, and says what it came to', async () => {
    const directory = sampleRun();
    const text = await renderHtml(readRun(directory), { lookInto: insideOf });
    const { elements, errors } = treeOf(text);
    expect(errors).toEqual([]);
    expect(faultsOf(elements)).toEqual([]);
    expect(textOf(one(elements, 'h1'))).toBe('1 of 4 campaigns came to what they must not');
    // What is forbidden is read first, and leads to where it is told.
    const lead = all(elements, 'p').find((each) => attribute(each, 'class') === 'lead')!;
    expect(textOf(lead)).toBe(
      'dtrace-deadlock wstub: callout taskq/1 wants p_lock; nobody moves Look closer',
    );
    const target = attribute(all(below(lead), 'a')[0]!, 'href')!.slice(1);
    expect(elements.some((each) => attribute(each, 'id') === target)).toBe(true);
    // Who waits for nobody is in no cycle.
    const parts = all(elements, 'summary').flatMap((each) => all(below(each), 'small').map(textOf));
    expect(parts).toContain('in the cycle');
    expect(partName({ part: 'cycle', wants: null })).toBe('where it failed');
    const rows = all(elements, 'table')
      .filter((table) => attribute(table, 'class') === 'verdicts')
      .flatMap((table) => all(below(table), 'tr').slice(1))
      .map((row) => all(below(row), 'th', 'td').map(textOf));
    expect(
      rows.map(([workload, variant, grade, came]) => [workload, variant, grade, came]),
    ).toEqual([
      ['once', 'opposite', 'expected', 'pass\u00a0×9,460, deadlock\u00a0×11, lost-wakeup\u00a0×1'],
      ['dtrace-deadlock', 'mutex-cycle', 'expected', 'panic'],
      ['dtrace-deadlock', 'wstub', 'forbidden', 'deadlock'],
      ['kstat-race', 'locked-clear', 'expected', 'pass'],
    ]);
    expect(rows[0]!.slice(6)).toEqual(['9,472', '0.13%', '0.065% – 0.22%', '48ms', '65ms', '2']);
    // Graphs, and in them the locks by their names.
    const labels = all(elements, 'text').map(textOf);
    for (const lock of ['north', 'south', 'dtrace_lock', 'mod_lock'])
      expect(labels).toContain(lock);
    // The source that a frame stands in, and the schedule that leads there.
    expect(all(elements, 'mark').map(textOf)).toContain('56    mutex_enter(second);');
    expect(text).toContain('waits for south, which saver/1 holds');
    // It can be sent to somebody.
    expect(text).not.toContain(directory);
  });

  test('its policy allows its style and its script by their hashes, and nothing else', async () => {
    const { elements } = treeOf(await renderHtml(readRun(resultsOf([]))));
    const policy = attribute(all(elements, 'meta')[1]!, 'content');
    const hash = (element: Element): string =>
      `'sha256-${createHash('sha256').update(textOf(element)).digest('base64')}'`;
    expect(policy).toBe(
      `default-src 'none'; style-src ${hash(one(elements, 'style'))}; script-src ${hash(one(elements, 'script'))}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  test('a page without data is small', async () => {
    const text = await renderHtml(readRun(resultsOf([])));
    expect(Buffer.byteLength(text)).toBeLessThan(PAGE_BYTES_MAX);
    expect(text).toContain('The journal has no trial.');
  });
});

describe('what is missing costs its own section', () => {
  const hang = (dump: string): object => trialOf({ dump, message: 'stuck' });

  test.for([
    ['dumps/none.dump', /could not be read: .*dumps\/none\.dump/],
    ['../../secret.dump', /outside the results directory/],
    ['/secret.dump', /outside the results directory/],
    ['C:\\secret.dump', /outside the results directory/],
  ] as const)('a dump called %s', async ([dump, says]) => {
    const directory = resultsOf([hang(dump)]);
    const text = await renderHtml(readRun(directory), { lookInto: insideOf });
    expect(treeOf(text).errors).toEqual([]);
    expect(text).toMatch(says);
    expect(text).not.toContain(directory);
    expect(text).toContain('stuck');
  });

  test('a dump that was cut', async () => {
    const directory = resultsOf([hang('dumps/once.opposite.dump')], ['once.opposite']);
    truncateSync(join(directory, 'dumps', 'once.opposite.dump'), 9_000);
    const text = await renderHtml(readRun(directory), { lookInto: insideOf });
    expect(text).toMatch(/could not be read/);
    expect(text).not.toContain(directory);
  });

  test('without a debugger there is no schedule, but all that the JSON says', async () => {
    const directory = resultsOf([hang('dumps/once.opposite.dump')], ['once.opposite']);
    const { elements } = treeOf(await renderHtml(readRun(directory)));
    const heads = all(elements, 'h4').map(textOf);
    expect(heads).toEqual(['Waits', 'Stacks', 'Locks', 'Again']);
  });

  test('a run that was cut off says so', async () => {
    const text = await renderHtml(readRun(resultsOf([trialOf({})], [], null)));
    expect(textOf(one(treeOf(text).elements, 'h1'))).toBe('The run was cut off, or still goes on');
  });
});

describe('the sentence at the top', () => {
  const once = { workload: 'once', variant: 'opposite' };

  test.for([
    [
      { declared: 'pass', verdicts: { pass: 1 }, grade: 'expected' },
      'once opposite: pass, as declared',
    ],
    [
      { declared: 'pass', verdicts: { pass: 1 }, grade: 'interesting' },
      'once opposite: pass, as declared, with interesting outcomes',
    ],
    [
      { declared: 'deadlock', verdicts: { pass: 9, deadlock: 1 }, grade: 'expected' },
      'once opposite: deadlock, as declared',
    ],
    [
      { declared: 'pass', verdicts: { pass: 9, panic: 1 }, grade: 'forbidden' },
      'once opposite: panic, declared pass',
    ],
    [
      { declared: 'panic', verdicts: { pass: 9 }, grade: 'forbidden' },
      'once opposite: pass, declared panic',
    ],
  ] as const)('of %j', async ([summary, says]) => {
    const text = await renderHtml(readRun(resultsOf([summaryOf({ ...once, ...summary })])));
    expect(textOf(one(treeOf(text).elements, 'h1'))).toBe(says);
  });

  test.for([
    [['expected', 'expected'], 'All 2 campaigns came to what they declare'],
    [
      ['expected', 'interesting'],
      '1 of 2 campaigns came to something interesting, none to what it must not',
    ],
    [['forbidden', 'interesting'], '1 of 2 campaigns came to what they must not'],
  ] as const)('of campaigns graded %j', async ([grades, says]) => {
    const summaries = grades.map((grade, i) => summaryOf({ ...once, variant: `v${i}`, grade }));
    const text = await renderHtml(readRun(resultsOf(summaries)));
    expect(textOf(one(treeOf(text).elements, 'h1'))).toBe(says);
  });
});

describe('the graph', () => {
  const dump = { head: HEAD, threads: [PAGER, reaper()] };

  test('is drawn of those that wait and of what they wait for', () => {
    expect(
      dotOf(dump, 'g')!
        .split('\n')
        .filter((line) => line.includes('->')),
    ).toEqual([
      '  t1 -> l0 [class="wants hot" style=dashed label="  wants, 3.0 ms  "];',
      '  t2 -> l1 [class="wants hot" style=dashed label="  wants, 2.0 ms  "];',
      '  l0 -> t2 [class="held hot" label="  held by  "];',
      '  l1 -> t1 [class="held hot" label="  held by  "];',
    ]);
  });

  test('is none where nobody waits for what another has', () => {
    const threads = dump.threads.map((thread) => ({ ...thread, wants: null }));
    expect(dotOf({ ...dump, threads }, 'g')).toBeUndefined();
  });

  test('is the picture of the terminal where it cannot be drawn', async () => {
    const broken = async (): Promise<string> => Promise.reject(new Error('no wasm here'));
    const { text } = await graphOf(dump, 'g', broken);
    expect(text).not.toContain('<svg');
    expect(text).toContain('│ wants anon_lock, for 3.0 ms');
  });

  test('is drawn again after letters that Graphviz could not draw', async () => {
    const threads = dump.threads.map((thread) => ({
      ...thread,
      name: '',
      wants: thread.wants && { ...thread.wants, name: '', via: '\u{91863}\u{765e5}\u{7ac3e}' },
    }));
    expect((await graphOf({ ...dump, threads }, 'g')).text).toContain('│ wants ');
    expect((await graphOf(dump, 'g')).text).toContain('<svg');
  });

  test.for([
    '<svg><script>1</script></svg>',
    '<svg><g onload="x()"></g></svg>',
    '<svg><a href="https://example.org"></a></svg>',
    '<svg><g style="x"></g></svg>',
    'nothing',
  ])('is not taken from %s', (svg) => {
    expect(drawingIn(svg)).toBeUndefined();
  });

  test('is taken from what is a drawing', () => {
    expect(
      drawingIn('<?xml?><svg ><!-- a --><g><title>t1</title><path d="M0"/></g></svg>')?.text,
    ).toBe('<svg aria-hidden="true" focusable="false" ><g><path d="M0"/></g></svg>');
  });
});

describe('lanes', () => {
  const event = { thread: 1, seq: 1, remark: '', object: 'anon_lock' };

  test('of a free run: what is held and wanted, since when, and what came before', () => {
    const events = [
      { ...event, kind: 'block', object: 'swapinfo', ago_ms: 9 },
      { ...event, kind: 'wake', object: 'swapinfo', ago_ms: 7 },
      { ...event, kind: 'acquire', object: 'a', ago_ms: 6 },
      { ...event, kind: 'release', object: 'a', ago_ms: 5 },
      { ...event, kind: 'note', object: '', remark: 'here', ago_ms: 4 },
      // Woken too early: of one wait with what follows.
      { ...event, kind: 'block', ago_ms: 3 },
      { ...event, kind: 'wake', ago_ms: 1 },
      { ...event, kind: 'block', ago_ms: 1 },
    ];
    const lanes = lanesOf({ head: HEAD, threads: [PAGER] }, { course: undefined, events })!;
    expect(lanes).toMatchObject({ unit: 'ms', to: 0, others: 0 });
    expect(lanes.from).toBeCloseTo(-14);
    expect(lanes.lanes[0]!.spans).toEqual([
      { kind: 'wait', label: 'swapinfo', from: -9, to: -7, isOpen: false },
      { kind: 'hold', label: 'a', from: -6, to: -5, isOpen: false },
      { kind: 'hold', label: 'swapinfo', from: -12.5, to: 0, isOpen: true },
      { kind: 'wait', label: 'anon_lock', from: -3, to: 0, isOpen: true },
    ]);
    expect(lanes.lanes[0]!.moments).toEqual([{ at: -4, label: 'note (here)' }]);
  });

  test('of a controlled run: by choices; what nobody saw the end of is a moment', () => {
    const step = (choice: number, text: string) => ({ choice, thread: 0, name: 'pager', text });
    const course = {
      choices: 5,
      preemptions: 0,
      ending: [],
      steps: [
        step(0, 'start'),
        step(1, 'acquire swapinfo'),
        step(2, 'acquire b'),
        step(3, 'acquire c'),
        step(4, 'release c'),
      ],
    };
    const lanes = lanesOf(
      { head: HEAD, threads: [{ ...PAGER, wants: null }] },
      { course, events: [] },
    )!;
    expect(lanes).toMatchObject({ unit: 'choice', from: 0, to: 5 });
    expect(lanes.lanes[0]!.spans).toEqual([
      { kind: 'hold', label: 'c', from: 3, to: 4, isOpen: false },
      { kind: 'hold', label: 'swapinfo', from: 1, to: 5, isOpen: true },
    ]);
    expect(lanes.lanes[0]!.moments.map(({ label }) => label)).toEqual(['start', 'acquire b']);
  });

  test('of a golden dump, its rings read', async () => {
    const directory = resultsOf([], ['dtrace-deadlock.mutex-cycle', 'once.opposite']);
    const read = async (name: string) => {
      const file = await DumpFile.open(join(directory, 'dumps', `${name}.dump`));
      try {
        return { head: file.head, threads: await file.threads(), inside: await insideOf(file) };
      } finally {
        file.close();
      }
    };
    const free = await read('dtrace-deadlock.mutex-cycle');
    expect(free.inside.course).toBeUndefined();
    const slept = free.inside.events
      .filter(({ kind }) => kind === 'block')
      .map(({ object }) => object);
    expect(slept).toContain('dtrace_lock');
    expect(lanesOf(free, free.inside)!.lanes[0]!.thread.name).toBe('dtrace -Cs');
    const controlled = await read('once.opposite');
    expect(controlled.inside.course!.choices).toBe(6);
    expect(lanesOf(controlled, controlled.inside)!.lanes.map(({ spans }) => spans)).toEqual([
      [
        { kind: 'hold', label: 'north', from: 3, to: 6, isOpen: true },
        { kind: 'wait', label: 'south', from: 5, to: 6, isOpen: true },
      ],
      [
        { kind: 'hold', label: 'south', from: 2, to: 6, isOpen: true },
        { kind: 'wait', label: 'north', from: 4, to: 6, isOpen: true },
      ],
    ]);
  });

  test.for([
    [0.9, 0, 1],
    [1, 0, 1],
    [1.1, 0, 2],
    [230, 0, 500],
    [0.03, 0, 0.05],
    [0.3, 1, 1],
  ] as const)(
    'ticks of at least %d, and no less than %d, are %d apart',
    ([least, smallest, step]) => {
      expect(niceStep(least, smallest)).toBeCloseTo(step);
    },
  );
});

test('the curve goes down where something failed, and its band around it', () => {
  const points = [
    [10, 0.75, 0.5, 0.9],
    [20, 0.5, 0.2, 0.8],
    [40, 0, null, null],
  ] as const;
  const { elements } = treeOf(documentWith(survivalOf(points, 'trials')!));
  const paths = new Map(
    all(elements, 'path').map((path) => [attribute(path, 'class'), attribute(path, 'd')]),
  );
  expect(paths.get('line')).toBe('M0,0H250V250H500V500H1000V1000');
  expect(paths.get('band')).toBe('M0,0H250V100H500V200H1000V1000V1000H1000V800H500V500H250V0H0Z');
  expect(survivalOf(points.slice(0, 2), 'trials')).toBeUndefined();
});

describe('names', () => {
  const NASTY = [
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onfocus='x",
    ']]>',
    '<!--',
    '-->',
    '&lt;b&gt;&#0;',
    '\u0000\u001b[31m\r\n',
    '\u202egnp.exe',
    'שלום עולם',
    '🧵🔒👩‍👩‍👧',
    '\ud800',
    '\ufffe\u{7ffff}',
    '\\n\\"\\\\N\\G',
    '${x}`',
    '__proto__',
    'x'.repeat(10_240),
  ];
  const text = fc.oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .tuple(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme' }))
      .map((both) => both.join('')),
  );

  test('that are not escaped are told of (control)', () => {
    for (const nasty of NASTY.slice(0, 3)) {
      const page = documentWith(markup(`<p title="${nasty}" lang='${nasty}'>${nasty}</p>`));
      const { elements } = treeOf(page);
      expect(faultsOf(elements), nasty).not.toEqual([]);
    }
  });

  test('in a journal stay names', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, text, async (a, b, c) => {
        const trial = trialOf({
          workload: a,
          variant: b,
          strategy: c,
          message: c,
          because: [a],
          replay: b,
          outcomes: { [c]: 3 },
          dump: c,
          signature: a,
          verdict: b as 'panic',
        });
        const summary = summaryOf({
          workload: a,
          variant: b,
          strategy: c,
          declared: c,
          grade: a,
          verdicts: { [b]: 1 },
          outcomes: { [c]: 1 },
        });
        const page = await renderHtml(readRun(resultsOf([trial, summary])));
        const { elements, errors } = treeOf(page);
        expect(errors).toEqual([]);
        expect(faultsOf(elements)).toEqual([]);
        const cells = all(elements, 'th').map(textOf);
        expect(cells.some((cell) => cell.startsWith(spelled(a).slice(0, 8)))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('in a dump stay names, in the drawing of Graphviz too', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        const named = (thread: DumpThread): DumpThread => ({
          ...thread,
          name: a,
          psargs: b,
          exit: a,
          holds: thread.holds.map((lock) => ({ ...lock, name: b })),
          wants: thread.wants && { ...thread.wants, name: a, via: b },
          stack: [{ function: a, file: b, line: 1, column: 1, locals: [{ name: a, value: b }] }],
        });
        const dump = { head: HEAD, threads: [PAGER, reaper()].map(named) };
        const step = { choice: 0, thread: 0, name: a, text: b };
        const course = { choices: 1, preemptions: 0, steps: [step], ending: [step] };
        const lock = {
          name: a,
          kind: b,
          address: '1',
          owners: [1],
          waiters: [2],
          contended: 1,
          blocked: 1,
        };
        const graph = await graphOf(dump, 'g');
        const page = documentWith(
          html`${graph} ${timelineOf(lanesOf(dump, { course: undefined, events: [] }))}
          ${scheduleOf(course)} ${stacksOf(dump.threads, new Map([[b, [a, b]]]))}
          ${locksOf([lock], dump.threads)}`,
        );
        const { elements, errors } = treeOf(page);
        expect(errors).toEqual([]);
        expect(faultsOf(elements)).toEqual([]);
        // Some letters are too much for Graphviz; the words stand there for all of them.
        expect(graph.text).toContain('│ wants ');
      }),
      { numRuns: 40 },
    );
  });
});

function reaper(): DumpThread {
  return {
    ...PAGER,
    id: 2,
    name: 'reaper',
    address: '41a00',
    holds: [{ name: 'anon_lock', kind: 'rwlock', address: '1a80', mode: 'writer', held_ms: 8 }],
    wants: { name: 'swapinfo', kind: 'mutex', address: '1a40', waited_ms: 2, owners: [1] },
  };
}

function documentWith(main: Markup): string {
  return documentOf({ title: 't', header: html`<h1>t</h1>`, main, footer: html`f` });
}

// --- a page as a tree -----------------------------------------------------------------------------

function treeOf(text: string): { elements: Element[]; errors: ParserError['code'][] } {
  const errors: ParserError['code'][] = [];
  const document = parse(text, { onParseError: ({ code }) => errors.push(code) });
  return { elements: below(document), errors };
}

function below(node: DefaultTreeAdapterTypes.ParentNode): Element[] {
  return node.childNodes.flatMap((child) => ('tagName' in child ? [child, ...below(child)] : []));
}

function all(elements: readonly Element[], ...names: string[]): Element[] {
  return elements.filter(({ tagName }) => names.includes(tagName));
}

function one(elements: readonly Element[], name: string): Element {
  const found = all(elements, name);
  expect(found).toHaveLength(1);
  return found[0]!;
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}

function textOf(node: DefaultTreeAdapterTypes.ParentNode): string {
  return node.childNodes
    .map((child) => ('value' in child ? child.value : 'childNodes' in child ? textOf(child) : ''))
    .join('');
}

/** What a page of ours never has: what runs or fetches, names of handlers, ids twice, links to nowhere, cells without heads. */
function faultsOf(elements: readonly Element[]): string[] {
  const ids = elements.flatMap((element) => attribute(element, 'id') ?? []);
  const faults = ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `twice: ${id}`);
  if (all(elements, 'script').length !== 1) faults.push('scripts');
  if (all(elements, 'style').length !== 1) faults.push('styles');
  for (const element of elements) {
    const { tagName } = element;
    if (/^(?:img|iframe|object|embed|video|audio|form|base)$/.test(tagName)) faults.push(tagName);
    for (const { name, value } of element.attrs) {
      if (name.startsWith('on') || name === 'style' || name === 'src')
        faults.push(`${tagName} ${name}`);
      if (name === 'href' && value !== 'data:,' && !ids.includes(value.slice(1)))
        faults.push(`${tagName} ${name} ${value}`);
      if (name === 'aria-labelledby' && !ids.includes(value)) faults.push(`${name} ${value}`);
    }
    if (tagName === 'th' && attribute(element, 'scope') === undefined) faults.push('th');
  }
  return faults;
}
