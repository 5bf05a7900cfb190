/*
 * The rules of the house, as data.
 *
 * A ban is what is not to be written, and what to write in its place: a ban without a replacement is
 * a complaint.  Each carries a twin, the smallest text that breaks it, which the test must catch, and
 * must let pass where the rule makes an exception.
 *
 * To allow something new, widen a row here, and say why beside it.
 */

/** Folders, and what each may import besides itself.  Never up, never sideways. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  layout: ['base'],
  kernel: ['layout', 'base'],
  sched: ['base'],
  dump: ['layout', 'base'],
  nmi: ['dump', 'layout', 'base'],
  mdb: ['dump', 'base'],
  run: ['kernel', 'sched', 'nmi', 'dump', 'layout', 'base'],
  report: ['run', 'dump', 'base'],
  compare: ['report', 'run', 'base'], //  report: it knows how a run is read from its directory
  bench: ['run', 'nmi', 'workload', 'kernel', 'layout', 'base'], //  nmi, workload: whose cost it measures
  cli: ['*'],
  index: ['*'], //  src/index.ts
  workload: ['index', 'kernel'], //  workloads/<name>, each for itself
};

/** Folders that are pure: no module of Node, so no threads, no clock, no files. */
export const PURE: readonly string[] = ['sched'];

/** Packages that are slow to load, or a decision of one folder.  Others are free. */
export const ONLY_IN: Readonly<Record<string, string>> = {
  yargs: 'cli',
  piscina: 'run',
  tinybench: 'bench',
  yauzl: 'dump',
  yazl: 'dump',
  '@hpcc-js/wasm-graphviz': 'report',
};

/** Packages that are not used, and what is. */
export const NOT_USED: Readonly<Record<string, string>> = {
  ajv: 'valibot',
  ansis: 'picocolors',
  benchmark: 'tinybench',
  chalk: 'picocolors',
  jest: 'vitest',
  kleur: 'picocolors',
  lodash: 'the language',
  moment: 'src/base/duration.ts',
  ms: 'src/base/duration.ts',
  seedrandom: 'src/base/prng.ts',
  'string-width': 'width() of src/base/table.ts',
  'strip-ansi': 'width() of src/base/table.ts',
  tinypool: 'piscina',
  tsx: 'npm run build',
  workerpool: 'piscina',
  zod: 'valibot',
  'node:assert': 'expect in tests, panic() or fail() elsewhere',
  'node:cluster': 'src/run',
  'node:timers/promises': 'a wait for a word to change',
};

export interface Ban {
  readonly ban: string;
  readonly use: string;
  readonly find: RegExp;
  /** Prefixes of the paths it holds for. */
  readonly holds: readonly string[];
  /** Prefixes of the paths it does not hold for. */
  readonly except?: readonly string[];
  /** Looked for in `code` (default), or also in comments and strings. */
  readonly within?: 'code' | 'text';
  readonly twin: string;
}

const SOURCES = ['src/', 'workloads/'];
const EVERYWHERE = ['src/', 'workloads/', 'test/'];
const DETERMINISTIC = ['src/kernel/', 'src/sched/', 'workloads/'];
const PEERS = ['src/bench/floor', 'src/bench/peers']; //  what we are measured against
const PLANTED = ['test/planted/']; //  workloads that misbehave on purpose

