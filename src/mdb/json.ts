/*
 * A row as one line of JSON: what --json prints of every command, and ::json of the one before it.
 */

import type { Row } from './dcmd.ts';

/** Undefined for a row that is for people only, such as a head. */
export function jsonOf({ address, data }: Row): string | undefined {
  if (data === undefined && address === undefined) return undefined;
  return JSON.stringify(data ?? { address: address?.toString(16) }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  );
}
