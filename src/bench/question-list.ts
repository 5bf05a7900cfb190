/*
 * The questions: questions/ has one file each, and this is their list.
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
 * Each says beforehand what its figures are called, of which kinds it measures other people's locks, and whether it starts
 * machines, so that whoever asks for what is not there hears it before anything is measured (asking.ts).
 */

import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { checkFigures, figureTable, pooled, type Asked, type Figure, type Tell } from './figure.ts';
import { gallery, GALLERY_FIGURES, galleryTable } from './gallery.ts';
import { PAIRS_OF } from './pairs.ts';
import type { PeerKind } from './peer.ts';
import { boot, BOOT_FIGURES } from './questions/boot.ts';
import { condvarHandoff, HANDOFF_FIGURES, handoffTable } from './questions/condvar-handoff.ts';
import { detection, DETECTION_FIGURES } from './questions/detection.ts';
import { KSTAT_FIGURES, kstatFixes, kstatTable } from './questions/kstat-fixes.ts';
import { CONTENDED_FIGURES, contendedTable, lockContended } from './questions/lock-contended.ts';
import { FAIRNESS_FIGURES, fairnessTable, lockFairness } from './questions/lock-fairness.ts';
import { lockPair, PAIR_FIGURES, pairsInMachines } from './questions/lock-pair.ts';
import { PROBE_FIGURES, probeCost } from './questions/probe-cost.ts';
import { rwlock, RWLOCK_FIGURES, rwlockTable } from './questions/rwlock.ts';
import { schedules, SCHEDULES_FIGURES } from './questions/schedules.ts';
import { semaphore, SEMAPHORE_FIGURES, semaphoreTable } from './questions/semaphore.ts';
import { stubCall, STUBS, stubTable } from './questions/stub-call.ts';
import { timeTable, timeToBug, timeToBugFigures } from './questions/time-to-bug.ts';
import { WATCHDOG_FIGURES, watchdogCost } from './questions/watchdog-cost.ts';

export interface Question {
  readonly ask: (asked: Asked, tell?: Tell) => Promise<Figure[]>;
  /** what its figures are called; a quick run may have fewer */
  readonly figures: readonly string[] | ((quick: boolean) => readonly string[]);
  /** of which kinds it measures the locks of peers; none by default */
  readonly kinds?: (asked: Pick<Asked, 'against' | 'figures'>) => readonly PeerKind[];
  /** whether any threads of it are in machines, which can be pinned; it is so by default */
  readonly isInMachines?: (asked: Pick<Asked, 'against' | 'figures'>) => boolean;
  /** where figures beside each other say more than figures below each other */
  readonly table?: (figures: readonly Figure[]) => string;
  /** takes minutes, so it is only asked by its name */
  readonly isLong?: boolean;
}

export const QUESTIONS: Readonly<Record<string, Question>> = {
  'lock-pair': {
    ask: lockPair,
    figures: PAIR_FIGURES,
    kinds: (asked) => pairsInMachines(asked).map((name) => PAIRS_OF[name]),
    isInMachines: (asked) => pairsInMachines(asked).length > 0,
  },
  'lock-contended': {
    ask: lockContended,
    figures: CONTENDED_FIGURES,
    kinds: () => ['mutex'],
    table: contendedTable,
  },
  'lock-fairness': {
    ask: lockFairness,
    figures: FAIRNESS_FIGURES,
    kinds: () => ['mutex'],
    table: fairnessTable,
  },
  rwlock: { ask: rwlock, figures: RWLOCK_FIGURES, kinds: () => ['rwlock'], table: rwlockTable },
  'condvar-handoff': {
    ask: condvarHandoff,
    figures: HANDOFF_FIGURES,
    kinds: () => ['condvar'],
    table: handoffTable,
  },
  semaphore: {
    ask: semaphore,
    figures: SEMAPHORE_FIGURES,
    kinds: () => ['semaphore'],
    table: semaphoreTable,
  },
  'stub-call': { ask: stubCall, figures: STUBS, table: stubTable },
  'kstat-fixes': { ask: kstatFixes, figures: KSTAT_FIGURES, table: kstatTable },
  'probe-cost': { ask: probeCost, figures: PROBE_FIGURES, isInMachines: () => false },
  detection: { ask: detection, figures: DETECTION_FIGURES },
  'watchdog-cost': { ask: watchdogCost, figures: WATCHDOG_FIGURES },
  schedules: { ask: schedules, figures: SCHEDULES_FIGURES },
  boot: { ask: boot, figures: BOOT_FIGURES },
  gallery: { ask: gallery, figures: GALLERY_FIGURES, table: galleryTable, isLong: true },
  'time-to-bug': { ask: timeToBug, figures: timeToBugFigures, table: timeTable, isLong: true },
};

/** @throws Fail UNKNOWN_QUESTION */
export function questionOf(name: string): Question {
  const known = Object.keys(QUESTIONS);
  if (known.includes(name)) return QUESTIONS[name]!;
  throw fail('UNKNOWN_QUESTION', {
    name,
    known: known.join(', '),
    suggestion: suggest(name, known),
  });
}

/** What its figures are called.  @throws Fail UNKNOWN_QUESTION */
export function figuresOf(question: string, quick: boolean): readonly string[] {
  const { figures } = questionOf(question);
  return typeof figures === 'function' ? figures(quick) : figures;
}

/**
 * Answers one question, here.
 * @throws Fail UNKNOWN_QUESTION, whatever the question throws, and UNKNOWN_FIGURE for one that it has, but not here:
 * watchdog-cost measures nothing where there is no Linux
 */
export async function answer(question: string, asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { ask } = questionOf(question);
  const names = asked.figures;
  if (names !== undefined) checkFigures(question, names, figuresOf(question, asked.quick));
  const figures = await ask(asked, tell);
  if (names === undefined) return figures;
  checkFigures(question, names, [...new Set(figures.map(({ name }) => name))]);
  return figures.filter(({ name }) => names.includes(name));
}

/** The figures of one question, as people read them. */
export function questionTable(question: string, figures: readonly Figure[]): string {
  return (QUESTIONS[question]?.table ?? figureTable)(pooled(figures));
}
