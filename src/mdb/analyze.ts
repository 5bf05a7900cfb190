/*
 * analyze: a dump's answer on one page.
 *
 * The page goes from what happened to where to look: the verdict and its sentence, the picture of the
 * cycle and what it means in words; of a controlled run, who went on at the last choices; and for each thread of the
 * cycle what it holds, what it wants, and the frames that matter.  Then the contended locks, and the lines that look
 * further and that run it again.  Whatever is not in the dump is not on the page.
 *
 * The frames that matter are those of the code under test.  How a lock puts a thread to sleep is the same in
 * every dump, so our own frames are left out, and so is the middle of a stack that is long; --full has all.
 *
 * analyze-markdown.ts makes the same page for a pull request.
 */

import { printable, shellWord } from '../base/text.ts';
import { table } from '../base/table.ts';
import { drawCourse, type Course } from '../dump/course.ts';
import { drawHang, milliseconds } from '../dump/cycle.ts';
import type { Dump, DumpFrame, DumpThread } from '../dump/format.ts';
import { wrap } from './columns.ts';
import { explain } from './story/explain.ts';

/** Of prose. */
const COLUMNS = 96;
/** Of the story: what happened, and what is odd about it. */
const PARAGRAPHS = 2;
/** Most contended locks shown. */
const LOCKS_SHOWN = 8;
/** Threads whose stacks are shown where there is no cycle. */
const THREADS_SHOWN = 4;
/** Frames shown of the innermost and of the outermost. */
const INNER_SHOWN = 7;
const OUTER_SHOWN = 2;
/** Of a controlled run: choices that are listed in JSON. */
const STEPS_LISTED = 30;
const OURS = /^(?:src\/(?:kernel|layout|run|nmi|dump)\/|node:)/;

/**
 * The JSON of `analyze --json`: CONVENTIONS, "JSON".
 * @param course of a controlled run
 */
export function analyzeJson({ head, threads }: Dump, course?: Course): Record<string, unknown> {
  const byId = threadsById(threads);
  const pick = (ids: readonly number[]): unknown[] =>
    ids.flatMap((id) => byId.get(id) ?? []).map(threadJson);
  const { verdict, message, because, exact, workload, variant, params, seed, seconds, replay } =
    head;
  return {
    verdict,
    message,
    because,
    exact,
    workload,
    variant,
    params,
    seed,
    seconds,
    cycle: pick(head.cycle),
    victims: pick(head.victims),
    running: pick(head.running),
    replay,
    schedule: course === undefined ? null : courseJson(course),
  };
}

/** The last choices, one by one. */
function courseJson({ choices, preemptions, steps, ending }: Course): unknown {
  return {
    choices,
    preemptions,
    last: steps
      .slice(-STEPS_LISTED)
      .map(({ choice, name, text }) => ({ choice, thread: name, operation: text })),
    ending: ending.map(({ name, text }) => ({ thread: name, what: text })),
  };
}

function threadsById(threads: readonly DumpThread[]): ReadonlyMap<number, DumpThread> {
  return new Map(threads.map((thread) => [thread.id, thread]));
}

function threadJson(thread: DumpThread): Record<string, unknown> {
  const { name, role, psargs, id, state, holds, wants, stack, progress, progress_after } = thread;
  return {
    name,
    role,
    psargs,
    id,
    state,
    holds,
    wants,
    stack: stack.map(({ function: fn, file, line }) => ({ function: fn, file, line })),
    progress,
    progress_after,
    ...(thread.exit === undefined ? {} : { exit: thread.exit }),
    ...(thread.unstopped === undefined ? {} : { unstopped: thread.unstopped }),
    ...(thread.os === undefined ? {} : { os: thread.os }),
  };
}

export interface PageOptions {
  /** whole stacks, and as many locks and threads as there are */
  readonly full?: boolean;
  /** of a controlled run: it is on the page */
  readonly course?: Course | undefined;
}

/** The page, as lines. */
export function analyzeText(dump: Dump, file: string, options: PageOptions = {}): string[] {
  const { head } = dump;
  const lines = [
    `${printable(head.verdict)}: ${printable(head.message)}`,
    ...head.because.map((sentence) => `  ${printable(sentence)}`),
    '',
    `  ${describeRun(dump)}`,
  ];
  const picture = pictureOf(dump);
  if (picture.length > 0) lines.push('', ...picture.map((line) => line && `  ${line}`));
  for (const paragraph of storyOf(dump)) lines.push('', ...wrap(paragraph, COLUMNS));
  const course = courseLines(file, options);
  if (course.length > 0) lines.push('', ...course);
  for (const thread of shownThreads(dump, options)) {
    lines.push('', ...threadLines(thread, options));
  }
  const contended = contendedLocks(dump, options);
  if (contended !== undefined) lines.push('', contended);
  lines.push(
    '',
    `next:  ${nextCommand(dump, file)}`,
    `again: ${printable(head.replay)}`,
    `dump:  ${printable(file)}`,
  );
  return lines;
}

