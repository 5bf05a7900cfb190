/*
 * The cells of the question semaphore, as a seed: how many threads, half of them of each sort, and how much room.
 */

const THREADS_MAX = 256;

export function seedOfUnits(threads: number, room: number): number {
  return room * THREADS_MAX + threads;
}

export function unitsOfSeed(seed: number): { readonly threads: number; readonly room: number } {
  return { threads: seed % THREADS_MAX, room: Math.floor(seed / THREADS_MAX) };
}
