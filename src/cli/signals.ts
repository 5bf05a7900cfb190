/*
 * SIGINT and SIGTERM, by what a command has to lose.
 *
 *     a run           once: it stops the trial and keeps what is known; twice: it ends now
 *     a measurement   it ends now: what it has measured is on the disk, and half a figure is none
 *
 * To end is to call exit(): what was started goes by that (run/leash.ts), and would not by the signal itself.
 */

import { EXIT } from '../base/exit.ts';

const EXITS = { SIGINT: EXIT.sigint, SIGTERM: EXIT.sigterm } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function stopOnSignals(run: { stop(signal: 'SIGINT' | 'SIGTERM'): void }): void {
  let signals = 0;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(EXITS[signal]);
      run.stop(signal);
    });
  }
}

export function endOnSignals(): void {
  for (const signal of SIGNALS) process.on(signal, () => process.exit(EXITS[signal]));
}
