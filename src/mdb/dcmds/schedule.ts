/*
 * ::schedule: of a controlled run, who went on at each choice, and what that one did then.
 *
 * The log is in the image (kbaton, kchoice), so it is in the dump.  Threads stand side by side, a column each, as long
 * as there are few; a run of choices of one thread that touch nothing new is folded unless -a is given.
 */

import { columns, hex, left, right } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { record, type Record } from '../target/record.ts';
import type { Target } from '../target/target.ts';
import { lockName } from './locks.ts';

/** Choices that are shown unless -n or -a says otherwise. */
const ROWS = 40;
const CHOICES_MAX = 1 << 24;
const SIDE_BY_SIDE = 5;
const WIDTH = 150;
const STEP = 7;

interface Choice {
  readonly step: number;
  readonly thread: number;
  readonly name: string;
  readonly text: string;
  /** whether the one before could have gone on: that is not in the log, so whether another ran before */
  readonly isSwitch: boolean;
}

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
    const all = choicesOf(call.target);
    const kept = call.options['s'] === true ? all.filter(({ isSwitch }) => isSwitch) : all;
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

/** @throws MdbError for a dump of a free run */
function choicesOf(target: Target): Choice[] {
  const baton = batonOf(target);
  const size = target.types.need('kchoice').size;
  const count = Math.min(baton.number('step'), CHOICES_MAX);
  const log = baton.big('log');
  const choices: Choice[] = [];
  for (let step = 0; step < count; step++) {
    const address = log + BigInt(step * size);
    if (!target.isMapped(address, size)) break;
    const choice = record(target, 'kchoice', address);
    const thread = choice.number('thread');
    const object = choice.number('object');
    choices.push({
      step,
      thread,
      name: target.threads[thread]?.name ?? `#${thread}`,
      text: `${choice.name('op')}${object === 0 ? '' : ` ${lockName(target, object)}`}`,
      isSwitch: choices.at(-1)?.thread !== thread,
    });
  }
  return choices;
}

function batonOf(target: Target): Record {
  const isKnown = target.types.find('kbaton') !== undefined;
  const at = isKnown ? record(target, 'image_header', 0n).big('baton') : 0n;
  if (at === 0n) {
    throw oops(
      'this is a dump of a free run: no strategy chose',
      '::events has what the threads did',
    );
  }
  return record(target, 'kbaton', at);
}

function* tableOf(shown: readonly Choice[], width: number): Iterable<Row> {
  const threads = [...new Set(shown.map(({ thread }) => thread))].sort((a, b) => a - b);
  const nameOf = new Map(shown.map(({ thread, name }) => [thread, name]));
  const sizes = (threads.length > SIDE_BY_SIDE ? [] : threads).map((thread) =>
    Math.max(
      (nameOf.get(thread) ?? '').length,
      ...shown.filter((each) => each.thread === thread).map(({ text }) => text.length),
    ),
  );
  const total = sizes.reduce((sum, size) => sum + size + 2, STEP);
  const isWide = threads.length <= SIDE_BY_SIDE && total <= width;
  const widest = Math.max(6, ...shown.map(({ name }) => name.length));
  const heads = isWide
    ? threads.map((thread, i) => left(nameOf.get(thread) ?? '', sizes[i]! + 1))
    : [left('THREAD', widest), 'OPERATION'];
  yield { text: columns(right('CHOICE', STEP), ...heads) };
  for (const { step, thread, name, text } of shown) {
    const cells = isWide
      ? sizes.map((size, i) => left(threads[i] === thread ? text : '', size + 1))
      : [left(name, widest), left(text, 0)];
    yield {
      text: columns(right(step, STEP), ...cells),
      data: { choice: step, thread: name, operation: text, row: hex(thread) },
    };
  }
}
