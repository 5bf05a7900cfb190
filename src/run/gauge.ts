/*
 * Gauges: how large a process is, over hours, in a bounded number of samples.
 *
 * On Linux everything is read from /proc, of any process of ours.  Elsewhere a process can only be asked about itself: its
 * memory and what its event loop holds open; of a machine nothing is known then, and nothing is said.
 *
 * A track is the samples of one quantity.  When it is full, neighbours become one, the smaller of the two, and from then
 * on it takes every other sample only.  The smaller, because garbage that is about to be collected is no growth: what
 * stays is the lower edge.
 */

import { readdirSync, readFileSync } from 'node:fs';
import type { Sample } from './leak.ts';

export interface Size {
  /** bytes in memory */
  readonly rss: number;
  readonly threads: number | undefined;
  /** open descriptors; where those cannot be counted, what the event loop holds open */
  readonly open: number | undefined;
}

/** How large a process is now; undefined when it is gone, or this system does not say. */
export function sizeOf(pid: number): Size | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? NaN);
    const rss = field('VmRSS') * 1024;
    if (Number.isNaN(rss)) return undefined;
    return { rss, threads: field('Threads'), open: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    if (pid !== process.pid) return undefined;
    return {
      rss: process.memoryUsage.rss(),
      threads: undefined,
      open: process.getActiveResourcesInfo().length,
    };
  }
}

/** Samples of a track at most. */
const SAMPLES_MAX = 512;

/** One quantity over time. */
export class Track {
  private kept: Sample[] = [];
  /** samples that become one */
  private every = 1;
  private waiting: Sample | undefined;
  private waited = 0;

  get samples(): readonly Sample[] {
    return this.kept;
  }

  add(sample: Sample): void {
    this.waiting = lower(sample, this.waiting);
    if (++this.waited < this.every) return;
    this.kept.push(this.waiting);
    this.waiting = undefined;
    this.waited = 0;
    if (this.kept.length < SAMPLES_MAX) return;
    const { kept } = this;
    this.kept = kept
      .filter((_, i) => i % 2 === 0)
      .map((each, i) => lower(kept[2 * i + 1] ?? each, each));
    this.every *= 2;
  }
}

/** Of two that are as low, the other. */
function lower(one: Sample, other: Sample | undefined): Sample {
  return other === undefined || one.value < other.value ? one : other;
}
