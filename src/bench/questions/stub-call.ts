/*
 * stub-call: what a call of a module's function costs by the kind of its stub, and what the fix of bug 9056 saves.
 *
 * The fix turned WSTUBs of modules that are never unloaded into NO_UNLOAD_WSTUBs (workloads/dtrace-deadlock/modstubs.ts).
 * It was made for a deadlock.  It also takes two rounds of mod_lock out of every such call, and mod_lock is one lock
 * for all modules: so beside the price of a call alone there is that of calls at the same time.
 *
 * One machine for each number of threads; its trials take each way in turn (workloads/stubs.ts), so that what disturbs
 * a round disturbs all of them.  The floor is a plain call of the same function with the same arguments, by as many
 * threads.  The times are of all threads together: with two CPUs two threads need half of what one does, where they
 * have nothing to wait for.
 *
 * Only the module that is there is measured.  One that is not costs whatever its err function does.
 */

import { table } from '../../base/table.ts';
import { figure, isNoisy, type Asked, type Figure, type Tell } from '../figure.ts';
import { seedOfWay, WAYS, type Way } from '../stub-kinds.ts';
import { benchMachine, benchTrial } from '../trial.ts';

const QUESTION = 'stub-call';
const FULL = { threads: [1, 2, 4, 8, 16], rounds: 15, ms: 100 } as const;
const QUICK = { threads: [1, 2, 8], rounds: 5, ms: 40 } as const;
/** Its figures have the names of the stubs. */
export const STUBS = WAYS.filter((way) => way !== 'plain');

/** Each kind of stub, alone and with company. */
export async function stubCall(asked: Asked, tell?: Tell): Promise<Figure[]> {
  const extent = asked.quick ? QUICK : FULL;
  const counts = asked.threads ?? extent.threads;
  const figures: Figure[] = [];
  for (const [nth, threads] of counts.entries()) {
    tell?.(String(threads), nth, counts.length);
    figures.push(...(await ways(threads, extent, asked)));
  }
  return figures;
}

async function ways(
  threads: number,
  { rounds, ms }: typeof FULL | typeof QUICK,
  { pin }: Asked,
): Promise<Figure[]> {
  const times = Object.fromEntries(WAYS.map((way) => [way, [] as number[]])) as Record<
    Way,
    number[]
  >;
  const machine = await benchMachine('./workloads/stubs.js', 'calls', { threads }, null, { pin });
  try {
    // The first round is the compiler's.
    for (let round = 0; round <= rounds; round++) {
      for (const way of WAYS) {
        const { outcome } = await benchTrial(machine, 'pass', {
          index: round,
          seed: seedOfWay(round, way),
          durationMs: ms,
        });
        if (round > 0) times[way].push(1e9 / Math.max(1, outcome.outcomes['calls_s'] ?? 0));
      }
    }
  } finally {
    machine.kill();
  }
  return STUBS.map((way) =>
    figure({
      question: QUESTION,
      name: way,
      params: { threads },
      unit: 'ns',
      values: times[way],
      floors: times.plain,
    }),
  );
}

/** A line for each number of threads, a column for each kind of stub, and what that comes to. */
export function stubTable(figures: readonly Figure[]): string {
  const counts = [...new Set(figures.map(threadsOf))];
  const rows = counts.map((threads) => {
    const line = STUBS.map((way) => of(figures, way, threads));
    const [before, since] = pair(figures, threads);
    return [
      threads,
      before?.floor === undefined ? null : ns(before.floor),
      ...line.flatMap((each) =>
        each === undefined ? [null, null] : [ns(each.value), `${each.ratio?.toFixed(2)}`],
      ),
      before === undefined || since === undefined ? null : ns(before.value - since.value),
      line.some((each) => each !== undefined && isNoisy(each)) ? 'noisy' : null,
    ];
  });
  const heads = [
    'threads',
    'plain_ns',
    ...STUBS.flatMap((way) => [`${way}_ns`, '×plain']),
    'saved_ns',
    'note',
  ];
  return `${table(heads, rows, { indent: 2 })}\n${conclusion(figures, counts)}`;
}

/** What the fix saves, alone and in the greatest company, in a sentence each. */
function conclusion(figures: readonly Figure[], counts: readonly number[]): string {
  const lines: string[] = [];
  for (const threads of new Set([Math.min(...counts), Math.max(...counts)])) {
    const [before, since] = pair(figures, threads);
    if (before === undefined || since === undefined) continue;
    const saved = before.value - since.value;
    const times = before.value / since.value;
    const who = threads === 1 ? 'alone' : `${threads} threads at a time`;
    lines.push(
      saved > 0
        ? `  ${who}: the fix of 9056 saves ${ns(saved)} ns of ${ns(before.value)} ns a call, and lets through ${times.toFixed(1)} times as many`
        : `  ${who}: the fix of 9056 saves nothing here; it costs ${ns(-saved)} ns a call`,
    );
  }
  return lines.join('\n');
}

function pair(
  figures: readonly Figure[],
  threads: number,
): [before: Figure | undefined, since: Figure | undefined] {
  return [of(figures, 'WSTUB', threads), of(figures, 'NO_UNLOAD_WSTUB', threads)];
}

function of(figures: readonly Figure[], way: Way, threads: number): Figure | undefined {
  return figures.find((each) => each.name === way && threadsOf(each) === threads);
}

function threadsOf({ params }: Figure): number {
  return Number(params['threads']);
}

function ns(value: number | null): string {
  return value === null ? '-' : value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}
