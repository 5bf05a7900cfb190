/*
 * Goal: the page says what happened, who is in it with what in its hands, and what to type next; the Markdown is the
 * same page, and whatever names a dump holds, nothing of them is markup.
 *
 * Method: golden dumps for what is on the page; a dump with hostile names for the Markdown, whose structure is
 * checked by a reader of fences and folds that knows nothing of how it was written.
 */

import { describe, expect, test } from 'vitest';

import type { Dump, DumpThread } from '../../src/dump/format.ts';
import { analyzeJson, analyzeText } from '../../src/mdb/analyze.ts';
import { analyzeMarkdown } from '../../src/mdb/analyze-markdown.ts';
import { courseOf } from '../../src/mdb/target/course.ts';
import { GOLDEN, openGolden, say } from './session.ts';

async function dumpOf(name: string): Promise<Dump> {
  return (await openGolden(name)).target.dump;
}

describe('the page', () => {
  test('of a cycle: picture, threads with their times, frames that matter, what to type next', async () => {
    const dump = await dumpOf('dtrace-deadlock.wstub');
    const page = analyzeText(dump, 'x.dump');
    expect(page[0]).toBe(`deadlock: ${dump.head.message}`);
    const text = page.join('\n');
    expect(text).toMatch(/└─▶ callout taskq/);
    expect(text).toMatch(/^ {2}holds mod_lock \(mutex\) for \d+ ms$/m);
    expect(text).toMatch(
      /^ {2}wants P_PR_LOCK\[3\] \(resource\), asleep on pr_pid_cv\[3\], for \d+ ms$/m,
    );
    expect(text).toMatch(/^ {4}mod_hold_stub {2,}workloads\/dtrace-deadlock\/modctl\.ts:\d+$/m);
    expect(text).not.toMatch(/src\/kernel\/(?:mutex|turnstile|disp)\.ts/);
    expect(page.slice(-3)).toEqual([
      "next:  gridlock mdb x.dump -e '::deadlock'",
      `again: ${dump.head.replay}`,
      'dump:  x.dump',
    ]);
    // A page.
    expect(page.length).toBeLessThan(90);
  });

  test('with --full: every frame of every thread in it', async () => {
    const dump = await dumpOf('dtrace-deadlock.wstub');
    const page = analyzeText(dump, 'x.dump', { full: true });
    const frames = dump.head.cycle.flatMap((id) => dump.threads.find((t) => t.id === id)!.stack);
    for (const frame of frames) {
      const shown = page.filter((line) => line.endsWith(`  ${frame.file}:${frame.line}`));
      expect(shown.length, frame.function).toBeGreaterThan(0);
    }
    expect(page.join('\n')).not.toContain('--full');
  });

  test.for(GOLDEN)(
    '%s has no two empty lines together, and none that ends in a blank',
    async (name) => {
      const dump = await dumpOf(name);
      const page = analyzeText(dump, 'x.dump');
      expect(page.filter((line, i) => line === '' && page[i + 1] === '')).toEqual([]);
      expect(page.filter((line) => /\s$/.test(line))).toEqual([]);
      expect(page.at(-1)).toBe('dump:  x.dump');
    },
  );

  test.for(GOLDEN)('%s: what it says to type next can be typed', async (name) => {
    const session = await openGolden(name);
    const next = analyzeText(session.target.dump, 'x.dump').at(-3) ?? '';
    const command = /^next: {2}gridlock mdb x\.dump -e '(.*)'$/.exec(next)?.[1];
    expect(await say(session, command ?? '::nothing')).toMatchObject({ isWell: true, error: '' });
  });

  test('a file’s name is quoted for the shell', async () => {
    const page = analyzeText(await dumpOf('dtrace-deadlock.wstub'), "it's here.dump");
    expect(page.at(-3)).toBe(`next:  gridlock mdb 'it'\\''s here.dump' -e '::deadlock'`);
  });

  test('of a controlled run has who went on at each choice, and where that ended', async () => {
    const { target } = await openGolden('once.opposite');
    const course = courseOf(target);
    const page = analyzeText(target.dump, 'x.dump', { course }).join('\n');
    expect(page).toMatch(/^6 choices, 3 preemptions:\n CHOICE saver\/0 +saver\/1$/m);
    expect(page).toMatch(/^ {6}5 acquire south\n {8}waits for south, which saver\/1 holds$/m);
    expect(analyzeMarkdown(target.dump, 'x.dump', { course }).join('\n')).toContain(
      ' CHOICE saver/0',
    );
    expect(analyzeJson(target.dump, course)).toMatchObject({
      schedule: {
        choices: 6,
        preemptions: 3,
        ending: [{ thread: 'saver/0', what: 'waits for south, which saver/1 holds' }, {}],
      },
    });
  });

  test('of a free run has none', async () => {
    const { target } = await openGolden('dtrace-deadlock.wstub');
    const course = courseOf(target);
    expect(course).toBeUndefined();
    expect(analyzeText(target.dump, 'x.dump', { course }).join('\n')).not.toContain('CHOICE');
    expect(analyzeJson(target.dump, course)['schedule']).toBeNull();
  });

  test('the JSON names the same threads', async () => {
    const dump = await dumpOf('dtrace-deadlock.wstub');
    const { cycle, victims } = analyzeJson(dump) as { cycle: { id: number }[]; victims: unknown[] };
    expect(cycle.map(({ id }) => id)).toEqual(dump.head.cycle);
    expect(victims).toHaveLength(dump.head.victims.length);
  });
});

