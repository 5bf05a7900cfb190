/*
 * The rules of a trace, checked: what a viewer relies on and does not complain about.
 *
 *     every event    is of a process and of a thread that `M` names and sorts, and has a name that can be printed
 *     in time        `ts` is not negative, and strictly increases through the file; both it and `dur` are whole
 *                    nanoseconds
 *     `X`            slices of a thread nest: one that begins inside another ends inside it
 *     `b`, `e`       each id has one of either, in this order, alike but for their time; they are `cat: "hold"`, as is
 *                    nothing else
 *     arrows         each bind_id leaves one slice and enters one of another thread, which begins later
 *
 * A slice that ends when another begins does not overlap it.
 */

import { printable } from '../base/text.ts';

/** What breaks a rule, a sentence each.  @param trace parsed JSON, of whatever shape */
export function faultsOfTrace(trace: unknown): string[] {
  const { traceEvents } = (trace ?? {}) as { traceEvents?: unknown };
  if (!Array.isArray(traceEvents)) return ['there are no traceEvents'];
  const check = new Check();
  for (const [i, event] of traceEvents.entries()) check.event(event as Loose, i);
  check.end();
  return check.faults;
}

type Loose = Readonly<Record<string, unknown>>;
/** One that has a name, and is of a process and a thread. */
type Known = Loose & { readonly name: string; readonly pid: number; readonly tid: number };

interface Range {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

interface Arrow {
  out?: { readonly track: string; readonly ts: number };
  in?: { readonly track: string; readonly ts: number };
}

const META = ['process_name', 'process_sort_index', 'thread_name', 'thread_sort_index'];
const PHASES: ReadonlySet<unknown> = new Set(['M', 'X', 'b', 'e', 'i']);
/** Nanoseconds that a time of days may be off by, for having been divided. */
const ROUNDING = 0.1;

class Check {
  readonly faults: string[] = [];
  private readonly named = new Set<string>();
  private readonly used = new Set<string>();
  private readonly slices = new Map<string, Range[]>();
  private readonly holds = new Map<string, { begin: Loose; ended: boolean }>();
  private readonly arrows = new Map<string, Arrow>();
  private last = -1;

  event(event: Loose, at: number): void {
    if (typeof event !== 'object' || event === null) return this.fault(at, 'is no object');
    const { ph, name, pid, tid, ts, cat } = event;
    if (!PHASES.has(ph)) return this.fault(at, 'has no known phase');
    if (!isName(name)) return this.fault(at, 'has no name that can be printed');
    if (!Number.isInteger(pid) || !Number.isInteger(tid)) {
      return this.fault(at, 'has no process or no thread');
    }
    const known = event as Known;
    if (ph === 'M') return this.meta(known, at);
    this.used.add(String(pid)).add(trackOf(known));
    const ns = nanoseconds(ts);
    if (ns === undefined) return this.fault(at, 'has no time');
    if (ns <= this.last) this.fault(at, `is not later than the one before it: ${ns / 1000}`);
    this.last = ns;
    if ((cat === 'hold') !== (ph === 'b' || ph === 'e')) {
      this.fault(at, 'is drawn as a hold and is none, or the other way round');
    }
    if (ph === 'X') this.slice(known, at, ns);
    else if (ph === 'b' || ph === 'e') this.hold(event, at);
    if (ph !== 'X' && event['bind_id'] !== undefined) this.fault(at, 'has an arrow, and no extent');
  }

  /** What can be said only when all events are known. */
  end(): void {
    for (const track of this.used) {
      const [name, sort] = track.includes(' ') ? META.slice(2) : META.slice(0, 2);
      if (!this.named.has(`${name} ${track}`)) this.faults.push(`${track} has no ${name}`);
      if (!this.named.has(`${sort} ${track}`)) this.faults.push(`${track} has no ${sort}`);
    }
    for (const [id, { ended }] of this.holds) if (!ended) this.faults.push(`hold ${id} never ends`);
    for (const [track, ranges] of this.slices) this.nest(track, ranges);
    for (const [id, arrow] of this.arrows) {
      const { out, in: into } = arrow;
      if (out === undefined || into === undefined) this.faults.push(`arrow ${id} has one end`);
      else if (out.ts >= into.ts) this.faults.push(`arrow ${id} goes back in time`);
      else if (out.track === into.track) this.faults.push(`arrow ${id} stays on its thread`);
    }
  }

  private meta(event: Known, at: number): void {
    const { name, pid, args } = event;
    if (!META.includes(name)) return this.fault(at, 'is of no known kind');
    const { name: called, sort_index: order } = (args ?? {}) as Loose;
    const names = name.endsWith('_name');
    const isWell = names ? isName(called) : Number.isInteger(order);
    if (!isWell) return this.fault(at, names ? 'names nothing' : 'sorts nothing');
    const key = `${name} ${name.startsWith('process') ? pid : trackOf(event)}`;
    if (this.named.has(key)) this.fault(at, `is the second ${key}`);
    this.named.add(key);
  }

  private slice(event: Known, at: number, from: number): void {
    const { dur, bind_id: id, flow_in: into, flow_out: out } = event;
    const length = nanoseconds(dur);
    if (length === undefined) return this.fault(at, 'has no duration');
    const track = trackOf(event);
    const ranges = this.slices.get(track) ?? [];
    ranges.push({ from, to: from + length, at });
    this.slices.set(track, ranges);
    if (id === undefined && into === undefined && out === undefined) return;
    if (typeof id !== 'string' || (into === true) === (out === true)) {
      return this.fault(at, 'has an arrow that neither leaves nor enters');
    }
    const arrow = this.arrows.get(id) ?? {};
    const side = out === true ? 'out' : 'in';
    if (arrow[side] !== undefined) this.fault(at, `repeats an end of arrow ${id}`);
    arrow[side] = { track, ts: from };
    this.arrows.set(id, arrow);
  }

  private hold(event: Loose, at: number): void {
    const { ph, id } = event;
    if (typeof id !== 'string') return this.fault(at, 'has no id');
    const known = this.holds.get(id);
    if (ph === 'b') {
      if (known !== undefined) this.fault(at, `repeats the id ${id}`);
      this.holds.set(id, { begin: event, ended: false });
      return;
    }
    if (known === undefined || known.ended) return this.fault(at, `ends ${id}, which is not open`);
    known.ended = true;
    for (const key of ['name', 'pid', 'tid'])
      if (known.begin[key] !== event[key]) this.fault(at, `ends ${id} with another ${key}`);
  }

  /** In the order in which they begin: each ends before, or outside of, those that are open. */
  private nest(track: string, ranges: readonly Range[]): void {
    const open: Range[] = [];
    for (const range of ranges.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
      while (open.length > 0 && open.at(-1)!.to <= range.from) open.pop();
      const around = open.at(-1);
      if (around !== undefined && range.to > around.to) {
        this.faults.push(`on ${track} events ${around.at} and ${range.at} overlap`);
      }
      open.push(range);
    }
  }

  private fault(at: number, what: string): void {
    this.faults.push(`event ${at} ${what}`);
  }
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && printable(name) === name;
}

function trackOf({ pid, tid }: Known): string {
  return `${pid} ${tid}`;
}

/** Microseconds as whole nanoseconds; undefined for what is no time. */
function nanoseconds(us: unknown): number | undefined {
  if (typeof us !== 'number' || !Number.isFinite(us) || us < 0) return undefined;
  const ns = Math.round(us * 1000);
  return Number.isSafeInteger(ns) && Math.abs(us * 1000 - ns) < ROUNDING ? ns : undefined;
}
