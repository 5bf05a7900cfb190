/*
 * Blocks: how the trials of a campaign are divided among machines, and put in order again.
 *
 * A campaign has one row of trials, by their indices.  A machine takes the next block of them, runs it from its first
 * trial to its last, and takes another.  What it came to is given out in the order of the indices, as soon as
 * nothing before it is missing.  So what a campaign says does not depend on how many machines it had:
 *
 *     a block begins with a strategy that has learned nothing, whoever ran the one before (control.ts, BLOCK)
 *     a campaign that ends at its m-th failure ends at the m-th in the row, not at the m-th to be found: what lies
 *       behind that was run for nothing, and is dropped
 *
 * One machine runs one block after the other, so nothing waits there.
 *
 * Of n shards the i-th has the blocks whose number is i - 1 modulo n, and takes the others for run.
 */

import type { Shard } from './shard.ts';

export interface Block {
  readonly number: number;
  /** the index of its first trial, and that behind its last */
  readonly first: number;
  readonly end: number;
}

export class Blocks<Came> {
  private readonly trials: number;
  private readonly size: number;
  private readonly failuresMax: number;
  private readonly failures: number[] = [];
  /** from one block to the next */
  private readonly step: number;
  private next: number;
  /** the first block that is not closed */
  private front: number;
  private readonly came = new Map<number, { readonly index: number; readonly came: Came }[]>();
  private readonly closed = new Set<number>();
  private limit = Infinity;

  /** @param size trials of a block @param failuresMax after so many, no further trial is wanted */
  constructor(trials: number, size: number, failuresMax: number, shard: Shard | null = null) {
    this.step = shard?.total ?? 1;
    this.next = (shard?.index ?? 1) - 1;
    this.front = this.next;
    this.trials = trials;
    this.size = Math.min(size, trials);
    this.failuresMax = failuresMax;
  }

  /** The next one; undefined when there is none that is wanted. */
  take(): Block | undefined {
    const number = this.next;
    const first = number * this.size;
    if (first >= this.trials || !this.wants(first)) return undefined;
    this.next += this.step;
    return { number, first, end: Math.min(first + this.size, this.trials) };
  }

  /** Whether a trial can still count. */
  wants(index: number): boolean {
    return index < this.limit;
  }

  /** A trial did not pass. */
  failed(index: number): void {
    const { failures, failuresMax } = this;
    failures.push(index);
    if (failures.length < failuresMax) return;
    this.limit = failures.toSorted((a, b) => a - b)[failuresMax - 1]! + 1;
  }

  /** What a part of a block came to, from a trial on.  @returns what is in order now */
  put({ number }: Block, index: number, came: Came): Came[] {
    const waiting = this.came.get(number) ?? [];
    waiting.push({ index, came });
    this.came.set(number, waiting);
    return this.inOrder();
  }

  /** A block is over.  @returns what is in order now */
  close({ number }: Block): Came[] {
    this.closed.add(number);
    return this.inOrder();
  }

  /** At the end: what is left of blocks that others before them kept waiting. */
  rest(): Came[] {
    const left = [...this.came.entries()].toSorted(([a], [b]) => a - b);
    this.came.clear();
    return left
      .flatMap(([, each]) => each.filter(({ index }) => this.wants(index)))
      .map(({ came }) => came);
  }

  private inOrder(): Came[] {
    const { came, closed } = this;
    const ready: Came[] = [];
    for (;;) {
      for (const each of came.get(this.front) ?? []) {
        // Dropped where a failure before it has ended the campaign since.
        if (this.wants(each.index)) ready.push(each.came);
      }
      came.delete(this.front);
      if (!closed.delete(this.front)) return ready;
      this.front += this.step;
    }
  }
}
