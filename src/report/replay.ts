/*
 * What `gridlock replay` prints: a run like any other, and at its end whether it was one.
 *
 *     replayed 100 of 100: deadlock each time, the same 2,968 choices
 *
 *     a trial is a replay         if it came to the verdict that was recorded, and each choice was made as given
 *     the replays are one         if, moreover, each did the same at each choice (sched/events.ts)
 *
 * That is checked for every trial and not concluded from the verdict: a program that was changed may well fail in the
 * same way by another course.  What is not so is said, with the trial and the choice where it was first seen.
 */

import type { VerdictName } from '../base/verdict.ts';
import { EXIT, type ExitCode } from '../base/exit.ts';
import { printable } from '../base/text.ts';
import type { TrialRecord } from '../run/campaign.ts';
import type { MachineFacts, TrialSchedule } from '../run/protocol.ts';
import type { StressResult } from '../run/stress.ts';
import { RunReporter, type RunReporterOptions } from './run.ts';

/** What was recorded. */
export interface Recorded {
  readonly verdict: VerdictName;
  /** the thread of each choice */
  readonly choices: readonly number[];
}

/** A trial that was to be a replay. */
export interface Replayed {
  readonly verdict: VerdictName;
  readonly schedule: TrialSchedule | null;
  /** the thread of each choice that was made */
  readonly choices: readonly number[];
}

export interface Judgement {
  /** how many were replays */
  readonly same: number;
  readonly of: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** the first choice that was not made as given, and in which trial; the first trial is 1 */
  readonly strayed: { readonly trial: number; readonly choice: number } | null;
  /** a sentence a line, the first of them the answer */
  readonly says: readonly string[];
}

/**
 * Whether trials were replays.
 * @param threads names, by place in the roster
 */
export function judgeReplays(
  recorded: Recorded,
  trials: readonly Replayed[],
  threads: readonly string[],
): Judgement {
  const verdicts: Record<string, number> = {};
  for (const { verdict } of trials) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  const same = trials.filter((trial) => isReplay(recorded, trial)).length;
  const first = trials.findIndex((trial) => strayedAt(trial) >= 0);
  const strayed = first < 0 ? null : { trial: first + 1, choice: strayedAt(trials[first]!) };
  const of = trials.length;
  const says: string[] = [];
  if (of > 0 && same === of) {
    const each = of === 1 ? '' : ' each time';
    says.push(`${recorded.verdict}${each}, the same ${counted(recorded.choices.length, 'choice')}`);
  } else {
    says.push(`${verdictsOf(verdicts)}; recorded was ${recorded.verdict}`);
  }
  if (strayed !== null) {
    const many = trials.filter((trial) => strayedAt(trial) >= 0).length;
    const where = of === 1 ? '' : `${many} of them, first trial ${strayed.trial}, `;
    says.push(`${where}strayed: ${strayedHow(recorded, trials[first]!, threads)}`);
  }
  return {
    same,
    of,
    verdicts,
    strayed,
    says: [`replayed ${same} of ${of}: ${says[0]}`, ...says.slice(1)],
  };
}

function isReplay({ verdict }: Recorded, trial: Replayed): boolean {
  return trial.verdict === verdict && trial.schedule !== null && strayedAt(trial) < 0;
}

function strayedAt({ schedule }: Replayed): number {
  return schedule?.strayed ?? -1;
}

/** What was not made as given. */
function strayedHow({ choices }: Recorded, trial: Replayed, threads: readonly string[]): string {
  const at = strayedAt(trial);
  const name = (thread: number | undefined): string =>
    thread === undefined ? 'nobody' : printable(threads[thread] ?? `#${thread}`);
  const [given, made] = [choices[at], trial.choices[at]];
  if (given === undefined) {
    return `behind the last of ${counted(choices.length, 'choice')} ${name(made)} went on`;
  }
  if (made === undefined) {
    return `it was over after ${counted(trial.choices.length, 'choice')} of ${choices.length.toLocaleString('en')}`;
  }
  return `choice ${at.toLocaleString('en')} was given to ${name(given)}, which could not go on, and ${name(made)} did`;
}

/** `deadlock 97 times, pass 3 times` */
function verdictsOf(verdicts: Readonly<Record<string, number>>): string {
  const all = Object.entries(verdicts);
  if (all.length === 0) return 'no trial ended';
  if (all.length === 1) return all[0]![0];
  return all.map(([name, n]) => `${name} ${counted(n, 'time')}`).join(', ');
}

function counted(n: number, what: string): string {
  return `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
}

/** Prints a run of replays; those that come to what the first did in silence. */
export class ReplayReporter extends RunReporter {
  private readonly recorded: Recorded;
  private readonly choicesOf: (schedule: TrialSchedule) => readonly number[];
  private readonly trials: Replayed[] = [];
  private threads: readonly string[] = [];

  constructor(
    options: RunReporterOptions,
    recorded: Recorded,
    choicesOf: (schedule: TrialSchedule) => readonly number[],
  ) {
    super(options);
    this.recorded = recorded;
    this.choicesOf = choicesOf;
  }

  override onMachine(facts: MachineFacts, pid: number): void {
    this.threads = facts.threads.map(({ name }) => name);
    super.onMachine(facts, pid);
  }

  override onTrial(record: TrialRecord): void {
    const { verdict, schedule } = record;
    const choices = schedule === null ? [] : this.choicesOf(schedule);
    const isFirst = this.trials.length === 0;
    this.trials.push({ verdict, schedule, choices });
    if (isFirst || verdict !== this.trials[0]!.verdict) super.onTrial(record);
    else this.machine(record);
  }

  /** The table, and whether it was a replay.  @returns the exit code */
  async finish(result: StressResult): Promise<ExitCode> {
    const { says, ...judged } = judgeReplays(this.recorded, this.trials, this.threads);
    const isWell = judged.of > 0 && judged.same === judged.of;
    const isOurs = result.exit === EXIT.ok || result.exit === EXIT.finding;
    const exit = isOurs ? (isWell ? EXIT.ok : EXIT.finding) : result.exit;
    this.machine({
      type: 'replay',
      recorded: this.recorded.verdict,
      ...judged,
      message: says.join('; '),
    });
    await this.end({ ...result, exit });
    this.print('');
    for (const line of says) this.print(line);
    return exit;
  }
}
