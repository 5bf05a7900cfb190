/*
 * "Did you mean …?"
 *
 * suggest() answers only when it is nearly sure.  A wrong guess costs more than none, for people
 * paste it.  Two things count as nearly sure:
 *
 *   (1) the name is a part of exactly one candidate ('9056' for 'illumos-9056'), or
 *   (2) a few slips of the finger away from it, one for each three letters typed.
 *
 * A slip is a letter added, dropped, replaced, or swapped with its neighbour (the optimal string
 * alignment distance).  Case is not a slip.  Of equally near candidates the first one listed wins.
 */

const PART_LENGTH_MIN = 3; //  a shorter part says nothing

/** The candidate that was probably meant, or undefined. */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  const known = [...candidates];

  const containing = known.filter((candidate) => candidate.toLowerCase().includes(wanted));
  if (wanted.length >= PART_LENGTH_MIN && containing.length === 1) return containing[0];

  let best: string | undefined;
  let slipsMax = Math.max(1, Math.floor(wanted.length / 3));
  for (const candidate of known) {
    // As many slips as that are needed for the length alone.
    if (Math.abs(candidate.length - wanted.length) > slipsMax) continue;
    const slips = distance(wanted, candidate.toLowerCase());
    if (slips > slipsMax || slips >= candidate.length) continue;
    best = candidate;
    slipsMax = slips - 1; //  only a nearer one replaces it
  }
  return best;
}

/** How many slips lie between two words. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? Infinity;
}
