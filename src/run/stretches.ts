/*
 * Stretches of trials that passed: how many came before which failure.
 *
 * A stretch is trials in a row, by one who ran them, whose indices are a stride apart.  Those that touch are joined, so what is
 * kept grows with the failures and the gaps, and not with the trials.
 *
 * A stretch that a failure of another's falls into has its seconds shared evenly; that, and the order in which fractions are
 * summed, is all that depends on how a row was cut.  Trials that a strategy gave up as seen are no trials.  Where there are any, a stretch
 * does not say which of its indices they were; they are taken for the last.
 */

export interface Stretch {
  readonly first: number;
  /** from one index to the next */
  readonly stride: number;
  trials: number;
  /** more indices, which were no trials */
  givenUp: number;
  seconds: number;
}

/** Of failures in the order of their indices, and of what came behind the last. */
export interface Observations {
  /** trials up to each failure since the one before, and after the last */
  readonly trials: Float64Array;
  readonly seconds: Float64Array;
}

export class Stretches {
  // By stride and remainder of their indices; each list in order, none next to another.
  private readonly lanes = new Map<string, Stretch[]>();

  /** @throws RangeError when one of its trials was added before */
  add(stretch: Stretch): void {
    const { first, stride } = stretch;
    const key = `${stride}:${first % stride}`;
    const lane = this.lanes.get(key) ?? [];
    this.lanes.set(key, lane);
    const at = firstAfter(lane, first);
    const before = lane[at - 1];
    const after = lane[at];
    if (endOf(before) > first || endOf(stretch) > (after?.first ?? Infinity))
      throw new RangeError(`trials from ${first} on were counted before`);
    const joined = endOf(before) === first ? join(before!, stretch) : stretch;
    const isJoined = joined !== stretch;
    if (after !== undefined && endOf(joined) === after.first) {
      join(joined, after);
      lane.splice(at, 1);
    }
    if (!isJoined) lane.splice(at, 0, joined);
  }

  /** @throws RangeError when they are not others */
  merge(other: Stretches): void {
    for (const lane of other.lanes.values()) for (const stretch of lane) this.add({ ...stretch });
  }

  /** Deals each out to the failures that come behind its parts.  @param at the indices of the failures, in order */
  deal(at: readonly number[], { trials, seconds }: Observations): void {
    for (const stretch of [...this.lanes.values()].flat()) {
      const indices = stretch.trials + stretch.givenUp;
      let dealt = 0;
      for (let i = countBelow(at, stretch.first); dealt < indices; i++) {
        const end = at[i] ?? Infinity;
        const upTo = Math.min(indices, Math.ceil((end - stretch.first) / stretch.stride));
        trials[i]! += Math.min(upTo, stretch.trials) - Math.min(dealt, stretch.trials);
        seconds[i]! += (stretch.seconds * (upTo - dealt)) / indices;
        dealt = upTo;
      }
    }
  }
}

// The index behind a stretch.
function endOf(stretch: Stretch | undefined): number {
  if (stretch === undefined) return -Infinity;
  return stretch.first + (stretch.trials + stretch.givenUp) * stretch.stride;
}

// The first, which has taken in the second.
function join(into: Stretch, { trials, givenUp, seconds }: Stretch): Stretch {
  into.trials += trials;
  into.givenUp += givenUp;
  into.seconds += seconds;
  return into;
}

// Where in a list in order the first stretch behind this index is.
function firstAfter(lane: readonly Stretch[], index: number): number {
  return partition(lane.length, (i) => lane[i]!.first <= index);
}

function countBelow(sorted: readonly number[], index: number): number {
  return partition(sorted.length, (i) => sorted[i]! < index);
}

// How many of the first places are true, where none is behind one that is not.
function partition(length: number, isTrue: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
