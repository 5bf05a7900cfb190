/*
 * The prompt: a line is read, run, paged, and the next one asked for.
 *
 *     key        at the prompt           while a command runs      at the pager
 *     --------   ---------------------   -----------------------   ------------------
 *     Ctrl-C     clears the line         ends the command          ends the command
 *     Ctrl-D     ends the session        ends it, afterwards       ends the command
 *     Tab        completes
 *
 * What is typed while a command runs is kept for the next prompt.  Nothing but ::quit, $q and the end of the
 * input ends a session: a fault of ours in a dcmd is reported, and the session goes on.
 */

import { createInterface } from 'node:readline';
import type { Colors } from '../../base/color.ts';
import { complete } from './complete.ts';
import { appendHistory, HISTORY_MAX, readHistory } from './history.ts';
import { paint, paintError } from './paint.ts';
import { Pager } from './pager.ts';
import { runLine } from './script.ts';
import type { Session } from '../session.ts';
import { Terminal, type Keyboard } from './terminal.ts';

const PROMPT = '> ';

export interface ReplIo {
  readonly input: Keyboard;
  readonly output: NodeJS.WriteStream;
  readonly colors: Colors;
  /** undefined for none */
  readonly historyFile: string | undefined;
}

/** Runs a session at a terminal, to its end. */
export async function repl(session: Session, io: ReplIo): Promise<void> {
  const { input, output, colors, historyFile } = io;
  const terminal = new Terminal(input);
  const pager = new Pager({
    get rows() {
      return output.rows > 0 ? output.rows : 24;
    },
    get columns() {
      return output.columns > 0 ? output.columns : 80;
    },
    write: (text) => written(output, paint(text, colors)),
    key: () => terminal.key(),
  });
  const lines = createInterface({
    input: terminal.lines,
    output,
    terminal: process.env['TERM'] !== 'dumb',
    prompt: PROMPT,
    completer: (line: string) => complete(session, line),
    history: historyFile === undefined ? [] : readHistory(historyFile),
    historySize: HISTORY_MAX,
    removeHistoryDuplicates: true,
  });
  let isRunning = false;
  const cleared = (): void => {
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    output.write('\n');
    lines.prompt();
  };
  const interrupted = (): void => (isRunning ? session.interrupt() : cleared());
  process.on('SIGINT', interrupted);
  lines.on('SIGINT', cleared);
  try {
    for await (const line of typedLines(lines, terminal)) {
      if (line.trim() === '') continue;
      if (historyFile !== undefined) appendHistory(historyFile, line);
      pager.begin();
      isRunning = true;
      await runLine(session, line, {
        write: (text) => pager.write(text),
        error: (text) => void output.write(paintError(text, colors)),
      });
      isRunning = false;
      if (session.isOver) break;
    }
  } finally {
    process.off('SIGINT', interrupted);
    lines.close();
    terminal.close();
  }
}

/** Lines as they are entered, each with a prompt of its own; several may come at once, by a paste. */
async function* typedLines(
  lines: ReturnType<typeof createInterface>,
  terminal: Terminal,
): AsyncIterable<string> {
  const entered: string[] = [];
  let isClosed = false;
  let wake: (() => void) | undefined;
  lines.on('line', (line) => {
    entered.push(line);
    wake?.();
  });
  lines.once('close', () => {
    isClosed = true;
    wake?.();
  });
  for (;;) {
    if (entered.length === 0 && !isClosed) {
      const more = new Promise<void>((resolve) => {
        wake = resolve;
      });
      terminal.edit(() => lines.prompt());
      await more;
    }
    const line = entered.shift();
    if (line === undefined) {
      if (isClosed) return;
      continue;
    }
    terminal.busy();
    yield line;
  }
}

/** Waits for a slow terminal, so that Ctrl-C need not outrun what is already on its way. */
async function written(output: NodeJS.WriteStream, text: string): Promise<boolean> {
  if (!output.write(text)) await new Promise((resolve) => output.once('drain', resolve));
  return true;
}
