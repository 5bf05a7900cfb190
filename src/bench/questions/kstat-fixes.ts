/*
 * kstat-fixes: which fix of bug 4997 to ship, and what it costs.
 *
 * The report proposes two.  locked-clear takes kstat_chain_lock around the clearing of one bit; count-invalid counts
 * what it may have to copy, and now and then counts too much (workloads/kstat-race/variants.ts).  Each is measured beside the
 * code that it fixes, in one machine, the variants in turn (workloads/kstats.ts):
 *
 *     figure            is                                                   the floor is
 *     --------------    --------------------------------------------------   ----------------------------
 *     header_read       one read of all headers, as its reader waits for it  the unfixed one's, same round
 *     install_p50       kstat_install(), half of them are quicker            the same
 *     install_p90       nine of ten are                                      the same
 *     reads             all reads of the cell, of which the following are    -
 *     overrun           reads that copied more headers than they counted     -
 *     blank             reads that copied less: zeros for their last header  -
 *
 * An installer that wants the lock waits for the reader that has it, and that is for two walks of all kstats.  So
 * what a fix costs an installer is how often it wants the lock, and what it costs grows with the kstats.
 *
 * The last line is the answer, made of the figures alone.  A fix is out if it overran once.  Of those that are left one
 * that gives every reader what it was told of goes before one that does not, and then the cheaper one.
 */

import { table } from '../../base/table.ts';
import { figure, isNoisy, type Asked, type Figure, type Tell } from '../figure.ts';
import { BASE, FIXES, seedOfVariant, VARIANTS, type KstatVariant } from '../kstat-variants.ts';
import { benchMachine, benchTrial } from '../trial.ts';

const QUESTION = 'kstat-fixes';
export const KSTAT_FIGURES = [
  'header_read',
  'install_p50',
  'install_p90',
  'reads',
  'overrun',
  'blank',
] as const;
type Name = (typeof KSTAT_FIGURES)[number];

interface Cell {
  readonly kstats: number;
  readonly readers: number;
  readonly installers: number;
}

/** Numbers of kstats at which a header too many is silent: workloads/kstats.ts refuses others. */
const ONE_EACH = [100, 1_002, 5_600, 20_000, 50_000].map((kstats) => cellOf(kstats, 1));
const FULL = {
  cells: [...ONE_EACH, cellOf(5_600, 2), cellOf(50_000, 2)],
  rounds: 15,
  ms: 300,
} as const;
const QUICK = {
  cells: [100, 5_600, 50_000].map((kstats) => cellOf(kstats, 1)),
  rounds: 5,
  ms: 150,
} as const;

function cellOf(kstats: number, each: number): Cell {
  return { kstats, readers: each, installers: each };
}

/** What one trial of a variant came to. */
interface Round {
  readonly readUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly reads: number;
  readonly overruns: number;
  readonly blanks: number;
}

/** Both fixes and what they fix, from 100 kstats to 50,000. */
export async function kstatFixes({ quick, pin }: Asked, tell?: Tell): Promise<Figure[]> {
  const extent = quick ? QUICK : FULL;
  const { cells } = extent;
  const figures: Figure[] = [];
  for (const [nth, cell] of cells.entries()) {
    const { kstats, readers, installers } = cell;
    tell?.(`${kstats}, ${readers}+${installers}`, nth, cells.length);
    figures.push(...(await measure(cell, extent, pin)));
  }
  return figures;
}

async function measure(
  cell: Cell,
  { rounds, ms }: typeof FULL | typeof QUICK,
  pin: Asked['pin'],
): Promise<Figure[]> {
  const params = { ...cell };
  const machine = await benchMachine('./workloads/kstats.js', 'races', params, null, { pin });
  const came: Record<KstatVariant, Round[]> = {
    'unlocked-clear': [],
    'locked-clear': [],
    'count-invalid': [],
  };
  try {
    // The first round is the compiler's.
    for (let round = 0; round <= rounds; round++) {
      for (const variant of VARIANTS) {
        const { outcome } = await benchTrial(machine, 'pass', {
          index: round,
          seed: seedOfVariant(round, variant),
          durationMs: ms,
        });
        if (round > 0) came[variant].push(roundOf(outcome.outcomes, cell));
      }
    }
  } finally {
    machine.kill();
  }
  return VARIANTS.flatMap((variant) => figuresOf(cell, variant, came[variant], came[BASE]));
}

function roundOf(outcomes: Readonly<Record<string, number>>, { installers }: Cell): Round {
  const counted = (name: string): number => outcomes[name] ?? 0;
  return {
    readUs: counted('reading_us') / Math.max(1, counted('reads')),
    p50Us: counted('p50_ns') / 1000 / installers,
    p90Us: counted('p90_ns') / 1000 / installers,
    reads: counted('reads'),
    overruns: counted('overrun'),
    blanks: counted('tail'),
  };
}

