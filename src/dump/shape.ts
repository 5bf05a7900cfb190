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
export function misfit(value: unknown, shape: Shape): string | undefined {
  const found = find(value, shape);
  return found && `${found.path.replace(/^\./, '') || 'it'} is no ${found.not}`;
}

/** A dump has tens of thousands of values: a path is put together only where one does not fit. */
interface Misfit {
  readonly path: string;
  readonly not: string;
}

interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  readonly shape: Shape;
}

const fieldsOf = new WeakMap<object, readonly Field[]>();

function find(value: unknown, shape: Shape): Misfit | undefined {
  if (typeof shape === 'string') {
    return FITS[shape](value) ? undefined : { path: '', not: shape };
  }
  if (isList(shape)) {
    const [first, second] = shape;
    if (first === null) return value === null ? undefined : find(value, second);
    if (!Array.isArray(value)) return { path: '', not: 'list' };
    for (let i = 0; i < value.length; i++) {
      const found = find(value[i], first);
      if (found !== undefined) return { ...found, path: `[${i}]${found.path}` };
    }
    return undefined;
  }
  if (!isRecord(value)) return { path: '', not: 'record' };
  for (const { name, isOptional, shape: each } of fields(shape)) {
    const field = value[name];
    if (isOptional && field === undefined) continue;
    const found = find(field, each);
    if (found !== undefined) return { ...found, path: `.${name}${found.path}` };
  }
  return undefined;
}

function fields(shape: { readonly [field: string]: Shape }): readonly Field[] {
  const known = fieldsOf.get(shape);
  if (known !== undefined) return known;
  const found = Object.entries(shape).map(([field, each]) => {
    const name = field.replace(/\?$/, '');
    return { name, isOptional: name !== field, shape: each };
  });
  fieldsOf.set(shape, found);
  return found;
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
