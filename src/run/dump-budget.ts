/*
 * What a long run may keep on the disk.
 *
 * The first of each distinct failure leaves a dump, until the budget is used up: so many dumps, so many bytes.  What comes
 * after that is counted.  Distinct is meant within one workload, variant and strategy, and over all turns of it, which
 * is why this outlives a campaign.
 *
 * A schedule is kept beside a dump and is small; of those there may be as many as there may be dumps, whatever their size.
 */

import { statSync } from 'node:fs';
import type { CampaignKey } from './campaign-records.ts';

/** Schedules, where only bytes are bounded. */
const SCHEDULES_MAX = 1_000;
/** Signatures that are remembered of one workload, variant and strategy. */
const SIGNATURES_MAX = 1_000;

export interface DumpsMax {
  readonly count: number;
  readonly bytes: number;
}

export class DumpBudget {
  private readonly max: DumpsMax;
  private readonly seen = new Map<string, string[]>();
  private readonly schedules = new Set<string>();
  private kept = 0;
  private bytes = 0;
  private missed = 0;

  constructor(max: DumpsMax) {
    this.max = max;
  }

  /** Whether there may be another dump. */
  get isOpen(): boolean {
    return this.kept < this.max.count && this.bytes < this.max.bytes;
  }

  /** Dumps, their bytes, and the kinds of failures that left none because there were enough. */
  get used(): { readonly dumps: number; readonly bytes: number; readonly missed: number } {
    return { dumps: this.kept, bytes: this.bytes, missed: this.missed };
  }

  /** Signatures of failures that need no further dump. */
  signatures(key: CampaignKey): string[] {
    const name = nameOf(key);
    const mine = this.seen.get(name) ?? [];
    this.seen.set(name, mine);
    return mine;
  }

  /** A failure left this dump. */
  took(file: string): void {
    this.kept++;
    this.bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** A failure left none, since there are enough. */
  refused(key: CampaignKey, signature: string): void {
    const mine = this.signatures(key);
    if (mine.includes(signature)) return;
    if (mine.length < SIGNATURES_MAX) mine.push(signature);
    this.missed++;
  }

  /** Whether to keep the schedule of a failure: once, and if there is room. */
  takesSchedule(key: CampaignKey, signature: string): boolean {
    const name = `${nameOf(key)}\n${signature}`;
    const max = Math.min(this.max.count, SCHEDULES_MAX);
    if (this.schedules.has(name) || this.schedules.size >= max) return false;
    this.schedules.add(name);
    return true;
  }
}

function nameOf({ workload, variant, strategy }: CampaignKey): string {
  return `${workload}\n${variant}\n${strategy}`;
}
