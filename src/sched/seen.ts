/*
 * What a strategy has seen: a set of hashes in its words, so that it is there in the next trial.
 *
 *     words               hold
 *     -----------------   ------------------------------------------------------
 *     the first           how many hashes it has
 *     `size` behind it    the hashes, each at its place or behind it; 0: free
 *
 * It does not grow, and forgets nothing.  One place in four stays free, so that a search is short, and ends; when the others
 * are taken nothing is new any more.
 */

/** Words for a set of `size` places, a power of two. */
export function seenWords(size: number): number {
  return 1 + size;
}

/** Enters a hash in the set at `first`.  @returns whether it was not there, and there was room */
export function learn(words: Int32Array, first: number, size: number, what: number): boolean {
  const hash = what | 1; //  a place that is taken is never 0
  const places = first + 1;
  let i = hash & (size - 1);
  for (; words[places + i] !== 0; i = (i + 1) & (size - 1)) {
    if (words[places + i] === hash) return false;
  }
  if (words[first]! >= (3 * size) / 4) return false;
  words[first]!++;
  words[places + i] = hash;
  return true;
}
