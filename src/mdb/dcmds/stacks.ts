/*
 * ::stacks: the threads of the dump by what they do, a stack that many have shown once.
 *
 * The view to begin with when there are many threads: groups with the same state, the same kind of thing waited
 * for, and the same places on the stack, the largest first.  Filters choose threads before they are grouped,
 * and those that come out of one ::stacks can go into the next.
 */

import type { DumpThread } from '../../dump/format.ts';
import { suggest } from '../../base/suggest.ts';
import { hex, left, right, WIDE } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { groupsOf, placesOf, type Group } from '../target/stackgroups.ts';
import { addressOf, type Target } from '../target/target.ts';
import { NO_SOBJ, SOBJS, sobjOf, STATES, stateOf } from '../target/threads.ts';

type Filter = (thread: DumpThread) => boolean;

export const stacks: Dcmd = {
  name: 'stacks',
  usage: '[-afiv] [-c|-C func[+offset]] [-m|-M object] [-s|-S sobj|ALL] [-t|-T state]',
  address: 'optional',
  summary: 'filter and consolidate thread stacks',
  help: [
    'Groups the threads that have the same state, wait for the same kind of object, and are at the same',
    'places.  A thread is the example of its group: its address stands first.  With an address, or behind a',
    'pipe, only those threads.  Into a pipe, the addresses of all threads that the filters let through:',
    '::stacks -c fop_read | ::stacks -c cv_wait',
    '',
    '-a  with all threads of each group',
    '-i  the interesting ones, at first: -S CV -T FREE',
    '-c  those that are in a function, or at a place in it; -C are not',
    '-m  those that are in an object, by name or file (::objects); -M are not',
    '-s  those that wait for a kind of object, or ALL that wait; -S do not',
    '-t  those in a state; -T are not',
    '',
    `SOBJ types:  ${SOBJS.join(' ').toLowerCase()}`,
    `States:  ${STATES.join(' ').toLowerCase()}`,
    '',
    'RESOURCE, BARRIER and DELAY are ours: who sleeps on a condvar that stands for a declared resource, such',
    'as P_PR_LOCK, counts as RESOURCE.  -f and -v are taken and change nothing: stacks are never stale.',
  ].join('\n'),
  options: {
    a: 'flag',
    f: 'flag',
    i: 'flag',
    v: 'flag',
    c: 'value',
    C: 'value',
    m: 'value',
    M: 'value',
    s: 'value',
    S: 'value',
    t: 'value',
    T: 'value',
  },
  *run(call) {
    const { target, hasAddress, address } = call;
    yield* show(call, hasAddress ? [address] : target.threads.map(addressOf));
  },
  *takesRows(rows, call): Iterable<Row> {
    const addresses: bigint[] = [];
    for (const { address } of rows) {
      if (address !== undefined) addresses.push(address);
      yield {};
    }
    yield* show(call, addresses);
  },
};

function* show(call: Call, addresses: readonly bigint[]): Iterable<Row> {
  const { target, isPiped, isFirst, options } = call;
  const threads = new Set<DumpThread>();
  const strangers: bigint[] = [];
  for (const address of addresses) {
    const thread = target.threadAt(address);
    if (thread === undefined) strangers.push(address);
    else threads.add(thread);
  }
  const filters = filtersOf(call);
  const chosen = [...threads].filter((thread) => filters.every((filter) => filter(thread)));
  if (isPiped) {
    for (const thread of chosen) {
      yield { text: hex(addressOf(thread)), address: addressOf(thread) };
    }
  } else {
    let isHead = isFirst;
    for (const group of groupsOf(target, chosen)) {
      if (isHead) yield { text: line('THREAD', 'STATE', 'SOBJ', 'COUNT') };
      isHead = false;
      yield groupRow(group, options['a'] === true);
    }
  }
  const [first] = strangers;
  if (first !== undefined) {
    const more = strangers.length === 1 ? '' : `, and ${strangers.length - 1} more addresses`;
    throw oops(`${hex(first)}${more}: not in thread list`, '::walk thread lists them');
  }
}

function groupRow({ threads, state, sobj, places }: Group, isWhole: boolean): Row {
  const lines = threads
    .slice(0, isWhole ? threads.length : 1)
    .map((thread, i) =>
      line(hex(addressOf(thread)), state, sobj, i === 0 ? String(threads.length) : '-'),
    );
  lines.push(...places.map((place) => `${' '.repeat(WIDE)} ${place}`), '');
  return {
    text: lines.join('\n'),
    address: addressOf(threads[0]!),
    data: {
      state,
      sobj,
      count: threads.length,
      threads: threads.map(({ address, name }) => ({ address, name })),
      stack: places,
    },
  };
}

function line(thread: string, state: string, sobj: string, count: string): string {
  return [left(thread, WIDE), left(state, 8), left(sobj, WIDE), right(count, 8)].join(' ');
}

/** What each option asks of a thread.  @throws MdbError for what no thread could ever be */
function filtersOf({ target, options, session }: Call): Filter[] {
  const filters: Filter[] = [];
  const add = (letter: string, make: (value: string) => Filter): void => {
    const [is, isNot] = [options[letter], options[letter.toUpperCase()]];
    if (typeof is === 'string') filters.push(make(is));
    if (typeof isNot === 'string') {
      const filter = make(isNot);
      filters.push((thread) => !filter(thread));
    }
  };
  add('c', (value) => isIn(target, session.evaluate(value), value));
  add('m', (value) => isInObject(target, value));
  add('s', (value) => {
    if (value.toUpperCase() === 'ALL') return (thread) => sobjOf(target, thread) !== NO_SOBJ;
    const sobj = oneOf(value, SOBJS, 'sobj type');
    return (thread) => sobjOf(target, thread) === sobj;
  });
  add('t', (value) => {
    const state = oneOf(value.replace(/^TS_/i, ''), STATES, 'thread state');
    return (thread) => stateOf(target, thread) === state;
  });
  if (options['i'] === true) {
    filters.push((thread) => sobjOf(target, thread) !== 'CV' && stateOf(target, thread) !== 'FREE');
  }
  return filters;
}

/** Whether a thread is somewhere in a function, or exactly at a place. */
function isIn(target: Target, address: bigint, text: string): Filter {
  const at = Number(address);
  const object = target.text.objectAt(at);
  if (object === undefined) throw oops(`${text} is no function`, '::nm -t func lists them');
  const symbol = object.functionAt(at);
  return (thread) =>
    placesOf(target, thread).some((pc) =>
      symbol?.address === at ? object.holds(pc) && object.functionAt(pc) === symbol : pc === at,
    );
}

function isInObject(target: Target, name: string): Filter {
  const those = target.text.named(name);
  if (those.length === 0) {
    const near = suggest(
      name.slice(0, 64),
      target.text.objects.flatMap((each) => [each.stem, each.name]),
    );
    throw oops(
      `no object ${name}`,
      near === undefined ? '::objects lists them' : `is it ${near}? (::objects lists them)`,
    );
  }
  return (thread) =>
    placesOf(target, thread).some((pc) => those.some((object) => object.holds(pc)));
}

function oneOf(value: string, all: readonly string[], what: string): string {
  const upper = value.toUpperCase();
  if (all.includes(upper)) return upper;
  throw oops(`${what} "${value}" unknown`, `one of ${all.join(' ').toLowerCase()}`);
}
