/*
 * The stories of threads that wait: what each has and waits for, and why that does not end.
 *
 *     deadlock, a circle    who has what and waits for whom, round and back; why no chain of owners shows it,
 *                           where one of the things is no lock; which waits would cut it
 *     deadlock, open        where the chain of waits ends, and who was last heard of there
 *     self-deadlock         what it has and wants once more
 *     orphaned-lock         who left with it
 *     lost-wakeup           what was slept through
 *     starvation            who gets what the other one waits for
 *
 * What follows from silence is said to, and a hint is called one.
 */

import {
  lasting,
  listed,
  numeral,
  standing,
  standingOf,
  tellPlain,
  wish,
  type Case,
  type Command,
  type Link,
  type Told,
} from './words.ts';

type Facts = Case['facts'];

/** Steps of a circle that are told one by one. */
const STEPS_TOLD = 6;
/** Threads that get a command each. */
const PLACES = 3;

export function tellDeadlock(known: Case): Told {
  return isCircle(known.links) ? tellCircle(known) : tellOpen(known);
}

function isCircle(links: readonly Link[]): boolean {
  const [first] = links;
  return first !== undefined && links.at(-1)!.wants?.owners.includes(first.thread.id) === true;
}

function tellCircle({ links, facts }: Case): Told {
  const count = links.length;
  return {
    title: `deadlock: ${numeral(count)} threads wait for one another in a circle`,
    story: [roundAndBack(links), ...hiddenEdges(links), cutOf(links)],
    next: [
      ...disOf(links, facts),
      { command: `${links[0]!.thread.address}::why`, shows: 'the same chain, a step a line' },
    ],
  };
}

/** Round the circle, thread by thread. */
function roundAndBack(links: readonly Link[]): string {
  const steps = links.map((link, i) => {
    const next = links[(i + 1) % links.length]!;
    const wants = link.wants === null ? 'nothing' : wish(link.wants);
    const has = link.has === undefined ? '' : `has ${link.has.name} and `;
    const who = i === 0 ? `${link.thread.name} ${has}` : '';
    const which = ownership(link, next);
    return `${who}waits for ${wants}, which ${next.thread.name} ${which}`;
  });
  const none = links.length === 2 ? 'Neither can go on.' : 'None of them can go on.';
  const shown =
    steps.length <= STEPS_TOLD
      ? steps
      : [
          ...steps.slice(0, STEPS_TOLD - 2),
          `and so on over ${steps.length - STEPS_TOLD + 1} more; the last one ${steps.at(-1)!}`,
        ];
  return `${shown.join('; that one ').replace('that one and so on', 'and so on')}. ${none}`;
}

/** How the next one has what the link waits for. */
function ownership({ wants }: Link, next: Link): string {
  if (next.has?.mode === 'reader') return 'has to read';
  if (next.has?.mode === 'writer') return 'has to write';
  if (next.has === undefined && wants?.kind === 'rwlock') return 'stands in line for, ahead of it';
  return 'has';
}

/** Declared resources: the edges that no owner of a lock shows. */
function hiddenEdges(links: readonly Link[]): string[] {
  return links.flatMap(({ thread, wants }) =>
    wants?.via === undefined
      ? []
      : [
          `${wants.name} is no lock but a flag with a condvar, ${wants.via}.  ${thread.name} sleeps on the condvar, and nobody owns a condvar: who follows locks to their owners, as a kernel does when a thread blocks, loses the trail there.  That this circle was seen is because the workload declares who has the flag.`,
        ],
  );
}

/** Any one wait that is not made while that lock is held breaks the circle. */
function cutOf(links: readonly Link[]): string {
  const all = links.length === 2 ? 'both' : `all ${numeral(links.length)}`;
  return `It takes ${all} waits.  Were one of them not made, or not with that in hand, the rest would go on: read below where each stands, and find the one that ought not to be.`;
}

function disOf(links: readonly Link[], facts: Facts): Command[] {
  return links
    .slice(0, PLACES)
    .flatMap(({ at, thread }) =>
      at === undefined
        ? []
        : [{ command: `${facts.place(at)}::dis`, shows: `the line where ${thread.name} waits` }],
    );
}

