/*
 * Marks: the points in time that a trace is drawn between.
 *
 * A clock tick is 100 us, and a thread does many things within one.  In which order is known all the same: by the number
 * of each event.  So what is drawn lies between marks, marks are put in order first, and only then get their
 * times: those of one slot are spread evenly over it.  No two marks of a trace have the same time, to the
 * nanosecond, even if they are of different trials.
 *
 *     slot      the tick, or the choice
 *     seq       within it, the event's number; less than all for what a slot begins with, more for what ends it
 *     n         within that, the order in which the marks were made
 *
 * Slices of a thread nest because its marks are made like brackets.
 */

export interface Mark {
  readonly slot: number;
  readonly seq: number;
  readonly n: number;
  /** nanoseconds from the start of the run; 0 until timed() */
  ns: number;
}

/** The marks of one trial. */
export class Marks {
  private readonly marks: Mark[] = [];
  private readonly slotNs: number;

  constructor(slotNs: number) {
    this.slotNs = slotNs;
  }

  at(slot: number, seq: number): Mark {
    const mark = { slot, seq, n: this.marks.length, ns: 0 };
    this.marks.push(mark);
    return mark;
  }

  /** In order, each with its share of the slot. */
  spread(): Mark[] {
    const sorted = this.marks.toSorted(inOrder);
    for (let from = 0, to = 0; from < sorted.length; from = to) {
      const { slot } = sorted[from]!;
      while (to < sorted.length && sorted[to]!.slot === slot) to++;
      const share = this.slotNs / (to - from + 1);
      for (let i = from; i < to; i++)
        sorted[i]!.ns = Math.floor(slot * this.slotNs + (i - from + 1) * share);
    }
    return sorted;
  }
}

export function inOrder(a: Mark, b: Mark): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  if (a.seq !== b.seq) return a.seq < b.seq ? -1 : 1;
  return a.n - b.n;
}

/** Gives the marks of several trials times of which no two are equal. */
export function setTimes(trials: readonly Marks[]): void {
  const all = trials.flatMap((marks) => marks.spread()).sort((a, b) => a.ns - b.ns);
  let last = -1;
  for (const mark of all) {
    last = Math.max(last + 1, mark.ns);
    mark.ns = last;
  }
}
