/*
 * time-to-bug: how long until a strategy finds a bug that is known to be there, by the clock on the wall?
 *
 * gallery counts schedules, which is a strategy's own merit; this counts what a person waits.  A schedule that is
 * decided step by step takes longer than a free one, and a free one on a quiet host may never go wrong.
 *
 * A try runs trials until one comes to the verdict that the variant declares, or until its time is up.  Then all that
 * is known is that it takes longer: it is cut off, and counts as that (Kaplan and Meier, base/survival.ts).  A cell
 * has a budget for all its tries, so a hopeless cell is given up after a few; the last of them is cut off by
 * the budget.  What starting a machine takes is not counted: that is the boot question's.
 *
 *     strategy           decides                     runs
 *     ----------------   -------------------------   ----------------------------------------------
 *     free, noise        the host; noise: delays     the workload as it is
 *     all others         which thread goes on        the same in small, where it has a small form
 *
 * Schedules of thousands of steps are nobody's idea of small, so the two that model a kernel have fewer and shorter
 * threads there, as their READMEs say: two programs of one bug, and what is compared is what a person would run.
 *
 * The table has the median, and in brackets how many tries found it where not all did.  Where fewer than half did
 * the median is not known: `>`, and how long the longest try was.  In a figure it is that number, with `found` beside it.
 */

import { kaplanMeier, survivalQuantile } from '../../base/survival.ts';
import { table } from '../../base/table.ts';
import { loadWorkload, resolveParams, variantOf, type CatalogEntry } from '../../run/catalog.ts';
import { BLOCK } from '../../run/control.ts';
import type { ControlSpec, NoiseSpec, TrialOrder } from '../../run/protocol.ts';
import type { Supervisor } from '../../run/supervisor.ts';
import { figure, type Asked, type Figure, type Tell } from '../figure.ts';
import { benchMachine, seriesOrder } from '../trial.ts';

type Given = Readonly<Record<string, string | number>>;

interface Case {
  readonly workload: string;
  readonly variant: string;
  /** params that are given where a strategy decides */
  readonly small?: Given;
}

const KSTAT_SMALL = { kstats: 7, rounds: 1, redzone: 'on' } as const;
const DTRACE_SMALL = {
  rounds: 2,
  tick: 1,
  enable: 'any',
  segments: 4,
  shm: 1,
  probes: 4,
  providers: 1,
  databases: 1,
  shells: 0,
  ps: 0,
  modloads: 0,
} as const;

const CASES: readonly Case[] = [
  { workload: 'dtrace-deadlock', variant: 'wstub', small: DTRACE_SMALL },
  { workload: 'dtrace-deadlock', variant: 'shmfork', small: DTRACE_SMALL },
  { workload: 'dtrace-deadlock', variant: 'mutex-cycle', small: DTRACE_SMALL },
  { workload: 'kstat-race', variant: 'unlocked-clear', small: KSTAT_SMALL },
  { workload: 'kstat-race', variant: 'late-clearer' },
  ...[
    'account',
    'bluetooth-driver',
    'deadlock01',
    'late-clearer',
    'queue',
    'reorder',
    'stringbuffer',
    'twostage',
    'work-steal-queue',
    'wronglock',
  ].map((name) => ({ workload: `gallery/${name}`, variant: 'planted' })),
];
const QUICK_CASES: ReadonlySet<string> = new Set([
  'dtrace-deadlock wstub',
  'kstat-race unlocked-clear',
  'gallery/reorder planted',
]);

const STRATEGIES = ['free', 'noise', 'random', 'pct', 'pos', 'surw', 'rff', 'auto'] as const;
const QUICK_STRATEGIES = ['free', 'noise', 'random', 'pct', 'auto'] as const;
type Strategy = (typeof STRATEGIES)[number];

/** How long a cell and a try of it may take, in milliseconds, and how many tries there are at most. */
interface Bounds {
  readonly budgetMs: number;
  readonly tryMs: number;
  readonly tries: number;
}
const FULL: Bounds = { budgetMs: 30_000, tryMs: 10_000, tries: 11 };
const QUICK: Bounds = { budgetMs: 1_000, tryMs: 500, tries: 3 };
/** No delay is longer: what `gridlock run -s noise` has by default. */
const NOISE: NoiseSpec = { longestUs: 5_000 };
const STEPS = 20_000;
/** Blocks from one try to the next, more than a try has: what one has learned is nothing to the next. */
const APART = 64;

/** How a try ended. */
export interface Try {
  readonly ms: number;
  /** false: it was cut off */
  readonly found: boolean;
}

/** Each bug and each strategy. */
export async function timeToBug(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const { quick } = asked;
  const cells = casesOf(quick).flatMap((each) =>
    (quick ? QUICK_STRATEGIES : STRATEGIES).map((strategy) => [each, strategy] as const),
  );
  const figures: Figure[] = [];
  for (const [nth, [each, strategy]] of cells.entries()) {
    tell?.(`${nameOf(each)}, ${strategy}`, nth, cells.length);
    figures.push(...survivalFigures(nameOf(each), strategy, await tries(each, strategy, asked)));
  }
  return figures;
}

function casesOf(quick: boolean): readonly Case[] {
  return quick ? CASES.filter((each) => QUICK_CASES.has(nameOf(each))) : CASES;
}

