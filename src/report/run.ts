/*
 * What `gridlock run` prints, as it happens and at the end.
 *
 * People: a line for each campaign, the status block while it runs, a line for each failure, then the
 * verdict table and the picture of the first hang.  Machines (--json): the records of the journal, one a
 * line, on stdout, and people on stderr.
 */

import { formatDuration } from '../base/duration.ts';
import { Fail } from '../base/fail.ts';
import { fit } from '../base/table.ts';
import { printable, shellWord } from '../base/text.ts';
import { DumpFile } from '../dump/read.ts';
import { drawHang } from '../dump/cycle.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import type { CampaignPlan } from '../run/plan.ts';
import { growthLine, type GrowthRecord } from '../run/growth.ts';
import type { ControlSpec, DumpReport, MachineFacts, WatchReport } from '../run/protocol.ts';
import { colorsFor, isInteractive, type ColorChoice, type Colors } from '../base/color.ts';
import { noCommand, shown } from './escape.ts';
import { againOf, type RunOf } from './findings.ts';
import type { Ended, LiveReporter, Place } from './live.ts';
import { BLOCK_MS, heartbeat, HEARTBEAT_MS, StatusBlock, type Running } from './progress.ts';
import { isCounted, statisticsLines } from './statistics.ts';
import { outcomeLines, verdictTable } from './verdicts.ts';
import { within } from './within.ts';
import { tellTrouble } from './trouble.ts';

/** Columns of a line of a picture at most. */
const PICTURE_MAX = 400;

export interface RunReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly color: ColorChoice;
}

export class RunReporter implements LiveReporter {
  /** how often the machine should report, in milliseconds */
  readonly statusMs: number;
  private readonly options: RunReporterOptions;
  private readonly people: NodeJS.WriteStream;
  private readonly colors: Colors;
  private readonly block: StatusBlock | undefined;
  private running: Running | undefined;
  private lastBeat = performance.now();
  private failures = 0;
  private run: RunOf = { directory: '', seed: undefined };
  /** failures of this campaign that were shown, by their signatures */
  private readonly shown = new Set<string>();

  constructor(options: RunReporterOptions) {
    this.options = options;
    this.people = options.json ? process.stderr : process.stdout;
    this.colors = colorsFor(options.color, this.people);
    const live = options.progress && !options.quiet && isInteractive(this.people);
    this.block = live ? new StatusBlock(this.people, this.colors) : undefined;
    this.statusMs = live ? BLOCK_MS : options.quiet ? 0 : 1_000;
  }

  onHeader(header: Record<string, unknown>, results: Place): void {
    this.run = { directory: results.directory, seed: header['seed'] as number };
    this.machine(header);
    this.say(
      printable(
        `gridlock ${header['gridlock'] as string}  node ${header['node'] as string}  ${header['cpus'] as number} CPUs  seed ${header['seed'] as number}  ${results.directory}`,
      ),
    );
  }

  onCampaign(
    { entry, variant, trials, rootSeed, durationMs, control, budgetMs }: CampaignPlan,
    number: number,
    of: number,
  ): void {
    this.running = {
      label: shown(`${entry.workload.name} ${variant}`),
      trial: 0,
      trials,
      seed: rootSeed,
    };
    const many = trials === 1 ? '' : `, ${trials} trials`;
    const plan =
      control === null
        ? `up to ${formatDuration(durationMs)}${many}`
        : scheduled(control, trials, budgetMs);
    this.shown.clear();
    this.say(`[${number}/${of}] ${shown(`${entry.workload.name} ${variant}`)}: ${plan}`);
  }

  onMachine(facts: MachineFacts, pid: number): void {
    if (this.options.quiet) return;
    const { dim } = this.colors;
    this.say(
      dim(
        `  machine ${pid}: ${facts.threads.length} threads, ${printable(facts.pinning)}, up in ${formatDuration(facts.bootMs)}; kill -USR2 ${pid} takes a dump`,
      ),
    );
  }

  onStatus = (status: Extract<WatchReport, { type: 'status' }>): void => {
    if (this.running === undefined) return;
    this.running = { ...this.running, trial: status.index };
    if (this.block !== undefined) {
      this.block.draw(this.running, status);
      return;
    }
    if (this.options.quiet || performance.now() - this.lastBeat < HEARTBEAT_MS) return;
    this.lastBeat = performance.now();
    this.say(heartbeat(this.running, status));
  };

  onRequested(dump: DumpReport): void {
    this.say(
      dump.file === null
        ? `  no dump: ${printable(dump.error ?? 'none was wanted')}`
        : `  dump taken: ${printable(dump.file)}, the run goes on`,
    );
  }

  onSeries(record: SeriesRecord): void {
    this.machine({ ...record, hashes: undefined });
  }

