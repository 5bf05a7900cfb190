/*
 * The bench: asks questions (question-list.ts), one after the other, and keeps and tells what they answer.
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

import { join, sep } from 'node:path';
import { EXIT, type ExitCode } from '../base/exit.ts';
import { explain, toFail } from '../base/fail.ts';
import { portable } from '../run/again.ts';
import { BENCH_KIND } from '../run/figures.ts';
import { surroundings, type Surroundings } from '../run/here.ts';
import { pinningHere } from '../run/pinning.ts';
import { ResultsDir, SCHEMA } from '../run/results.ts';
import type { Fields } from '../run/schema.ts';
import { askedOf, checkPeers, wantedOf, type Wanted } from './asking.ts';
import { failuresOf } from './failures.ts';
import { isNoisy, meetsGoal, pooled, type Asked, type Figure, type Tell } from './figure.ts';
import { peersOf, type Peers } from './peers.ts';
import { askProcess } from './processes.ts';
import { answer, questionTable } from './question-list.ts';

export interface BenchOptions extends Omit<Asked, 'figures' | 'dumps'> {
  readonly json: boolean;
  readonly write: (text: string) => void;
  /** hears what a person who waits would like to know */
  readonly say?: (line: string) => void;
  /** hears of each cell before it is measured: 'rwlock 8x10-1 (cell 5 of 9)' */
  readonly onCell?: (line: string) => void;
  /** 1 by default, which is this one; of more, each is a new one */
  readonly processes?: number;
  /** where a results directory is made; undefined: nothing is kept */
  readonly resultsRoot?: string;
}

/** The first record of a bench's journal. */
export interface BenchHeader extends Surroundings {
  readonly type: 'header';
  readonly schema: number;
  readonly quick: boolean;
  readonly against: readonly string[];
  /** numbers of threads; null: each question's own */
  readonly threads: readonly number[] | null;
  /** what becomes of pinning here, in words */
  readonly pinning: string;
}

export interface Bench {
  readonly header: BenchHeader & Fields;
  /** those of all processes, in the order in which they were measured */
  readonly figures: readonly Figure[];
  readonly results: ResultsDir | null;
}

/**
 * Answers the questions, by default all that do not take minutes, writing as it goes.
 * @param questions each a question's name, or one of its figures': lock-pair.mutex
 * @throws Fail what is wrong with what is asked (asking.ts), RESULTS_UNWRITABLE
 */
