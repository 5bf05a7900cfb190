/*
 * The stories of threads that do not wait for each other: those that run and get nowhere, and those that fell.
 *
 *     livelock                    who is busy without result, and with what
 *     stall                       where the one is that does not come back
 *     panic                       the message in words, what the panicking thread had, who waited for that;
 *                                 and the circle, if it was about to close one
 *     requested                   who waits at the moment, which may be nothing
 *     crash, timeout, others      what the dump says itself
 */

import { milliseconds } from '../../dump/cycle.ts';
import type { DumpThread } from '../../dump/format.ts';
import {
  lasting,
  listed,
  standing,
  standingOf,
  tellPlain,
  wish,
  type Case,
  type Told,
} from './words.ts';

/** Threads that a story names one by one. */
const STACKS = 3;
/** Waits that are followed from a thread, at most. */
const CHAIN_MAX = 256;

export function tellBusy({ links, facts, dump }: Case): Told {
  const names = listed(links.map(({ thread }) => thread.name));
  return {
    title: `livelock: ${names} are busy, and get nothing done`,
    story: [
      `${dump.head.message}.`,
      ...links.map(
        (link) =>
          `${link.thread.name} was in ${standing(link, facts)}${link.thread.holds.length === 0 ? '' : `, with ${listed(link.thread.holds.map(({ name }) => name))}`}.`,
      ),
      'Each undoes what it did as soon as the other is in the way, and both begin again.  An order of the locks, or a wait of different length, ends it.',
    ],
    next: [{ command: '::events -c', shows: 'the last things they did, side by side' }],
  };
}

export function tellStall({ links, facts }: Case): Told {
  const names = listed(links.map(({ thread }) => thread.name));
  return {
    title: `stall: ${names === '' ? 'the machine' : names} does not come back`,
    story: [
      ...links.map((link) => {
        const { thread } = link;
        const held = listed(thread.holds.map(({ name }) => name));
        const where =
          link.at === undefined
            ? (thread.unstopped ?? 'where is not known')
            : `in ${standing(link, facts)}`;
        return `${thread.name} was ${where}${thread.os === undefined ? '' : ` (${thread.os.doing})`}${held === '' ? '' : `, with ${held} in hand: who wants that waits for this`}.`;
      }),
      'It is in no function of the kernel: neither asleep nor after a lock.  A dump shows where, not why: a loop, work that takes too long, or native code.',
    ],
    next: links.slice(0, 1).map(({ thread }) => ({
      command: `${thread.address}::locals`,
      shows: 'the values it works with',
    })),
  };
}

export function tellPanic(known: Case): Told {
  const { dump, facts, links, thread: byId } = known;
  const [link] = links;
  if (link === undefined) return tellPlain(known);
  const { thread } = link;
  const waiting = dump.threads.filter(({ wants }) => wants?.owners.includes(thread.id) === true);
  const story = [
    `${thread.name} panicked: ${dump.head.message}.  ${inWords(dump.head.message)}`.trim(),
    `It was in ${standing(link, facts)}${thread.holds.length === 0 ? '' : `, and had ${listed(thread.holds.map(({ name, held_ms: ms }) => `${name} (${milliseconds(ms)})`))}`}.`,
  ];
  const closing = closingOf(thread, facts, dump.threads, byId);
  if (closing !== undefined) story.push(closing);
  else if (waiting.length > 0) {
    story.push(
      ...waiting.map(
        (each) =>
          `${each.name} waited for ${each.wants!.name}, which ${thread.name} had, in ${standingOf(each, facts)}: it was at work on the same thing at the same time, so it is the first to look at.`,
      ),
    );
  }
  return {
    title: `panic: ${dump.head.message}`,
    story,
    next: [
      { command: '$C', shows: 'the stack of the thread that panicked' },
      ...waiting.slice(0, STACKS).map((each) => ({
        command: `${each.address}::findstack`,
        shows: `where ${each.name} stood meanwhile`,
      })),
    ],
  };
}

/** What a panic of the kernel's own means. */
function inWords(message: string): string {
  const row = PANICS.find(([pattern]) => pattern.test(message));
  return row === undefined ? '' : row[1];
}

const PANICS: readonly (readonly [RegExp, string])[] = [
  [/^BAD TRAP.*addr=/, 'It read or wrote an address that is not mapped; addr= says which.'],
  [/^recursive mutex_enter/, 'It asked for a mutex that it had already: a mutex does not nest.'],
  [/not owner/, 'It gave up a lock that it did not have.'],
  [
    /cycle in blocking chain/,
    'The kernel saw, as this thread was about to sleep, that the wait would close a circle: each of the others waits for the next, and the last for it.',
  ],
  [/^assertion failed/, 'The program says what must hold there, and it did not.'],
];

/** The circle that a thread was about to close, from the lock that it tried last. */
function closingOf(
  thread: DumpThread,
  facts: Case['facts'],
  threads: readonly DumpThread[],
  byId: Case['thread'],
): string | undefined {
  const tried = facts.tried(thread);
  if (tried === undefined) return undefined;
  const steps: string[] = [];
  let lock = tried;
  let owner = threads.find(({ holds }) => holds.some(({ address }) => address === lock));
  while (owner !== undefined && steps.length < CHAIN_MAX) {
    const name = owner.holds.find(({ address }) => address === lock)?.name ?? '?';
    steps.push(`${name}, which ${owner.name} had`);
    if (owner.id === thread.id) break;
    if (owner.wants === null) return undefined;
    lock = owner.wants.address;
    const [next] = owner.wants.owners;
    owner = next === undefined ? undefined : byId(next);
  }
  if (owner?.id !== thread.id || steps.length < 2) return undefined;
  return `The circle: ${thread.name} was about to wait for ${steps.join('; that one waited for ')}.  Had it gone to sleep, none of them would have woken.`;
}

export function tellRequested({ dump, facts }: Case): Told {
  const waiting = dump.threads
    .filter(({ wants }) => wants !== null && wants.owners.length > 0)
    .toSorted((a, b) => b.wants!.waited_ms - a.wants!.waited_ms);
  const [longest] = waiting;
  return {
    title: 'requested: somebody asked for this dump; nothing was found wrong',
    story: [
      longest === undefined
        ? 'No thread waits for what another one has.'
        : `The longest wait for what another thread has: ${longest.name}, for ${wish(longest.wants!)}, ${lasting(longest.wants!.waited_ms)}, in ${standingOf(longest, facts)}.`,
    ],
    next: [
      { command: '::locks -n 0t10', shows: 'which locks are fought for' },
      ...(longest === undefined
        ? []
        : [{ command: `${longest.address}::why`, shows: `for whom ${longest.name} waits` }]),
    ],
  };
}
