/*
 * SIGINT and SIGTERM of a run: once, stop the trial and keep what is known; twice, now.
 */

import { EXIT } from '../base/exit.ts';

export function stopOnSignals(run: { stop(signal: 'SIGINT' | 'SIGTERM'): void }): void {
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(signal === 'SIGINT' ? EXIT.sigint : EXIT.sigterm);
      run.stop(signal);
    });
  }
}
