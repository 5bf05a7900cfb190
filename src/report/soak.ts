/*
 * What `gridlock soak` prints.
 *
 * A soak is read by somebody who comes back after hours, or by nobody, until the job was killed.  So it says little and says
 * it regularly: a line for each failure of a new kind, with the command that runs it again; on a terminal the status block;
 * elsewhere a heartbeat every 30 seconds, whatever the machine does, for a timer of ours beats and not the machine's reports.
 *
 *     heartbeat: 12m30s of 4h, 48,120 trials, 3 failed, seed 7, rss 92 MB and 143 MB, now once whole, auto
 *
 * The first rss is ours, the second the machine's.  Who is silent longest is said at its end, if anybody is.
 *
 * With --json the records of the journal go to stdout, one a line, and people are spoken to on stderr.
 */

import { colorsFor, isInteractive, type Colors } from '../base/color.ts';
import { counted } from '../base/counted.ts';
import { EXIT } from '../base/exit.ts';
import { formatDuration } from '../base/duration.ts';
import type { Fail } from '../base/fail.ts';
import { table } from '../base/table.ts';
import { printable, shellWord } from '../base/text.ts';
import type { SeriesRecord, Summary, TrialRecord } from '../run/campaign-records.ts';
import { growthLine, type GrowthRecord } from '../run/growth.ts';
import type { DumpReport, WatchReport } from '../run/protocol.ts';
import type { SoakFigures } from '../run/soak.ts';
import type { SoakResult } from '../run/soak-end.ts';
import type { TurnRecord } from '../run/soak-state.ts';
import { noCommand, shown } from './escape.ts';
import type { LiveReporter, Place } from './live.ts';
import { BLOCK_MS, HEARTBEAT_MS, oldestWait, StatusBlock } from './progress.ts';
import type { RunReporterOptions } from './run.ts';
import { statisticsLines } from './statistics.ts';
import { tellTrouble } from './trouble.ts';
import { NAME_MAX, outcomeLines, verdictsOf } from './verdicts.ts';

type Status = Extract<WatchReport, { type: 'status' }>;

/** Kinds of failures that have a line of their own while it goes on; the table at the end has all. */
const SHOWN_MAX = 100;
const MB = 2 ** 20;

export class SoakReporter implements LiveReporter {
  /** how often the machine should report, in milliseconds */
  readonly statusMs: number;
  private readonly options: RunReporterOptions;
  private readonly people: NodeJS.WriteStream;
  private readonly colors: Colors;
  private readonly block: StatusBlock | undefined;
  private readonly shown = new Set<string>();
  private readonly soakMs: number;
  private readonly figures: () => SoakFigures;
  private timer: NodeJS.Timeout | undefined;
  private status: Status | undefined;
  private now = 'nothing yet';
  private seed = 0;
  private toldFull = false;

  /** @param figures what is known at that moment */
  constructor(options: RunReporterOptions, soakMs: number, figures: () => SoakFigures) {
    this.options = options;
    this.soakMs = soakMs;
    this.figures = figures;
    this.people = options.json ? process.stderr : process.stdout;
    this.colors = colorsFor(options.color, this.people);
    const live = options.progress && !options.quiet && isInteractive(this.people);
    this.block = live ? new StatusBlock(this.people, this.colors) : undefined;
    this.statusMs = live ? BLOCK_MS : options.quiet ? 0 : 1_000;
  }

  close(): void {
    clearInterval(this.timer);
    this.block?.erase();
  }

  onHeader(header: Record<string, unknown>, results: Place): void {
    this.seed = header['seed'] as number;
    if (this.block === undefined && !this.options.quiet) {
      this.timer = setInterval(() => this.say(this.heartbeat()), HEARTBEAT_MS);
      this.timer.unref();
    }
    this.machine(header);
    this.say(
      printable(
        `gridlock ${header['gridlock'] as string}  node ${header['node'] as string}  ${header['cpus'] as number} CPUs  seed ${this.seed}  ${results.directory}`,
      ),
    );
  }

  onRotation(cells: number, turnMs: number, position: number): void {
    const before = position === 0 ? '' : `, resumed at turn ${position + 1}`;
    const turns = `${cells} cells in turn, up to ${formatDuration(turnMs)} each`;
    this.say(`soak of ${formatDuration(this.soakMs)}: ${turns}${before}`);
    this.say(this.colors.dim(`  watch it: gridlock show --follow`));
  }

  onTurn(turn: TurnRecord): void {
    this.now = turn.cell;
    this.status = undefined;
    this.machine(turn);
  }

  onStatus(status: Status): void {
    this.status = status;
    if (this.block === undefined) return;
    const title = this.headline();
    this.block.draw({ label: this.now, trial: 0, trials: 0, seed: this.seed, title }, status);
  }

  onSeries(record: SeriesRecord): void {
    this.machine({ ...record, hashes: undefined });
  }

  onTrial(record: TrialRecord): void {
    this.machine(record);
    const { workload, variant, strategy, signature, verdict, grade } = record;
    if (verdict === 'pass' && grade !== 'forbidden') return;
    const kind = [workload, variant, strategy, signature].join('\n');
    if (this.shown.has(kind) || this.shown.size >= SHOWN_MAX) return;
    this.shown.add(kind);
    const { red, green, dim } = this.colors;
    const paint = grade === 'forbidden' ? red : green;
    const what = shown(record.message ?? (verdict === 'pass' ? 'forbidden outcomes' : ''));
    this.say(
      `${paint(shown(`${workload} ${variant}, ${strategy}: ${verdict}`))} in trial ${record.index}: ${what}`,
    );
    if (record.replay !== null) this.say(dim(`  again: ${printable(record.replay)}`));
    if (record.dump_error !== null) this.say(red(`  no dump: ${printable(record.dump_error)}`));
    else if (record.dump !== null) this.say(dim(`  dump ${printable(record.dump)}`));
    this.sayIfFull();
  }

