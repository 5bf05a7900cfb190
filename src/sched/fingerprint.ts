/*
 * A fingerprint: 32 bits that tell one course of choices from another.
 *
 * Over who went on, what that one did then, and to which object, choice for choice.  Two trials of one program with the
 * same fingerprint did the same; two courses that differ have the same one with a chance of 2^-32.
 */

export const FINGERPRINT = 0x811c9dc5 | 0;

/** One choice more. */
export function fingerprint(hash: number, thread: number, op: number, object: number): number {
  let h = Math.imul(hash ^ (thread | (op << 16)), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ object, 0xc2b2ae35);
  return h ^ (h >>> 13);
}
