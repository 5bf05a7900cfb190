/*
 * A lane: the machines of a campaign that run one after the other, each until it is lost.
 */

import type { DumpReport, MachineFacts, MachineSpec, TrialOrder } from './protocol.ts';
import { Supervisor, type StatusListener, type TrialEnd } from './supervisor.ts';

export interface LaneListener {
  onMachine?(facts: MachineFacts, pid: number): void;
  onStatus?: StatusListener;
  onRequested?(dump: DumpReport): void;
}

export class Lane {
  private readonly spec: MachineSpec;
  private readonly listener: LaneListener;
  private machine: Supervisor | undefined;
  private started = 0;

  constructor(spec: MachineSpec, listener: LaneListener) {
    this.spec = spec;
    this.listener = listener;
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

  /** Runs a trial, or a series.  @returns undefined when the strategy had tried all that it would */
  async run(order: TrialOrder): Promise<TrialEnd | undefined> {
    let { machine } = this;
    if (machine?.warm() !== true) {
      machine = await Supervisor.start(this.spec, (dump) => this.listener.onRequested?.(dump));
      this.machine = machine;
      this.started++;
      this.listener.onMachine?.(machine.facts, machine.pid ?? 0);
    }
    return machine.run(order, this.listener.onStatus);
  }

  close(): void {
    this.machine?.kill();
  }
}
