/*
 * Sets of flags, by the names of their bits.
 *
 * Apart from value.ts, which prints everything and so imports everything: who only reads a record, as the dmods
 * of workloads do, does not load the rest of the debugger with it.
 */

import type { FieldInfo } from '../../dump/format.ts';

/** Names of the bits that are set, with what has none in hexadecimal. */
export function bitNames(field: FieldInfo, value: bigint): string {
  const names: string[] = [];
  let rest = value;
  for (const [bit, name] of Object.entries(field.names ?? {})) {
    const mask = BigInt(bit);
    if (mask === 0n || (value & mask) !== mask) continue;
    names.push(name);
    rest &= ~mask;
  }
  if (rest !== 0n && names.length > 0) names.push(`0x${rest.toString(16)}`);
  return names.join(',');
}
