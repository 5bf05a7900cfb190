/*
 * The ways to a function of a module that stub-call compares: the one list of both sides.
 *
 * The seed of a trial says which way its threads take, so that one machine measures all of them with the same
 * threads on the same CPUs.  The other side is workloads/stubs.ts.  It imports a whole kernel, and whoever asks
 * the question need not: hence a file for the list.
 */

export const WAYS = [
  'plain', //            the function itself, by its address: the floor
  'STUB',
  'WSTUB',
  'NO_UNLOAD_STUB',
  'NO_UNLOAD_WSTUB',
] as const;
export type Way = (typeof WAYS)[number];

/** The seed of a round's trial. */
export function seedOfWay(round: number, way: Way): number {
  return round * WAYS.length + WAYS.indexOf(way);
}

export function wayOfSeed(seed: number): Way {
  return WAYS[seed % WAYS.length]!;
}
