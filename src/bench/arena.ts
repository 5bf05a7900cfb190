/*
 * The arena: contenders take turns, each in a machine of its own.
 *
 * All machines run the same workload with the same params, pinned alike or not at all; they differ in whose lock the
 * workload takes.  A round is one trial of each, one after the other, so that what else the host does hits
 * all of them; while one is measured, the others' threads are asleep.
 *
 * A contender that fails (it hangs, loses an update, throws, its process dies) is out for the rest of that
 * cell, with what can be said about it and the dump that its watchdog took.  The others go on, and in the
 * next cell it is tried again, in a fresh machine where the old one could not be used.  One that hung in two cells in a
 * row is not tried any more: each time takes HANG_MS, and a question may have many cells.
 */

import { Fail } from '../base/fail.ts';
import type { ParamRecord, TrialOutcome } from '../run/protocol.ts';
import type { Supervisor } from '../run/supervisor.ts';
import type { Asked, Failure } from './figure.ts';
import { withPeer } from './peer.ts';
import type { Contender } from './peers.ts';
import { benchMachine, seriesOrder } from './trial.ts';

/** A round's workload gets no progress for so long: it hangs.  In milliseconds. */
const HANG_MS = 3_000;
const TIMEOUT_MS = 20_000;
/** How long the round before the first lasts at least, in milliseconds: V8 compiles what was called some thousand times. */
const WARM_MS = 400;
const HUNG = 'hung';
/** Cells in a row. */
const HANGS_MAX = 2;
/** A machine may stand still as it starts, which is Node's fault (leash.ts) and no finding about a lock: it is started again. */
const BOOTS_MAX = 3;
/** Some times of what a boot takes here, in milliseconds, and for each thread: sixty-four take longer than four. */
const BOOT_SILENCE_MS = 10_000;
const BOOT_THREAD_MS = 500;

export interface ArenaSpec {
  readonly question: string;
  /** a file of workloads/, which measures the peer it is told of */
  readonly module: string;
  readonly variant: string;
  readonly params: ParamRecord;
  readonly contenders: readonly Contender[];
  /** as the question was asked (figure.ts) */
  readonly asked: Pick<Asked, 'threads' | 'pin' | 'dumps'>;
}

export interface Rounds {
  /** what is measured, for the name of a dump: 4x200ns */
  readonly cell: string;
  readonly rounds: number;
  readonly durationMs: number;
  /** how long the round before them lasts at least, where a section takes long; 400 by default */
  readonly warmMs?: number;
  /** what the workload is told in each of them */
  readonly seed: number;
}

/** What a contender did in a cell. */
export interface Lane<T> {
  readonly contender: Contender;
  /** round by round; fewer than the others' after a failure */
  readonly rounds: readonly T[];
  readonly failure: Failure | null;
}

export class Arena {
  private readonly spec: ArenaSpec;
  private readonly machines = new Map<Contender, Supervisor>();
  /** in how many cells in a row it hung */
  private readonly hangs = new Map<Contender, number>();
  private trials = 0;

  constructor(spec: ArenaSpec) {
    this.spec = spec;
  }

  /** So many rounds behind one that is the compiler's, read by `read`. */
  async rounds<T>(order: Rounds, read: (outcome: TrialOutcome) => T): Promise<Lane<T>[]> {
    const lanes = this.spec.contenders.map((contender) => ({
      contender,
      rounds: [] as T[],
      failure: this.givenUp(contender),
    }));
    for (let round = 0; round <= order.rounds; round++) {
      for (const lane of lanes.filter(({ failure }) => failure === null)) {
        const leastMs = round === 0 ? (order.warmMs ?? WARM_MS) : 0;
        const durationMs = Math.max(order.durationMs, leastMs);
        const came = await this.trial(lane.contender, { ...order, durationMs });
        if ('what' in came) lane.failure = came;
        else if (round > 0) lane.rounds.push(read(came));
      }
    }
    for (const { contender, failure } of lanes)
      this.hangs.set(contender, failure?.what === HUNG ? this.hangsOf(contender) + 1 : 0);
    return lanes;
  }

  private hangsOf(contender: Contender): number {
    return this.hangs.get(contender) ?? 0;
  }

  private givenUp(contender: Contender): Failure | null {
    if (this.hangsOf(contender) < HANGS_MAX) return null;
    const message = `it hung in the ${HANGS_MAX} cells before, and was not tried again`;
    return { what: HUNG, message, dump: null };
  }

  stop(): void {
    for (const machine of this.machines.values()) machine.kill();
    this.machines.clear();
  }

  private async trial(
    contender: Contender,
    { cell, durationMs, seed }: Rounds,
  ): Promise<TrialOutcome | Failure> {
    const { question, asked } = this.spec;
    let machine: Supervisor;
    try {
      machine = await this.machineOf(contender);
    } catch (error) {
      // Ours starts, or something is wrong that is no finding about a lock.
      if (contender.file === null || !(error instanceof Fail)) throw error;
      return { what: 'did not start', message: error.message, dump: null };
    }
    const end = await machine.run({
      ...seriesOrder(this.trials++, 1),
      seed,
      durationMs,
      hangMs: HANG_MS,
      timeoutMs: durationMs + TIMEOUT_MS,
      dump:
        asked.dumps === undefined
          ? null
          : `${asked.dumps}${question}-${labelOf(contender)}-${cell}.dump`,
      replay: again(this.spec, contender),
    });
    const outcome = end!.outcome;
    if (outcome.verdict === 'pass') return outcome;
    return {
      what: whatOf(outcome),
      message: outcome.message,
      dump: end!.dump?.file ?? null,
    };
  }

  private async machineOf(contender: Contender): Promise<Supervisor> {
    const { module, variant, params, asked } = this.spec;
    const { file, execArgv, track } = contender;
    const running = this.machines.get(contender);
    if (running?.warm() === true) return running;
    const url = file === null ? module : withPeer(module, file);
    const silenceMs = BOOT_SILENCE_MS + BOOT_THREAD_MS * Number(params['threads'] ?? 1);
    for (let boot = 1; ; boot++) {
      try {
        const options = { pin: asked.pin, execArgv, track, silenceMs };
        const machine = await benchMachine(url, variant, params, null, options);
        this.machines.set(contender, machine);
        return machine;
      } catch (error) {
        const isLost = error instanceof Fail && error.code === 'MACHINE_LOST';
        if (!isLost || boot === BOOTS_MAX) throw error;
      }
    }
  }
}

/** In few words, for a cell of a table. */
function whatOf({ verdict, message }: TrialOutcome): string {
  if (message.startsWith('check: ')) return message.slice('check: '.length);
  if (verdict === 'crash') return 'crashed';
  return verdict === 'panic' ? 'panicked' : HUNG;
}

/** The command that measures it again. */
function again({ question, asked }: ArenaSpec, { file }: Contender): string {
  const { threads, pin } = asked;
  return [
    `gridlock bench ${question}`,
    ...(threads === undefined ? [] : [`--threads ${threads.join(',')}`]),
    ...(pin === false ? ['--no-pin'] : []),
    ...(file === null ? [] : [`--against ${file}`]),
  ].join(' ');
}

/** Ours may be there several times, and a dump of one must not be that of another. */
function labelOf({ name, track }: Contender): string {
  return track === 'held' ? name : `${name}-${track}`;
}
