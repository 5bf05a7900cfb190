/*
 * The history of the prompt, kept in a file of the user's state directory.
 *
 * One line a command, oldest first, appended to as they are given, so that two sessions at once lose nothing.
 * It is cut to its end when it is read.  A file that cannot be read or written is no error: the history is
 * then that of the session.
 */

import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const HISTORY_MAX = 1000;
const BYTES_MAX = 1 << 20;

/** Where it is: below XDG_STATE_HOME, which must be absolute to count. */
export function historyFile(env: NodeJS.ProcessEnv = process.env): string {
  const state = env['XDG_STATE_HOME'] ?? '';
  const root = state.startsWith('/') ? state : join(homedir(), '.local', 'state');
  return join(root, 'gridlock', 'mdb_history');
}

/** Its lines, newest first, as node:readline wants them. */
export function readHistory(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const lines = text
    .slice(-BYTES_MAX)
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length > HISTORY_MAX || text.length > BYTES_MAX) {
    const kept = lines.slice(-HISTORY_MAX);
    attempt(() => writeFileSync(file, `${kept.join('\n')}\n`, { mode: 0o600 }));
    return kept.toReversed();
  }
  return lines.toReversed();
}

export function appendHistory(file: string, line: string): void {
  attempt(() => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, `${line.replaceAll('\n', ' ')}\n`, { mode: 0o600 });
  });
}

function attempt(body: () => void): void {
  try {
    body();
  } catch {
    // The history is then that of the session alone.
  }
}
