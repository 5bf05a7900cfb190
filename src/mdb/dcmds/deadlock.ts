/*
 * ::deadlock: what went wrong, drawn and explained; and ::victims: who queues behind it.
 *
 * The sentences are made in explain.ts, from the dump alone.  Here it gets what only a debugger knows, and is
 * printed: the title, the picture (dump/cycle.ts), the story, where each thread stands, and what to type next.
 */

import { printable } from '../../base/text.ts';
import { drawHang, milliseconds } from '../../dump/cycle.ts';
import type { DumpFrame, DumpThread } from '../../dump/format.ts';
import { columns, hex, left, pointer0, right, WIDE, wrap } from '../columns.ts';
import type { Call, Dcmd, Row } from '../dcmd.ts';
import { MdbError } from '../error.ts';
import { explain, type Explanation, type Facts, type Link } from '../story/explain.ts';
import { readRings } from '../target/rings.ts';
import { takenAt } from '../target/taken.ts';
import { addressOf, type Target } from '../target/target.ts';

/** Prose is wrapped here, or at the terminal if that is narrower. */
const PROSE = 96;
/** Threads of a chain in one line of ::victims. */
const CHAIN_SHOWN = 8;
/** And in its data: whoever wants more asks ::why. */
const CHAIN_MAX = 64;

export const deadlock: Dcmd = {
  name: 'deadlock',
  usage: '',
  address: 'none',
  summary: 'explain what went wrong: the cycle, or whatever it was',
  help: [
    "The dump's answer, for any verdict: a picture of who holds and wants what, the story in sentences, where",
    'in the source each thread of it stands, and what to type next.  Into a pipe it gives those threads:',
    '::deadlock | ::findstack.',
    '',
    'Where a lock was taken is read in the source of the functions on the stack: the nearest call before that',
    'place which names it.  Of one that was taken by a function which has returned, nothing is said.',
    '',
    'It says what was observed.  A verdict that was found by what did not happen is marked as such, and a',
    'guess is called a hint.',
  ].join('\n'),
  *run(call) {
    const { target, width } = call;
    const told = explain(target.dump, factsOf(target));
    const columnsMax = Math.max(40, Math.min(PROSE, width));
    yield { text: printable(told.title), data: dataOf(target, told) };
    const drawn = drawHang(target.dump);
    const picture = drawn.slice(drawn[0] === '' ? 1 : 0);
    if (picture.length > 0) {
      yield { text: ['', ...picture.map((line) => (line === '' ? '' : `  ${line}`))].join('\n') };
    }
    for (const paragraph of told.story) {
      yield {
        text: ['', ...wrap(printable(paragraph).replaceAll(/ {2,}/g, ' '), columnsMax)].join('\n'),
      };
    }
    yield* standRows(call, told.links);
    if (told.next.length === 0) return;
    const wide = Math.max(...told.next.map(({ command }) => command.length));
    const lines = told.next.map(
      ({ command, shows }) => `  ${left(command, wide)}   ${printable(shows)}`,
    );
    yield { text: ['', 'next:', ...lines].join('\n') };
  },
};

/** A few lines for each thread of the picture, which is also what a pipe gets. */
function* standRows({ target }: Call, links: readonly Link[]): Iterable<Row> {
  if (links.length === 0) return;
  yield { text: '\nwhere they stand:' };
  for (const { thread, has, wants, at, from } of links) {
    const address = addressOf(thread);
    const why = thread.exit ?? thread.unstopped ?? 'in no function of the workload';
    const had = has === undefined ? '' : `has ${has.name}`;
    const wanted = wants === null ? '' : `waits for ${wants.name}`;
    const state = [had, wanted].filter((each) => each !== '').join(', ');
    const lines = [
      columns(`  ${pointer0(address)}`, printable(thread.name + (state && `: ${state}`))),
    ];
    const taken = has && takenAt(target, thread, has.name);
    if (taken !== undefined) {
      const { place, file, line } = taken;
      const where = `${printable(place)}  ${printable(file)}:${line}`;
      lines.push(`      took it in  ${where}, or so its source says`);
    }
    const verb = wants === null ? 'stands in' : 'waits in';
    lines.push(
      at === undefined
        ? `      ${thread.exit === undefined ? 'no place' : 'is gone'}    ${printable(why)}`
        : `      ${left(verb, 10)}  ${placeText(target, at)}`,
    );
    if (from.length > 0) {
      lines.push(`      called by   ${from.map((frame) => printable(frame.function)).join(' < ')}`);
    }
    yield { text: lines.join('\n'), address };
  }
}

/** `prgetmap+0x2ea  workloads/dtrace-deadlock/prsubr.ts:147`. */
function placeText(target: Target, frame: DumpFrame): string {
  return `${placeOf(target, frame)}  ${printable(frame.file)}:${frame.line}`;
}

