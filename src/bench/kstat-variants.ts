/*
 * The variants of kstat-race that kstat-fixes compares: the one list of both sides.
 *
 * The seed of a trial says which, so that one machine measures all of them.  The other side is workloads/kstats.ts,
 * which imports the kernel that they are variants of.
 */

export const BASE = 'unlocked-clear';
export const FIXES = ['locked-clear', 'count-invalid'] as const;
export const VARIANTS = [BASE, ...FIXES] as const;
export type KstatVariant = (typeof VARIANTS)[number];

/** The seed of a round's trial. */
export function seedOfVariant(round: number, variant: KstatVariant): number {
  return round * VARIANTS.length + VARIANTS.indexOf(variant);
}

export function variantOfSeed(seed: number): KstatVariant {
  return VARIANTS[seed % VARIANTS.length]!;
}
