/*
 * Shapes: what the JSON of a dump must look like before any code of ours relies on it.
 *
 *     a shape                               is the shape of
 *     -----------------------------------   ------------------------------------------------------
 *     'string' 'number' 'boolean'           that
 *     'record'                              an object, of which nothing more is asked
 *     [shape]                               a list of such, perhaps empty
 *     [null, shape]                         null, or that
 *     { name: shape, 'more?': shape }       an object with these fields; with ? one may be missing
 *
 * Fields that a shape does not name are welcome: a dump of a later gridlock may have more.
 */

export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'record'
  | readonly [Shape]
  | readonly [null, Shape]
  | { readonly [field: string]: Shape };

/** Where a value has another shape, in words: `[3].holds is no list`; undefined where it fits. */
export function misfit(value: unknown, shape: Shape, path = ''): string | undefined {
  if (typeof shape === 'string') {
    const fits = shape === 'record' ? isRecord(value) : typeof value === shape;
    return fits ? undefined : `${path === '' ? 'it' : path} is no ${shape}`;
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
