/*
 * What each thread had and waited for around a failure, as lanes: spans of a common axis, and moments.
 *
 *     a run            the axis                    what is known
 *     ------------     ------------------------    ----------------------------------------------------------
 *     free             ms before all was stopped   what is held and wanted at the end, since when; and of the
 *                                                  past what the event rings have: each sleep, and with
 *                                                  --track events each hold
 *     controlled       choices                     what was done at each choice, and how it ended
 *
 * A controlled run has no time worth drawing: one thread runs at a time, and its clock is what the strategy makes it.
 *
 * A hold or sleep of which a ring has only the beginning, and the end of the run does not know, is a moment: when it
 * ended is not known, and nothing is drawn that was not observed.
 *
 * A thread waits for one thing at a time: woken too early, and asleep again, it has waited all the time.
 *
 * The axis begins a little before the oldest thing that those of the hang hold or wait for.  What began earlier is cut there.
 */

import type { Course } from '../../dump/course.ts';
import type { Dump, DumpThread, Part } from '../../dump/format.ts';
import type { Inside, RingEvent } from '../../dump/inside.ts';

export interface Span {
  readonly kind: 'hold' | 'wait';
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** it was still so at the end */
  readonly isOpen: boolean;
}

export interface Moment {
  readonly at: number;
  readonly label: string;
}

export interface Lane {
  readonly thread: DumpThread;
  readonly spans: readonly Span[];
  readonly moments: readonly Moment[];
}

export interface Lanes {
  readonly unit: 'ms' | 'choice';
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
  /** threads that have none */
  readonly others: number;
}

const LANES_MAX = 20;
const MOMENTS_MAX = 60;
const CHOICES_MAX = 60;
/** The first so many milliseconds are worth an axis; what is shorter is one moment. */
const MS_MIN = 0.5;
/** Of the axis, before the oldest thing on it. */
const BEFORE = 0.12;
const ORDER: readonly Part[] = ['cycle', 'victim', 'running', 'gone', 'waiting'];
/** Events that are a moment of their own. */
const MOMENTS: ReadonlySet<string> = new Set([
  'note',
  'panic',
  'exit',
  'signal',
  'broadcast',
  'handoff',
]);

/** The lanes of a dump; undefined where there is nothing to draw. */
export function lanesOf(
  dump: Pick<Dump, 'head' | 'threads'>,
  { events, course }: Inside,
): Lanes | undefined {
  const axis = course === undefined ? timeAxis(dump.threads, events) : choiceAxis(course);
  if (axis === undefined) return undefined;
  const places = new Map(dump.threads.map((thread, place) => [thread, place]));
  const all = ranked(dump).map((thread) => {
    const lane =
      course === undefined
        ? timed(
            thread,
            events.filter((event) => event.thread === thread.id),
          )
        : chosen(thread, course, places.get(thread)!);
    return within(lane, axis.from, axis.to);
  });
  const lanes = all.filter(
    ({ thread, spans, moments }) =>
      spans.length + moments.length > 0 && (thread.part !== 'waiting' || isBusy(spans, moments)),
  );
  if (lanes.length === 0) return undefined;
  const shown = lanes.slice(0, LANES_MAX);
  return { ...axis, lanes: shown, others: dump.threads.length - shown.length };
}

/** A thread that only ever slept has nothing to tell. */
function isBusy(spans: readonly Span[], moments: readonly Moment[]): boolean {
  return moments.length > 0 || spans.length > 1 || spans[0]?.kind === 'hold';
}

/** Those of the cycle in its order, then those behind it, and the others. */
function ranked({ head, threads }: Pick<Dump, 'head' | 'threads'>): DumpThread[] {
  const place = ({ id, part }: DumpThread): number => {
    const inCycle = head.cycle.indexOf(id);
    return inCycle >= 0 ? inCycle - head.cycle.length : ORDER.indexOf(part);
  };
  return threads.toSorted((a, b) => place(a) - place(b));
}

// --- a free run -----------------------------------------------------------------------------------

function timeAxis(
  threads: readonly DumpThread[],
  events: readonly RingEvent[],
): Pick<Lanes, 'unit' | 'from' | 'to'> | undefined {
  const concerned = threads.filter(({ part }) => part === 'cycle' || part === 'victim');
  const ages = concerned.flatMap(({ holds, wants }) => [
    ...holds.map(({ held_ms: ms }) => ms),
    ...(wants === null ? [] : [wants.waited_ms]),
  ]);
  const oldest = Math.max(0, ...(ages.length > 0 ? ages : events.map(({ ago_ms: ms }) => ms)));
  if (oldest < MS_MIN) return undefined;
  return { unit: 'ms', from: -oldest * (1 + BEFORE), to: 0 };
}