  onTrial(record: TrialRecord): void {
    this.machine(record);
    if (this.options.quiet) return;
    const { red, green, dim } = this.colors;
    if (record.verdict === 'pass') {
      if (record.grade === 'forbidden')
        this.say(red(`  trial ${record.index}: pass, with forbidden outcomes`));
      return;
    }
    // A campaign of hundreds of failures has a table for that, and one of a strategy for those that are alike.
    const isAlike = record.schedule !== null && this.shown.has(record.signature);
    if (isAlike || (++this.failures > 12 && record.grade !== 'forbidden')) return;
    this.shown.add(record.signature);
    const paint = record.grade === 'forbidden' ? red : green;
    this.say(
      `  ${paint(shown(record.verdict))} after ${formatDuration(record.seconds * 1000)}: ${shown(record.message ?? '')}`,
    );
    if (record.dump_error !== null) this.say(red(`  no dump: ${printable(record.dump_error)}`));
    else if (record.dump !== null)
      this.say(
        dim(
          `  dump ${printable(record.dump)} (${formatDuration(record.dump_ms ?? 0)} after the verdict)`,
        ),
      );
    if (record.replay !== null) this.say(dim(`  again: ${printable(record.replay)}`));
  }

  onSummary(summary: Summary): void {
    this.machine(summary);
    this.shown.clear();
    this.block?.erase();
  }

  onGrowth(growth: GrowthRecord): void {
    this.machine(growth);
    this.say(this.colors.red(shown(growthLine(growth))));
  }

  onTrouble(trouble: Fail): void {
    this.block?.erase();
    tellTrouble(trouble, 'the run');
  }

  /** The final table, and the first hang drawn. */
  async end({ summaries, results, exit }: Ended): Promise<void> {
    if (exit !== null) this.machine({ type: 'end', exit });
    this.block?.erase();
    this.print('');
    if (summaries.length > 0) this.print(verdictTable(summaries, this.colors));
    const counted = statisticsLines(summaries.filter(isCounted));
    if (counted.length > 0) this.print(['', ...counted].join('\n'));
    for (const line of outcomeLines(summaries)) this.print(this.colors.dim(line));
    const hang =
      summaries.find(({ dump, verdicts }) => dump !== null && 'deadlock' in verdicts) ??
      summaries.find(({ dump }) => dump !== null);
    if (hang !== undefined && hang.dump !== null) {
      this.print('');
      this.print(await this.picture(hang, hang.dump, results.directory));
    }
    for (const { workload, variant, lost } of summaries) {
      if ((lost ?? null) === null) continue;
      this.print(
        this.colors.red(
          `${shown(`${workload} ${variant}`)}: trial ${lost} cost the machine, and what the search knew with it: it is not over`,
        ),
      );
    }
    for (const summary of summaries) {
      const { workload, variant, declared, grade, verdicts, strayed } = summary;
      if (grade !== 'forbidden') continue;
      const name = shown(`${workload} ${variant}`);
      const again = this.colors.dim(`  again: ${printable(againOf(this.run, summary))}`);
      if (strayed !== null) {
        this.print(
          this.colors.red(
            `${name}: scheduled the same, it did something else at choice ${strayed.choice} of trial ${strayed.trial}, so nothing is proven: ` +
              'a role keeps something outside the image, or asks the host for time or chance',
          ),
        );
        this.print(again);
        continue;
      }
      const came = shown(Object.keys(verdicts).join(', '));
      this.print(this.colors.red(`${name}: declared ${shown(declared)}, came to ${came}`));
      this.print(again);
    }
  }

  close(): void {
    this.block?.erase();
  }

  /** The hang, drawn; of a dump that is gone, or damaged, what is wrong with it. */
  private async picture(
    { workload, variant }: Summary,
    name: string,
    directory: string,
  ): Promise<string> {
    const file = within(directory, name);
    if (file === undefined) return `the journal names a dump outside ${printable(directory)}`;
    try {
      const dump = await DumpFile.open(file);
      try {
        const lines = drawHang({ head: dump.head, threads: await dump.threads() });
        return [
          shown(`${workload} ${variant}: ${dump.head.verdict}`),
          ...lines.map((line) => (line === '' ? '' : fit(`  ${line}`, PICTURE_MAX))),
          '',
          `look closer: gridlock analyze ${shellWord(file)}`,
        ].join('\n');
      } finally {
        dump.close();
      }
    } catch (error) {
      if (error instanceof Fail) return error.message;
      throw error;
    }
  }

  protected machine(record: object): void {
    if (this.options.json) process.stdout.write(`${JSON.stringify(record)}\n`);
  }

  private say(line: string): void {
    if (!this.options.quiet) this.print(line);
  }

  protected print(line: string): void {
    this.block?.erase();
    this.people.write(`${noCommand(line)}\n`);
  }
}

/** What a strategy is to do. */
function scheduled(
  { strategy, preemptions }: ControlSpec,
  trials: number,
  budgetMs: number,
): string {
  if (strategy === 'replay') return `replay, ${count(trials)}`;
  const time = budgetMs === Infinity ? '' : ` for ${formatDuration(budgetMs)}`;
  if (strategy === 'dfs') {
    const bound = preemptions >= 0 ? `, preemptions at most ${preemptions}` : '';
    return `dfs, every schedule${bound}${time}`;
  }
  return `${strategy}${time === '' ? `, up to ${count(trials)}` : time}`;
}

function count(trials: number): string {
  return trials === 1 ? '1 schedule' : `${trials.toLocaleString('en')} schedules`;
}
