/*
 * The catalog: finding workloads by name or path, and making sure that what was found is one.
 *
 * A bare name is a shipped workload, `gallery/` and a name a program of the gallery; anything else with a
 * slash or an extension is a file of the user's.  The shape is checked before anything runs, so that a
 * mistake in a workload is a message about a field and not a crash in a thread (the contract itself is
 * run/workload.ts).
 *
 * Params come from three places, later ones beating earlier ones: the defaults, which may be others where a strategy decides,
 * what the variant sets, and -P on the command line.  Each value is checked against the declaration.
 */

import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { VERDICTS } from '../base/verdict.ts';
import { portable } from './again.ts';
import type { ParamRecord } from './protocol.ts';
import { galleryNames, galleryUrl, shippedNames, shippedUrl } from './shipped.ts';
import type { Param, Variant, Workload } from './workload.ts';

export interface CatalogEntry {
  readonly workload: Workload;
  /** file: URL of its module */
  readonly url: string;
  /** how a command line names it: a bare name, or a path from where we are */
  readonly given: string;
}

const line = v.pipe(v.string(), v.minLength(1));
const func = v.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
);
const value = v.union([v.string(), v.number(), v.boolean()]);
const grade = v.picklist(['expected', 'interesting', 'forbidden']);
const count = v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), func]);

const shape = v.object({
  name: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and dashes'),
  ),
  title: line,
  variants: v.pipe(
    v.record(
      v.string(),
      v.object({
        title: line,
        verdict: v.picklist(VERDICTS),
        params: v.optional(v.record(v.string(), value)),
        optional: v.optional(v.boolean()),
        durationMs: v.optional(v.pipe(v.number(), v.minValue(1))),
      }),
    ),
    v.check((variants) => Object.keys(variants).length > 0, 'has no variant'),
  ),
  params: v.optional(
    v.record(
      v.string(),
      v.variant('type', [
        v.object({
          type: v.literal('int'),
          default: v.pipe(v.number(), v.integer()),
          controlled: v.optional(v.pipe(v.number(), v.integer())),
          min: v.number(),
          max: v.number(),
          title: line,
          unit: v.optional(line),
        }),
        v.object({
          type: v.literal('choice'),
          default: line,
          controlled: v.optional(line),
          choices: v.array(line),
          title: line,
        }),
        v.object({
          type: v.literal('flag'),
          default: v.boolean(),
          controlled: v.optional(v.boolean()),
          title: line,
        }),
      ]),
    ),
  ),
  roles: v.pipe(
    v.array(
      v.object({
        name: line,
        psargs: v.union([v.string(), func]),
        count: v.optional(count),
        daemon: v.optional(v.boolean()),
        run: func,
      }),
    ),
    v.minLength(1, 'has no roles'),
  ),
  outcomes: v.optional(v.record(v.string(), v.object({ grade, title: line }))),
  heapBytes: v.optional(count),
  durationMs: v.optional(v.pipe(v.number(), v.minValue(1))),
  panicOnCycle: v.optional(v.boolean()),
  share: v.optional(func),
  boot: v.optional(func),
  check: v.optional(func),
});

/**
 * Loads a workload by its shipped name or by a path.
 * @throws Fail UNKNOWN_WORKLOAD, WORKLOAD_NOT_FOUND, WORKLOAD_IMPORT, WORKLOAD_SHAPE
 */
export async function loadWorkload(given: string): Promise<CatalogEntry> {
  const url = locate(given);
  let module: { default?: unknown };
  try {
    module = (await import(url)) as { default?: unknown };
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const at = /\((?:file:\/\/)?([^()]+:\d+:\d+)\)|at (?:file:\/\/)?(\S+:\d+:\d+)/.exec(stack);
    const where = at?.[1] ?? at?.[2];
    throw fail(
      'WORKLOAD_IMPORT',
      { file: given, message, at: where === undefined ? '' : relative(process.cwd(), where) },
      { cause: error },
    );
  }
  const checked = v.safeParse(shape, module.default);
  if (!checked.success) {
    const [issue] = checked.issues;
    const where = issue.path?.map((part) => String(part.key)).join('.') ?? '';
    const what =
      module.default === undefined
        ? 'it has no default export'
        : `${where === '' ? '' : `${where}: `}${issue.message}`;
    throw fail('WORKLOAD_SHAPE', { file: given, what });
  }
  const workload = module.default as Workload;
  for (const [name, variant] of Object.entries(workload.variants)) {
    for (const param of Object.keys(variant.params ?? {})) {
      if (workload.params?.[param] === undefined) {
        throw fail('WORKLOAD_SHAPE', {
          file: given,
          what: `variant ${name} sets ${param}, which is no param`,
        });
      }
    }
  }
  return { workload, url, given: portable(given) };
}

