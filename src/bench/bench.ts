/*
 * The bench: questions/ has one file a question, and this is their list.
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
 *
 * A question can be asked of one of its figures alone, `lock-pair.mutex`.  With several processes each question is asked
 * of a new process so many times, one question after the other and then again, so that what changes on the machine
 * meanwhile falls on all of them; why, compare/side.ts says.
 *
 * What was measured is on the disk as soon as its question ends (run/figures.ts), so a bench that breaks off, by a
 * question that fails or by a kill, has what it got to.
 */

import { EXIT, type ExitCode } from '../base/exit.ts';
import { explain, fail, toFail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { portable } from '../run/again.ts';
import { BENCH_KIND } from '../run/figures.ts';
import { surroundings } from '../run/here.ts';
import { ResultsDir, SCHEMA } from '../run/results.ts';
import { boot } from './questions/boot.ts';
import { condvarHandoff, handoffTable } from './questions/condvar-handoff.ts';
import { detection } from './questions/detection.ts';
import {
  checkFigures,
  figureTable,
  isNoisy,
  meetsGoal,
  pooled,
  type Asked,
  type Figure,
} from './figure.ts';
import { gallery, galleryTable } from './gallery.ts';
import { kstatFixes, kstatTable } from './questions/kstat-fixes.ts';
import { contendedTable, lockContended } from './questions/lock-contended.ts';
import { fairnessTable, lockFairness } from './questions/lock-fairness.ts';
import { lockPair } from './questions/lock-pair.ts';
import { peersOf, type Peers } from './peers.ts';
import { probeCost } from './questions/probe-cost.ts';
import { rwlock, rwlockTable } from './questions/rwlock.ts';
import { askProcess } from './processes.ts';
import { schedules } from './questions/schedules.ts';
import { semaphore, semaphoreTable } from './questions/semaphore.ts';
import { stubCall, stubTable } from './questions/stub-call.ts';
import { timeTable, timeToBug } from './questions/time-to-bug.ts';
import { watchdogCost } from './questions/watchdog-cost.ts';

export interface BenchOptions extends Asked {
  readonly json: boolean;
  readonly write: (text: string) => void;
  /** hears what a person who waits would like to know */
  readonly say?: (line: string) => void;
  /** 1 by default, which is this one; of more, each is a new one */
  readonly processes?: number;
  /** where a results directory is made; undefined: nothing is kept */
  readonly resultsRoot?: string;
}

export interface Bench {
  /** those of all processes, in the order in which they were measured */
  readonly figures: readonly Figure[];
  readonly results: ResultsDir | null;
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

/** A question, and the figures of it that are wanted; null: all. */
export interface Wanted {
  readonly question: string;
  readonly figures: readonly string[] | null;
}

/**
 * Answers the questions, by default all that do not take minutes, writing as it goes.
 * @param questions each a question's name, or one of its figures': lock-pair.mutex
 * @throws Fail UNKNOWN_QUESTION, UNKNOWN_FIGURE, RESULTS_UNWRITABLE, or what is wrong with a peer (peers.ts)
 */
export async function bench(questions: readonly string[], options: BenchOptions): Promise<Bench> {
  const { json, write, say, processes = 1, resultsRoot, against } = options;
  const wanted = wantedOf(questions);
  const peers = await peersOf(against);
  const header = { ...headerOf(options), ...namesOf(peers) };
  const results =
    resultsRoot === undefined
      ? null
      : createBenchResults(resultsRoot, header, { asked: wanted, processes });
  if (json) write(`${JSON.stringify(header)}\n`);
  else {
    const kept = results === null ? '' : `  ${results.directory}`;
    write(`gridlock ${header.gridlock}  node ${header.node}  ${header.cpus} CPUs${kept}\n`);
    write(`${besides(peers)}\n`);
  }
  const all: Figure[] = [];
  for (let process = 0; process < processes; process++) {
    for (const each of wanted) {
      if (processes > 1) say?.(`${each.question}: process ${process + 1} of ${processes}`);
      const figures = await kept(results, each, () => measured(each, options, process));
      all.push(...figures);
      if (json) for (const one of figures) write(`${JSON.stringify(one)}\n`);
      else if (processes === 1) write(shown(each.question, figures));
    }
  }
  if (!json && processes > 1)
    for (const { question } of wanted)
      write(
        shown(
          question,
          all.filter((each) => each.question === question),
        ),
      );
  if (!json) write(`${conclusion(pooled(all))}\n`);
  finishBenchResults(results, all);
  return { figures: all, results };
}

/** A results directory for figures that are measured with this header. */
export function createBenchResults(root: string, header: object, asked: object): ResultsDir {
  const manifest = { ...header, type: undefined, kind: BENCH_KIND, ...asked };
  const results = ResultsDir.create(root, manifest);
  results.onTrouble = (trouble) => process.stderr.write(`${explain(trouble)}\n`);
  results.append(header);
  return results;
}

/** Its end.  Who finds done.json takes the journal for whole. */
export function finishBenchResults(results: ResultsDir | null, figures: readonly Figure[]): void {
  const exit = exitOf(figures);
  results?.append({ type: 'end', exit });
  if (results?.unwritten.length === 0) results.writeJson('done.json', { exit });
}

/** What figures come to: that one failed is a finding. */
export function exitOf(figures: readonly Figure[]): ExitCode {
  return figures.some(({ failure }) => failure !== undefined) ? EXIT.finding : EXIT.ok;
}

/** Answers one question, here.  @throws Fail UNKNOWN_QUESTION, UNKNOWN_FIGURE, and whatever the question throws */
export async function answer(question: string, asked: Asked): Promise<Figure[]> {
  const { ask } = questionOf(question);
  const figures = await ask(asked);
  const names = asked.figures;
  if (names === undefined) return figures;
  checkFigures(question, names, [...new Set(figures.map(({ name }) => name))]);
  return figures.filter(({ name }) => names.includes(name));
}

/** The figures of one question, as people read them. */
export function questionTable(question: string, figures: readonly Figure[]): string {
  return (QUESTIONS[question]?.table ?? figureTable)(pooled(figures));
}

/** The first record of a bench's journal.  @param root the checkout that is measured; ours by default */
export function headerOf({ quick, against }: Asked, root?: string) {
  // A peer's file is relative: where a disk has it is nobody's affair.
  const beside = against.map(portable);
  return { type: 'header', schema: SCHEMA, ...surroundings(root), quick, against: beside } as const;
}

/** What a command line asks for.  @throws Fail UNKNOWN_QUESTION */
export function wantedOf(questions: readonly string[]): Wanted[] {
  const short = Object.keys(QUESTIONS).filter((name) => QUESTIONS[name]!.isLong !== true);
  const wanted = new Map<string, string[] | null>();
  for (const each of questions.length > 0 ? questions : short) {
    const dot = each.indexOf('.');
    const question = dot < 0 ? each : each.slice(0, dot);
    questionOf(question);
    const before = wanted.get(question);
    if (dot < 0 || before === null) wanted.set(question, null);
    else wanted.set(question, [...(before ?? []), each.slice(dot + 1)]);
  }
  return [...wanted].map(([question, figures]) => ({ question, figures }));
}

function questionOf(name: string): Question {
  const known = Object.keys(QUESTIONS);
  if (known.includes(name)) return QUESTIONS[name]!;
  throw fail('UNKNOWN_QUESTION', {
    name,
    known: known.join(', '),
    suggestion: suggest(name, known),
  });
}

function measured(wanted: Wanted, options: BenchOptions, process: number): Promise<Figure[]> {
  const { question, figures } = wanted;
  const { quick, against, processes = 1 } = options;
  const asked = { quick, against, ...(figures === null ? {} : { figures }) };
  return processes === 1 ? answer(question, asked) : askProcess({ question, asked, process });
}

/** The figures of a question, on the disk; or that it broke off. */
async function kept(
  results: ResultsDir | null,
  { question }: Wanted,
  measure: () => Promise<Figure[]>,
): Promise<Figure[]> {
  try {
    const figures = await measure();
    for (const each of figures) results?.append(each);
    return figures;
  } catch (error) {
    results?.append({ type: 'failed', question, message: toFail(error).message });
    throw error;
  }
}

function shown(question: string, figures: readonly Figure[]): string {
  return `${question}\n${questionTable(question, figures)}\n\n`;
}

/** Who is measured beside ours, for the header. */
function namesOf({ peers, absent }: Peers) {
  return { peers: peers.map(({ name, title, kinds }) => ({ name, title, kinds })), absent };
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