function timed(thread: DumpThread, events: readonly RingEvent[]): Lane {
  const spans: Span[] = [];
  const moments: Moment[] = [];
  const held = new Map<string, number>();
  let asleep: { label: string; from: number } | undefined;
  for (const { kind, object, remark, ago_ms: ago } of events) {
    const at = -ago;
    if (kind === 'block') asleep = { label: object, from: at };
    else if (kind === 'wake' || kind === 'timeout') {
      if (asleep !== undefined) spans.push({ kind: 'wait', ...asleep, to: at, isOpen: false });
      asleep = undefined;
    } else if (kind === 'acquire') held.set(object, at);
    else if (kind === 'release') {
      const from = held.get(object);
      held.delete(object);
      if (from !== undefined)
        spans.push({ kind: 'hold', label: object, from, to: at, isOpen: false });
    } else if (MOMENTS.has(kind)) moments.push({ at, label: spoken(kind, object, remark) });
  }
  const since = thread.wants === null ? 0 : -thread.wants.waited_ms;
  const past = spans.filter(({ kind, from }) => kind === 'hold' || from < since);
  return {
    thread,
    spans: [
      ...past.map((span) =>
        span.kind === 'wait' ? { ...span, to: Math.min(span.to, since) } : span,
      ),
      ...atTheEnd(thread, (ms) => -ms, 0),
    ],
    moments: moments.slice(-MOMENTS_MAX),
  };
}

/** What the thread has and wants at the end. */
function atTheEnd({ holds, wants }: DumpThread, since: (ms: number) => number, to: number): Span[] {
  const spans: Span[] = holds.map(({ name, mode, held_ms: ms }) => ({
    kind: 'hold',
    label: mode === undefined ? name : `${name} (${mode})`,
    from: since(ms),
    to,
    isOpen: true,
  }));
  if (wants !== null)
    spans.push({ kind: 'wait', label: wants.name, from: since(wants.waited_ms), to, isOpen: true });
  return spans;
}

// --- a controlled run -----------------------------------------------------------------------------

function choiceAxis({ choices, steps }: Course): Pick<Lanes, 'unit' | 'from' | 'to'> | undefined {
  const first = steps[0]?.choice;
  if (first === undefined) return undefined;
  return { unit: 'choice', from: Math.max(first, choices - CHOICES_MAX), to: choices };
}

function chosen(thread: DumpThread, { choices, steps }: Course, place: number): Lane {
  const spans: Span[] = [];
  const moments: Moment[] = [];
  const held = new Map<string, number>();
  for (const { choice, text } of steps.filter((step) => step.thread === place)) {
    const [, op, object] = /^(\S+) ?(.*)$/s.exec(text) ?? ['', text, ''];
    if (op === 'acquire') held.set(object, choice);
    else if (op === 'release' && held.has(object)) {
      spans.push({
        kind: 'hold',
        label: object,
        from: held.get(object)!,
        to: choice,
        isOpen: false,
      });
      held.delete(object);
    } else moments.push({ at: choice, label: text });
  }
  const has = new Set(thread.holds.map(({ name }) => name));
  for (const [label, from] of held) {
    if (has.has(label)) spans.push({ kind: 'hold', label, from, to: choices, isOpen: true });
    else if (label === thread.wants?.name)
      spans.push({ kind: 'wait', label, from, to: choices, isOpen: true });
    else moments.push({ at: from, label: `acquire ${label}` });
  }
  return { thread, spans, moments: moments.slice(-MOMENTS_MAX) };
}

// --- both -----------------------------------------------------------------------------------------

/** The part of a lane that is on the axis. */
function within({ thread, spans, moments }: Lane, from: number, to: number): Lane {
  return {
    thread,
    spans: spans
      .filter((span) => span.to > from || span.isOpen)
      .map((span) => ({ ...span, from: Math.min(to, Math.max(from, span.from)) })),
    moments: moments.filter(({ at }) => at >= from && at <= to),
  };
}

function spoken(kind: string, object: string, remark: string): string {
  return [kind, object, remark === '' ? '' : `(${remark})`].filter((word) => word !== '').join(' ');
}
