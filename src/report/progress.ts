/*
 * Progress while a run goes on.
 *
 * On a terminal: one block, drawn over itself at most ten times a second, that shows where the time goes
 * and which threads get on.  Elsewhere: no cursor movement, one heartbeat line now and then, enough to
 * explain a job that is killed from outside.
 */

import { formatDuration } from '../base/duration.ts';
import { fit, width } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { WatchReport } from '../run/protocol.ts';
import type { Colors } from '../base/color.ts';
import { Overdrawn } from './overdrawn.ts';

type Status = Extract<WatchReport, { type: 'status' }>;

/** Milliseconds between status reports that a block, or a heartbeat, wants. */
export const BLOCK_MS = 120;
export const HEARTBEAT_MS = 30_000;
const THREADS_SHOWN = 12;
const NAME_MAX = 40;
/** A thread silent for longer is worth a colour, in milliseconds. */
const QUIET_MS = 1_000;

export interface Running {
  readonly label: string;
  readonly trial: number;
  readonly trials: number;
  readonly seed: number;
  /** what the block is headed with, instead of all of this */
  readonly title?: string;
}

export class StatusBlock {
  private readonly screen: Overdrawn;
  private readonly colors: Colors;

  constructor(stream: NodeJS.WriteStream, colors: Colors) {
    this.screen = new Overdrawn(stream);
    this.colors = colors;
  }

  draw(running: Running, status: Status): void {
    const { bold, dim, yellow } = this.colors;
    const trial = `trial ${running.trial + 1}/${running.trials}  ${formatDuration(status.seconds * 1000)}`;
    const head = `${printable(running.label)}  ${trial}  seed ${running.seed}`;
    const lines = [bold(running.title === undefined ? head : printable(running.title))];
    const shown = status.threads.slice(0, THREADS_SHOWN);
    const names = shown.map((thread) => fit(printable(thread.name), NAME_MAX));
    const widest = Math.max(...names.map((name) => width(name)), 6);
    for (const [i, thread] of shown.entries()) {
      const wants = thread.wants === '' ? '' : `wants ${printable(thread.wants)}`;
      const silent = thread.silentMs < QUIET_MS ? '' : `silent ${formatDuration(thread.silentMs)}`;
      const row =
        `  ${names[i]}${' '.repeat(widest - width(names[i]!))} ${thread.progress.toLocaleString('en').padStart(12)} done ` +
        `${thread.holds === 0 ? '       ' : `${thread.holds} held `} ${wants} ${silent}`;
      lines.push(silent === '' ? row : yellow(row));
    }
    if (status.threads.length > THREADS_SHOWN)
      lines.push(dim(`  and ${status.threads.length - THREADS_SHOWN} more threads`));
    this.screen.draw(lines);
  }

  /** Takes the block off the screen, so that something lasting can be printed. */
  erase(): void {
    this.screen.erase();
  }
}

/** Who is quiet longest, and on what, in words; empty where nobody is. */
export function oldestWait({ threads }: Pick<Status, 'threads'>): string {
  const quiet = threads.toSorted((a, b) => b.silentMs - a.silentMs)[0];
  if (quiet === undefined || quiet.silentMs < QUIET_MS) return '';
  const wants = quiet.wants === '' ? '' : ` (wants ${printable(quiet.wants)})`;
  return `, ${printable(quiet.name)} silent for ${formatDuration(quiet.silentMs)}${wants}`;
}

/** One line for a log: what runs, how far it is, who is quiet longest. */
export function heartbeat(running: Running, status: Status): string {
  const oldest = oldestWait(status);
  return (
    `heartbeat: ${printable(running.label)} trial ${running.trial + 1}/${running.trials} at ` +
    `${formatDuration(status.seconds * 1000)}, seed ${running.seed}, rss ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB${oldest}`
  );
}