export async function bench(questions: readonly string[], options: BenchOptions): Promise<Bench> {
  const { json, write, say, processes = 1, resultsRoot } = options;
  const { wanted, peers } = await checkAsked(questions, options);
  const header = { ...(await headerOf(options)), ...namesOf(peers) };
  const results =
    resultsRoot === undefined
      ? null
      : createBenchResults(resultsRoot, header, { asked: wanted, processes });
  if (json) write(`${JSON.stringify(header)}\n`);
  else {
    const kept = results === null ? '' : `  ${results.directory}`;
    write(`gridlock ${header.gridlock}  node ${header.node}  ${header.cpus} CPUs${kept}\n`);
    write(`${besides(peers)}${differently(options, header)}\n`);
  }
  const all: Figure[] = [];
  for (let process = 0; process < processes; process++) {
    for (const each of wanted) {
      if (processes > 1) say?.(`${each.question}: process ${process + 1} of ${processes}`);
      const figures = await kept(results, each, (dumps) => measured(each, options, process, dumps));
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
  if (!json) write(`${conclusion(pooled(all), results)}\n`);
  finishBenchResults(results, all);
  return { header, figures: all, results };
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

/**
 * Refuses what cannot be measured as it is asked.
 * @throws Fail UNKNOWN_QUESTION, UNKNOWN_FIGURE, QUESTION_OPTION, BAD_NUMBER, PEER_UNASKED, or what is wrong with a peer (peers.ts)
 */
export async function checkAsked(
  questions: readonly string[],
  asked: Asked,
): Promise<{ wanted: readonly Wanted[]; peers: Peers }> {
  const wanted = wantedOf(questions, asked);
  const peers = await peersOf(asked.against);
  await checkPeers(wanted, asked);
  return { wanted, peers };
}

/** What a bench begins with.  @param root the checkout that is measured; ours by default */
export async function headerOf(
  { quick, against, threads, pin = true }: Asked,
  root?: string,
): Promise<BenchHeader & Fields> {
  return {
    type: 'header',
    schema: SCHEMA,
    ...surroundings(root),
    quick,
    // A peer's file is relative: where a disk has it is nobody's affair.
    against: against.map(portable),
    threads: threads ?? null,
    pinning: await pinningHere(pin),
  };
}

function measured(
  wanted: Wanted,
  options: BenchOptions,
  process: number,
  dumps: string | undefined,
): Promise<Figure[]> {
  const { processes = 1, onCell } = options;
  const { question } = wanted;
  const tell: Tell = (cell, nth, of) => onCell?.(`${question} ${cell} (cell ${nth + 1} of ${of})`);
  if (processes === 1) return answer(question, askedOf(wanted, options, dumps), tell);
  // One process must not write over the dump of another.
  const asked = askedOf(wanted, options, dumps && `${dumps}${process}-`);
  return askProcess({ question, asked, process, tell });
}

/** The figures of a question, on the disk; or that it broke off. */
async function kept(
  results: ResultsDir | null,
  { question }: Wanted,
  measure: (dumps: string | undefined) => Promise<Figure[]>,
): Promise<Figure[]> {
  try {
    const figures = await measure(dumpsOf(results));
    return keptFigures(results, figures);
  } catch (error) {
    results?.append({ type: 'failed', question, message: toFail(error).message });
    throw error;
  }
}

/** What the names of a bench's dumps begin with; undefined where nothing is kept, and no dump can be. */
export function dumpsOf(results: ResultsDir | null): string | undefined {
  return results === null ? undefined : `${join(results.directory, 'dumps')}${sep}`;
}

/** Figures as they are kept and told: with each dump relative to the directory that it is in. */
export function keptFigures(results: ResultsDir | null, figures: readonly Figure[]): Figure[] {
  return figures.map((each) => {
    const { failure } = each;
    const dump = failure?.dump ?? null;
    const told =
      results === null || failure === undefined || dump === null
        ? each
        : { ...each, failure: { ...failure, dump: results.relative(dump) } };
    results?.append(told);
    return told;
  });
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

/** In which way the threads are not as the questions have them themselves. */
function differently({ threads }: Asked, { pinning }: BenchHeader): string {
  const counts = threads === undefined ? '' : `threads ${threads.join(', ')}\n`;
  return `${counts}${pinning.startsWith('pinned') ? '' : `${pinning}\n`}`;
}

/** What of it was promised, and what of that holds here. */
function conclusion(figures: readonly Figure[], results: ResultsDir | null): string {
  const promised = figures.filter(({ goal }) => goal !== null);
  const met = promised.filter((each) => meetsGoal(each) === true);
  const missed = promised.filter((each) => meetsGoal(each) === false);
  const undecided = promised.length - met.length - missed.length;
  const counts = [
    `${met.length} of ${promised.length} goals met`,
    missed.length === 0 ? '' : `missed: ${missed.map(called).join(', ')}`,
    undecided === 0 ? '' : `${undecided} too noisy to say`,
  ].filter((part) => part !== '');
  // Gaps and boots differ from round to round by nature; what is promised should not.
  const noisy = promised.filter(isNoisy).length;
  const warning =
    noisy * 4 > promised.length
      ? [
          'the rounds of many figures disagree: this machine is too busy with something else to judge by',
        ]
      : [];
  return [
    ...failuresOf(figures, results?.directory),
    ...(promised.length === 0 ? [] : [counts.join('; ')]),
    ...warning,
  ].join('\n');
}

function called({ question, name, params }: Figure): string {
  return [question, name, ...Object.values(params)].join(' ');
}
