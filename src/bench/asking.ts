/*
 * What is asked of the bench, and what is refused before anything is measured.
 *
 *     asked                       is refused where
 *     -------------------------   ---------------------------------------------------------------------------------
 *     a question, one figure      there is no such question; it has no figure of that name
 *     --threads                   a question that was named counts no threads, or has no machine with so many
 *     --no-pin                    a question that was named starts no machine: it would measure the same twice over
 *     --against, by name or path  no question that is asked takes any kind of lock that this peer has
 *
 * Where no question is named, those are asked that can do what is asked of them, and do not take minutes.  Nobody said of the
 * others that they should be.  So is a peer of `all`, which is measured where there is a use for it.
 *
 * A figure that is measured, but fails, has its name all the same.  What only the measuring can tell is left to it: that a
 * question has no figures on this system (question-list.ts).
 */

import { fail, type Fail } from '../base/fail.ts';
import { checkFigures, type Asked } from './figure.ts';
import { peersOf } from './peers.ts';
import { figuresOf, questionOf, QUESTIONS } from './question-list.ts';
import { threadCountsOf } from './thread-counts.ts';

/** A question, and the figures of it that are wanted; null: all. */
export interface Wanted {
  readonly question: string;
  readonly figures: readonly string[] | null;
}

/**
 * What a command line asks for.
 * @param questions each a question's name, or one of its figures': lock-pair.mutex
 * @throws Fail UNKNOWN_QUESTION, UNKNOWN_FIGURE, QUESTION_OPTION, BAD_NUMBER
 */
export function wantedOf(questions: readonly string[], asked: Asked): Wanted[] {
  if (questions.length === 0) return whatCan(asked);
  const wanted = named(questions);
  for (const each of wanted) {
    const { question, figures } = each;
    if (figures !== null) checkFigures(question, figures, figuresOf(question, asked.quick));
    const failure = whyNot(each, asked);
    if (failure !== undefined) throw failure;
  }
  return wanted;
}

/** A question as its process, or this one, is asked it.  @param dumps what the names of its dumps begin with */
export function askedOf({ figures }: Wanted, asked: Asked, dumps?: string): Asked {
  const { quick, against, threads, pin } = asked;
  return {
    quick,
    against,
    ...(figures === null ? {} : { figures }),
    ...(threads === undefined ? {} : { threads }),
    ...(pin === undefined ? {} : { pin }),
    ...(dumps === undefined ? {} : { dumps }),
  };
}

/**
 * Each peer that was named must be taken by a question that is asked.
 * @throws Fail PEER_UNASKED, or what is wrong with a peer (peers.ts)
 */
export async function checkPeers(wanted: readonly Wanted[], asked: Asked): Promise<void> {
  for (const each of asked.against.filter((name) => name !== 'all')) {
    const [peer] = (await peersOf([each])).peers;
    const takes = (question: string, figures: Wanted['figures']): boolean => {
      const { kinds } = questionOf(question);
      const taken = kinds?.({ ...asked, ...(figures === null ? {} : { figures }) }) ?? [];
      return taken.some((kind) => peer!.kinds.includes(kind));
    };
    if (wanted.some(({ question, figures }) => takes(question, figures))) continue;
    throw fail('PEER_UNASKED', {
      peer: each,
      kinds: peer!.kinds.join(', '),
      known: Object.keys(QUESTIONS)
        .filter((question) => takes(question, null))
        .join(', '),
    });
  }
}

/** All that can be asked so, and do not take minutes.  @throws Fail BAD_NUMBER where there is none */
function whatCan(asked: Asked): Wanted[] {
  const short = Object.keys(QUESTIONS).filter((name) => QUESTIONS[name]!.isLong !== true);
  const all = short.map((question): Wanted => ({ question, figures: null }));
  const can = all.filter((each) => whyNot(each, asked) === undefined);
  if (can.length > 0) return can;
  throw all.map((each) => whyNot(each, asked)).find((failure) => failure?.code === 'BAD_NUMBER')!;
}

/** By question, in the order in which they were named first.  @throws Fail UNKNOWN_QUESTION */
function named(questions: readonly string[]): Wanted[] {
  const wanted = new Map<string, string[] | null>();
  for (const each of questions) {
    const dot = each.indexOf('.');
    const question = dot < 0 ? each : each.slice(0, dot);
    questionOf(question);
    const before = wanted.get(question);
    if (dot < 0 || before === null) wanted.set(question, null);
    else wanted.set(question, [...(before ?? []), each.slice(dot + 1)]);
  }
  return [...wanted].map(([question, figures]) => ({ question, figures }));
}

/** Why a question cannot be asked so; undefined where it can. */
function whyNot({ question, figures }: Wanted, asked: Asked): Fail | undefined {
  const { threads, pin, against } = asked;
  if (threads !== undefined) {
    const counts = threadCountsOf(question);
    if (counts === undefined)
      return fail('QUESTION_OPTION', {
        question,
        option: '--threads',
        what: 'it counts no threads',
        known: Object.keys(QUESTIONS)
          .filter((name) => threadCountsOf(name) !== undefined)
          .join(', '),
      });
    const { min, max, even = false } = counts;
    const wrong = threads.find((n) => n < min || n > max || (even && n % 2 !== 0));
    if (wrong !== undefined)
      return fail('BAD_NUMBER', {
        where: '--threads',
        text: String(wrong),
        wanted: `${even ? 'an even' : 'a'} number from ${min} to ${max}, which is what ${question} takes`,
      });
  }
  if (pin !== false) return undefined;
  const isInMachines = (name: string, of: Wanted['figures']): boolean =>
    questionOf(name).isInMachines?.({ against, ...(of === null ? {} : { figures: of }) }) ?? true;
  if (isInMachines(question, figures)) return undefined;
  return fail('QUESTION_OPTION', {
    question: [question, ...(figures ?? [])].join('.'),
    option: '--no-pin',
    what: 'it starts no machine',
    known: Object.keys(QUESTIONS)
      .filter((name) => isInMachines(name, null))
      .join(', '),
  });
}
