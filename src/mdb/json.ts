/*
 * A row as one line of JSON: what --json prints of every command, and ::json of the one before it.
 */

import type { Row } from './dcmd.ts';
import { oops } from './error.ts';

/** Undefined for a row that is for people only, such as a head. */
export function jsonOf({ address, data }: Row): string | undefined {
  if (data === undefined && address === undefined) return undefined;
  try {
    return JSON.stringify(data ?? { address: address?.toString(16) }, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString(16) : value,
    );
  } catch (error) {
    // Fields that we do not know come from the dump as they are, however deep.
    if (error instanceof RangeError) throw oops('failed to print as JSON', error.message);
    throw error;
  }
}
