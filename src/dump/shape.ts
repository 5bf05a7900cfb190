/*
 * Shapes: what the JSON of a dump must look like before any code of ours relies on it.
 *
 *     a shape                               is the shape of
 *     -----------------------------------   ------------------------------------------------------
 *     'string' 'number' 'boolean'           that; a number is finite
 *     'count' 'integer'                     a whole number, of at most 53 bits; a count is not negative
 *     'hex'                                 an address as text, of at most 16 digits
 *     'record'                              an object, of which nothing more is asked
 *     'scalars'                             an object of text, numbers and booleans
 *     'names'                               an object of text by whole numbers
 *     [shape]                               a list of such, perhaps empty
 *     [null, shape]                         null, or that
 *     { name: shape, 'more?': shape }       an object with these fields; with ? one may be missing
 *
 * Fields that a shape does not name are welcome: a dump of a later gridlock may have more.
 */

const FITS = {
  string: (value: unknown) => typeof value === 'string',
  number: (value: unknown) => Number.isFinite(value),
  boolean: (value: unknown) => typeof value === 'boolean',
  count: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
  integer: (value: unknown) => Number.isSafeInteger(value),
  hex: (value: unknown) => typeof value === 'string' && /^[0-9a-f]{1,16}$/.test(value),
  record: isRecord,
  scalars: (value: unknown) => isRecord(value) && Object.values(value).every(isScalar),
  names: (value: unknown) =>
    isRecord(value) &&
    Object.entries(value).every(([n, name]) => /^\d{1,15}$/.test(n) && typeof name === 'string'),
} as const;

export type Shape =
  | keyof typeof FITS
  | readonly [Shape]
  | readonly [null, Shape]
  | { readonly [field: string]: Shape };

/** Where a value has another shape, in words: `[3].holds is no list`; undefined where it fits. */
export function misfit(value: unknown, shape: Shape, path = ''): string | undefined {
  if (typeof shape === 'string') {
    return FITS[shape](value) ? undefined : `${path === '' ? 'it' : path} is no ${shape}`;
  }
  if (isList(shape)) {
    const [first, second] = shape;
    if (first === null) return value === null ? undefined : misfit(value, second, path);
    if (!Array.isArray(value)) return `${path === '' ? 'it' : path} is no list`;
    return firstOf(value.entries(), ([i, each]) => misfit(each, first, `${path}[${i}]`));
  }
  if (!isRecord(value)) return `${path === '' ? 'it' : path} is no record`;
  return firstOf(Object.entries(shape), ([name, each]) => {
    const field = name.replace(/\?$/, '');
    if (name !== field && value[field] === undefined) return undefined;
    return misfit(value[field], each, path === '' ? field : `${path}.${field}`);
  });
}

function isList(shape: Shape): shape is readonly [Shape] | readonly [null, Shape] {
  return Array.isArray(shape);
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<T>(list: Iterable<T>, look: (each: T) => string | undefined): string | undefined {
  for (const each of list) {
    const found = look(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
