/*
 * analyze: a dump's answer on one page.
 *
 * The page goes from what happened to where to look: the verdict and its sentence, the picture of the
 * cycle, and for each thread in it the stack down to the role, with the locks in its hands.  Then the
 * contended locks, and the line that runs it again.  Whatever is not in the dump is not on the page.
 */

import { printable } from '../base/text.ts';
import { table } from '../base/table.ts';
import { drawHang, milliseconds } from '../dump/cycle.ts';
import type { Dump, DumpThread } from '../dump/format.ts';

/** Most contended locks shown. */
const LOCKS_SHOWN = 8;

/** The JSON of `analyze --json`: CONVENTIONS, "JSON". */
export function analyzeJson({ head, threads }: Dump): Record<string, unknown> {
  const pick = (ids: readonly number[]): unknown[] =>
    ids.flatMap((id) => threads.filter((thread) => thread.id === id)).map(threadJson);
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
  };
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

/** The page, as lines. */
export function analyzeText(dump: Dump, file: string): string[] {
  const { head, threads, locks } = dump;
  const lines = [
    `${head.verdict}: ${printable(head.message)}`,
    ...head.because.map((sentence) => `  ${printable(sentence)}`),
    '',
    `  ${printable(head.workload)}, variant ${printable(head.variant)}, seed ${head.seed}, trial ${head.trial}, after ${milliseconds(head.seconds * 1000)}`,
    `  gridlock ${head.gridlock}, node ${head.node}, ${head.os}, ${head.cpus} CPUs, taken ${head.taken}`,
  ];
  const picture = drawHang(dump);
  if (picture.length > 0)
    lines.push('', ...picture.map((line) => (line === '' ? '' : `  ${line}`)));
  const shown = head.cycle.length > 0 ? head.cycle : head.running.slice(0, 4);
  for (const id of shown) {
    const thread = threads.find((each) => each.id === id);
    if (thread !== undefined) lines.push('', ...threadLines(thread));
  }
  const contended = locks.filter((lock) => lock.contended > 0).slice(0, LOCKS_SHOWN);
  if (contended.length > 0) {
    const name = (id: number): string =>
      threads.find((thread) => thread.id === id)?.name ?? `#${id}`;
    const rows = contended.map((lock) => [
      printable(lock.name),
      lock.kind,
      lock.contended,
      lock.blocked,
      lock.owners.map(name).join(',').replaceAll(' ', '_') || null,
      String(lock.waiters.length),
    ]);
    lines.push('', table(['lock', 'kind', 'contended', 'blocked', 'held-by', 'waiters'], rows));
  }
  lines.push('', `again: ${printable(head.replay)}`, `dump:  ${printable(file)}`);
  return lines;
}

function threadLines(thread: DumpThread): string[] {
  const head = [
    `${printable(thread.name)} (thread ${thread.id}, ${thread.state}): ${printable(thread.psargs)}`,
  ];
  if (thread.exit !== undefined) head.push(`  it is gone: ${printable(thread.exit)}`);
  for (const lock of thread.holds) {
    const mode = lock.mode === undefined ? '' : ` as ${lock.mode}`;
    head.push(
      `  holds ${printable(lock.name)} (${lock.kind})${mode} for ${milliseconds(lock.held_ms)}`,
    );
  }
  if (thread.wants !== null) {
    head.push(
      `  wants ${printable(thread.wants.name)} (${thread.wants.kind}) for ${milliseconds(thread.wants.waited_ms)}`,
    );
  }
  if (thread.unstopped !== undefined) head.push(`  no stack: ${thread.unstopped}`);
  return [
    ...head,
    ...thread.stack.map(
      (frame) => `    ${printable(frame.function)}  ${printable(frame.file)}:${frame.line}`,
    ),
  ];
}