function placeOf(target: Target, frame: DumpFrame): string {
  const pc = target.text.addressOf(frame);
  return printable(pc === 0 ? frame.function : target.symbolic(BigInt(pc)));
}

/** What a debugger adds to the JSON of a dump. */
export function factsOf(target: Target): Facts {
  return {
    place: (frame) => placeOf(target, frame),
    tried: (thread) => lastContended(target, thread),
    signalledBy: (address) => {
      const thread = wordOf(target, 'kcondvar', address, 'last_signal');
      return thread === undefined ? undefined : target.threadAt(addressOf({ address: thread }));
    },
  };
}

/** The lock that a thread contended for last, by its event ring; undefined where that does not say. */
function lastContended(target: Target, thread: DumpThread): string | undefined {
  try {
    const own = readRings(target).events.filter((event) => event.thread === thread);
    const last = own.findLast(({ kind, object }) => kind === 'contend' && object !== 0);
    return last === undefined ? undefined : hex(last.object);
  } catch (error) {
    if (error instanceof MdbError) return undefined;
    throw error;
  }
}

/** A pointer of a record, in hexadecimal; undefined where it is NULL or the dump does not have it. */
function wordOf(target: Target, type: string, address: string, field: string): string | undefined {
  const known = target.types.find(type)?.fields.find(({ name }) => name === field);
  const value = known && target.word(Number.parseInt(address, 16) + known.offset);
  return value === undefined || value === 0 ? undefined : hex(value);
}

function dataOf(target: Target, { title, story, links, next }: Explanation): Row['data'] {
  return {
    verdict: target.dump.head.verdict,
    title,
    story,
    threads: links.map(({ thread, has, wants, at, from }) => ({
      address: thread.address,
      name: thread.name,
      has: has ?? null,
      taken: (has && takenAt(target, thread, has.name)) ?? null,
      wants,
      at: at === undefined ? null : { place: placeOf(target, at), file: at.file, line: at.line },
      from: from.map((frame) => frame.function),
    })),
    next,
  };
}

// --- ::victims ------------------------------------------------------------------------------------

export const victims: Dcmd = {
  name: 'victims',
  usage: '',
  address: 'none',
  summary: 'who queues behind the hang, in order of arrival',
  help: [
    'The threads that nothing is wrong with but that what they wait for does not come, the longest wait first.',
    '',
    'ADDR    of the thread',
    'WAITED  how long, when the machine was stopped',
    'WANTS   what it waits for',
    'NAME    of the thread, and from whom to whom the waits lead until they meet the hang',
  ].join('\n'),
  *run({ target }) {
    const { head } = target.dump;
    const byId = new Map(target.threads.map((each) => [each.id, each]));
    const cycle = new Set(head.cycle);
    const those = [...new Set(head.victims)]
      .flatMap((id) => byId.get(id) ?? [])
      .toSorted((a, b) => (b.wants?.waited_ms ?? 0) - (a.wants?.waited_ms ?? 0));
    if (those.length === 0) {
      yield {
        text: `nobody waits behind ${head.cycle.length === 0 ? 'anybody: there is no hang' : 'it'}`,
      };
      return;
    }
    const wants = Math.max(
      5,
      ...those.map((thread) => printable(thread.wants?.name ?? '-').length),
    );
    yield {
      text: columns(right('ADDR', WIDE), right('WAITED', 8), left('WANTS', wants), 'NAME'),
    };
    for (const thread of those) {
      const chain = chainOf(thread, cycle, byId);
      const steps = chain.slice(0, CHAIN_SHOWN).map(({ name }) => printable(name));
      if (chain.length > CHAIN_SHOWN) steps.push('…');
      yield {
        text: columns(
          pointer0(addressOf(thread)),
          right(thread.wants === null ? '-' : milliseconds(thread.wants.waited_ms), 8),
          left(thread.wants?.name ?? '-', wants),
          [printable(thread.name), ...steps].join(' > '),
        ),
        address: addressOf(thread),
        data: {
          address: thread.address,
          name: thread.name,
          wants: thread.wants,
          chain: chain.map(({ name }) => name),
        },
      };
    }
  },
};

/** From a thread to the first one of the hang, over what each waits for. */
function chainOf(
  thread: DumpThread,
  cycle: ReadonlySet<number>,
  byId: ReadonlyMap<number, DumpThread>,
): DumpThread[] {
  const chain = new Set<DumpThread>();
  let at: DumpThread | undefined = thread;
  while (at !== undefined && !cycle.has(at.id) && chain.size < CHAIN_MAX) {
    const [owner]: readonly number[] = at.wants?.owners ?? [];
    at = owner === undefined ? undefined : byId.get(owner);
    if (at === undefined || chain.has(at)) break;
    chain.add(at);
  }
  return [...chain];
}