function locate(given: string): string {
  const gallery = galleryNames();
  if (gallery.includes(given)) return galleryUrl(given);
  if (/[/\\]|\.[cm]?[jt]s$/.test(given) && !/^gallery\/[\w-]*$/.test(given)) {
    const file = resolve(given);
    if (!existsSync(file)) throw fail('WORKLOAD_NOT_FOUND', { file: given });
    return pathToFileURL(file).href;
  }
  const names = shippedNames();
  if (names.includes(given)) return shippedUrl(given, 'workload.js');
  const suggestion =
    gallery.find((name) => name.endsWith(`/${given}`)) ?? suggest(given, [...names, ...gallery]);
  throw fail('UNKNOWN_WORKLOAD', { name: given, suggestion: suggestion ?? '' });
}

/** @throws Fail UNKNOWN_VARIANT */
export function variantOf({ workload }: CatalogEntry, name: string): Variant {
  const variant = workload.variants[name];
  if (variant !== undefined) return variant;
  const known = Object.keys(workload.variants);
  throw fail('UNKNOWN_VARIANT', {
    workload: workload.name,
    name,
    known: known.join(', '),
    suggestion: suggest(name, known) ?? '',
  });
}

/** `name=value`, as -P gives it.  @throws Fail PARAM_SYNTAX */
export function parseParam(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw fail('PARAM_SYNTAX', { text });
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * All params of a workload with their values for one variant.
 * @param given what the command line says, by name
 * @param isControlled whether a strategy decides which thread runs
 * @throws Fail UNKNOWN_PARAM, PARAM_TYPE, PARAM_RANGE
 */
export function resolveParams(
  { workload }: CatalogEntry,
  variant: Variant,
  given: ReadonlyMap<string, string>,
  isControlled = false,
): ParamRecord {
  const params = workload.params ?? {};
  const names = Object.keys(params);
  for (const name of given.keys()) {
    if (params[name] !== undefined) continue;
    throw fail('UNKNOWN_PARAM', {
      workload: workload.name,
      name,
      known: names.join(', ') || 'none',
      suggestion: suggest(name, names) ?? '',
    });
  }
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => {
      const said = given.get(name);
      if (said !== undefined) return [name, parseValue(name, param, said)];
      const own = (isControlled ? param.controlled : undefined) ?? param.default;
      return [name, parseValue(name, param, String(variant.params?.[name] ?? own))];
    }),
  );
}

function parseValue(name: string, param: Param, text: string): string | number | boolean {
  switch (param.type) {
    case 'int': {
      const number = /^[+-]?(0x[0-9a-f]+|\d+)$/i.test(text.trim()) ? Number(text) : NaN;
      if (!Number.isInteger(number)) {
        throw fail('PARAM_TYPE', {
          name,
          value: text,
          wanted: 'a whole number',
          example: String(param.default),
        });
      }
      if (number < param.min || number > param.max) {
        throw fail('PARAM_RANGE', {
          name,
          value: number,
          min: param.min,
          max: param.max,
          unit: param.unit ?? '',
        });
      }
      return number;
    }
    case 'choice':
      if (!param.choices.includes(text)) {
        throw fail('PARAM_TYPE', {
          name,
          value: text,
          wanted: `one of ${param.choices.join(', ')}`,
          example: suggest(text, param.choices) ?? param.default,
        });
      }
      return text;
    case 'flag': {
      const flag = {
        true: true,
        on: true,
        yes: true,
        '1': true,
        false: false,
        off: false,
        no: false,
        '0': false,
      }[text];
      if (flag === undefined)
        throw fail('PARAM_TYPE', { name, value: text, wanted: 'on or off', example: 'on' });
      return flag;
    }
    default:
      return param satisfies never;
  }
}
