/*
 * The bench: one file a question, and this list.
 *
 *     question          asks
 *     ---------------   -------------------------------------------------------------------------------
 *     lock-pair         what does a lock cost when nobody is in the way, against two compare-and-swaps?
 *     lock-contended    how fast, and how evenly, do threads get through one lock, beside others' locks?
 *     lock-fairness     how long does a thread wait for a lock that others want, and who gets it?
 *     rwlock            what does a lock for readers and writers let through, by the mix of both?
 *     condvar-handoff   what does it take to hand a token on through a condition variable?
 *     semaphore         how many units go through a bounded buffer under two semaphores?
 *     stub-call         what does a call through a stub cost by its kind, and what does the fix of 9056 save?
 *     kstat-fixes       which fix of 4997 to ship, and what does it cost?
 *     probe-cost        what does it cost that somebody could watch, and that somebody does?
 *     detection         how long from the last wait to the verdict, to the NMI, to the dump?
 *     watchdog-cost     what share of the CPUs does being watched take?
 *     schedules         how many schedules of real threads can a strategy try in a second?
 *     gallery           how many schedules until a strategy finds a known bug, beside what is published?
 *     time-to-bug       how long until a strategy finds a known bug, by the clock?
 *     boot              how long until a trial can begin, cold and warm?
 *
 * Figures are compared as ratios within one run (figure.ts).  A figure whose rounds disagree is marked as
 * noisy: on a busy machine, run it again before believing it.  Some have a goal, which is what the project
 * promises; that one is missed is said, and is no failure of the command, for it may be the machine's.
 * That something which was to be measured hangs, or loses an update, is a finding (peers.ts).
 */

import { availableParallelism, platform, release } from 'node:os';
import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { gridlockVersion } from '../base/version.ts';
import { SCHEMA } from '../run/results.ts';
import { boot } from './boot.ts';
import { condvarHandoff, handoffTable } from './condvar-handoff.ts';
import { detection } from './detection.ts';
import { figureTable, isNoisy, meetsGoal, type Asked, type Figure } from './figure.ts';
import { gallery, galleryTable } from './gallery.ts';
import { kstatFixes, kstatTable } from './kstat-fixes.ts';
import { contendedTable, lockContended } from './lock-contended.ts';
import { fairnessTable, lockFairness } from './lock-fairness.ts';
import { lockPair } from './lock-pair.ts';
import { peersOf, type Peers } from './peers.ts';
import { probeCost } from './probe-cost.ts';
import { rwlock, rwlockTable } from './rwlock.ts';
import { schedules } from './schedules.ts';
import { semaphore, semaphoreTable } from './semaphore.ts';
import { stubCall, stubTable } from './stub-call.ts';
import { timeTable, timeToBug } from './time-to-bug.ts';
import { watchdogCost } from './watchdog-cost.ts';

export interface BenchOptions extends Asked {
  readonly json: boolean;
  readonly write: (text: string) => void;
}

interface Question {
  readonly ask: (asked: Asked) => Promise<Figure[]>;
  /** where figures beside each other say more than figures below each other */
  readonly table?: (figures: readonly Figure[]) => string;
  /** takes minutes, so it is only asked by its name */
  readonly isLong?: boolean;
}

const QUESTIONS: Readonly<Record<string, Question>> = {
  'lock-pair': { ask: lockPair },
  'lock-contended': { ask: lockContended, table: contendedTable },
  'lock-fairness': { ask: lockFairness, table: fairnessTable },
  rwlock: { ask: rwlock, table: rwlockTable },
  'condvar-handoff': { ask: condvarHandoff, table: handoffTable },
  semaphore: { ask: semaphore, table: semaphoreTable },
  'stub-call': { ask: stubCall, table: stubTable },
  'kstat-fixes': { ask: kstatFixes, table: kstatTable },
  'probe-cost': { ask: probeCost },
  detection: { ask: detection },
  'watchdog-cost': { ask: watchdogCost },
  schedules: { ask: schedules },
  boot: { ask: boot },
  gallery: { ask: gallery, table: galleryTable, isLong: true },
  'time-to-bug': { ask: timeToBug, table: timeTable, isLong: true },
};

