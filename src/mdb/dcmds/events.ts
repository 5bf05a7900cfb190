/*
 * ::events: the last things that the threads did, in one order.
 *
 * A few threads stand side by side, a column each, so that it is seen who did what while the other did
 * something else; of many, each row names its thread.
 */

import { printable } from '../../base/text.ts';
import type { DumpThread } from '../../dump/format.ts';
import { columns, hex, left, right } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { readRings, type Event, type Rings } from '../target/rings.ts';
import { addressOf, hexOf, type Target } from '../target/target.ts';
import { lockName } from '../target/lockname.ts';

/** Rows that are shown unless -n says otherwise. */
const ROWS = 40;
/** Threads that get a column each, and columns of text that all may take. */
const SIDE_BY_SIDE = 4;
const WIDTH = 150;

export const events: Dcmd = {
  name: 'events',
  usage: '[-ac] [-n count] [-t thread]',
  address: 'optional',
  summary: 'the last events of all threads, in one order',
  help: [
    'Each thread keeps its last events in a ring.  Merged, the newest last: 40 of them, or as many as -n',
    'says, or with -a all.',
    '',
    'SEQ    one counter numbers the events of all threads',
    'AGO    milliseconds before the machine was stopped',
    'block  went to sleep on something that the thread in brackets had',
    'wake   was woken, and goes on',
    'contend, signal, handoff    found it taken, woke, passed it on: whom',
    'acquire, release, note      took it, gave it up; a remark of the workload',
    '',
    'With the address of a thread, or -t and its name or address, only its own; with that of a lock, only what',
    'was done to the lock; with -c those of the threads of the hang.  Unless a run is tracked closer (--track events) there are only events of threads',
    'that met: a lock that was free when it was taken leaves none.',
  ].join('\n'),
  options: { a: 'flag', c: 'flag', n: 'value', t: 'value' },
  *run(call) {
    const { target, options, session } = call;
    const rings = readRings(target);
    const thread = threadOf(call);
    const { cycle } = target.dump.head;
    const object =
      call.hasAddress && target.threadAt(call.address) === undefined ? call.address : undefined;
    const all = rings.events.filter(
      (event) =>
        (thread === undefined || event.thread === thread) &&
        (options['c'] !== true || cycle.includes(event.thread.id)) &&
        (object === undefined || BigInt(event.object) === object),
    );
    const { n: count } = options;
    const most =
      options['a'] === true
        ? all.length
        : typeof count === 'string'
          ? Number(session.evaluate(count) & 0xffff_ffffn)
          : ROWS;
    const shown = most === 0 ? [] : all.slice(-most);
    const before = all.length - shown.length;
    const missing = missingText(rings, shown);
    if (missing !== '') yield { text: missing };
    if (before > 0) yield { text: `${before} earlier ones are not shown: ::events -a` };
    if (all.length === 0) {
      const of = thread === undefined ? '' : ` of ${printable(thread.name)}`;
      const on = object === undefined ? '' : ` on ${lockName(target, Number(object))}`;
      yield { text: `no events${of}${on}` };
      return;
    }
    yield* tableOf(target, shown, Math.min(WIDTH, call.width));
  },
};

/** The thread that is asked for.  @throws MdbError for one that there is not */
function threadOf({ target, options, session, address, hasAddress }: Call): DumpThread | undefined {
  const { t: asked } = options;
  if (typeof asked !== 'string') return hasAddress ? target.threadAt(address) : undefined;
  const named = target.threads.find(({ name }) => name === asked);
  if (named !== undefined) return named;
  let found: DumpThread | undefined;
  try {
    found = target.threadAt(session.evaluate(asked));
  } catch {
    // It was a name after all, and is not one.
  }
  if (found !== undefined) return found;
  const names = target.threads.slice(0, 8).map(({ name }) => name);
  throw oops(
    `no thread ${asked}`,
    `there are ${names.join(', ')}${target.threads.length > 8 ? ', …' : ''}`,
  );
}

