/*
 * The explanation: from what a dump says to sentences that a newcomer can follow.
 *
 * Data in, sentences out: nothing here reads memory or prints.  What only a debugger can know (what a place is
 * called, which lock a thread tried last) comes in as Facts, all of which may be missing, so that `analyze`
 * can use it with the JSON of a dump alone.
 *
 *     title     the verdict in one line
 *     story     paragraphs: what each thread has and waits for, why that cannot end, what is odd about it
 *     links     the threads of the picture, in the order of their waits, and where in the source each stands
 *     next      commands that lead on, each with what it shows
 *
 * Each verdict has a story of its own, in story/; what goes for all of them is here.  They say what was
 * observed.  Where something is concluded from silence, they say so, and a hint is called a hint.
 */

import type { Dump, DumpThread } from '../../dump/format.ts';
import { tellBusy, tellPanic, tellRequested, tellStall } from './others.ts';
import { tellDeadlock, tellLost, tellOrphan, tellSelf, tellStarved } from './waits.ts';
import {
  listed,
  NO_FACTS,
  numeral,
  ownFrames,
  tellPlain,
  type Case,
  type Command,
  type Facts,
  type Link,
  type Told,
} from './words.ts';

export { NO_FACTS, type Facts, type Link } from './words.ts';

export interface Explanation {
  readonly title: string;
  readonly story: readonly string[];
  readonly links: readonly Link[];
  readonly next: readonly Command[];
}

/** Callers that are named behind the place where a thread stands. */
const CALLERS = 5;
/** Threads that get a command each. */
const STACKS = 3;

/** Where it goes without saying that others get on. */
const UNHARMED: ReadonlySet<string> = new Set(['requested', 'starvation']);

// A map, for the verdict is the dump's word: `constructor` is no verdict.
const TELLERS: ReadonlyMap<string, (known: Case) => Told> = new Map([
  ['deadlock', tellDeadlock],
  ['self-deadlock', tellSelf],
  ['orphaned-lock', tellOrphan],
  ['lost-wakeup', tellLost],
  ['livelock', tellBusy],
  ['starvation', tellStarved],
  ['stall', tellStall],
  ['panic', tellPanic],
  ['requested', tellRequested],
]);

export function explain(dump: Dump, facts: Facts = NO_FACTS): Explanation {
  const byId = new Map(dump.threads.map((thread) => [thread.id, thread]));
  const cycle = dump.head.cycle.flatMap((id) => byId.get(id) ?? []);
  const links = cycle.map((thread, i) => linkOf(thread, cycle.at(i - 1)));
  const teller = TELLERS.get(dump.head.verdict) ?? tellPlain;
  const told = teller({ dump, facts, links, thread: (id) => byId.get(id) });
  const next = [
    // Who panicked has a command of its own.
    ...(dump.head.verdict === 'panic' ? [] : links.slice(0, STACKS)).map(({ thread }) => ({
      command: `${thread.address}::findstack`,
      shows: `where ${thread.name} stands, call by call`,
    })),
    ...told.next,
    ...(dump.head.victims.length === 0
      ? []
      : [{ command: '::victims', shows: 'who waits behind them, in order of arrival' }]),
  ];
  return {
    title: told.title,
    story: [...told.story, ...aroundIt(dump)],
    links,
    next: withoutRepeats(next),
  };
}

function withoutRepeats(commands: readonly Command[]): Command[] {
  return [...new Map(commands.toReversed().map((each) => [each.command, each])).values()].reverse();
}

/** A thread of a chain, behind the one that waits for it. */
function linkOf(thread: DumpThread, before: DumpThread | undefined): Link {
  const wanted = before?.wants?.address;
  const own = ownFrames(thread);
  return {
    thread,
    has: thread.holds.find(({ address }) => address === wanted),
    wants: thread.wants,
    at: own[0],
    from: own.slice(1, 1 + CALLERS),
  };
}

/** What goes for every verdict: how it was found, who waits behind, and who does not care. */
function aroundIt({ head, threads }: Dump): string[] {
  const story: string[] = [];
  if (head.because.length > 0 && head.verdict !== 'panic')
    story.push(`What the watchdog saw: ${head.because.join('; ')}.`);
  const { length } = head.victims;
  if (length > 0 && head.verdict !== 'panic') {
    story.push(
      length === 1
        ? 'Nothing is wrong with the one behind: what it waits for does not come.'
        : `Nothing is wrong with the ${numeral(length)} behind: what they wait for does not come.`,
    );
  }
  const alive = threads.filter(
    ({ id, progress_after: after }) => after > 0 && !head.cycle.includes(id),
  );
  if (alive.length > 0 && !UNHARMED.has(head.verdict)) {
    story.push(
      `${listed(alive.map(({ name }) => name))} got on all the same, so from outside the machine looked half alive.`,
    );
  }
  return story;
}
