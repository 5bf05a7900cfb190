/*
 * Goal: what `gridlock init` prints would be taken by the engine that it is for, and does what the contract says.
 *
 * Method: each template is printed in this process and read by somebody else: the workflow by the validator of
 * the published schema, the Jobs by the compiler against the published API's types, YAML by a parser, the scripts
 * by sh and, where it is installed, by shellcheck.  The scripts of the merging job are then run, against a gridlock that
 * ends with each code.  That the engines themselves run them is shown by test/engines/.
 *
 * Control: of each reader a broken twin, which it must refuse.
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateWorkflow } from '@action-validator/core';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { EXIT } from '../../src/base/exit.ts';
import { explain, toFail } from '../../src/base/fail.ts';
import { initCommand } from '../../src/cli/commands/init.ts';
import { github } from '../../src/cli/templates/github.ts';
import { gitlab } from '../../src/cli/templates/gitlab.ts';
import { templates } from '../../src/cli/templates/index.ts';
import { kubernetes } from '../../src/cli/templates/kubernetes.ts';
import { slurm } from '../../src/cli/templates/slurm.ts';
import { limitMinutes, mergeLines, quoted } from '../../src/cli/templates/template.ts';
import type { TemplateOptions } from '../../src/cli/templates/template.ts';
import { gridlock, inScratch, records } from './gridlock.ts';

const OPTIONS: TemplateOptions = {
  name: 'nightly',
  shards: 3,
  durationMs: 60 * 60_000,
  cpus: 2,
  image: 'registry.example:5000/us/ours:1.2',
  command: `soak ./mine.js -P ${quoted(["text=it's here"])} --duration 1h`,
};
const COMMAND = OPTIONS.command;

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface WorkflowJob {
  readonly 'timeout-minutes': number;
  readonly if?: string;
  readonly needs?: string;
  readonly strategy?: { readonly 'fail-fast': boolean; readonly matrix: { shard: number[] } };
  readonly steps: readonly Step[];
}
interface GitlabJob {
  readonly script: readonly string[];
  readonly parallel?: number;
  readonly timeout: string;
  readonly when?: string;
  readonly artifacts: { readonly when: string };
}
interface Job {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly podFailurePolicy?: {
      readonly rules: readonly { action: string; onExitCodes?: { values: number[] } }[];
    };
    readonly template?: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly { readonly args: readonly string[] }[];
      };
    };
  };
}

function workflow(): Readonly<Record<string, WorkflowJob>> {
  return (parse(github.print(OPTIONS)) as { jobs: Record<string, WorkflowJob> }).jobs;
}

function jobs(): readonly Job[] {
  return parseAllDocuments(kubernetes.print(OPTIONS)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Job;
  });
}

/** Every script that an engine hands to a shell, by where it is from. */
function scripts(): Readonly<Record<string, string>> {
  const steps = Object.entries(workflow()).map(([name, { steps: all }]): [string, string] => [
    `github ${name}`,
    all.findLast(({ run }) => run !== undefined)?.run ?? '',
  ]);
  const ci = parse(gitlab.print(OPTIONS)) as Record<string, GitlabJob>;
  const lines = Object.entries(ci).map(([name, { script }]): [string, string] => [
    `gitlab ${name}`,
    script.join('\n'),
  ]);
  const pods = jobs()
    .filter(({ kind }) => kind === 'Job')
    .map(({ metadata, spec }): [string, string] => [
      `kubernetes ${metadata.name}`,
      spec.template?.spec.containers[0]?.args[0] ?? '',
    ]);
  const submit = slurm.print(OPTIONS);
  const inner = [...submit.matchAll(/<< '(?<end>\w+)'\n(?<body>[^]*?)\n\k<end>\n/g)].map(
    ({ groups }): [string, string] => [`slurm ${groups?.['end']}`, groups?.['body'] ?? ''],
  );
  return Object.fromEntries([...steps, ...lines, ...pods, ['slurm submit', submit], ...inner]);
}

/** What GitHub puts in before a shell sees it. */
function expanded(script: string): string {
  return script.replaceAll(/\$\{\{[^}]*\}\}/g, '1');
}

function sh(script: string, ...args: readonly string[]): { exit: number | null; err: string } {
  const { status, stderr } = spawnSync('sh', [...args], { input: script, encoding: 'utf8' });
  return { exit: status, err: stderr };
}

const HAS_SH = spawnSync('sh', ['-c', ':']).status === 0;
const HAS_SHELLCHECK = spawnSync('shellcheck', ['--version']).status === 0;