/** What the rings do not have any more. */
function missingText({ wrapped, wholeFrom, capacity }: Rings, shown: readonly Event[]): string {
  const [first] = shown;
  if (wrapped.length === 0 || first === undefined || first.seq >= wholeFrom) return '';
  const names = wrapped
    .slice(0, 4)
    .map(({ name }) => printable(name))
    .join(', ');
  const more = wrapped.length > 4 ? ` and ${wrapped.length - 4} more` : '';
  return `A ring holds ${capacity} events, and wrapped for ${names}${more}: before ${wholeFrom} some of theirs are gone.`;
}

function* tableOf(target: Target, shown: readonly Event[], width: number): Iterable<Row> {
  const threads = [...new Set(shown.map(({ thread }) => thread))].sort((a, b) => a.id - b.id);
  const texts = shown.map((event) => textOf(target, event));
  // Many threads have no columns of their own, so nobody asks how wide.
  const sizes = (threads.length > SIDE_BY_SIDE ? [] : threads).map((thread) =>
    Math.max(
      printable(thread.name).length,
      ...texts.filter((_, i) => shown[i]!.thread === thread).map((text) => text.length),
    ),
  );
  const total = sizes.reduce((sum, size) => sum + size + 2, 20);
  const isWide = threads.length <= SIDE_BY_SIDE && total <= width;
  const name = Math.max(6, ...threads.map((thread) => printable(thread.name).length));
  const seq = Math.max(6, String(shown.at(-1)?.seq ?? 0).length);
  const heads = isWide
    ? threads.map((thread, i) => left(thread.name, sizes[i]! + 1))
    : [left('THREAD', name), 'EVENT'];
  yield { text: columns(right('SEQ', seq), right('AGO', 9), ...heads) };
  for (const [i, event] of shown.entries()) {
    const text = texts[i]!;
    const column = isWide ? threads.indexOf(event.thread) : -1;
    const cells = isWide
      ? sizes.map((size, j) => (j === column ? text : '').padEnd(size + 1))
      : [left(event.thread.name, name), text];
    yield {
      text: columns(right(event.seq, seq), right((-event.ago).toFixed(1), 9), ...cells),
      address: addressOf(event.thread),
      data: {
        seq: event.seq,
        ago_ms: event.ago,
        thread: event.thread.name,
        event: event.kind,
        object: event.object === 0 ? null : hex(event.object),
        name: lockName(target, event.object),
        text,
      },
    };
  }
}

/** `block dtrace_lock (dtrace -Cs)`. */
function textOf(target: Target, { kind, object, arg }: Event): string {
  const isSleep = kind === 'block' || kind === 'wake';
  const on = object === 0 ? (isSleep ? ' delay' : '') : ` ${lockName(target, object)}`;
  return `${printable(kind)}${on}${argumentText(target, kind, object, arg)}`;
}

function argumentText(target: Target, kind: string, object: number, arg: number): string {
  switch (kind) {
    case 'exit': {
      const field = target.types.find('kthread')?.fields.find(({ name }) => name === 'exit_reason');
      return ` ${printable(field?.names?.[arg] ?? String(arg))}`;
    }
    case 'note':
    case 'panic':
      return arg === 0 ? '' : ` ${printable(target.readString(BigInt(arg)))}`;
    case 'signal':
      return arg === 0 ? ' (nobody)' : ` (${nameOf(target, object, arg)})`;
    default:
      return arg === 0 ? '' : ` (${nameOf(target, object, arg)})`;
  }
}

/** Mostly a thread; of a rwlock that is not written, eight for each that reads. */
function nameOf(target: Target, object: number, arg: number): string {
  const thread = target.threadAt(BigInt(arg));
  if (thread !== undefined) return printable(thread.name);
  const rwlock =
    target.dump.locks.find(({ address }) => address === hex(object))?.kind === 'rwlock';
  if (!rwlock || (arg & 4) !== 0) return hexOf(arg);
  return arg >> 3 === 1 ? 'a reader' : `${arg >> 3} readers`;
}
