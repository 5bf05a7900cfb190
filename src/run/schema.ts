/*
 * The schema of what a results directory says, and how older ones are read.
 *
 * manifest.json and the header of a journal name the schema that they were written in, a whole number.  A record
 * of an older one is brought to today's by one step after the other, as it is read; nothing on the disk is changed.
 * One of a newer is refused: who does not know what a field means would count it wrong.
 *
 *     schema    since            a step makes of it
 *     ------    -------------    ------------------
 *     1         the beginning    (today's)
 *
 * To change what a field means: raise SCHEMA, and add the step from the one before.  A new field needs neither.
 */

import { fail } from '../base/fail.ts';

export const SCHEMA = 1;

export type Fields = Readonly<Record<string, unknown>>;

/** Makes a manifest, or a record of a journal, into one of the next schema. */
export type Migration = (fields: Fields) => Fields;

/** By the schema that each begins with. */
export const MIGRATIONS: ReadonlyMap<number, Migration> = new Map();

/** @param file for the error @throws Fail SCHEMA_UNKNOWN when it is no schema that we know */
export function schemaOf(fields: Fields, file: string): number {
  const { schema } = fields;
  if (Number.isInteger(schema) && (schema as number) <= SCHEMA) return schema as number;
  throw fail('SCHEMA_UNKNOWN', { file, schema: JSON.stringify(schema) ?? 'none', known: SCHEMA });
}

/** @throws Fail SCHEMA_UNKNOWN when there is no way from that schema to today's */
export function migrated(
  fields: Fields,
  schema: number,
  file: string,
  migrations = MIGRATIONS,
): Fields {
  let now = fields;
  for (let from = schema; from < SCHEMA; from++) {
    const step = migrations.get(from);
    if (step === undefined)
      throw fail('SCHEMA_UNKNOWN', { file, schema: String(schema), known: SCHEMA });
    now = step(now);
  }
  return now;
}