/** Its figures have the names of the bugs: in a quick run there are a few of them. */
export function timeToBugFigures(quick: boolean): string[] {
  return casesOf(quick).flatMap((each) => [nameOf(each), foundOf(nameOf(each))]);
}

function foundOf(name: string): string {
  return `${name} found`;
}

/** The median time to the first failure, with its quartiles, and the share of tries that found one. */
export function survivalFigures(name: string, strategy: string, came: readonly Try[]): Figure[] {
  const found = came.filter((each) => each.found);
  const curve = kaplanMeier(
    found.map(({ ms }) => ms),
    came.filter((each) => !each.found).map(({ ms }) => ms),
  );
  const at = (q: number): number => survivalQuantile(curve, q) ?? curve.longest;
  const common = { question: 'time-to-bug', params: { strategy } } as const;
  return [
    {
      ...figure({ ...common, name, unit: 'ms', values: came.map(({ ms }) => ms) }),
      value: at(0.5),
      low: at(0.25),
      high: at(0.75),
    },
    figure({
      ...common,
      name: foundOf(name),
      unit: '%',
      values: [(100 * found.length) / came.length],
    }),
  ];
}

/** A bug a line, a strategy a column. */
export function timeTable(figures: readonly Figure[]): string {
  const timed = figures.filter(({ unit }) => unit === 'ms');
  const names = [...new Set(timed.map(({ name }) => name))];
  const strategies = STRATEGIES.filter((strategy) => timed.some(isOf(strategy)));
  const rows = names.map((name) => [
    name.replaceAll(' ', ':'),
    ...strategies.map((strategy) => {
      const time = timed.find((each) => each.name === name && isOf(strategy)(each));
      const share = figures.find((each) => each.name === foundOf(name) && isOf(strategy)(each));
      return time === undefined || share === undefined ? null : cell(time, share.value);
    }),
  ]);
  return table(['bug', ...strategies], rows, { indent: 2 });
}

function isOf(strategy: Strategy): (figure: Figure) => boolean {
  return ({ params }) => params['strategy'] === strategy;
}

function cell({ value, n }: Figure, found: number): string {
  const time = value >= 1000 ? `${(value / 1000).toFixed(1)}s` : `${Math.round(value)}ms`;
  const hits = Math.round((found * n) / 100);
  const bound = 2 * hits < n ? '>' : '';
  return `${bound}${time}${hits === n ? '' : `(${hits}/${n})`}`;
}

function nameOf({ workload, variant }: Case): string {
  return `${workload} ${variant}`;
}

async function tries(which: Case, strategy: Strategy, asked: Asked): Promise<Try[]> {
  const bounds = asked.quick ? QUICK : FULL;
  const entry = await loadWorkload(which.workload);
  const start = async (): Promise<Supervisor> => startFor(entry, which, strategy, asked);
  const came: Try[] = [];
  let machine = await start();
  let left = bounds.budgetMs;
  try {
    while (came.length < bounds.tries && left > 0) {
      const clock = { left: Math.min(left, bounds.tryMs), spent: 0 };
      let found = false;
      for (let index = came.length * APART * BLOCK; clock.left > clock.spent && !found;) {
        const next = await trial(machine, entry, which, index, clock);
        found = next.found;
        index = next.index;
        if (!machine.warm()) machine = await start();
      }
      came.push({ ms: clock.spent, found });
      left -= clock.spent;
    }
  } finally {
    machine.kill();
  }
  return came;
}

interface Clock {
  readonly left: number;
  spent: number;
}

/** One trial, or a series of them where a strategy decides.  @returns the index of the next */
async function trial(
  machine: Supervisor,
  entry: CatalogEntry,
  { variant }: Case,
  index: number,
  clock: Clock,
): Promise<{ found: boolean; index: number }> {
  const { verdict, durationMs = entry.workload.durationMs ?? 2_000 } = variantOf(entry, variant);
  const order: TrialOrder = {
    ...seriesOrder(index, BLOCK - (index % BLOCK)),
    seed: index + 1,
    durationMs: Math.min(durationMs, Math.ceil(clock.left - clock.spent)),
  };
  const began = performance.now();
  const end = await machine.run(order);
  const ended = performance.now();
  // A strategy that has tried everything and found nothing will not find it later either.
  if (end === undefined) {
    clock.spent = clock.left;
    return { found: false, index };
  }
  const { outcome } = end;
  const found = outcome.verdict === verdict;
  // What follows a verdict, the stopping and the unwinding, is not the search any more.
  const until = found ? outcome.at - performance.timeOrigin : ended;
  clock.spent += Math.max(0, until - began);
  return { found, index: outcome.index + 1 };
}

async function startFor(
  entry: CatalogEntry,
  { variant, small = {} }: Case,
  strategy: Strategy,
  { pin }: Asked,
): Promise<Supervisor> {
  const isFree = strategy === 'free' || strategy === 'noise';
  const given = Object.entries(isFree ? {} : small);
  const resolved = resolveParams(
    entry,
    variantOf(entry, variant),
    new Map(given.map(([name, value]) => [name, String(value)])),
  );
  const control: ControlSpec | null = isFree
    ? null
    : { strategy, seed: 1, depth: 0, preemptions: -1, steps: STEPS, releases: false };
  const noise = strategy === 'noise' ? NOISE : null;
  return benchMachine(entry.url, variant, resolved, control, { pin, noise });
}