describe('every template', () => {
  test.for(templates.filter(({ engine }) => engine !== 'workload' && engine !== 'lock'))(
    '$engine',
    ({ print }) => {
      const text = print(OPTIONS);
      // One shard of them is asked for by one command, which a signal reaches.
      expect(text.split(COMMAND)).toHaveLength(2);
      expect(text).toMatch(/exec (srun .* )?\.\/node_modules\/\.bin\/gridlock soak/);
      expect(text).toContain('--seed "$seed"');
      expect(text).not.toMatch(/[\t ]$|undefined|\[object|NaN/m);
      expect(text).not.toMatch(/(?<![\w.@])\/(?:work|tmp|home|root|Users|opt|usr)\//);
      expect(text).not.toMatch(/\bdate\b.*seed|RANDOM/);
      expect(text.endsWith('\n')).toBe(true);
    },
  );

  test('an hour of ours is less than the job’s', () => {
    expect(limitMinutes(OPTIONS.durationMs)).toBeGreaterThan(60);
    expect(limitMinutes(1000)).toBeGreaterThanOrEqual(5);
  });
});

describe('scripts', () => {
  test('are all found', () => {
    const found = scripts();
    expect(Object.keys(found)).toEqual([
      'github shard',
      'github merge',
      'gitlab nightly',
      'gitlab nightly-merge',
      'kubernetes nightly',
      'kubernetes nightly-merge',
      'slurm submit',
      'slurm SHARD',
      'slurm MERGE',
    ]);
    for (const script of Object.values(found))
      expect(script).toMatch(/\.bin\/gridlock (soak|merge)/);
  });

  test.skipIf(!HAS_SH)('are read by sh', () => {
    for (const [name, script] of Object.entries(scripts()))
      expect(sh(expanded(script), '-n'), name).toEqual({ exit: 0, err: '' });
    expect(sh('if then', '-n').exit).not.toBe(0);
  });

  test.skipIf(!HAS_SHELLCHECK)('are what shellcheck has nothing to say of', () => {
    const check = (script: string): string =>
      spawnSync('shellcheck', ['--shell=sh', '-'], { input: script, encoding: 'utf8' }).stdout;
    for (const [name, script] of Object.entries(scripts()))
      expect(check(expanded(script)), name).toBe('');
    expect(check('cd $1')).toContain('SC2086');
  });

  test.skipIf(!HAS_SH)('the same words come out of a shell that were quoted', () => {
    const words = ['a b', "it's", '$HOME', '`x`', '*', '', '-P', 'n=3', '"', '\\', '${{ x }}'];
    const ran = spawnSync('sh', ['-c', `printf '%s\\n' ${quoted(words)}`], { encoding: 'utf8' });
    expect(ran.stdout).toBe(`${words.join('\n')}\n`);
  });
});

describe('the merging job', () => {
  /** Runs it against a gridlock that ends with these codes, in the shell as each engine calls it. */
  function merged(merge: number, report: number, ...flags: readonly string[]): [number, string] {
    return inScratch((directory) => {
      const bin = join(directory, 'node_modules', '.bin');
      mkdirSync(bin, { recursive: true });
      const double = join(bin, 'gridlock');
      writeFileSync(
        double,
        `#!/bin/sh\necho "$@"\n[ "$1" = merge ] && exit ${merge}\nexit ${report}\n`,
      );
      chmodSync(double, 0o755);
      mkdirSync(join(directory, 'results', 'shard-1', 'a'), { recursive: true });
      const lines = mergeLines('results/shard-*/*/', 'merged');
      const ran = spawnSync('sh', [...flags, '-c', lines], { cwd: directory, encoding: 'utf8' });
      expect(ran.stdout).toContain('merge results/shard-1/a/ --out merged\n');
      // There is a report whatever merge said: then above all.
      expect(ran.stdout).toContain('report merged --reporter junit,sarif,html\n');
      return [ran.status ?? -1, ran.stdout];
    });
  }

  test.skipIf(!HAS_SH)('ends with the code of the merge, under set -e as well', () => {
    for (const code of Object.values(EXIT)) {
      expect(merged(code, 0, '-e')[0]).toBe(code);
      expect(merged(code, 7)[0]).toBe(code === 0 ? 7 : code);
    }
  });

  test.skipIf(!HAS_SH)('says what it means when nothing ran and when something is missing', () => {
    expect(merged(EXIT.ok, 0)[1]).not.toContain('gridlock:');
    expect(merged(EXIT.nothing, 0)[1]).toContain('nothing ran');
    expect(merged(EXIT.incomplete, 0)[1]).toContain('incomplete');
    expect(merged(EXIT.finding, 0)[1]).toContain('a finding');
  });
});

describe('github', () => {
  test('is a workflow by the published schema', () => {
    const text = github.print(OPTIONS);
    expect(validateWorkflow(text).errors).toEqual([]);
    const twin = text.replace('timeout-minutes', 'timeout-minuets');
    expect(validateWorkflow(twin).errors).not.toEqual([]);
  });

  test('gives each job its shard, and keeps what it leaves', () => {
    const { shard, merge } = workflow();
    expect(shard?.strategy).toEqual({ 'fail-fast': false, matrix: { shard: [1, 2, 3] } });
    const script = shard?.steps.find(({ run }) => run?.includes('soak'))?.run;
    expect(script).toContain('--shard ${{ matrix.shard }}/${{ strategy.job-total }} ');
    expect(script).toContain('"$GITHUB_SHA $GITHUB_RUN_ID"');
    expect(shard?.['timeout-minutes']).toBe(limitMinutes(OPTIONS.durationMs));
    expect(merge).toMatchObject({ needs: 'shard', if: '${{ !cancelled() }}' });
    for (const job of [shard, merge]) {
      const upload = job?.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'));
      expect(upload).toMatchObject({
        if: '${{ !cancelled() }}',
        with: { 'if-no-files-found': 'error' },
      });
    }
  });

  test('merges every artifact that a shard uploads', () => {
    const { shard, merge } = workflow();
    const up = shard?.steps.at(-1)?.with?.['name'] as string;
    const down = merge?.steps.find(({ uses }) => uses?.startsWith('actions/download-artifact@'));
    expect(down?.with?.['pattern']).toBe(up.replace('${{ matrix.shard }}', '*'));
    expect(down?.with?.['path']).toBe('shards');
    expect(merge?.steps.find(({ run }) => run?.includes('merge'))?.run).toContain('shards/*/*/');
  });
});

test('gitlab: n jobs with a directory each, and one that comes whatever they say', () => {
  const ci = parse(gitlab.print(OPTIONS)) as Record<string, GitlabJob>;
  expect(Object.keys(ci)).toEqual(['nightly', 'nightly-merge']);
  expect(ci['nightly']).toMatchObject({
    parallel: 3,
    timeout: `${limitMinutes(OPTIONS.durationMs)} minutes`,
    artifacts: { when: 'always', paths: ['results/'] },
  });
  expect(ci['nightly']?.script[0]).toContain('--results "results/shard-$CI_NODE_INDEX"');
  expect(ci['nightly']?.script[0]).toContain('"$CI_COMMIT_SHA $CI_PIPELINE_ID"');
  expect(ci['nightly-merge']).toMatchObject({
    when: 'always',
    needs: [{ job: 'nightly', artifacts: true }],
    artifacts: { when: 'always' },
  });
});

describe('kubernetes', () => {
  /** What the compiler says of documents that are given the types of the API. */
  function typed(documents: readonly Job[]): string {
    return inScratch((directory) => {
      const root = fileURLToPath(new URL('../..', import.meta.url));
      const types = join(root, 'node_modules', 'kubernetes-types');
      const typeOf = { Job: 'Job', PersistentVolumeClaim: 'PersistentVolumeClaim' };
      const lines = documents.map(
        (document, i) =>
          `export const d${i}: ${typeOf[document.kind as 'Job']} = ${JSON.stringify(document)};`,
      );
      writeFileSync(
        join(directory, 'documents.ts'),
        `import type { Job } from 'kubernetes-types/batch/v1';\nimport type { PersistentVolumeClaim } from 'kubernetes-types/core/v1';\n${lines.join('\n')}\n`,
      );
      const compilerOptions = {
        strict: true,
        noEmit: true,
        types: [],
        lib: ['es2022'],
        module: 'esnext',
        moduleResolution: 'bundler',
        paths: { 'kubernetes-types/*': [`${types.replaceAll('\\', '/')}/*`] },
      };
      writeFileSync(
        join(directory, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['documents.ts'] }),
      );
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      return spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' }).stdout;
    });
  }

  test('is what the published API has types for', () => {
    expect(typed(jobs())).toBe('');
    const twin = jobs().map((job) => ({ ...job, spec: { ...job.spec, backofLimitPerIndex: 1 } }));
    expect(typed(twin)).toContain('backofLimitPerIndex');
  });

  test('is an Indexed Job that is retried for what may go away, and for nothing else', () => {
    const [claim, shards, merge] = jobs();
    expect(claim?.kind).toBe('PersistentVolumeClaim');
    expect(shards?.spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 1,
    });
    // The API: podFailurePolicy and backoffLimitPerIndex go with Never alone.
    for (const job of [shards, merge]) expect(job?.spec.template?.spec.restartPolicy).toBe('Never');
    const actions = new Map<number, string>();
    for (const { action, onExitCodes } of shards?.spec.podFailurePolicy?.rules ?? []) {
      const values = onExitCodes?.values ?? [];
      // The API: in order, without 0, each once.
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
      expect(values).not.toContain(0);
      for (const value of values) if (!actions.has(value)) actions.set(value, action);
    }
    const retried = Object.values(EXIT).filter((code) => code !== 0 && !actions.has(code));
    expect(retried).toEqual([EXIT.environment, EXIT.incomplete, EXIT.sigint, EXIT.sigterm]);
    // What is true of one shard alone must not end the others.
    for (const code of [EXIT.finding, EXIT.nothing]) expect(actions.get(code)).toBe('FailIndex');
    expect(actions.get(EXIT.usage)).toBe('FailJob');
  });

  test('gives the total, which Kubernetes does not, and lets the merge wait for as long as the shards may run', () => {
    const [, shards, merge] = jobs();
    const container = shards?.spec.template?.spec.containers[0] as unknown as { env: unknown[] };
    expect(container.env).toContainEqual({ name: 'GRIDLOCK_SHARD_TOTAL', value: '3' });
    const deadline = shards?.spec['activeDeadlineSeconds'] as number;
    expect(deadline).toBe(2 * 60 * limitMinutes(OPTIONS.durationMs));
    expect(merge?.spec.template?.spec.containers[0]?.args[0]).toContain(` + ${deadline}))`);
    expect(merge?.spec['activeDeadlineSeconds']).toBeGreaterThan(deadline);
  });

  test.skipIf(!HAS_SH)('has a merge that waits until every shard is done', () => {
    const [, , merge] = jobs();
    const script = merge?.spec.template?.spec.containers[0]?.args[0] ?? '';
    inScratch((directory) => {
      for (const nth of ['1', '2', '3'])
        mkdirSync(join(directory, `shard-${nth}`, 'run'), { recursive: true });
      const done = (nth: string) =>
        writeFileSync(join(directory, `shard-${nth}`, 'run', 'done.json'), '{}');
      done('1');
      done('2');
      // What sleep would do, the last shard does; then the loop must end.
      const local = script
        .replaceAll('/results/nightly', directory)
        .replace('sleep 10', `touch ${directory}/shard-3/run/done.json; echo waited`);
      const first = local.slice(0, local.indexOf('merge=0'));
      const ran = spawnSync('sh', ['-c', first], { encoding: 'utf8', timeout: 10_000 });
      expect(ran).toMatchObject({ status: 0, stdout: 'waited\n', stderr: '' });
      expect(existsSync(join(directory, 'shard-3', 'run', 'done.json'))).toBe(true);
    });
  });
});

