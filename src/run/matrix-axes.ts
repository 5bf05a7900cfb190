/*
 * The axes of a matrix, and the configurations that they span.
 *
 *     --matrix node=20,22 --matrix v8=default,jitless --matrix threads=2,8
 *
 * is eight configurations, each one value of every axis.  Two axes are of the process that runs the trials, and are resolved
 * here; what the others mean is the affair of the command that is run (cli/matrix.ts).
 *
 *     axis    values
 *     ----    --------------------------------------------------------------------------------------------------
 *     node    versions, or paths (node-binaries.ts); called by the version
 *     v8      default, or flags of V8 without their dashes, several joined by +: no-opt, no-opt+no-maglev,
 *             stack-size=500
 *
 * All is checked before anything runs: that a binary has the flags, and that it starts with them and can start a thread.
 * A configuration that fails after hours would have cost those hours.
 *
 * Bounded: a product grows faster than one thinks, and each configuration takes as long as a run.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { nodeHere, nodesOf, type NodeBinary } from './node-binaries.ts';
import { isFlagOf, nameOf, v8FlagsOf } from './v8-flags.ts';

const run = promisify(execFile);
const START_MS = 30_000;
const CONFIGURATIONS_MAX = 64;
const DEFAULT = 'default';
/** What a machine needs at the least. */
const PROBE = "new (require('node:worker_threads').Worker)('0', { eval: true })";

export interface Axis {
  readonly name: string;
  readonly values: readonly string[];
}

/** One value of every axis. */
export interface Configuration {
  /** `node=22.23.3,v8=jitless` */
  readonly name: string;
  /** by axis, in the order in which they were given */
  readonly settings: Readonly<Record<string, string>>;
  readonly node: NodeBinary;
  /** of V8, as Node takes them */
  readonly flags: readonly string[];
}

/** @param texts as --matrix gives them @throws Fail MATRIX_AXIS */
export function parseAxes(texts: readonly string[]): Axis[] {
  const axes: Axis[] = [];
  for (const text of texts) {
    const wrong = (what: string): Error => fail('MATRIX_AXIS', { text, what });
    const [, name, list] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || list === undefined)
      throw wrong('it is not a name, an equals sign and values');
    const values = list.split(',').map((value) => value.trim());
    if (values.includes('')) throw wrong('one of its values is empty');
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice !== undefined) throw wrong(`${twice} is there twice`);
    if (axes.some((axis) => axis.name === name)) throw wrong(`the axis ${name} is there already`);
    axes.push({ name, values });
  }
  return axes;
}

/**
 * All of them, the last axis changing fastest.
 * @param from where packages and relative paths are looked for
 * @throws Fail MATRIX_SIZE, MATRIX_AXIS, NODE_MISSING, NODE_UNUSABLE, UNKNOWN_FLAG, CONFIGURATION
 */
export async function configurationsOf(
  axes: readonly Axis[],
  from: string,
): Promise<Configuration[]> {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > CONFIGURATIONS_MAX) throw fail('MATRIX_SIZE', { count, most: CONFIGURATIONS_MAX });
  const versions = axes.find(({ name }) => name === 'node')?.values;
  const nodes = versions === undefined ? [nodeHere()] : await nodesOf(versions, from);
  const named = axes.map((axis) =>
    axis.name === 'node' ? { ...axis, values: nodes.map(({ version }) => version) } : axis,
  );
  const all = product(named).map((settings) => {
    const node = nodes.find(({ version }) => version === settings['node']) ?? nodes[0]!;
    const flags = flagsOf(settings['v8'] ?? DEFAULT);
    return { name: nameOfSettings(settings), settings, node, flags };
  });
  const starts = new Map(all.map((each) => [startOf(each), each] as const));
  for (const each of starts.values()) await refuseUnknown(each);
  for (const each of starts.values()) await refuseUnstartable(each);
  return all;
}

/** `node=22.23.3,v8=jitless`. */
export function nameOfSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([axis, value]) => `${axis}=${value}`)
    .join(',');
}

function product(axes: readonly Axis[]): Readonly<Record<string, string>>[] {
  return axes.reduce<Readonly<Record<string, string>>[]>(
    (all, { name, values }) =>
      all.flatMap((settings) => values.map((value) => ({ ...settings, [name]: value }))),
    [{}],
  );
}

function flagsOf(text: string): string[] {
  if (text === DEFAULT) return [];
  return text.split('+').map((flag) => {
    // What is written down must not say where something is on this machine.
    if (/[/\\]/.test(flag))
      throw fail('MATRIX_AXIS', { text: `v8=${text}`, what: `${flag} names a file` });
    return `--${flag.replace(/^-{1,2}/, '')}`;
  });
}

function startOf({ node, flags }: Configuration): string {
  return [node.file, ...flags].join('\n');
}

/** @throws Fail UNKNOWN_FLAG, NODE_UNUSABLE */
async function refuseUnknown({ node, flags }: Configuration): Promise<void> {
  if (flags.length === 0) return;
  const known = await v8FlagsOf(node.file).catch((error: unknown) => {
    const reason = 'it does not list its V8 flags';
    throw fail('NODE_UNUSABLE', { file: `Node ${node.version}`, reason }, { cause: error });
  });
  const unknown = flags.find((flag) => !isFlagOf(known, flag));
  if (unknown === undefined) return;
  const name = nameOf(unknown);
  const suggestion = suggest(name, [...known, ...[...known].map((each) => `no-${each}`)]);
  throw fail('UNKNOWN_FLAG', { version: node.version, flag: unknown, suggestion });
}

/** @throws Fail CONFIGURATION */
async function refuseUnstartable({ node, flags }: Configuration): Promise<void> {
  try {
    await run(node.file, [...flags, '-e', PROBE], {
      timeout: START_MS,
      killSignal: 'SIGKILL',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
  } catch (error) {
    const { code, killed, stderr } = error as { code?: unknown; killed?: boolean; stderr?: string };
    const said = (stderr ?? '').split('\n').find((line) => line.trim() !== '') ?? '';
    const reason =
      killed === true
        ? `it was not done after ${START_MS / 1000} s`
        : said.replaceAll(node.file, 'node') || `exit code ${String(code)}`;
    throw fail(
      'CONFIGURATION',
      { version: node.version, flags: flags.join(' ') || 'no flags', reason },
      { cause: error },
    );
  }
}
