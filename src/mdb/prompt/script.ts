/*
 * Commands from anywhere but a terminal: -e, a file, a pipe.
 *
 * A line is run as at the prompt.  One that fails is said and counted, and the next one runs.  What is thrown that
 * is no MdbError is a fault of ours, or of a workload's dmod: it is said as one, and does not end the session.
 */

import { saysOf } from '../../base/says.ts';
import { printable } from '../../base/text.ts';
import type { Output, Session } from '../session.ts';

/** How a line went. */
export type Outcome = 'well' | 'failed' | 'fault';

export async function runLine(session: Session, line: string, output: Output): Promise<Outcome> {
  try {
    return (await session.run(line, output)) ? 'well' : 'failed';
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4) : [];
    output.error(`mdb: a fault of gridlock itself, or of a dmod: ${printable(saysOf(error))}\n`);
    for (const frame of stack) output.error(`mdb:   ${printable(frame.trim())}\n`);
    return 'fault';
  }
}

/** Runs texts of one or more lines each, to the end or to ::quit.  @returns the worst outcome */
export async function runScript(
  session: Session,
  texts: AsyncIterable<string> | Iterable<string>,
  output: Output,
): Promise<Outcome> {
  let worst: Outcome = 'well';
  for await (const text of texts) {
    for (const line of text.split(/\r?\n/)) {
      const outcome = await runLine(session, line, output);
      if (outcome === 'fault' || worst === 'well') worst = outcome;
      if (session.isOver) return worst;
    }
  }
  return worst;
}
