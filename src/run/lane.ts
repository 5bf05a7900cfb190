/*
 * A lane: the machines of a campaign that run one after the other, each until it is lost, or worn.
 *
 * A machine that has run for hours is not the one that a user starts: its heap is old, and what its roles left outside the
 * image adds up.  Whoever runs for hours says when a machine is worn; it is then replaced between two trials, in a
 * controlled run between two blocks, since what a strategy has learned goes with its machine.
 */

import { BLOCK } from './control.ts';
import { sizeOf } from './gauge.ts';
import type { DumpReport, MachineFacts, MachineSpec, TrialOrder } from './protocol.ts';
import { Supervisor, type StatusListener, type TrialEnd } from './supervisor.ts';

export interface LaneListener {
  onMachine?(facts: MachineFacts, pid: number): void;
  onStatus?: StatusListener;
  onRequested?(dump: DumpReport): void;
}

/** What a machine may come to before it is replaced. */
export interface Wear {
  readonly trials: number;
  /** bytes in memory, beyond those after its first trial or series; not seen where the system does not tell */
  readonly growthBytes: number;
}

const NEVER: Wear = { trials: Infinity, growthBytes: Infinity };

export class Lane {
  private readonly spec: MachineSpec;
  private readonly listener: LaneListener;
  private readonly wear: Wear;
  private machine: Supervisor | undefined;
  private started = 0;
  /** trials of this machine, and its memory after the first */
  private ran = 0;
  private firstBytes: number | undefined;
  private readonly closing = new AbortController();

  constructor(spec: MachineSpec, listener: LaneListener, wear = NEVER) {
    this.spec = spec;
    this.listener = listener;
    this.wear = wear;
  }

  /** Machines so far. */
  get machines(): number {
    return this.started;
  }

  /** Names of its threads, by place in the roster. */
  get threads(): readonly string[] {
    return this.machine?.facts.threads.map(({ name }) => name) ?? [];
  }

  /** What the last one said of its pinning. */
  get pinning(): string {
    return this.machine?.facts.pinning ?? '';
  }

  get pid(): number | undefined {
    return this.machine?.pid;
  }

  /** Whether the next trial runs on the machine of the last. */
  get isWarm(): boolean {
    return this.machine?.warm() === true;
  }

  /** Runs a trial, or a series.  @returns undefined when the strategy had tried all that it would, and after close() */
  async run(order: TrialOrder): Promise<TrialEnd | undefined> {
    const isWhole = this.spec.control === null || order.index % BLOCK === 0;
    if (isWhole && this.isWorn()) this.machine?.kill();
    let { machine } = this;
    if (machine?.warm() !== true) {
      machine = await this.start();
      this.machine = machine;
      if (machine === undefined) return undefined;
      this.started++;
      this.ran = 0;
      this.firstBytes = undefined;
      this.listener.onMachine?.(machine.facts, machine.pid ?? 0);
    }
    const end = await machine.run(order, this.listener.onStatus);
    this.ran += 1 + (end?.outcome.before?.trials ?? 0);
    return end;
  }

  /**
   * Another machine.  One that is lost because it was closed meanwhile is no failure: who ended it knows.
   * @returns undefined after close()
   */
  private async start(): Promise<Supervisor | undefined> {
    const { signal } = this.closing;
    if (signal.aborted) return undefined;
    const onRequested = (dump: DumpReport): void => this.listener.onRequested?.(dump);
    try {
      const machine = await Supervisor.start(this.spec, { onRequested, unwanted: signal });
      if (!signal.aborted) return machine;
      machine.kill();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return undefined;
  }

  private isWorn(): boolean {
    if (this.ran >= this.wear.trials) return true;
    if (this.wear.growthBytes === Infinity || this.machine?.pid === undefined) return false;
    const bytes = sizeOf(this.machine.pid)?.rss;
    if (bytes === undefined) return false;
    this.firstBytes ??= bytes;
    return bytes - this.firstBytes > this.wear.growthBytes;
  }

  close(): void {
    this.closing.abort();
    this.machine?.kill();
  }
}
