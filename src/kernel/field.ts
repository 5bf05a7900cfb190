/*
 * Fields of shared structs: in a controlled run, each access is a scheduling point.
 *
 * A data race is two accesses of a field that no lock keeps apart.  A strategy can only find one if it may choose at
 * each of them; and to choose at every access of every struct would be to choose among nothing, mostly.  So a
 * workload marks the structs whose fields threads race for:
 *
 *     export const account = shared(struct('account', { balance: u32 }));
 *     export const kstat_t = shared(struct('kstat_t', { … }), 'ks_flags');      // of many fields, the one
 *
 * Workloads get their accessors from here.  Which ones, is decided once in a thread, when its workload is imported:
 *
 *     thread                      shared() gives         get, put, load, store, …
 *     -------------------------   --------------------   -----------------------------------------------------
 *     a role, controlled run      offsets with a tag     strip the tag and hit the probe, where there is one
 *     any other                   the struct as it is    the functions of layout/word.ts themselves
 *
 * So a free run pays nothing: there is no test of a flag, not even a call.  A field tells by itself whether it
 * is shared, since it is a number with a bit to spare; a look at the struct would cost a table.
 *
 *   - The struct table keeps true offsets.  A dump does not know of any of this.
 *   - Parts (embed, array) keep theirs too: an address made by sub() is a plain one.  A struct inside a shared one
 *     has points if it is marked itself.
 *   - A field of a shared struct is for these accessors.  Whoever adds it to an address by hand adds the tag.
 *   - A read-modify-write is one point, and counts as a write.  So does a cas() that changes nothing.
 *   - The object of a point is the word that has the field: fields of a byte that share a word are one object.
 *   - boot() and check() hit no point, in whatever thread they run: nobody has attached a probe then.
 *
 * Rejected: a Proxy for the struct (a field is a number, and must stay one), and accessors that ask each time (2% of
 * a lock pair for the test alone, see probe.ts, where a plain load is a fraction of that).
 *
 * Not here: who is told of a point (probe.ts), and copies of raw memory, which are none.
 */

import type { Struct } from '../layout/struct.ts';
import * as word from '../layout/word.ts';
import { are_fields_probed, POINT, probe, type Point } from './probe.ts';

const isProbed = are_fields_probed();
/** Above every offset. */
const TAG = 2 ** 30;
const WORD = ~3;

/**
 * Marks a struct: in a controlled run, accesses of its fields are scheduling points.
 * @param fields which of them; none: all
 */
export function shared<S extends string, D>(
  plain: Struct<S, D>,
  ...fields: readonly (keyof D & string)[]
): Struct<S, D> {
  if (!isProbed) return plain;
  const marked = new Set<string>(fields);
  const tagged = plain.$.fields.map(({ name, kind, offset }) => [
    name,
    kind === 'struct' || (marked.size > 0 && !marked.has(name)) ? offset : offset + TAG,
  ]);
  return Object.freeze({ ...Object.fromEntries(tagged), $: plain.$ }) as Struct<S, D>;
}

export const get = at_point(POINT.read, word.get);
export const get8 = at_point(POINT.read, word.get8);
export const get16 = at_point(POINT.read, word.get16);
export const get64 = at_point(POINT.read, word.get64);
export const getText = at_point(POINT.read, word.getText);
export const load = at_point(POINT.read, word.load);

export const put = at_point(POINT.write, word.put);
export const put8 = at_point(POINT.write, word.put8);
export const put16 = at_point(POINT.write, word.put16);
export const put64 = at_point(POINT.write, word.put64);
export const putText = at_point(POINT.write, word.putText);
export const store = at_point(POINT.write, word.store);
export const add = at_point(POINT.write, word.add);
export const cas = at_point(POINT.write, word.cas);
export const setBits = at_point(POINT.write, word.setBits);
export const swap = at_point(POINT.write, word.swap);

/** The accessor itself; or, in a role of a controlled run, one that hits the probe first if its field is shared. */
function at_point<F>(point: Point, accessor: F): F {
  if (!isProbed) return accessor;
  const access = accessor as Accessor;
  function shared_access(address: number, field: number, first: unknown, second: unknown): unknown {
    if (field < TAG) return access(address, field, first, second);
    const offset = field - TAG;
    probe(point, (address + offset) & WORD);
    return access(address, offset, first, second);
  }
  return shared_access as F;
}

type Accessor = (address: number, field: number, first: unknown, second: unknown) => unknown;
