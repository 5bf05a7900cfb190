/*
 * What a lock is called: by its own name, by that of the symbol it lies in, or by its address.
 */

import { printable } from '../../base/text.ts';
import { hex } from '../columns.ts';
import type { Target } from './target.ts';

/** A lock's name at an address, for tables: its own, the symbol's, or the number. */
export function lockName(target: Target, address: number): string {
  if (address === 0) return '';
  const sobj = target.types.find('sobj');
  const field = sobj?.fields.find(({ name }) => name === 'name');
  const at = field === undefined ? undefined : target.word(address + field.offset);
  const own = at === undefined || at === 0 ? '?' : target.readString(BigInt(at));
  const named = own === '?' ? target.nameAt(BigInt(address)) : undefined;
  if (own !== '?' && own !== '') return printable(own);
  return named === undefined ? hex(address) : printable(target.symbolic(BigInt(address)));
}