  onRequested(dump: DumpReport): void {
    this.say(
      dump.file === null
        ? `no dump: ${printable(dump.error ?? 'none was wanted')}`
        : `dump of what ran: ${printable(dump.file)}`,
    );
  }

  onSummary(summary: Summary): void {
    this.machine(summary);
  }

  onGrowth(growth: GrowthRecord): void {
    this.machine(growth);
  }

  onLost(failure: Fail, cell: string): void {
    this.say(this.colors.red(`${shown(cell)}: ${failure.message}`));
  }

  onTrouble(trouble: Fail): void {
    this.block?.erase();
    tellTrouble(trouble, 'the soak');
  }

  /** The final tables.  @param result of a soak: of no other run is there anything to be told here */
  async end(result: SoakResult): Promise<void> {
    const { summaries, exit, growth, shy, unturned, turns, usedMs, dumps } = result;
    this.close();
    this.machine({ type: 'end', exit });
    const { red } = this.colors;
    this.print('');
    if (summaries.length > 0) this.print(this.table(summaries));
    const blocks = statisticsLines(summaries);
    if (blocks.length > 0) this.print(['', ...blocks].join('\n'));
    for (const line of outcomeLines(summaries)) this.print(this.colors.dim(line));
    this.print('');
    this.print(
      `${counted(turns, 'turn')} in ${formatDuration(usedMs)}, ${counted(dumps.dumps, 'dump')} of ${megabytes(dumps.bytes)}${dumps.missed === 0 ? '' : `; ${counted(dumps.missed, 'kind')} of failures left none, as there were enough`}`,
    );
    if (unturned > 0)
      this.print(
        `${counted(unturned, 'cell')} had no turn: the time was too short, so nothing is said of them`,
      );
    for (const each of growth) this.print(red(shown(growthLine(each))));
    if (growth.length === 0) {
      this.print(
        result.isGrowthJudged
          ? 'nothing grew: memory, open handles and threads are steady'
          : 'whether memory grows was not judged: the time was too short',
      );
    }
    for (const name of shy) this.print(red(`${shown(name)}: its declared failure never showed`));
    for (const { workload, variant, strategy, declared, grade, verdicts, strayed } of summaries) {
      const name = shown(`${workload} ${variant}, ${strategy}`);
      if (strayed !== null)
        this.print(
          red(
            `${name}: scheduled the same, it did something else at choice ${strayed.choice} of trial ${strayed.trial}`,
          ),
        );
      else if (grade === 'forbidden' && !shy.includes(`${workload} ${variant}`))
        this.print(
          red(
            `${name}: declared ${shown(declared)}, came to ${shown(Object.keys(verdicts).join(', '))}`,
          ),
        );
    }
    if (exit === EXIT.sigint || exit === EXIT.sigterm || result.results.isFull)
      this.print(`go on with it: gridlock soak --resume ${shellWord(result.results.directory)}`);
    const dump = summaries.find((each) => each.dump !== null)?.dump;
    if (dump !== undefined)
      this.print(
        `look closer: gridlock analyze ${shellWord(`${result.results.directory}/${dump}`)}`,
      );
  }

  private table(summaries: readonly Summary[]): string {
    const { green, red, yellow } = this.colors;
    const paints = { expected: green, interesting: yellow, forbidden: red };
    return table(
      ['workload', 'variant', 'strategy', 'verdict', 'declared', 'trials', 'dump'],
      summaries.map((summary) => [
        shown(summary.workload, NAME_MAX),
        shown(summary.variant, NAME_MAX),
        shown(summary.strategy, NAME_MAX),
        paints[summary.grade](verdictsOf(summary)),
        shown(summary.declared, NAME_MAX),
        summary.trials,
        summary.dump === null ? null : printable(summary.dump),
      ]),
    );
  }

  private headline(): string {
    const { trials, failures, usedMs } = this.figures();
    const time = `${formatDuration(usedMs)} of ${formatDuration(this.soakMs)}`;
    const failed = failures === 0 ? '' : `, ${failures.toLocaleString('en')} failed`;
    return `${time}, ${trials.toLocaleString('en')} trials${failed}, seed ${this.seed}, now ${shown(this.now)}`;
  }

  /** What a log has of a soak that is killed a moment later. */
  private heartbeat(): string {
    const machine = this.figures().machineBytes;
    const theirs = machine === undefined ? '' : ` and ${megabytes(machine)}`;
    const rss = `rss ${megabytes(process.memoryUsage.rss())}${theirs}`;
    const wait = this.status === undefined ? '' : oldestWait(this.status);
    return `heartbeat: ${this.headline()}, ${rss}${wait}`;
  }

  private sayIfFull(): void {
    const { dumpsOpen, dumps } = this.figures();
    if (dumpsOpen || this.toldFull) return;
    this.toldFull = true;
    this.say(
      `no further dumps: --dumps-max is used up, by ${dumps.dumps} of ${megabytes(dumps.bytes)}; failures are counted on`,
    );
  }

  private machine(record: object): void {
    if (this.options.json) process.stdout.write(`${JSON.stringify(record)}\n`);
  }

  private say(line: string): void {
    if (!this.options.quiet) this.print(line);
  }

  private print(line: string): void {
    this.block?.erase();
    this.people.write(`${noCommand(line)}\n`);
  }
}

function megabytes(bytes: number): string {
  const digits = bytes < 10 * MB ? 1 : 0;
  return `${(bytes / MB).toLocaleString('en', { maximumFractionDigits: digits })} MB`;
}
