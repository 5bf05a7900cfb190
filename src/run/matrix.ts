/*
 * A matrix: the same trials under several configurations, and what differs.
 *
 *     matrix-axes.ts        which configurations: versions of Node, flags of V8, threads, whatever is asked for
 *     node-binaries.ts      where a version is
 *     v8-flags.ts           what a binary understands
 *     matrix-child.ts       a process that runs one of them, and its end
 *     matrix-turn.ts        its records, as they become ours
 *     matrix-campaigns.ts   what the rounds of a campaign came to together
 *     matrix-records.ts     what is kept beside them
 *     report/matrix.ts      the table
 *
 * Each configuration is a `gridlock run` (or soak, or bench) of its own, by its own binary with its own flags, since
 * neither can change within a process.  They run one after the other, never side by side: they would disturb each other, and
 * not evenly.  Where trials are drawn they take turns, round by round, so that what disturbs the machine for a
 * while disturbs them all:
 *
 *     round 1           round 2           round 3
 *     a  b  c  d        a  b  c  d        a  b  c  d
 *
 * A round is a shard of the trials (shard.ts): round r of 3 has every third trial from the r-th on.  So no trial is run twice,
 * all configurations have the same trials with the same seeds, and the rounds of one add up to what it would have done at
 * once.
 *
 * Records go into our journal as they come, so a matrix that is killed is readable up to there, and show and report take it
 * for a run of many campaigns.
 *
 * A child that fails, for want of memory or by a fault of ours, costs its turns and nothing else: the others are run, and the exit
 * code is the worst.  One that refuses its command line is the last: they have all the same.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, worstExit, type ExitCode } from '../base/exit.ts';
import type { Fail } from '../base/fail.ts';
import type { Summary } from './campaign-records.ts';
import type { Axis, Configuration } from './matrix-axes.ts';
import { isForbidden, judged, MatrixCampaigns } from './matrix-campaigns.ts';
import { MatrixChild } from './matrix-child.ts';
import type { MatrixCommand, MatrixFacts, TurnEnd } from './matrix-records.ts';
import { MatrixTurn } from './matrix-turn.ts';
import { ResultsDir } from './results.ts';
import type { Fields } from './schema.ts';
import { headerOf } from './stress.ts';

export type { MatrixCommand } from './matrix-records.ts';

export interface MatrixOptions {
  readonly command: MatrixCommand;
  readonly axes: readonly Axis[];
  readonly configurations: readonly Configuration[];
  /** turns of each configuration */
  readonly rounds: number;
  /** what a binary of Node is given for one turn, behind its flags; `results` is where the child may write */
  readonly childArgs: (configuration: Configuration, round: number, results: string) => string[];
  readonly rootSeed: number;
  readonly resultsRoot: string;
  /** silence of a child that is its end, in milliseconds */
  readonly silenceMs?: number;
}

export interface MatrixListener {
  onHeader?(header: Fields, results: ResultsDir): void;
  onTurn?(configuration: Configuration, round: number, turn: number, of: number): void;
  /** every record of a child, with its configuration */
  onRecord?(record: object): void;
  onTurnEnd?(end: TurnEnd): void;
  /** The disk failed, for the first time, or for so long that this ends. */
  onTrouble?(trouble: Fail): void;
}

export interface MatrixResult {
  readonly summaries: readonly Summary[];
  readonly exit: ExitCode;
  readonly results: ResultsDir;
}

const EXITS: ReadonlySet<number> = new Set(Object.values(EXIT));

export class Matrix {
  private readonly options: MatrixOptions;
  private readonly listener: MatrixListener;
  private readonly campaigns = new MatrixCampaigns();
  private readonly asked = new Map<string, object>();
  private readonly header: Record<string, unknown>;
  private readonly exits: ExitCode[] = [];
  private results!: ResultsDir;
  private child: MatrixChild | undefined;
  private stopped: 'SIGINT' | 'SIGTERM' | undefined;
  /** a command line that one refuses they all do */
  private isRefused = false;

  constructor(options: MatrixOptions, listener: MatrixListener) {
    this.options = options;
    this.listener = listener;
    this.header = headerOf(options.rootSeed, null);
  }

  /** Passes a signal on; what is known is kept. */
  stop(signal: 'SIGINT' | 'SIGTERM'): void {
    this.stopped = signal;
    this.child?.end(signal);
  }