/** Of what run the dump is, in a line. */
export function describeRun({ head }: Dump): string {
  return [
    `${head.workload}, variant ${head.variant}, seed ${head.seed}, trial ${head.trial}`,
    `after ${milliseconds(head.seconds * 1000)}`,
    `gridlock ${head.gridlock}, node ${head.node}, ${head.os}, ${head.cpus} CPUs`,
  ]
    .map(printable)
    .join(', ');
}

/** The picture, without an empty line before what comes first. */
export function pictureOf(dump: Dump): string[] {
  const lines = drawHang(dump);
  return lines[0] === '' ? lines.slice(1) : lines;
}

/** What it means, in words: the beginning of what ::deadlock tells. */
export function storyOf(dump: Dump): string[] {
  return explain(dump).story.slice(0, PARAGRAPHS).map(printable);
}

/** Who went on at the last choices, and what each did; nothing for a free run. */
export function courseLines(file: string, { course }: PageOptions): string[] {
  return course === undefined ? [] : drawCourse(course, mdbCommand(file, '::schedule -a'));
}

/** The threads whose stacks answer: those of the cycle, else who panicked, else some that ran. */
export function shownThreads({ head, threads }: Dump, { full = false }: PageOptions): DumpThread[] {
  const ids = head.cycle.length > 0 ? head.cycle : head.running;
  const byId = threadsById(threads);
  const shown = [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
  return full || head.cycle.length > 0 ? shown : shown.slice(0, THREADS_SHOWN);
}

function threadLines(thread: DumpThread, options: PageOptions): string[] {
  return [
    `${printable(thread.name)} (thread ${thread.id}, ${printable(thread.state)}): ${printable(thread.psargs).trim()}`,
    ...lockLines(thread).map((line) => `  ${line}`),
    ...frameLines(thread, options).map((line) => `    ${line}`),
  ];
}

/** What a thread holds and wants, each with its time; why it has no stack. */
export function lockLines({ holds, wants, exit, unstopped }: DumpThread): string[] {
  const lines = exit === undefined ? [] : [`it is gone: ${printable(exit)}`];
  for (const lock of holds) {
    const mode = lock.mode === undefined ? '' : ` as ${lock.mode}`;
    lines.push(
      printable(`holds ${lock.name} (${lock.kind})${mode} for ${milliseconds(lock.held_ms)}`),
    );
  }
  if (wants !== null) {
    const via = wants.via === undefined ? '' : `, asleep on ${wants.via},`;
    const mode = wants.mode === undefined ? '' : ` as ${wants.mode}`;
    lines.push(
      printable(
        `wants ${wants.name} (${wants.kind})${mode}${via} for ${milliseconds(wants.waited_ms)}`,
      ),
    );
  }
  if (unstopped !== undefined) lines.push(`no stack: ${printable(unstopped)}`);
  return lines;
}

/** A thread's frames, `function  file:line`, and how many were left out where. */
export function frameLines({ stack }: DumpThread, { full = false }: PageOptions): string[] {
  const theirs = stack.filter(({ file }) => !OURS.test(file));
  const frames = full || theirs.length === 0 ? stack : theirs;
  const name = (frame: DumpFrame): string => printable(frame.function);
  const wide = frames.reduce((most, frame) => Math.max(most, Math.min(40, name(frame).length)), 0);
  const lines = frames.map(
    (frame) => `${name(frame).padEnd(wide)}  ${printable(frame.file)}:${frame.line}`,
  );
  const left = lines.length - INNER_SHOWN - OUTER_SHOWN;
  if (full || left < 2) return lines;
  return [
    ...lines.slice(0, INNER_SHOWN),
    `… ${left} more, with --full`,
    ...lines.slice(-OUTER_SHOWN),
  ];
}

/** The table of locks that were fought over; undefined where none was. */
export function contendedLocks(
  { locks, threads }: Dump,
  { full = false }: PageOptions,
): string | undefined {
  const contended = locks.filter((lock) => lock.contended > 0);
  if (contended.length === 0) return undefined;
  const names = new Map(threads.map(({ id, name }) => [id, name]));
  const rows = (full ? contended : contended.slice(0, LOCKS_SHOWN)).map((lock) => [
    cell(lock.name),
    cell(lock.kind),
    lock.contended,
    lock.blocked,
    lock.owners.map((id) => cell(names.get(id) ?? `#${id}`)).join(',') || null,
    String(lock.waiters.length),
  ]);
  return table(['lock', 'kind', 'contended', 'blocked', 'held-by', 'waiters'], rows);
}

/** Without the blanks that would make two cells of one. */
function cell(text: string): string {
  return printable(text).replaceAll(/\s/g, '_');
}

/** What to type to look further: it depends on what was found. */
export function nextCommand({ head }: Dump, file: string): string {
  const command =
    head.cycle.length > 0 ? '::deadlock' : head.verdict === 'panic' ? '::status; $C' : '::stacks';
  return mdbCommand(file, command);
}

function mdbCommand(file: string, command: string): string {
  return `gridlock mdb ${shellWord(file)} -e '${command}'`;
}
