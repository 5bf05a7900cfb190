/*
 * gallery: how many schedules until a strategy finds a known bug?
 *
 * The programs of workloads/gallery are small ones of the literature with a bug each.  A try runs a strategy until
 * its first failure, or gives up after so many schedules; the figure is the median of the tries, beside what the
 * authors of RFF published for theirs (20 tries of up to 100,000, their own instrumentation: their steps are not
 * ours, so it is the order of magnitude that compares).  Tries of one strategy differ in where they begin in its row
 * of trials, a whole number of blocks apart, so that they have nothing in common.
 *
 * `twin` runs the program without the bug for as long as a try lasts: it must not fail, or the question does.
 *
 * The table has the published medians behind ours.  A try that found nothing counts as one schedule more than it had, so a median of 10,001 says: less than half did.
 */

import { loadWorkload, resolveParams, variantOf } from '../run/catalog.ts';
import { BLOCK } from '../run/control.ts';
import type { Supervisor } from '../run/supervisor.ts';
import { table } from '../base/table.ts';
import { figure, SCHEDULES, type Asked, type Figure, type Tell } from './figure.ts';
import { benchMachine, seriesOrder } from './trial.ts';

interface Program {
  readonly name: string;
  readonly params?: Readonly<Record<string, number>>;
  /** medians of POS, PCT3 and RFF; null: found in none of 20 tries, or not published */
  readonly published: readonly [pos: number | null, pct: number | null, rff: number | null];
}

const NOT = [null, null, null] as const;
const PROGRAMS: readonly Program[] = [
  { name: 'stringbuffer', published: [8, 146, 8] },
  { name: 'deadlock01', published: [4, 16, 4] },
  { name: 'bluetooth-driver', published: [42, 111, 45] },
  { name: 'account', published: [1, 6, 1] },
  { name: 'twostage', published: [9, 7, 6] },
  { name: 'wronglock', published: [1, 49, 1] },
  { name: 'reorder', params: { setters: 3 }, published: [164, 124, 6] },
  { name: 'reorder', params: { setters: 5 }, published: [4257, 954, 5] },
  { name: 'reorder', params: { setters: 10 }, published: [null, 1568, 5] },
  { name: 'reorder', params: { setters: 100 }, published: [null, 7447, 5] },
  { name: 'queue', published: [1, 6, 1] },
  { name: 'work-steal-queue', published: [9, 8, 8] },
  { name: 'late-clearer', published: NOT },
];
const STRATEGIES = ['random', 'pct', 'pos', 'surw', 'rff', 'auto'] as const;
const PUBLISHED: Readonly<Record<string, number>> = { pos: 0, pct: 1, rff: 2 };
const HEADS = ['their-pos', 'their-pct3', 'their-rff'] as const;
const FULL = { tries: 21, schedules: 10_000 };
const QUICK = { tries: 3, schedules: 1_000 };
/** Blocks from one try to the next: more than a try has. */
const APART = 4;
const STEPS = 20_000;

type Extent = typeof FULL & { readonly pin: boolean | undefined };

/** Its figures have the names of the programs. */
export const GALLERY_FIGURES = PROGRAMS.map(titleOf);

export async function gallery({ quick, pin }: Asked, tell?: Tell): Promise<Figure[]> {
  const extent = { ...(quick ? QUICK : FULL), pin };
  const figures: Figure[] = [];
  for (const [nth, program] of PROGRAMS.entries()) {
    tell?.(titleOf(program), nth, PROGRAMS.length);
    for (const strategy of STRATEGIES) figures.push(await tries(program, strategy, extent));
    await twin(program, extent);
  }
  return figures;
}

/** A program a line, a strategy a column: the median, and how many tries found it where not all did. */
export function galleryTable(figures: readonly Figure[]): string {
  const rows = PROGRAMS.map((program) => {
    const name = titleOf(program);
    const cells = STRATEGIES.map((strategy) => {
      const found = figures.find(
        (each) => each.name === name && each.params['strategy'] === strategy,
      );
      return found === undefined ? null : cell(found);
    });
    return [name.replaceAll(' ', '_'), ...cells, ...program.published.map((each) => each ?? '-')];
  });
  return table(['program', ...STRATEGIES, ...HEADS], rows, { indent: 2 });
}

function cell({ value, params: { hits, tries: all, schedules } }: Figure): string {
  const found = hits === all ? '' : `(${hits}/${all})`;
  return `${value > Number(schedules) ? '-' : value}${found}`;
}

function titleOf({ name, params }: Program): string {
  return [name, ...Object.values(params ?? {})].join(' ');
}

async function tries(program: Program, strategy: string, extent: Extent): Promise<Figure> {
  const { published } = program;
  const values: number[] = [];
  let machine = await start(program, 'planted', strategy, extent);
  try {
    for (let n = 0; n < extent.tries; n++) {
      values.push(await schedulesToFailure(machine, n * APART * BLOCK, extent.schedules));
      if (!machine.warm()) machine = await start(program, 'planted', strategy, extent);
    }
  } finally {
    machine.kill();
  }
  const hits = values.filter((value) => value <= extent.schedules).length;
  const theirs = published[PUBLISHED[strategy] ?? -1];
  return figure({
    question: 'gallery',
    name: titleOf(program),
    params: { strategy, hits, tries: extent.tries, schedules: extent.schedules },
    seen: ['hits'],
    unit: SCHEDULES,
    values,
    ...(theirs === undefined || theirs === null ? {} : { floors: values.map(() => theirs) }),
    ...(strategy === 'auto' ? { goal: extent.schedules } : {}),
  });
}

/** From a trial on until the first that fails.  @returns how many; one more than there may be when none did */
async function schedulesToFailure(
  machine: Supervisor,
  first: number,
  schedules: number,
): Promise<number> {
  const end = first + schedules;
  for (let index = first; index < end;) {
    const { outcome } = await trials(machine, index, end);
    if (outcome.verdict !== 'pass') return outcome.index - first + 1;
    index = outcome.index + 1;
  }
  return schedules + 1;
}

/** @throws Error when it fails */
async function twin(program: Program, extent: Extent): Promise<void> {
  const { schedules } = extent;
  const machine = await start(program, 'fixed', 'auto', extent);
  try {
    for (let index = 0; index < schedules;) {
      const { outcome } = await trials(machine, index, schedules);
      if (outcome.verdict !== 'pass') {
        const { verdict, message } = outcome;
        throw new Error(`bench: the twin of ${program.name} came to ${verdict}: ${message}`);
      }
      index = outcome.index + 1;
    }
  } finally {
    machine.kill();
  }
}

/** As many as a machine runs in a row, to the end of the block at most. */
async function trials(
  machine: Supervisor,
  index: number,
  end: number,
): Promise<NonNullable<Awaited<ReturnType<Supervisor['run']>>>> {
  const came = await machine.run(
    seriesOrder(index, Math.min(end - index, BLOCK - (index % BLOCK))),
  );
  if (came === undefined) throw new Error('bench: the strategy had tried everything');
  return came;
}

async function start(
  program: Program,
  variant: string,
  strategy: string,
  { pin }: Extent,
): Promise<Supervisor> {
  const control = { strategy, seed: 1, depth: 0, preemptions: -1, steps: STEPS, releases: false };
  const { name, params = {} } = program;
  const entry = await loadWorkload(`gallery/${name}`);
  const given = new Map(Object.entries(params).map(([key, value]) => [key, String(value)]));
  const resolved = resolveParams(entry, variantOf(entry, variant), given);
  return benchMachine(entry.url, variant, resolved, control, { pin });
}
