/*
 * ::schedule: of a controlled run, who went on at each choice, and what that one did then.
 *
 * The log is in the image (kbaton, kchoice), so it is in the dump.  Threads stand side by side, a column each, as long
 * as there are few.  `gridlock analyze` has the end of it, folded, with what it came to (dump/course.ts).
 */

import { drawLanes, type Step } from '../../dump/course.ts';
import { hex } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { stepsOf } from '../target/course.ts';

/** Choices that are shown unless -n or -a says otherwise. */
const ROWS = 40;
const WIDTH = 150;

export const schedule: Dcmd = {
  name: 'schedule',
  usage: '[-as] [-n count]',
  address: 'none',
  summary: 'the choices of a strategy, in order',
  help: [
    'Of a run under a strategy (gridlock run -s …): who went on at each choice, and what that thread did',
    'next: the last 40, or as many as -n says, or with -a all.  With -s only where another thread went on.',
    '',
    'start, exit         of the role',
    'acquire, signal     took a lock or tried to, woke others',
    'wait, timeout       went on after a sleep: woken, or because its time was up',
    'poll                asked running(), and had done nothing since it last did',
    '',
    'The command that runs it again is in ::status; gridlock shrink makes it short.',
  ].join('\n'),
  options: { a: 'flag', s: 'flag', n: 'value' },
  *run(call) {
    const all = stepsOf(call.target);
    // The one before may not have been able to go on: that is not in the log.
    const kept =
      call.options['s'] === true
        ? all.filter(({ thread }, i) => all[i - 1]?.thread !== thread)
        : all;
    const shown = kept.slice(Math.max(0, kept.length - rowsOf(call, kept.length)));
    const before = kept.length - shown.length;
    if (before > 0) yield { text: `${before} earlier ones are not shown: ::schedule -a` };
    yield* tableOf(shown, Math.min(WIDTH, call.width));
  },
};

function rowsOf({ options, session }: Call, all: number): number {
  const { a: whole, n: count } = options;
  if (whole === true) return all;
  return typeof count === 'string' ? Number(session.evaluate(count) & 0xffff_ffffn) : ROWS;
}

function* tableOf(shown: readonly Step[], width: number): Iterable<Row> {
  const lanes = shown.map((step) => ({ label: String(step.choice), ...step }));
  const [head = '', ...lines] = drawLanes(lanes, width);
  yield { text: head };
  for (const [i, { choice, thread, name, text }] of shown.entries()) {
    const data = { choice, thread: name, operation: text, row: hex(thread) };
    yield { text: lines[i] ?? '', data };
  }
}
