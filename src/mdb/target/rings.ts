/*
 * Event rings, as the debugger sees them: src/dump/rings.ts reads them, and what the dump lacks is an error of ours.
 */

import type { FieldInfo } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { ringsIn, type ImageEyes, type Rings } from '../../dump/rings.ts';
import { oops } from '../error.ts';
import type { Target } from './target.ts';

export type { Event, Rings } from '../../dump/rings.ts';

/** @throws MdbError when the dump has no rings, or not of a form that is understood */
export function readRings(target: Target): Rings {
  return ringsIn(eyesOf(target));
}

/** How src/dump/rings.ts sees a target. */
export function eyesOf(target: Target): ImageEyes {
  return {
    threads: target.threads,
    word: (address) => target.word(address),
    struct: (type) => target.types.need(type),
    field: (type, name) => fieldOf(target, type, name),
  };
}

/** @throws MdbError for one that the dump does not have */
function fieldOf(target: Target, type: string, name: string): FieldInfo {
  const field = target.types.need(type).fields.find((known) => known.name === name);
  if (field !== undefined) return field;
  throw oops(`failed to find member ${name} of ${printable(type)}`, 'this dump has none');
}
