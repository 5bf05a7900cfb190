/*
 * The protocol between the supervisor and its machine, and inside the machine.
 *
 *     channel                        from                to           carries
 *     ----------------------------   -----------------   ----------   ---------------------------------
 *     IPC of the child process       supervisor          main         MachineSpec, then TrialOrders
 *     the same, back                 main                supervisor   MainReport
 *     file descriptor 3, NDJSON      watchdog            supervisor   WatchReport
 *     a message port                 main                watchdog     WatchOrder
 *     journal.ndjson, appended       watchdog            disk         the verdict, before the dump
 *
 * The watchdog has a channel of its own because the main thread may be what hangs.  Everything that a
 * verdict needs comes over it; main only says when the machine can be used again.
 */

import type { VerdictName } from '../base/verdict.ts';
import type { TrackLevel } from '../layout/records.ts';
import type { EventLog } from '../sched/events.ts';
import type { Timed } from './times.ts';

/** The descriptor that the watchdog writes its reports to. */
export const REPORT_FD = 3;

export type ParamRecord = Readonly<Record<string, string | number | boolean>>;

/** What a machine is built for: it runs trials of one workload, one variant, one set of params. */
export interface MachineSpec {
  readonly type: 'spec';
  /** file: URL of the workload's module */
  readonly url: string;
  readonly variant: string;
  readonly params: ParamRecord;
  /** threads that only contend for CPU and memory */
  readonly load: number;
  readonly track: TrackLevel;
  /** spread role threads over the CPUs; in a controlled run, put all of them on one */
  readonly pin: boolean;
  /** which one, of those there are; machines side by side have different ones */
  readonly cpu: number;
  /** who decides which thread runs; null: the operating system */
  readonly control: ControlSpec | null;
  /** delays in a free run; null: none */
  readonly noise: NoiseSpec | null;
  /** options of node that its process is started with; none by default */
  readonly execArgv?: readonly string[];
}

/** A controlled run: see baton.ts and sched/strategy.ts. */
export interface ControlSpec {
  /** of sched/strategies.ts */
  readonly strategy: string;
  readonly seed: number;
  readonly depth: number;
  /** -1: no bound */
  readonly preemptions: number;
  /** choices after which roles are told to stop */
  readonly steps: number;
  /** whether to give a lock up is a choice, too */
  readonly releases: boolean;
}

/** A free run with noise: see noise.ts. */
export interface NoiseSpec {
  /** no delay is longer, in microseconds */
  readonly longestUs: number;
}

export interface TrialOrder {
  readonly type: 'trial';
  /** the number of the trial; of a series, of its first one */
  readonly index: number;
  /** of a controlled run: trials in a row, at most, as long as they need no look */
  readonly trials: number;
  readonly seed: number;
  readonly durationMs: number;
  readonly hangMs: number;
  readonly timeoutMs: number;
  /** appended to and synced, by the watchdog, when it has a verdict; null: no journal */
  readonly journal: string | null;
  /** where a dump goes; null: none is wanted */
  readonly dump: string | null;
  /** signatures of failures that need no further dump */
  readonly seen: readonly string[];
  /** the command that runs this again; of a controlled trial with a gap (again.ts) */
  readonly replay: string;
  /** milliseconds between status reports; 0 for none */
  readonly statusMs: number;
  /** for the strategy replay: the thread of each choice */
  readonly schedule: readonly number[] | null;
  /** whether the choices are to be told one by one, with what was done at each */
  readonly log: boolean;
}

/** Stands in the name of a dump, until it is known which trial of a series it is of. */
export const INDEX = '{index}';

/** What the main thread tells the watchdog. */
export type WatchOrder =
  | { readonly type: 'prepare'; readonly threadIds: readonly number[] }
  | ({
      readonly type: 'watch';
      readonly boot: number;
      readonly variant: string;
      readonly strategy: string;
      readonly params: ParamRecord;
    } & {
      readonly order: TrialOrder;
      readonly workload: string;
      readonly outcomes: readonly string[];
    });

/** What came out, with everything the machine knows of it. */
export interface TrialOutcome extends Timed {
  readonly index: number;
  readonly verdict: VerdictName;
  readonly message: string;
  readonly because: readonly string[];
  readonly exact: boolean;
  /** from the start gate to the verdict */
  readonly seconds: number;
  /** when the verdict was claimed: milliseconds since 1970, with fractions */
  readonly at: number;
  /** by role */
  readonly progress: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** failures with the same signature are the same failure */
  readonly signature: string;
  /** what a strategy decided; null in a free run */
  readonly schedule: TrialSchedule | null;
  /** trials of the same series that passed before this one; null in a free run */
  readonly before: SeriesReport | null;
  /** where it was asked for */
  readonly log?: EventLog | undefined;
}

/** Trials of a controlled run that were over and passed, one behind the other. */
export interface SeriesReport {
  readonly trials: number;
  /** how many of them are none, as the strategy gave them up */
  readonly givenUp: number;
  /** of all the others */
  readonly choices: number;
  readonly preemptions: number;
  /** counted over all of them */
  readonly outcomes: Readonly<Record<string, number>>;
  /** of each of the others, in order: the hash of what was done at its choices */
  readonly hashes: readonly number[];
  /** how often the baton went from one host thread to another */
  readonly handoffs: number;
}

export interface TrialSchedule {
  /** the choices, as a replay token */
  readonly token: string;
  readonly choices: number;
  readonly preemptions: number;
  /** a hash of what was done at each: two trials that did the same have the same */
  readonly events: number;
  /** the strategy had seen all that could come of it, and gave the trial up */
  readonly givenUp: boolean;
  /** the first choice of a replay that could not be made as given; -1: all were */
  readonly strayed: number;
}

export interface DumpReport {
  /** the file, or null when none was wanted or it could not be written */
  readonly file: string | null;
  readonly bytes: number;
  /** milliseconds from the verdict to the dump on the disk */
  readonly ms: number;
  readonly stopMs: number;
  /** why there is no dump though one was wanted */
  readonly error?: string;
}

/** One line of the status block. */
export interface ThreadStatus {
  readonly name: string;
  readonly progress: number;
  readonly silentMs: number;
  readonly wants: string;
  readonly holds: number;
}

export type WatchReport =
  | { readonly type: 'beat' }
  | { readonly type: 'up' }
  | {
      readonly type: 'status';
      readonly index: number;
      readonly seconds: number;
      readonly threads: readonly ThreadStatus[];
      readonly outcomes: Readonly<Record<string, number>>;
    }
  | { readonly type: 'verdict'; readonly outcome: TrialOutcome }
  | { readonly type: 'dumped'; readonly index: number; readonly dump: DumpReport }
  | { readonly type: 'requested'; readonly dump: DumpReport };

export interface MachineFacts {
  readonly threads: readonly { readonly name: string; readonly role: string }[];
  readonly cpus: number;
  /** what became of pinning, in words */
  readonly pinning: string;
  readonly imageBytes: number;
  readonly bootMs: number;
}

/** What the main thread tells the supervisor. */
export type MainReport =
  /** it is not ready yet, and has not come to a stop */
  | { readonly type: 'up' }
  | { readonly type: 'ready'; readonly facts: MachineFacts }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | {
      readonly type: 'done';
      readonly outcome: TrialOutcome;
      readonly warm: boolean;
      /** the strategy has tried all that it would, this trial included */
      readonly exhausted: boolean;
    }
  /** the same, before there was a trial */
  | { readonly type: 'exhausted' }
  /** the trial the watchdog judged is over; warm: the machine can run another */
  | { readonly type: 'idle'; readonly index: number; readonly warm: boolean };