/** Text outside of fences; an error where fences or folds do not close. */
function outsideOfFences(lines: readonly string[]): { prose: string[]; fenced: string[] } {
  const prose: string[] = [];
  const fenced: string[] = [];
  let fence = '';
  let folds = 0;
  for (const line of lines) {
    if (fence !== '') {
      if (line === fence) fence = '';
      else fenced.push(line);
      continue;
    }
    const opens = /^(`{3,})\w*$/.exec(line);
    if (opens !== null) {
      fence = opens[1]!;
      continue;
    }
    if (line === '<details>') folds++;
    if (line === '</details>') folds--;
    expect(folds).toBeGreaterThanOrEqual(0);
    prose.push(line);
  }
  expect({ fence, folds }).toEqual({ fence: '', folds: 0 });
  return { prose, fenced };
}

describe('the Markdown', () => {
  test.for(GOLDEN)('%s: closes what it opens, and folds every stack away', async (name) => {
    const dump = await dumpOf(name);
    const { prose, fenced } = outsideOfFences(analyzeMarkdown(dump, 'x.dump'));
    expect(prose[0]).toMatch(/^### [\w-]+ in `[\w-]+`, variant `[\w-]+`$/);
    expect(fenced).toContain(dump.head.replay);
    const summaries = prose.filter((line) => line.startsWith('<summary>'));
    const details = prose.filter((line) => line === '<details>');
    expect(details).toHaveLength(summaries.length);
    for (const id of dump.head.cycle) {
      const thread = dump.threads.find((each) => each.id === id)!;
      expect(summaries.join('\n')).toContain(`(${thread.stack.length} frames)`);
      expect(fenced.filter((line) => /\S {2}\S+:\d+$/.test(line)).length).toBeGreaterThan(0);
    }
  });

  test('nothing of a hostile name is markup', async () => {
    const evil = '</summary><script>alert(1)</script>\n# `x` ``` [a](b) | @all';
    const golden = await dumpOf('dtrace-deadlock.wstub');
    const rename = (thread: DumpThread): DumpThread => ({
      ...thread,
      name: evil,
      psargs: '````',
      stack: thread.stack.map((frame) => ({ ...frame, function: evil })),
    });
    const dump: Dump = {
      ...golden,
      threads: golden.threads.map(rename),
      head: { ...golden.head, message: evil, workload: evil, because: [evil] },
    };
    const { prose } = outsideOfFences(analyzeMarkdown(dump, 'x.dump'));
    // What is code is as it is written; there a tag is one only if it is not between back quotes.
    const tags = prose.join('\n').replaceAll(/(?<!\\)`[^`\n]*`/g, '');
    expect(tags).not.toMatch(/<script|<\/summary><\w/);
    const markup = tags.replaceAll(/<code>.*?<\/code>/g, '');
    expect(markup).not.toMatch(/(?<!\\)\[a\]|@all/);
    expect(prose.filter((line) => line.startsWith('#'))).toHaveLength(1);
    // The control: the name is there, and without care it would be all that.
    expect(markup).toContain('alert(1)');
  });
});