/**
 * Answers the questions, by default all that do not take minutes, writing as it goes.
 * @throws Fail UNKNOWN_QUESTION, or what is wrong with a peer (peers.ts)
 */
export async function bench(
  questions: readonly string[],
  { quick, against, json, write }: BenchOptions,
): Promise<Figure[]> {
  const known = Object.keys(QUESTIONS);
  for (const name of questions) {
    if (QUESTIONS[name] !== undefined) continue;
    throw fail('UNKNOWN_QUESTION', {
      name,
      known: known.join(', '),
      suggestion: suggest(name, known) ?? '',
    });
  }
  const peers = await peersOf(against);
  const header = headerOf(quick, peers);
  if (json) write(`${JSON.stringify(header)}\n`);
  else {
    write(`gridlock ${header.gridlock}  node ${header.node}  ${header.cpus} CPUs\n`);
    write(`${besides(peers)}\n`);
  }
  const all: Figure[] = [];
  const short = known.filter((name) => QUESTIONS[name]!.isLong !== true);
  for (const name of questions.length > 0 ? questions : short) {
    const { ask, table = figureTable } = QUESTIONS[name]!;
    const figures = await ask({ quick, against });
    all.push(...figures);
    if (json) for (const each of figures) write(`${JSON.stringify(each)}\n`);
    else write(`${name}\n${table(figures)}\n\n`);
  }
  if (!json) write(`${conclusion(all)}\n`);
  return all;
}

function headerOf(quick: boolean, { peers, absent }: Peers) {
  return {
    type: 'header',
    schema: SCHEMA,
    gridlock: gridlockVersion(),
    node: process.versions.node,
    os: `${platform()} ${release()}`,
    cpus: availableParallelism(),
    quick,
    peers: peers.map(({ name, title, kinds }) => ({ name, title, kinds })),
    absent,
  } as const;
}

/** Who was named, with what there is of it, and who could not come. */
function besides({ peers, absent }: Peers): string {
  return [
    ...peers.map(({ name, title, kinds }) => `beside ${name}: ${title} (${kinds.join(', ')})\n`),
    ...absent.map(({ name, why }) => `without ${name}: ${why}\n`),
  ].join('');
}

/** What of it was promised, and what of that holds here. */
function conclusion(figures: readonly Figure[]): string {
  const promised = figures.filter(({ goal }) => goal !== null);
  const met = promised.filter((each) => meetsGoal(each) === true);
  const missed = promised.filter((each) => meetsGoal(each) === false);
  const undecided = promised.length - met.length - missed.length;
  const counts = [
    `${met.length} of ${promised.length} goals met`,
    missed.length === 0 ? '' : `missed: ${missed.map(called).join(', ')}`,
    undecided === 0 ? '' : `${undecided} too noisy to say`,
  ].filter((part) => part !== '');
  const failures = figures.flatMap(({ question, params, failure }) =>
    failure === undefined
      ? []
      : [
          `${question} ${Object.values(params).join(' ')}: ${failure.what}: ${failure.message}`,
          ...(failure.dump === null ? [] : [`  gridlock mdb ${failure.dump}`]),
        ],
  );
  // Gaps and boots differ from round to round by nature; what is promised should not.
  const noisy = promised.filter(isNoisy).length;
  const warning =
    noisy * 4 > promised.length
      ? [
          'the rounds of many figures disagree: this machine is too busy with something else to judge by',
        ]
      : [];
  return [...failures, ...(promised.length === 0 ? [] : [counts.join('; ')]), ...warning].join(
    '\n',
  );
}

function called({ question, name, params }: Figure): string {
  return [question, name, ...Object.values(params)].join(' ');
}
