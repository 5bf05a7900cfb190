/*
 * What a campaign keeps of its failures: a dump of the first of each kind, and the schedule beside it.
 *
 * A machine writes a dump when it has a failure in front of it, and cannot know whether a machine beside it has had the same.
 * So each writes its own; which of them counts is known when trials are counted, in their order (blocks.ts).  Of the
 * first of its kind the dump stays, and the records of the others do without: at the end, what no record names is removed.
 *
 * How many there may be, over all campaigns of a run, is dump-budget.ts.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseToken } from '../sched/schedule.ts';
import type { TrialRecord } from './campaign-records.ts';
import type { DumpBudget } from './dump-budget.ts';
import { keyOf, programOf, type CampaignPlan } from './plan.ts';
import { INDEX, type DumpReport } from './protocol.ts';
import type { ResultsDir } from './results.ts';
import { writeScheduleFile } from './schedule-file.ts';

export class Keeping {
  private readonly plan: CampaignPlan;
  private readonly results: ResultsDir;
  private readonly budget: DumpBudget;
  /** signatures of failures that need no further dump */
  private readonly known: string[];
  /** dumps that were written, by their names in the results directory */
  private readonly written: string[] = [];
  /** those of them that a record names */
  private readonly kept = new Set<string>();

  constructor(plan: CampaignPlan, results: ResultsDir, budget: DumpBudget) {
    this.plan = plan;
    this.results = results;
    this.budget = budget;
    this.known = budget.signatures(keyOf(plan));
  }

  /** Signatures of failures that need no further dump. */
  get signatures(): readonly string[] {
    return this.known;
  }

  /** Where a machine is to write the next dump; null: none is wanted. */
  get dumpFile(): string | null {
    const { workload, variant } = keyOf(this.plan);
    const isWanted = this.plan.dumps && this.budget.isOpen;
    return isWanted ? this.results.dumpFile(workload, variant, INDEX) : null;
  }

  /** A machine has told of a dump.  @returns the same, its file named as in the results directory */
  wrote(dump: DumpReport | null): DumpReport | null {
    if (dump === null || dump.file === null) return dump;
    const file = this.results.relative(dump.file);
    this.written.push(file);
    return { ...dump, file };
  }

  /** The dump of a failure counts if none before it had one of the same.  @returns the record with what it keeps */
  dump(record: TrialRecord): TrialRecord {
    const { dump, verdict, signature } = record;
    if (dump === null) {
      if (verdict !== 'pass' && !this.budget.isOpen)
        this.budget.refused(keyOf(this.plan), signature);
      return record;
    }
    if (this.known.includes(signature)) return { ...record, dump: null, dump_ms: null };
    this.known.push(signature);
    this.budget.took(join(this.results.directory, dump));
    this.kept.add(dump);
    return record;
  }

  /** The schedule of a failure that is none of those before, in a file of its own.  @param threads names, by place */
  schedule(record: TrialRecord, threads: readonly string[]): void {
    const { index, seed, verdict, message, signature, schedule } = record;
    const { plan, results } = this;
    const { control } = plan;
    if (control === null || schedule === null || verdict === 'pass') return;
    const { workload, variant } = keyOf(plan);
    if (!this.budget.takesSchedule(keyOf(plan), signature)) return;
    results.attempt(results.scheduleFile(workload, variant, index), (file) =>
      writeScheduleFile(file, {
        ...programOf(plan, control, seed),
        verdict,
        message: message ?? '',
        threads,
        schedule: parseToken(schedule.token),
      }),
    );
  }

  /** Removes dumps that no record names: of trials that did not count in the end, or of failures that had one. */
  tidy(): void {
    for (const file of this.written) {
      if (!this.kept.has(file)) rmSync(join(this.results.directory, file), { force: true });
    }
  }
}