export const BANS: readonly Ban[] = [
  // Who may touch what.
  {
    ban: 'Atomics',
    use: 'the verbs of src/layout/word.ts',
    find: /\bAtomics\b/g,
    holds: SOURCES,
    except: ['src/layout/word.ts', ...PEERS],
    twin: 'Atomics.add(words, 0, 1);',
  },
  {
    ban: 'process.exit()',
    use: 'a thrown Fail, or process.exitCode; src/cli alone ends the process',
    find: /\bprocess\.exit\(/g,
    holds: EVERYWHERE,
    // A machine whose supervisor is gone has nobody left to tell.
    except: ['src/cli/', 'src/run/machine.ts', 'test/matrix.mjs', ...PLANTED],
    twin: 'process.exit(1);',
  },
  {
    ban: 'console',
    use: 'a returned string, which src/cli prints',
    find: /\bconsole\.\w+/g,
    holds: EVERYWHERE,
    except: ['src/cli/', ...PLANTED],
    twin: "console.log('here');",
  },

  // What may not be left to chance or to time.
  {
    ban: 'the wall clock',
    use: 'lbolt(), the clock of the image',
    find: /\bDate\.now\b|\bnew Date\(\)/g,
    holds: DETERMINISTIC,
    twin: 'const since = Date.now();',
  },
  {
    ban: 'a clock of the host',
    use: 'lbolt(), the clock of the image, or an argument',
    find: /\bperformance\b|\bprocess\.(?:hrtime|uptime)\b/g,
    holds: ['src/sched/', 'workloads/'], //  the kernel has timed waits to time
    twin: 'const since = performance.now();',
  },
  {
    ban: 'Math.random()',
    use: 'src/base/prng.ts, so that the run can be repeated',
    find: /\bMath\.random\b/g,
    holds: EVERYWHERE,
    except: PEERS,
    twin: 'const n = Math.random();',
  },
  {
    ban: 'setTimeout() in a test',
    use: 'a wait for a word to change; the timeout is vitest.config.ts',
    find: /\bset(?:Timeout|Interval|Immediate)\b/g,
    holds: ['test/'],
    except: PLANTED,
    twin: 'await new Promise((done) => setTimeout(done, 100));',
  },
  {
    ban: '.only',
    use: 'the -t option of vitest',
    find: /\b(?:test|it|describe)\.only\b/g,
    holds: ['test/'],
    twin: "test.only('this one', () => {});",
  },
  {
    ban: '.skip',
    use: '.skipIf with the reason in its condition',
    find: /\b(?:test|it|describe)\.(?:skip|todo)\b/g,
    holds: ['test/'],
    twin: "test.skip('flaky', () => {});",
  },

  // What the compiler is not told.
  {
    ban: 'as any',
    use: 'unknown, and a check',
    find: /\bas any\b|<any>/g,
    holds: EVERYWHERE,
    twin: 'const t = thread as any;',
  },
  {
    ban: 'an ignored type error',
    use: '@ts-expect-error and the reason',
    find: /@ts-(?:ignore|nocheck)\b/g,
    holds: EVERYWHERE,
    within: 'text',
    twin: ['// @ts', 'ignore'].join('-'),
  },

  // How it is written.
  {
    ban: 'enum',
    use: 'a const object, and a type of its values',
    find: /^[ \t]*(?:export )?(?:declare )?(?:const )?enum \w/gm,
    holds: EVERYWHERE,
    twin: 'export enum State {}',
  },
  {
    ban: 'namespace',
    use: 'a file',
    find: /^[ \t]*(?:export )?(?:declare )?(?:namespace|module) \w/gm,
    holds: EVERYWHERE,
    twin: 'export namespace Kernel {}',
  },
  {
    ban: 'an exported arrow function',
    use: 'export function, so that its frames have a name',
    find: /^export const \w+(?:: [^=]+)? = (?:async )?(?:function\b|(?:\([^()]*\)|\w+)(?:: [^=]+)? =>)/gm,
    holds: SOURCES,
    twin: 'export const f = (n: number): number => n;',
  },
  {
    ban: 'export default',
    use: 'a named export',
    find: /^export default\b/gm,
    holds: ['src/', 'workloads/'],
    except: ['workloads/', 'src/bench/workloads/'], //  the contract: a workload is what its file exports by default
    twin: 'export default {};',
  },
  {
    ban: 'a path of one machine',
    use: 'node:os tmpdir(), or a path from import.meta.url',
    find: /(?<![\w.@])\/(?:work|tmp|home|root|Users)\/(?=[\w.$-])/g,
    holds: ['', ...EVERYWHERE],
    within: 'text',
    twin: ['const file = "', 'tmp', 'x.dump";'].join('/'),
  },
];

/** Where exported functions have kernel names, and the files there that run on the host. */
export const SNAKE_CASE = {
  holds: ['src/kernel/', 'workloads/'],
  except: /\/(?:workload|dmod)\.ts$/,
} as const;