test('slurm: an array of shards, signalled before its time is up, and a job that depends on its end', () => {
  const { 'slurm SHARD': shard = '', 'slurm MERGE': merge = '' } = scripts();
  const told = (script: string) =>
    [...script.matchAll(/^#SBATCH --(\S+)$/gm)].map(([, what]) => what);
  expect(told(shard)).toEqual([
    'job-name=nightly',
    'array=1-3',
    'ntasks=1',
    'cpus-per-task=2',
    'mem=2G',
    `time=${limitMinutes(OPTIONS.durationMs)}`,
    'signal=TERM@60',
    'no-requeue',
    'output=nightly-%A_%a.out',
  ]);
  expect(told(merge)).toContain('job-name=nightly-merge');
  // sbatch stops reading directives at the first line that is none.
  for (const script of [shard, merge])
    expect(script.split('\n').findIndex((line) => !line.startsWith('#'))).toBe(
      told(script).length + 1,
    );
  expect(slurm.print(OPTIONS)).toContain('--dependency="afterany:$array"');
});

describe('the command', () => {
  test('prints, writes, and replaces only what it is told to', () => {
    inScratch((directory) => {
      const file = join(directory, '.github', 'workflows', 'stress.yml');
      const args = ['init', 'github', '--shards', '2', '-d', '30m', '--name', 'stress'];
      const printed = gridlock(...args);
      expect(printed).toMatchObject({ exit: 0, stderr: '' });
      expect(printed.stdout).toBe(
        github.print({
          ...OPTIONS,
          name: 'stress',
          shards: 2,
          durationMs: 30 * 60_000,
          command: 'soak --duration 30m',
        }),
      );
      const written = gridlock(...args, '-o', file);
      expect(written).toMatchObject({ exit: 0, stdout: '' });
      expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
      writeFileSync(file, 'mine\n');
      const refused = gridlock(...args, '-o', file);
      expect(refused.exit).toBe(EXIT.usage);
      expect(refused.stderr).toContain('is there already; --force replaces it');
      expect(readFileSync(file, 'utf8')).toBe('mine\n');
      expect(gridlock(...args, '-o', file, '--force').exit).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
      expect(readdirSync(join(directory, '.github', 'workflows'))).toEqual(['stress.yml']);
      expect(statSync(file).size).toBe(Buffer.byteLength(printed.stdout));
    });
  });

  test('prints a workload that is one: its bug shows, its twin has none', () => {
    inScratch((directory) => {
      // As npm puts it there.
      mkdirSync(join(directory, 'node_modules'));
      const root = fileURLToPath(new URL('../..', import.meta.url));
      symlinkSync(root, join(directory, 'node_modules', 'gridlock'), 'junction');
      const file = join(directory, 'mine.js');
      expect(gridlock('init', 'workload', '--name', 'mine', '-o', file).exit).toBe(0);
      const results = join(directory, 'results');
      const options = ['-s', 'pct', '-n', '200', '--json', '--seed', '1', '--results', results];
      const ran = gridlock('run', file, ...options);
      expect(ran.exit, ran.stderr).toBe(EXIT.ok);
      const all = records(ran).filter(({ type }) => type === 'summary');
      expect(all.map(({ variant, grade }) => [variant, grade])).toEqual([
        ['planted', 'expected'],
        ['fixed', 'expected'],
      ]);
      expect(all[0]?.['verdicts']).toHaveProperty('deadlock');
      expect(all[1]?.['verdicts']).toEqual({ pass: 200 });
    });
  });

  test('prints a lock that is one: it is measured, and in the table', () => {
    inScratch((directory) => {
      const file = join(directory, 'mine.js');
      expect(gridlock('init', 'lock', '--name', 'mine', '-o', file).exit).toBe(0);
      const results = join(directory, 'results');
      const options = ['--quick', '--json', '--results', results];
      const ran = gridlock('bench', 'lock-pair.mutex', '--against', file, ...options);
      expect(ran.exit, ran.stderr).toBe(EXIT.ok);
      const locks = records(ran).flatMap(({ params }) => params as { lock?: string } | undefined);
      expect(locks.map((params) => params?.lock)).toContain('mine');
    });
  });

  test('runs in each shard what stands behind --', () => {
    const ran = gridlock('init', 'slurm', '-d', '1h', '--', 'run', './it is.js', '-n', '1000');
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain("gridlock run './it is.js' -n 1000 \\\n");
    expect(ran.stdout).toContain(`--time=${limitMinutes(60 * 60_000)}\n`);
  });

  test.for([
    [{ template: 'githib' }, 'did you mean github?'],
    [{ template: 'cron' }, 'there are github, gitlab, kubernetes, slurm, workload, lock'],
    [{ shards: 0 }, '--shards: 0'],
    [{ shards: 257 }, 'more than 256'],
    [{ duration: '60' }, 'write 60s'],
    [{ name: 'Two Words' }, '--name Two Words'],
    [{ image: 'x; rm' }, '--image x; rm'],
    [{ _: ['init', 'run', 'a\nb'] }, 'one line'],
  ] as const)('refuses %j', async ([wrong, says]) => {
    const args = {
      template: 'github',
      duration: '10m',
      shards: 2,
      name: 'gridlock',
      cpus: 1,
      image: 'ours',
      output: undefined,
      force: false,
      _: ['init'],
      $0: 'gridlock',
      ...wrong,
    };
    const refused = await Promise.resolve(initCommand.handler({ ...args, _: [...args._] })).then(
      () => undefined,
      toFail,
    );
    expect(refused?.exit).toBe(EXIT.usage);
    expect(explain(refused!)).toContain(says);
  });

  test('refuses on the command line, too', () => {
    const ran = gridlock('init', 'cron');
    expect(ran).toMatchObject({ exit: EXIT.usage, stdout: '' });
    expect(ran.stderr).toContain('no template is named cron');
  });
});