  /** @throws Fail RESULTS_UNWRITABLE */
  async run(): Promise<MatrixResult> {
    const { configurations, rounds, resultsRoot } = this.options;
    this.results = ResultsDir.create(resultsRoot, this.manifest());
    this.results.onTrouble = (trouble) => this.listener.onTrouble?.(trouble);
    this.results.append(this.header);
    this.listener.onHeader?.(this.header, this.results);
    // Whoever ends us at once, by a second signal, must not leave it behind.
    const abandon = (): void => this.child?.kill();
    process.on('exit', abandon);
    let turn = 0;
    try {
      for (let round = 1; round <= rounds; round++) {
        for (const configuration of configurations) {
          if (this.stopped !== undefined || this.isRefused || this.results.isFull) break;
          this.listener.onTurn?.(configuration, round, ++turn, configurations.length * rounds);
          await this.turn(configuration, round);
        }
      }
    } finally {
      process.off('exit', abandon);
    }
    return this.end();
  }

  private async turn(configuration: Configuration, round: number): Promise<void> {
    const { results, campaigns } = this;
    const { configurations, rounds, childArgs, silenceMs } = this.options;
    const nth = configurations.indexOf(configuration) + 1;
    const root = join(results.directory, 'runs', `${nth}-${round}`);
    mkdirSync(root, { recursive: true });
    const began = performance.now();
    const turn = new MatrixTurn({
      configuration,
      root,
      isOnly: rounds === 1,
      campaigns,
      results,
      tell: (record) => this.tell(record),
      learned: (asked, isNew) => this.learned(asked, isNew),
    });
    const args = [...configuration.flags, ...childArgs(configuration, round, root)];
    const hear = (line: string): void => turn.hear(line);
    this.child = new MatrixChild(configuration.node.file, args, hear, silenceMs);
    const { exit, signal, said } = await this.child.over();
    this.child = undefined;
    turn.sumUp();
    const hasFound = exit === EXIT.finding && !this.isBroken(exit, turn);
    const isExpected = exit === EXIT.ok || hasFound || this.stopped !== undefined;
    const end: TurnEnd = {
      type: 'configuration',
      configuration: configuration.name,
      round,
      exit,
      signal,
      seconds: Math.round(performance.now() - began) / 1000,
      message: isExpected ? null : said,
      came: turn.came,
    };
    this.isRefused = exit === EXIT.usage;
    this.exits.push(this.exitOf(exit, turn));
    results.append(end);
    this.listener.onTurnEnd?.(end);
  }

  private tell(record: object): void {
    const { results } = this;
    const wasFull = results.isFull;
    results.append(record);
    // A child whose own disk is well would go on for hours, into our memory.
    if (results.isFull && !wasFull) this.child?.end('SIGTERM');
    this.listener.onRecord?.(record);
  }

  private learned(asked: readonly object[], isNew: boolean): void {
    for (const each of asked) this.asked.set(JSON.stringify(each), each);
    if (isNew) this.results.writeJson('manifest.json', this.manifest());
  }

  private manifest(): object {
    const { command, rounds, axes, configurations } = this.options;
    const matrix: MatrixFacts = {
      command,
      rounds,
      // As they are called, which is not how they were given: a path is not ours to write down.
      axes: axes.map(({ name }) => ({
        name,
        values: [...new Set(configurations.map(({ settings }) => settings[name] ?? ''))],
      })),
      configurations: configurations.map(({ name, settings }) => ({ name, settings })),
    };
    return {
      ...this.header,
      ...(this.results === undefined ? {} : { id: this.results.id }),
      type: undefined,
      asked: [...this.asked.values()],
      campaigns: this.campaigns.facts,
      total: rounds,
      matrix,
    };
  }

  private end(): MatrixResult {
    const { results, header, options, stopped } = this;
    const places = this.campaigns.ran;
    const isOne = options.rounds === 1;
    const summaries = places.map((place) => (isOne ? place.last : undefined) ?? judged(place));
    if (!isOne) for (const summary of summaries) this.tell(summary);
    const isFinding = !isOne && places.some(isForbidden);
    const worst = worstExit([...this.exits, ...(isFinding ? [EXIT.finding] : [])]);
    const signals = { SIGINT: EXIT.sigint, SIGTERM: EXIT.sigterm } as const;
    const came = stopped === undefined ? worst : signals[stopped];
    const exit = results.end({ ...header, type: 'matrix', summaries }, came);
    this.listener.onRecord?.({ type: 'end', exit: came });
    return { summaries, exit, results };
  }

  /** What a child's end is worth.  Whether something was found in one of several rounds is said at the end, of them all. */
  private exitOf(exit: number | null, turn: MatrixTurn): ExitCode {
    if (exit === null || !EXITS.has(exit) || this.isBroken(exit, turn)) return EXIT.internal;
    if (exit === EXIT.finding && this.options.rounds > 1 && !turn.hasGrown) return EXIT.ok;
    return exit as ExitCode;
  }

  /** What Node exits with where an error is caught by nobody is what we exit with for a finding; but that is of some trial. */
  private isBroken(exit: number, { isEmpty, hasGrown }: MatrixTurn): boolean {
    return exit === EXIT.finding && this.options.command !== 'bench' && isEmpty && !hasGrown;
  }
}
