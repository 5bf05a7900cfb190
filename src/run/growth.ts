/*
 * What grows while a soak goes on: this process over all of the soak, and the machines, each over its life.
 *
 *     quantity    of                     what is a finding (leak.ts)
 *     --------    -------------------    -------------------------------------------------------------------
 *     memory      gridlock               16 MiB an hour, and 24 MiB seen, in five minutes behind the warm-up
 *     open        gridlock               4 an hour, and 8 seen
 *     threads     gridlock               4 an hour, and 8 seen
 *     memory      machines of a cell     32 MiB seen in half a minute or more of the life of one, and that in
 *                                        most of those that lived for so long, two at the least
 *     open        machines of a cell     8 seen, in the same way
 *     threads     machines of a cell     8 seen, in the same way
 *
 * A machine is replaced after its turn, so what it loses is gone then; but a workload that loses memory has it replaced all
 * the time, and its trials are not those of a fresh one.
 */

import { judgeGrowth, type Growth, type Rule } from './leak.ts';
import { Track, type Size } from './gauge.ts';
import { median } from '../base/stats.ts';

/** Something grew: a finding. */
export interface GrowthRecord {
  readonly type: 'growth';
  /** `gridlock`, or the machines of a cell */
  readonly process: string;
  readonly quantity: 'memory' | 'open' | 'threads';
  readonly unit: 'bytes' | 'count';
  readonly per_hour: number;
  /** of 95%; of several machines, that of their medians */
  readonly low: number;
  readonly high: number;
  /** that were judged by */
  readonly samples: number;
  readonly hours: number;
  readonly grade: 'forbidden';
  /** of a merge: the shard that grew, `2/4`; elsewhere it is that of the header */
  readonly shard?: string;
}

const MIB = 2 ** 20;
const MINUTE = 1 / 60;

const OWN_MEMORY: Rule = {
  warmUpHours: MINUTE,
  hoursMin: 5 * MINUTE,
  samplesMin: 60,
  perHourMin: 16 * MIB,
  seenMin: 24 * MIB,
};
const OWN_COUNT: Rule = { ...OWN_MEMORY, perHourMin: 4, seenMin: 8 };
const MACHINE_MEMORY: Rule = {
  warmUpHours: MINUTE / 6,
  hoursMin: MINUTE / 2,
  samplesMin: 24,
  perHourMin: 16 * MIB,
  seenMin: 32 * MIB,
};

const MACHINE_COUNT: Rule = { ...MACHINE_MEMORY, perHourMin: 4, seenMin: 8 };
const MACHINE_RULES = { memory: MACHINE_MEMORY, open: MACHINE_COUNT, threads: MACHINE_COUNT };

/** Machines of a cell whose growth is remembered. */
const LIVES_MAX = 100;
const LIVES_MIN = 2;

export class GrowthWatch {
  private readonly memory = new Track();
  private readonly open = new Track();
  private readonly threads = new Track();
  /** by cell and quantity */
  private readonly lives = new Map<string, Life>();
  private machine: Machine | undefined;

  /** This process, now.  @param at in hours */
  self(at: number, { rss, open, threads }: Size): void {
    this.memory.add({ at, value: rss });
    if (open !== undefined) this.open.add({ at, value: open });
    if (threads !== undefined) this.threads.add({ at, value: threads });
  }

  /** The machine that runs now. */
  running(at: number, pid: number, cell: string, { rss, open, threads }: Size): void {
    if (this.machine?.pid !== pid) this.gone();
    this.machine ??= { pid, cell, memory: new Track(), open: new Track(), threads: new Track() };
    this.machine.memory.add({ at, value: rss });
    if (open !== undefined) this.machine.open.add({ at, value: open });
    if (threads !== undefined) this.machine.threads.add({ at, value: threads });
  }

  /** What grew. */
  findings(): GrowthRecord[] {
    this.gone();
    const own = (track: Track, rule: Rule, quantity: GrowthRecord['quantity']): GrowthRecord[] => {
      const growth = judgeGrowth(track.samples, rule);
      return growth?.grows === true ? [record('gridlock', quantity, growth)] : [];
    };
    return [
      ...own(this.memory, OWN_MEMORY, 'memory'),
      ...own(this.open, OWN_COUNT, 'open'),
      ...own(this.threads, OWN_COUNT, 'threads'),
      ...[...this.lives.values()].flatMap(ofMachines),
    ];
  }

  /** Whether this process was watched for long enough to say that it does not grow. */
  get isJudged(): boolean {
    return judgeGrowth(this.memory.samples, OWN_MEMORY) !== undefined;
  }

  private gone(): void {
    const { machine } = this;
    this.machine = undefined;
    if (machine === undefined) return;
    const { cell } = machine;
    for (const quantity of QUANTITIES) {
      const growth = judgeGrowth(machine[quantity].samples, MACHINE_RULES[quantity]);
      if (growth === undefined) continue;
      const name = `${cell}\n${quantity}`;
      const lives = this.lives.get(name)?.lives ?? [];
      this.lives.set(name, { cell, quantity, lives: [...lives.slice(1 - LIVES_MAX), growth] });
    }
  }
}

const QUANTITIES = ['memory', 'open', 'threads'] as const;

/** The machine that runs now. */
interface Machine extends Readonly<Record<GrowthRecord['quantity'], Track>> {
  readonly pid: number;
  readonly cell: string;
}

/** What was judged of the machines of a cell. */
interface Life {
  readonly cell: string;
  readonly quantity: GrowthRecord['quantity'];
  readonly lives: readonly Growth[];
}

function ofMachines({ cell, quantity, lives }: Life): GrowthRecord[] {
  const grew = lives.filter(({ grows }) => grows);
  if (lives.length < LIVES_MIN || grew.length * 2 <= lives.length) return [];
  const middle = (of: (growth: Growth) => number): number => median(grew.map(of));
  const samples = grew.reduce((sum, each) => sum + each.samples, 0);
  return [
    record(`machines of ${cell}`, quantity, {
      grows: true,
      perHour: middle(({ perHour }) => perHour),
      low: middle(({ low }) => low),
      high: middle(({ high }) => high),
      samples,
      hours: grew.reduce((sum, { hours }) => sum + hours, 0),
    }),
  ];
}

function record(
  process: string,
  quantity: GrowthRecord['quantity'],
  { perHour, low, high, samples, hours }: Growth,
): GrowthRecord {
  const unit = quantity === 'memory' ? 'bytes' : 'count';
  return {
    type: 'growth',
    process,
    quantity,
    unit,
    per_hour: perHour,
    low,
    high,
    samples,
    hours,
    grade: 'forbidden',
  };
}

/** `gridlock grew by 41 MiB of memory an hour (95%: 38–44), judged over 220 minutes`; of a merge `shard 2/4: ` before it. */
export function growthLine({
  process,
  quantity,
  unit,
  per_hour,
  low,
  high,
  hours,
  shard,
}: GrowthRecord): string {
  const whose = shard === undefined ? '' : `shard ${shard}: `;
  const told = (value: number): string =>
    unit === 'bytes' ? String(Math.round(value / MIB)) : String(Math.round(value * 10) / 10);
  const what = { memory: 'MiB of memory', open: 'open handles', threads: 'threads' }[quantity];
  return `${whose}${process} grew by ${told(per_hour)} ${what} an hour (95%: ${told(low)}–${told(high)}), judged over ${Math.round(hours * 60)} minutes`;
}
