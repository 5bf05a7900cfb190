/*
 * The cells of condvar-handoff, as a seed: how many threads, and whether they use a condition variable or bare words.
 */

const BARE = 256;

export function seedOfHandoff(threads: number, isBare: boolean): number {
  return threads + (isBare ? BARE : 0);
}

export function handoffOfSeed(seed: number): {
  readonly threads: number;
  readonly isBare: boolean;
} {
  return { threads: seed % BARE, isBare: seed >= BARE };
}
