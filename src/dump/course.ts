/*
 * The course of a controlled run as a table: who went on at each choice and what that one did, a column a thread, and
 * where it ended.
 *
 *      CHOICE ferry/0                                ferry/1
 *           0 start
 *           1                                        start
 *           2                                        acquire south
 *           3 acquire north
 *           4                                        acquire north
 *           5 acquire south
 *             waits for south, which ferry/1 holds
 *                                                    waits for north, which ferry/0 holds
 *
 * What matters is where threads change, and the end.  So of a run of choices of one thread that is long only the
 * first and the last are shown, equal ones in a row count as one, and of all rows the last few.
 *
 * Threads stand side by side while there are few and they fit; else a row names its thread.
 */

import { counted } from '../base/counted.ts';
import { printable } from '../base/text.ts';
import type { Dump, DumpThread } from './format.ts';

/** A choice: who went on, and what that one did then. */
export interface Step {
  readonly choice: number;
  /** its place in the roster */
  readonly thread: number;
  readonly name: string;
  /** `acquire north` */
  readonly text: string;
}

export interface Course {
  /** choices made in all */
  readonly choices: number;
  readonly preemptions: number;
  /** the last of them, or all */
  readonly steps: readonly Step[];
  /** what became of those that the failure is about */
  readonly ending: readonly Omit<Step, 'choice'>[];
}

/** A row of the table. */
export interface Lane {
  /** in the first column */
  readonly label: string;
  readonly thread: number;
  readonly name: string;
  readonly text: string;
}

/** Rows that are shown, without the ending. */
const ROWS = 30;
const WIDTH = 120;
/** Of a longer run of one thread, only its ends. */
const RUN_ROWS = 4;
const RUN_HEAD = 1;
const RUN_TAIL = 2;
const SIDE_BY_SIDE = 5;
const LABEL = 7;

/**
 * The last rows of the course, and its ending.
 * @param earlier the command that shows all of it
 */
export function drawCourse(course: Course, earlier: string): string[] {
  const { choices, preemptions, steps, ending } = course;
  const rows = folded(steps).slice(-ROWS);
  const first = Number(rows[0]?.label ?? choices);
  const lanes = [...rows, ...ending.map((each) => ({ label: '', ...each }))];
  const said = `${counted(choices, 'choice')}, ${counted(preemptions, 'preemption')}`;
  return [
    first === 0 ? `${said}:` : `${said}; ${counted(first, 'earlier one')}: ${earlier}`,
    ...drawLanes(lanes, WIDTH),
  ];
}

/** How it ended, for each thread that the failure is about. */
export function endingOf({ head, threads }: Pick<Dump, 'head' | 'threads'>): Course['ending'] {
  const names = new Map(threads.map(({ id, name }) => [id, name]));
  const isApart = (thread: DumpThread): boolean =>
    head.cycle.length > 0 ? head.cycle.includes(thread.id) : thread.part === 'waiting';
  return threads.flatMap((thread, place) => {
    if (!isApart(thread)) return [];
    return [{ thread: place, name: thread.name, text: endOf(thread, head.verdict, names) }];
  });
}

function endOf(
  { wants, exit }: DumpThread,
  verdict: string,
  names: ReadonlyMap<number, string>,
): string {
  if (wants === null) return exit === undefined ? verdict : `is gone: ${exit}`;
  const via = wants.via === undefined ? '' : ` (asleep on ${wants.via})`;
  const owners = wants.owners.map((id) => names.get(id) ?? `#${id}`);
  const which = owners.length === 0 ? '' : `, which ${owners.join(', ')} holds`;
  return `waits for ${wants.name}${via}${which}`;
}

/** Rows of a table: long runs of one thread folded. */
export function folded(steps: readonly Step[]): Lane[] {
  const lanes: Lane[] = [];
  for (let from = 0, to = 0; from < steps.length; from = to) {
    while (to < steps.length && steps[to]!.thread === steps[from]!.thread) to++;
    const run = withCounts(steps.slice(from, to));
    if (run.length <= RUN_ROWS) {
      lanes.push(...run);
      continue;
    }
    const [after, tail] = [run[RUN_HEAD]!, run.slice(-RUN_TAIL)];
    const between = Number(tail[0]!.label) - Number(after.label);
    lanes.push(...run.slice(0, RUN_HEAD), { ...after, text: `… ${between} more` }, ...tail);
  }
  return lanes;
}

/** Equal operations in a row as one. */
function withCounts(run: readonly Step[]): Lane[] {
  const lanes: Lane[] = [];
  for (let from = 0, to = 0; from < run.length; from = to) {
    const { choice, thread, name, text } = run[from]!;
    while (to < run.length && run[to]!.text === text) to++;
    const times = to - from === 1 ? '' : ` ×${to - from}`;
    lanes.push({ label: String(choice), thread, name, text: text + times });
  }
  return lanes;
}

/** The head of the table, and a line a row. */
export function drawLanes(rows: readonly Lane[], width: number): string[] {
  const lanes = rows.map((row) => ({ ...row, text: printable(row.text) }));
  const names = new Map(rows.map(({ thread, name }) => [thread, printable(name)]));
  const threads = [...names.keys()].toSorted((a, b) => a - b);
  const nameOf = (thread: number): string => names.get(thread) ?? '';
  const sizes = threads.map((thread) =>
    lanes.reduce(
      (most, lane) => (lane.thread === thread ? Math.max(most, lane.text.length) : most),
      nameOf(thread).length,
    ),
  );
  const total = sizes.reduce((sum, size) => sum + size + 2, LABEL);
  const isWide = threads.length <= SIDE_BY_SIDE && total <= width;
  const widest = threads.reduce((most, thread) => Math.max(most, nameOf(thread).length), 6);
  const heads = isWide
    ? threads.map((thread, i) => nameOf(thread).padEnd(sizes[i]! + 1))
    : ['THREAD'.padEnd(widest), 'OPERATION'];
  return [
    line('CHOICE', heads),
    ...lanes.map(({ label, thread, text }) =>
      line(
        label,
        isWide
          ? sizes.map((size, i) => (threads[i] === thread ? text : '').padEnd(size + 1))
          : [nameOf(thread).padEnd(widest), text],
      ),
    ),
  ];
}

function line(label: string, cells: readonly string[]): string {
  return [label.padStart(LABEL), ...cells].join(' ').trimEnd();
}
