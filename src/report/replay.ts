/*
 * What `gridlock replay` prints: a run like any other, and at its end whether it was one.
 *
 *     replayed 100 of 100: deadlock each time, the same 2,968 choices
 *
 * Trials that come to what the first one did are not said one by one: that is what is expected of them.
 */

import { EXIT, type ExitCode } from '../base/exit.ts';
import { printable } from '../base/text.ts';
import type { TrialRecord } from '../run/campaign.ts';
import type { MachineFacts, TrialOutcome } from '../run/protocol.ts';
import { judgeReplays, type Recorded, type Replayed } from '../run/replaying.ts';
import type { StressResult } from '../run/stress.ts';
import { RunReporter, type RunReporterOptions } from './run.ts';

export class ReplayReporter extends RunReporter {
  private readonly recorded: Recorded;
  private readonly trials: Replayed[] = [];
  private threads: readonly string[] = [];

  constructor(options: RunReporterOptions, recorded: Recorded) {
    super(options);
    this.recorded = recorded;
  }

  override onMachine(facts: MachineFacts, pid: number): void {
    this.threads = facts.threads.map(({ name }) => name);
    super.onMachine(facts, pid);
  }

  override onTrial(record: TrialRecord, outcome?: TrialOutcome): void {
    const { verdict, schedule } = record;
    const [first] = this.trials;
    this.trials.push({ verdict, schedule, log: outcome?.log });
    if (verdict === first?.verdict) this.machine(record);
    else super.onTrial(record);
  }

  /** The table, and whether it was a replay.  @returns the exit code */
  async finish(result: StressResult): Promise<ExitCode> {
    const { says, ...judged } = judgeReplays(this.recorded, this.trials, this.threads);
    const isWell = judged.of > 0 && judged.same === judged.of && judged.unsteady === null;
    const wasRun = result.exit === EXIT.ok || result.exit === EXIT.finding;
    const exit = wasRun ? (isWell ? EXIT.ok : EXIT.finding) : result.exit;
    const recorded = this.recorded.verdict;
    this.machine({ type: 'replay', recorded, ...judged, message: says.join('; ') });
    await this.end({ ...result, exit });
    this.print('');
    for (const line of says) this.print(printable(line));
    return exit;
  }
}
