/*
 * What `gridlock replay` prints: a run like any other, and at its end whether it was one.
 *
 *     replayed 100 of 100: deadlock each time, the same 2,968 choices
 *
 * Who judges is apart from who speaks, since the exit code does not depend on which reporters there are.  The judge is the
 * first of a chorus, so those who speak of a trial know what came before it.
 *
 * Trials that come to what the first one did are not said one by one: that is what is expected of them.
 */

import { EXIT, type ExitCode } from '../base/exit.ts';
import type { TrialRecord } from '../run/campaign-records.ts';
import { printable } from '../base/text.ts';
import type { MachineFacts, TrialOutcome } from '../run/protocol.ts';
import { judgeReplays, type Recorded, type Replayed } from '../run/replaying.ts';
import type { StressResult } from '../run/stress.ts';
import type { Ended, LiveReporter } from './live.ts';
import { RunReporter, type RunReporterOptions } from './run.ts';

/** Hears all, says nothing, and knows whether it was a replay. */
export class ReplayJudge implements LiveReporter {
  readonly statusMs = 0;
  private readonly recorded: Recorded;
  private readonly trials: Replayed[] = [];
  private threads: readonly string[] = [];

  constructor(recorded: Recorded) {
    this.recorded = recorded;
  }

  onMachine(facts: MachineFacts): void {
    this.threads = facts.threads.map(({ name }) => name);
  }

  onTrial({ verdict, schedule }: TrialRecord, outcome?: TrialOutcome): void {
    this.trials.push({ verdict, schedule, log: outcome?.log });
  }

  /** Whether the trial that was heard last is the first, or came to something else than that. */
  get isNews(): boolean {
    return this.trials.length === 1 || this.trials.at(-1)?.verdict !== this.trials[0]?.verdict;
  }

  /** A sentence each. */
  get says(): readonly string[] {
    return this.judged().says;
  }

  /** For machines. */
  get record(): object {
    const { says, ...judged } = this.judged();
    const recorded = this.recorded.verdict;
    return { type: 'replay', recorded, ...judged, message: says.join('; ') };
  }

  exitOf({ exit }: Pick<StressResult, 'exit'>): ExitCode {
    const { of, same, unsteady } = this.judged();
    const isWell = of > 0 && same === of && unsteady === null;
    const wasRun = exit === EXIT.ok || exit === EXIT.finding;
    return wasRun ? (isWell ? EXIT.ok : EXIT.finding) : exit;
  }

  async end(): Promise<void> {}

  close(): void {}

  private judged(): ReturnType<typeof judgeReplays> {
    return judgeReplays(this.recorded, this.trials, this.threads);
  }
}

export class ReplayReporter extends RunReporter {
  private readonly judge: ReplayJudge;

  constructor(options: RunReporterOptions, judge: ReplayJudge) {
    super(options);
    this.judge = judge;
  }

  override onTrial(record: TrialRecord): void {
    if (this.judge.isNews) super.onTrial(record);
    else this.machine(record);
  }

  onReplayed(record: object): void {
    this.machine(record);
  }

  override async end(ended: Ended): Promise<void> {
    await super.end(ended);
    this.print('');
    for (const line of this.judge.says) this.print(printable(line));
  }
}
