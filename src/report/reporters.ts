/*
 * The reporters: which there are, which are asked for, and where their reports go.
 *
 *     live        speak while the run goes on, and of one that is over: default, minimal, dot, ndjson
 *     documents   are made of its directory, at the end or a year later: json, junit, sarif, markdown, github, …
 *
 * Who is asked for: --reporter; without it `default`, and on GitHub `github`, too.  A file that is named asks for its
 * reporter, beside the others.  On GitHub means GITHUB_ACTIONS=true: std-env takes the mere presence of that variable
 * for it, and tools that imitate a CI set it to false.
 *
 * Where a document goes:
 *
 *     --output-file.NAME=PATH    there
 *     github                     the log of the step, as its commands must; and $GITHUB_STEP_SUMMARY
 *     one, of `gridlock report`  stdout
 *     otherwise                  the results directory, under the name that the table below has
 *
 * A report that cannot be written is said with its path and is exit code 3; one that cannot be made is a fault of ours,
 * 70.  Either is joined with the run's own code by worstExit(), so neither hides a finding, and the other reports are
 * made all the same.
 *
 * To add a document, add a row to DOCUMENTS.
 */

import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ColorChoice } from '../base/color.ts';
import { writeNamed } from '../base/disk.ts';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import { explain, fail, toFail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { DotReporter } from './dot.ts';
import { Chorus, type LiveReporter, type Out } from './live.ts';
import type { Means } from './html/failure.ts';
import { MinimalReporter } from './minimal.ts';
import { readManifest, readRun, type RunModel } from './model.ts';
import { BENCH_KIND, readFigures } from '../run/figures.ts';
import { NdjsonReporter } from './ndjson.ts';
import { RunReporter } from './run.ts';

interface Document {
  /** its name in a results directory; null: it is said in the log of a CI's step */
  readonly file: string | null;
  readonly text: (model: RunModel, means: Means) => Promise<string>;
}

/** Loaded when they are asked for: a run without reports pays for none. */
const DOCUMENTS: Readonly<Record<string, Document>> = {
  json: {
    file: 'report.json',
    text: async (model) => (await import('./json.ts')).jsonReport(model),
  },
  junit: {
    file: 'junit.xml',
    text: async (model) => (await import('./junit.ts')).junitReport(model),
  },
  sarif: {
    file: 'report.sarif',
    text: async (model) => (await import('./sarif.ts')).sarifReport(model),
  },
  markdown: {
    file: 'report.md',
    text: async (model) => (await import('./markdown.ts')).markdownReport(model),
  },
  html: {
    file: 'report.html',
    text: async (model, means) => (await import('./html.ts')).renderHtml(model, means),
  },
  trace: {
    file: 'trace.json',
    text: async (model) => (await import('./trace.ts')).renderTrace(model),
  },
  github: {
    file: null,
    text: async (model) => (await import('./github.ts')).githubReport(model),
  },
};

const LIVE = ['default', 'minimal', 'dot', 'ndjson'] as const;

export const REPORTERS: readonly string[] = [...LIVE, ...Object.keys(DOCUMENTS)];

/** Which reports are wanted, and where. */
export interface ReportPlan {
  readonly live: readonly string[];
  readonly documents: readonly string[];
  /** by reporter */
  readonly files: ReadonlyMap<string, string>;
  /** where GitHub shows the summary of a step */
  readonly stepSummary: string | undefined;
}

/**
 * @param names as --reporter gives them; empty: what the environment suggests
 * @param files by reporter, as --output-file gives them
 * @throws Fail UNKNOWN_REPORTER, USAGE
 */
export function planReports(
  names: readonly string[],
  files: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReportPlan {
  const isGitHub = env['GITHUB_ACTIONS'] === 'true';
  const asked = names.length > 0 ? names : ['default', ...(isGitHub ? ['github'] : [])];
  for (const name of [...asked, ...files.keys()]) {
    if (REPORTERS.includes(name)) continue;
    const suggestion = suggest(name, REPORTERS);
    throw fail('UNKNOWN_REPORTER', { name, known: REPORTERS.join(', '), suggestion });
  }
  for (const [name, file] of files) {
    if (name in DOCUMENTS && file !== '') continue;
    const what =
      file === ''
        ? `--output-file.${name} names no file`
        : `--output-file.${name}: ${name} speaks on a stream, and has no file`;
    throw fail('USAGE', { what });
  }
  const all = new Set([...asked, ...files.keys()]);
  return {
    live: LIVE.filter((name) => all.has(name)),
    documents: Object.keys(DOCUMENTS).filter((name) => all.has(name)),
    files,
    stepSummary: env['GITHUB_STEP_SUMMARY'],
  };
}

export interface SpeakOptions {
  /** NDJSON on stdout, whatever reporters there are */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly color: ColorChoice;
}

/**
 * The live reporters of a plan as one.  Where stdout is for machines, people are spoken to on stderr.
 * @param byDefault what `default` is, of this command
 */
export function liveReporters(
  plan: ReportPlan,
  options: SpeakOptions,
  byDefault = (speak: SpeakOptions): LiveReporter => new RunReporter(speak),
): Chorus {
  const json = isForMachines(plan, options.json);
  const people = json ? process.stderr : process.stdout;
  const has = (name: string): boolean => plan.live.includes(name);
  const voices: LiveReporter[] = [];
  if (has('default')) voices.push(byDefault({ ...options, json }));
  else if (json) voices.push(new NdjsonReporter(process.stdout));
  // dot says at its end all that minimal says.
  if (has('dot')) voices.push(new DotReporter(people));
  else if (has('minimal')) voices.push(new MinimalReporter(people));
  return new Chorus(voices);
}

/** Whether stdout is for machines. */
export function isForMachines(plan: ReportPlan, json: boolean): boolean {
  return json || plan.live.includes('ndjson');
}

export interface WriteOptions {
  /** what a lone document without a file goes to; undefined: none does */
  readonly lone?: Out | undefined;
  /** the log of a CI's step */
  readonly log: Out;
  /** who is told of files that were written, and of those that were not */
  readonly tell: Out;
  /** what the page has of other parts */
  readonly means?: Means;
}

/**
 * Makes the documents of a plan.  Throws nothing: whoever calls has a result to keep.
 * @returns ok, or the worst of what went wrong
 */
export async function writeReports(
  plan: ReportPlan,
  directory: string,
  options: WriteOptions,
): Promise<ExitCode> {
  const exits: ExitCode[] = [EXIT.ok];
  let model: RunModel | undefined;
  const isBench = readManifest(directory)?.['kind'] === BENCH_KIND;
  for (const name of plan.documents) {
    try {
      if (isBench) {
        await writeBench(plan, name, directory, options);
        continue;
      }
      model ??= readRun(directory);
      await writeReport(plan, name, model, options);
    } catch (thrown) {
      const failure = toFail(thrown);
      const where = failure.code === 'INTERNAL' ? `the report ${name} of ${directory}: ` : '';
      options.tell.write(`${where}${explain(failure)}\n`);
      exits.push(failure.exit);
    }
  }
  return worstExit(exits);
}

async function writeReport(
  plan: ReportPlan,
  name: string,
  model: RunModel,
  { lone, log, tell, means = {} }: WriteOptions,
): Promise<void> {
  const { file, text } = DOCUMENTS[name]!;
  const content = await text(model, means);
  put(plan, name, file, content, model, { lone, log, tell });
  const { stepSummary } = plan;
  if (name !== 'github' || stepSummary === undefined || stepSummary === '') return;
  const summary = await DOCUMENTS['markdown']!.text(model, means);
  writing(name, stepSummary, model, () => appendFileSync(stepSummary, `${summary}\n`));
}

/** A bench has figures and no trials, and one document: its page.  @throws Fail USAGE */
async function writeBench(
  plan: ReportPlan,
  name: string,
  directory: string,
  options: WriteOptions,
): Promise<void> {
  if (name !== 'html') {
    const what = `${directory} is a bench, of which there is no ${name}, but html`;
    throw fail('USAGE', { what, command: 'report' });
  }
  const { benchPage } = await import('./html/bench.ts');
  const id = readManifest(directory)?.id ?? '';
  const isDone = existsSync(join(directory, 'done.json'));
  const content = benchPage({ ...readFigures(directory), id, isDone });
  put(plan, name, DOCUMENTS['html']!.file, content, { directory }, options);
}

/** Where a document goes, as the table at the top has it.  @throws Fail REPORT_UNWRITABLE */
function put(
  plan: ReportPlan,
  name: string,
  file: string | null,
  content: string,
  model: Pick<RunModel, 'directory'>,
  { lone, log, tell }: Pick<WriteOptions, 'lone' | 'log' | 'tell'>,
): void {
  const given = plan.files.get(name);
  if (given === undefined && file === null) {
    log.write(content);
  } else if (given === undefined && lone !== undefined && plan.documents.length === 1) {
    lone.write(content);
  } else {
    const path = given ?? join(model.directory, file ?? name);
    writing(name, path, model, () => writeNamed(path, content));
    tell.write(`${name}: ${path}\n`);
  }
}

/** @throws Fail REPORT_UNWRITABLE */
function writing(
  reporter: string,
  file: string,
  { directory }: Pick<RunModel, 'directory'>,
  write: () => void,
): void {
  try {
    write();
  } catch (error) {
    const reason = (error as Error).message;
    throw fail('REPORT_UNWRITABLE', { reporter, file, directory, reason }, { cause: error });
  }
}