/** A chain that ends at something without a known owner. */
function tellOpen({ links, facts }: Case): Told {
  const last = links.at(-1);
  const end = last?.wants;
  const signaller = end?.kind === 'cv' ? facts.signalledBy(end.address) : undefined;
  const story = [
    links
      .map(({ thread, wants }) => `${thread.name} waits for ${wants === null ? '?' : wish(wants)}`)
      .join('; ') + '.',
    `The chain ends there: nobody is known to have ${end?.name ?? 'that'}.  ${end?.kind === 'cv' ? 'It is a condvar, and who is to signal it is known to the program alone.' : 'It has no owner that a dump could name.'}  No circle was seen, so this is concluded from what did not happen.`,
  ];
  if (signaller !== undefined) {
    const member = links.some(({ thread }) => thread.id === signaller.id);
    story.push(
      `A hint, not a proof: ${signaller.name} signalled ${end!.name} last, so it is one of those who do.  ${
        member || signaller.wants !== null
          ? `It waits itself, for ${signaller.wants?.name ?? '?'}, in ${standingOf(signaller, facts)}: if it is to signal once more, the circle is closed.`
          : `It stands in ${standingOf(signaller, facts)}.`
      }  Declare who has what the condvar stands for (resource_init), and the next dump will name the circle.`,
    );
  }
  return {
    title: 'deadlock: threads wait, and none of them can wake another',
    story,
    next:
      signaller === undefined
        ? []
        : [{ command: `${signaller.address}::findstack`, shows: `the one who signalled last` }],
  };
}

export function tellSelf(known: Case): Told {
  const { links, facts } = known;
  const [link] = links;
  if (link === undefined) return tellPlain(known);
  const { thread, wants } = link;
  const has = thread.holds.find(({ address }) => address === wants?.address);
  return {
    title: `self-deadlock: ${thread.name} waits for what it has itself`,
    story: [
      `${thread.name} has had ${wants?.name ?? '?'}${has?.mode === 'reader' ? ' to read' : ''} ${lasting(has?.held_ms ?? 0)}, and asks ${wants?.mode === 'writer' ? 'to write it' : 'for it once more'} in ${standing(link, facts)}.  Only ${thread.name} could give it up, and it sleeps.`,
      ...(has?.mode === 'reader' && wants?.mode === 'writer'
        ? [
            'A reader cannot become a writer by asking: the writer waits for all readers, itself among them.',
          ]
        : []),
    ],
    next: disOf(links, facts),
  };
}

export function tellOrphan(known: Case): Told {
  const { links, thread: byId, facts, dump } = known;
  const [link] = links;
  if (link === undefined) return tellPlain(known);
  const holder = link.thread;
  const held = listed(holder.holds.map(({ name }) => name));
  const waiting = dump.head.victims.flatMap((id) => byId(id) ?? []);
  return {
    title: `orphaned-lock: ${holder.name} is gone, and took ${held} along`,
    story: [
      `${holder.name} came to its end (${holder.exit ?? 'gone'}) while it had ${held}.  A lock is given up by who took it and by nobody else, so it stays taken.`,
      ...waiting
        .slice(0, 3)
        .map(
          (each) =>
            `${each.name} has waited for ${each.wants?.name ?? '?'} ${lasting(each.wants?.waited_ms ?? 0)}, in ${standingOf(each, facts)}.`,
        ),
      'Look for a way out of the role that skips the exit: a return, a throw, a missing finally.',
    ],
    next: waiting.slice(0, 1).map((each) => ({
      command: `${each.address}::why`,
      shows: 'the way from the waiter to the one who is gone',
    })),
  };
}

export function tellLost({ links, facts }: Case): Told {
  const names = listed(links.map(({ thread }) => thread.name));
  return {
    title: `lost-wakeup: ${names} slept through what it waited for`,
    story: [
      ...links.map(
        (link) =>
          `${link.thread.name} has slept on ${link.wants?.name ?? '?'} ${lasting(link.wants?.waited_ms ?? 0)}, in ${standing(link, facts)}.`,
      ),
      'Who signals when nobody sleeps yet is not heard.  So the condition must be looked at, and the sleep begun, under one mutex, and who makes it true must take the same mutex.',
    ],
    next: links.slice(0, 1).flatMap(({ wants }) =>
      wants?.kind === 'cv'
        ? [
            {
              command: `${wants.address}::print kcondvar`,
              shows: 'signals sent, and those unheard',
            },
          ]
        : [],
    ),
  };
}

export function tellStarved(known: Case): Told {
  const { links, facts, dump } = known;
  const [link] = links;
  if (link === undefined) return tellPlain(known);
  const { thread, wants } = link;
  const others = dump.threads.filter(
    ({ id, progress_after: after }) => after > 0 && id !== thread.id,
  );
  return {
    title: `starvation: ${thread.name} never gets ${wants?.name ?? 'what it waits for'}`,
    story: [
      `${thread.name} has waited for ${wants === null ? '?' : wish(wants)} ${lasting(wants?.waited_ms ?? 0)}, in ${standing(link, facts)}, ${others.length === 0 ? 'while others got it' : `while ${listed(others.map(({ name, progress_after: after }) => `${name} (${after.toLocaleString('en')} rounds since the verdict)`))} got on`}.`,
      'Nobody is stuck: the lock is free again and again, and always somebody else is quicker.',
    ],
    next: [{ command: '::locks -n 0t10', shows: 'which locks are fought for' }],
  };
}
