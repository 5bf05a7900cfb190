/*
 * The cells of the question rwlock, as a seed: how many threads, and what each of them does in turn.
 *
 * Both sides read it: rwlock.ts, and workloads/rwlocks.ts in the machines.
 */

/** Reads and writes of a thread, in turn. */
export const MIXES = [
  { reads: 1, writes: 0 },
  { reads: 10, writes: 1 },
  { reads: 1, writes: 1 },
] as const;
export type Mix = (typeof MIXES)[number];

const THREADS_MAX = 256;

export function mixName({ reads, writes }: Mix): string {
  return `${reads}:${writes}`;
}

export function seedOfMix(threads: number, mix: Mix): number {
  return MIXES.indexOf(mix) * THREADS_MAX + threads;
}

export function mixOfSeed(seed: number): { readonly threads: number; readonly mix: Mix } {
  return { threads: seed % THREADS_MAX, mix: MIXES[Math.floor(seed / THREADS_MAX)]! };
}
