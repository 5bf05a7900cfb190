/*
 * Baselines: one side of a comparison, kept under a name, to compare others with later.
 *
 *     --save-baseline main            results/baselines/main.json
 *     --save-baseline ./perf/v1.json  that file: what ends in .json is a path, to be committed if one likes
 *
 * A baseline is the samples and the facts and nothing else, in one file of a few kilobytes, written whole or not at all.  The
 * results directory that it was made of may go.  To compare with one, a side of `gridlock compare` may be such a file, too.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { writeWhole } from '../base/disk.ts';
import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { makeParents } from '../run/results.ts';
import { SCHEMA, schemaOf } from '../run/schema.ts';
import type { Side } from './side.ts';

const TYPE = 'baseline';
const ENDING = '.json';

const Count = v.pipe(v.number(), v.minValue(0));
const Numbers = v.array(v.number());
const LengthsOf = v.object({ failed: v.array(Count), cut: v.array(Count) });
const FigureOf = v.object({
  question: v.string(),
  name: v.string(),
  unit: v.string(),
  better: v.picklist(['less', 'more']),
  params: v.record(v.string(), v.union([v.string(), v.number()])),
  seen: v.array(v.string()),
  values: Numbers,
  ratios: v.nullable(v.pipe(Numbers, v.minLength(1))),
  failures: v.optional(v.array(v.string()), []),
});
/** Samples, or why there are none. */
const SampledOf = v.pipe(
  FigureOf,
  v.forward(
    v.check(({ values, failures }) => values.length + failures.length > 0, 'there are none'),
    ['values'],
  ),
);
const CampaignOf = v.object({
  workload: v.string(),
  variant: v.string(),
  strategy: v.string(),
  params: v.nullable(v.record(v.string(), v.unknown())),
  declared: v.nullable(v.string()),
  trials: Count,
  verdicts: v.record(v.string(), Count),
  schedules: LengthsOf,
  seconds: LengthsOf,
  secondsOfTrial: Numbers,
  outcomes: v.record(v.string(), Numbers),
  times: v.optional(v.record(v.string(), Numbers), {}),
});
const BaselineOf = v.object({
  type: v.literal(TYPE),
  kind: v.picklist(['bench', 'run']),
  from: v.array(v.string()),
  facts: v.record(v.string(), v.array(v.string())),
  figures: v.array(SampledOf),
  campaigns: v.array(CampaignOf),
});

/** Where a baseline of this name is kept. */
export function baselineFile(name: string, root: string): string {
  return isBaselineFile(name) ? name : join(root, 'baselines', `${name}${ENDING}`);
}

/** Whether a side is given as a baseline's file rather than as a directory. */
export function isBaselineFile(given: string): boolean {
  return given.endsWith(ENDING);
}

/** @throws Fail USAGE for a name that is none */
export function checkBaselineName(name: string, option: string): void {
  if (isBaselineFile(name) || /^[\w.-]+$/.test(name)) return;
  const what = `${option} ${name === '' ? "''" : name} is neither a name nor a path that ends in .json`;
  throw fail('USAGE', { what });
}

/** @returns the file @throws Fail EXPORT_UNWRITABLE */
export function saveBaseline(name: string, root: string, side: Side): string {
  const file = baselineFile(name, root);
  const { kind, from, facts, figures, campaigns } = side;
  const text = JSON.stringify(
    { type: TYPE, schema: SCHEMA, kind, from, facts, figures, campaigns },
    null,
    1,
  );
  try {
    makeParents(resolve(dirname(file)));
    writeWhole(file, [Buffer.from(`${text}\n`)]);
  } catch (error) {
    throw fail('EXPORT_UNWRITABLE', { file, reason: (error as Error).message }, { cause: error });
  }
  return file;
}

/** @throws Fail NO_BASELINE, BASELINE_EMPTY, NOT_COMPARABLE, SCHEMA_UNKNOWN */
export function readBaseline(name: string, root: string, label = basename(name, ENDING)): Side {
  const file = baselineFile(name, root);
  if (!existsSync(file)) {
    const directory = dirname(file);
    const known = isBaselineFile(name) ? [] : namesIn(directory);
    throw fail('NO_BASELINE', {
      name: suggest(name, known) ?? name,
      directory,
      known: known.join(', '),
    });
  }
  const text = readFileSync(file, 'utf8');
  if (text.trim() === '') throw fail('BASELINE_EMPTY', { file, name, what: 'it has no bytes' });
  const side = parsed(file, text);
  if (side.figures.length + side.campaigns.length === 0)
    throw fail('BASELINE_EMPTY', { file, name, what: 'no figure and no campaign is in it' });
  return { ...side, label };
}

function parsed(file: string, text: string): Omit<Side, 'label'> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail('NOT_COMPARABLE', { from: file, what: (error as Error).message }, { cause: error });
  }
  const isObject = typeof json === 'object' && json !== null;
  if (isObject && (json as { type?: unknown }).type === TYPE)
    schemaOf(json as Record<string, unknown>, file);
  const result = v.safeParse(BaselineOf, json);
  if (result.success) {
    const { type: _, ...side } = result.output;
    return side;
  }
  const [issue] = result.issues;
  const at = v.getDotPath(issue);
  throw fail('NOT_COMPARABLE', {
    from: file,
    what: `${at === null ? '' : `${at}: `}${issue.message}`,
  });
}

function namesIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => basename(name, ENDING))
    .toSorted();
}
