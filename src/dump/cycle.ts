/*
 * The picture of a hang, in text: who holds what and wants what, around the cycle and back.
 *
 *     callout taskq     holds ftb_mtx, dtrace_provider_lock, mod_lock
 *       │ wants dtrace_lock, for 18 ms
 *       ▼
 *     dtrace -Cs        holds f_tlock, LOCK_CSP, cpu_lock, dtrace_lock
 *       …
 *       └─▶ callout taskq
 *
 * Below it, who queues behind the cycle and who still runs.  Lines, so that callers can indent, colour or
 * cut them.
 */

import { printable } from '../base/text.ts';
import type { Dump, DumpThread } from './format.ts';

/** The lines of the picture. */
export function drawHang({ head, threads }: Pick<Dump, 'head' | 'threads'>): string[] {
  const byId = new Map(threads.map((thread) => [thread.id, thread]));
  const lines: string[] = [];
  const cycle = head.cycle.map((id) => byId.get(id)).filter((thread) => thread !== undefined);
  const wide = cycle.reduce((most, thread) => Math.max(most, label(thread).length), 0);
  const closes = cycle.length > 0 && isClosed(cycle);
  for (const [i, thread] of cycle.entries()) {
    lines.push(`${label(thread).padEnd(wide)}  ${holds(thread)}`);
    const { wants } = thread;
    if (wants === null) {
      if (thread.exit !== undefined) lines.push(`  ✗ ${printable(thread.exit)}`);
      continue;
    }
    const via = wants.via === undefined ? '' : ` (asleep on ${printable(wants.via)})`;
    lines.push(`  │ wants ${printable(wants.name)}${via}, for ${milliseconds(wants.waited_ms)}`);
    const last = i === cycle.length - 1;
    if (!last) lines.push('  ▼');
    else if (closes) lines.push(`  └─▶ ${label(cycle[0]!)}`);
    else lines.push('  ╵ which nobody is known to have');
  }
  const victims = head.victims.map((id) => byId.get(id)).filter((thread) => thread !== undefined);
  if (victims.length > 0) {
    lines.push('', 'behind them:');
    for (const each of victims) {
      lines.push(
        `  ${label(each)} wants ${printable(each.wants?.name ?? '?')}, for ${milliseconds(each.wants?.waited_ms ?? 0)}`,
      );
    }
  }
  const running = head.running.map((id) => byId.get(id)).filter((thread) => thread !== undefined);
  if (running.length > 0) {
    lines.push('', 'still running:');
    for (const each of running) {
      lines.push(
        `  ${label(each)}, progress ${each.progress.toLocaleString('en')} and ${each.progress_after.toLocaleString('en')} more since`,
      );
    }
  }
  return lines;
}

/** Whether the last thread waits for the first. */
function isClosed(cycle: readonly DumpThread[]): boolean {
  const last = cycle[cycle.length - 1]!;
  return last.wants?.owners.includes(cycle[0]!.id) === true;
}

function label(thread: DumpThread): string {
  return printable(thread.name);
}

function holds({ holds: held }: DumpThread): string {
  if (held.length === 0) return 'holds nothing';
  return `holds ${held.map((lock) => printable(lock.name) + (lock.mode === 'reader' ? ' (reader)' : '')).join(', ')}`;
}

/** `340 us`, `18 ms`, `2.4 s`. */
export function milliseconds(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} us`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}