function figuresOf(
  cell: Cell,
  variant: KstatVariant,
  rounds: readonly Round[],
  base: readonly Round[],
): Figure[] {
  const common = { question: QUESTION, params: { ...cell, variant } } as const;
  const timed = (name: Name, pick: (round: Round) => number): Figure =>
    figure({
      ...common,
      name,
      unit: 'us',
      values: rounds.map(pick),
      ...(variant === BASE ? {} : { floors: base.map(pick) }),
    });
  const counted = (name: Name, pick: (round: Round) => number): Figure => {
    const sum = rounds.reduce((all, round) => all + pick(round), 0);
    return figure({ ...common, name, unit: 'reads', values: [sum] });
  };
  return [
    timed('header_read', ({ readUs }) => readUs),
    timed('install_p50', ({ p50Us }) => p50Us),
    timed('install_p90', ({ p90Us }) => p90Us),
    counted('reads', ({ reads }) => reads),
    counted('overrun', ({ overruns }) => overruns),
    counted('blank', ({ blanks }) => blanks),
  ];
}

// --- the answer -----------------------------------------------------------------------------------

/** A line for each number of kstats and variant, and below them which fix to ship. */
export function kstatTable(figures: readonly Figure[]): string {
  const first = figures.filter(({ name }) => name === 'header_read');
  const rows = first.map(({ params }) => {
    const of = (name: string): Figure =>
      figures.find((each) => each.name === name && isSame(each.params, params))!;
    const [read, p50, p90] = [of('header_read'), of('install_p50'), of('install_p90')];
    return [
      Number(params['kstats']),
      `${params['readers']}+${params['installers']}`,
      String(params['variant']),
      perSecond(read.value),
      times(read, (ratio) => 1 / ratio),
      us(p50.value),
      times(p50),
      us(p90.value),
      times(p90),
      of('overrun').value,
      of('blank').value,
      [read, p50].some(isNoisy) ? 'noisy' : null,
    ];
  });
  const heads = [
    'kstats',
    'threads',
    'variant',
    'reads/s',
    '×base',
    'install_us',
    '×base',
    'p90_us',
    '×base',
    'overrun',
    'blank',
    'note',
  ];
  return `${table(heads, rows, { indent: 2 })}\n  ${whichFix(figures)}`;
}

function isSame(a: Figure['params'], b: Figure['params']): boolean {
  return ['kstats', 'readers', 'installers', 'variant'].every((name) => a[name] === b[name]);
}

/** What a fix came to, over all cells. */
interface Standing {
  readonly fix: string;
  readonly reads: number;
  readonly overruns: number;
  readonly blanks: number;
  /** the dearest cell of each */
  readonly install: Figure;
  readonly read: Figure;
}

/** The answer in a sentence or two. */
export function whichFix(figures: readonly Figure[]): string {
  const standings = FIXES.map((fix) => standingOf(fix, figures));
  const right = standings.filter(({ overruns }) => overruns === 0);
  const [best, ...others] = right.toSorted(byWorth);
  const wrong = standings
    .filter(({ overruns }) => overruns > 0)
    .map(
      ({ fix, overruns, reads }) =>
        `${fix} is no fix: ${overruns} overruns in ${count(reads)} reads`,
    );
  if (best === undefined) return [...wrong, 'ship neither'].join('; ');
  const said = others.map((other) => `${other.fix} ${standsFor(other)}`);
  return [`ship ${best.fix}: it ${standsFor(best)}`, ...said, ...wrong].join('; ');
}

function standingOf(fix: string, figures: readonly Figure[]): Standing {
  const own = figures.filter(({ params }) => params['variant'] === fix);
  const named = (name: string): Figure[] => own.filter((each) => each.name === name);
  const sum = (name: string): number => named(name).reduce((all, { value }) => all + value, 0);
  const dearest = (name: string): Figure =>
    named(name).toSorted((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0))[0]!;
  return {
    fix,
    reads: sum('reads'),
    overruns: sum('overrun'),
    blanks: sum('blank'),
    install: dearest('install_p50'),
    read: dearest('header_read'),
  };
}

function byWorth(a: Standing, b: Standing): number {
  const blank = Number(a.blanks > 0) - Number(b.blanks > 0);
  return blank !== 0 ? blank : (a.install.ratio ?? 0) - (b.install.ratio ?? 0);
}

function standsFor({ reads, blanks, install, read }: Standing): string {
  const gave =
    blanks === 0
      ? `gave no blank header in ${count(reads)} reads`
      : `gave a blank header in ${count(blanks)} of ${count(reads)} reads`;
  return `${gave}, and costs ${costOf(install, 'an install')}, ${costOf(read, 'a header read')}`;
}

/** By how much it is dearer, where it is dearest; what the rounds cannot tell from nothing is nothing. */
function costOf({ ratio, low, high, params }: Figure, what: string): string {
  const share = Math.round(((ratio ?? 1) - 1) * 100);
  if (low <= 1 && high >= 1) return `${what} nothing that these rounds could tell`;
  return `${what} ${Math.abs(share)}% ${share < 0 ? 'less' : 'more'} (${count(Number(params['kstats']))} kstats)`;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function perSecond(readUs: number): string {
  const rate = 1e6 / readUs;
  return rate >= 100 ? String(Math.round(rate)) : rate.toFixed(1);
}

function us(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

function times({ ratio }: Figure, turned = (r: number) => r): string | null {
  return ratio === null ? null : turned(ratio).toFixed(2);
}
