/*
 * From what threads did to what is drawn of it: slices, holds and arrows, between marks.
 *
 * One pass over the events of all threads, in their order.  Each thread may have open
 *
 *     what      drawn as               opened by               closed by
 *     -------   --------------------   ---------------------   ---------------------------------------------
 *     a call    slice `mutex_enter`    contend                 acquire; else its last wakeup, once it does another thing
 *     a wait    slice, in the call     block                   wake, timeout; else the next thing that it does
 *     a wakeup  slice, in the wait     a signal to it, while   the end of the wait
 *                                      it waits for that
 *     holds     asynchronous, a lock   acquire                 release
 *               and thread each
 *
 * and a signal, broadcast or handoff is a short slice of the thread that sends it, with an arrow to the wakeup.  An
 * arrow ends at a wakeup and not at the wait, as a wait begins before it is ended, and arrows do not go back.  A thread
 * may be chosen before it has written down that it sleeps; its wakeup then begins with the wait.
 *
 * What is known without the ring is drawn from there: what a thread holds at the end, since when it has held it, and
 * the wait that it is in.  What the ring lost is not made up.  A wait of which only the end is known is as short
 * as can be, and a hold is drawn from the first thing of that thread that is known; both say that they are cut.
 *
 * A ring that contradicts itself gives a picture that does, too: a wait that another follows ends there, a hold that is
 * taken twice is two.  It gives slices that nest all the same: a thread does one thing after another.
 */

import type { Actor, Did, History } from './trace-history.ts';
import { Marks, type Mark } from './trace-marks.ts';

export type Args = Record<string, string | number | boolean>;

export interface Slice {
  /** of the thread; SCHEDULE for that of the strategy */
  readonly place: number;
  readonly name: string;
  readonly cat: string;
  readonly from: Mark;
  readonly to: Mark;
  readonly args: Args;
  /** the arrow that begins, or ends, here */
  readonly out?: number | undefined;
  readonly in?: number | undefined;
}

export interface Hold {
  readonly place: number;
  readonly name: string;
  readonly from: Mark;
  readonly to: Mark;
  readonly args: Args;
}

/** Something that takes no time: a remark, a panic. */
export interface Instant {
  readonly place: number;
  readonly name: string;
  readonly at: Mark;
}

export interface Drawing {
  readonly history: History;
  readonly marks: Marks;
  readonly slices: readonly Slice[];
  readonly holds: readonly Hold[];
  readonly instants: readonly Instant[];
}

/** In place of a thread: the strategy's own track. */
export const SCHEDULE = -1;

/** Where marks are made: as a Did has it. */
type Place = Pick<Mark, 'slot' | 'seq'>;
/** Before, and after, all events of a slot. */
const FIRST = -1;
const LAST = Infinity;

/** What a thread calls to take, and to give, by the kind of what it is done to. */
const ENTER: Readonly<Record<string, string>> = { mutex: 'mutex_enter', rwlock: 'rw_enter' };
const EXIT: Readonly<Record<string, string>> = {
  mutex: 'mutex_exit',
  rwlock: 'rw_exit',
  sema: 'sema_v',
  cv: 'cv_signal',
  barrier: 'barrier_wait',
};

interface Call {
  readonly object: number;
  readonly from: Mark;
  /** where it ends, unless it goes on */
  end: Mark;
}

/** A signal that was sent, and the arrow from it if anybody heard it. */
interface Sent {
  readonly by: number;
  readonly object: number;
  readonly slice: Slice & { out?: number | undefined };
}

interface Wait {
  readonly object: number;
  readonly from: Mark;
  readonly holder: number;
  readonly isCut: boolean;
  /** the first signal to it, and where that came in */
  wakeup: { readonly sent: Sent; readonly from: Mark } | undefined;
}

interface Open {
  readonly from: Mark;
  readonly isCut: boolean;
}

/** A thread on its way through its events. */
class Track {
  /** its first and last events, as far as they are known */
  first: Did | undefined;
  last: Did | undefined;
  call: Call | undefined;
  wait: Wait | undefined;
  /** where its last call to take a lock ended */
  readonly entered = new Map<number, Mark>();
  readonly holds = new Map<number, Open[]>();
  readonly released = new Set<number>();
  /** a signal to it that came before it had said that it sleeps */
  early: Sent | undefined;
}

/** @param arrow numbers of arrows, of which no two are equal in a trace */
export function draw(history: History, arrow: () => number): Drawing {
  const pen = new Pen(history, arrow);
  for (const did of history.did) pen.event(did);
  pen.finish();
  pen.schedule();
  return pen;
}

class Pen implements Drawing {
  readonly history: History;
  readonly marks: Marks;
  readonly slices: Slice[] = [];
  readonly holds: Hold[] = [];
  readonly instants: Instant[] = [];
  private readonly tracks: readonly Track[];
  private readonly arrow: () => number;
  /** when the machine was stopped */
  private readonly last: Place;

  constructor(history: History, arrow: () => number) {
    this.history = history;
    this.marks = new Marks(history.slotNs);
    this.tracks = history.actors.map(() => new Track());
    this.arrow = arrow;
    this.last = { slot: history.end, seq: LAST };
  }

  event(did: Did): void {
    const { place, kind, object } = did;
    const track = this.tracks[place]!;
    track.first ??= did;
    this.goOn(track, did);
    if (kind === 'contend') track.call = { object, from: this.mark(did), end: this.mark(did) };
    else if (kind === 'block') this.block(track, did);
    else if (kind === 'wake' || kind === 'timeout') this.wake(track, did);
    else if (kind === 'acquire') this.acquire(track, did);
    else if (kind === 'release') this.release(track, did);
    else if (kind === 'signal' || kind === 'broadcast' || kind === 'handoff') this.send(did);
    else
      this.instants.push({
        place,
        name: did.text === '' ? kind : `${kind}: ${did.text}`,
        at: this.mark(did),
      });
    track.last = did;
  }

  // --- calls and waits --------------------------------------------------------------------------

  /** Ends what a thread that does this is not in any more. */
  private goOn(track: Track, did: Did): void {
    const { kind, object, place } = did;
    const { wait, call } = track;
    const ends = kind === 'wake' || kind === 'timeout';
    if (wait !== undefined && !(ends && wait.object === object)) {
      // A delay leaves no event when it is over.
      this.endWait(track, place, did, wait.object === 0 ? {} : { ended: 'not recorded' });
      if (call !== undefined) call.end = this.mark(did);
    }
    const stays = ends || kind === 'block' || kind === 'acquire';
    if (call !== undefined && !(stays && call.object === object)) {
      this.endCall(track, place, {}, call.end);
    }
  }

  private block(track: Track, did: Did): void {
    const { object, other } = did;
    const { early } = track;
    const wait: Wait = {
      object,
      from: this.mark(did),
      holder: other,
      isCut: false,
      wakeup: undefined,
    };
    if (early?.object === object) wait.wakeup = { sent: early, from: this.mark(did) };
    track.wait = wait;
    track.early = undefined;
  }

  private wake(track: Track, did: Did): void {
    const { object, place, kind } = did;
    const { wait } = track;
    if (wait === undefined) track.wait = this.cutWait(object, this.mark(did));
    this.endWait(track, place, did, { ended: kind === 'wake' ? 'woken' : 'timeout' });
    if (track.call !== undefined) track.call.end = this.mark(did);
  }

  /** One whose beginning is not known. */
  private cutWait(object: number, from: Mark): Wait {
    return { object, from, holder: -1, isCut: true, wakeup: undefined };
  }

  private endWait(track: Track, place: number, at: Place, args: Args): void {
    const { wait } = track;
    if (wait === undefined) return;
    const { object, wakeup, holder, from, isCut } = wait;
    const { name, kind } = this.history.lock(object);
    if (wakeup !== undefined) {
      const { sent } = wakeup;
      const arrow = this.arrow();
      sent.slice.out = arrow;
      this.slices.push({
        place,
        name: `woken by ${this.name(sent.by)}`,
        cat: 'wakeup',
        from: wakeup.from,
        to: this.mark(at),
        args: {},
        in: arrow,
      });
    }
    this.slices.push({
      place,
      name: object === 0 ? 'delay' : `wait for ${name}`,
      cat: 'wait',
      from,
      to: this.mark(at),
      args: {
        ...(kind === '' ? {} : { kind }),
        ...(holder < 0 ? {} : { holder: this.name(holder) }),
        ...(isCut ? { cut: true } : {}),
        ...args,
      },
    });
    track.wait = undefined;
  }

  private endCall(track: Track, place: number, args: Args, to: Mark): void {
    const { call } = track;
    if (call === undefined) return;
    const { name, kind } = this.history.lock(call.object);
    const called = `${ENTER[kind] ?? 'enter'} ${name}`;
    this.slices.push({ place, name: called, cat: 'call', from: call.from, to, args });
    track.entered.set(call.object, to);
    track.call = undefined;
  }

  /** A thread wakes another: a slice, and an arrow if that one waits for this, or is about to. */
  private send(did: Did): void {
    const { place, kind, object, other } = did;
    const lock = this.history.lock(object);
    const call = kind === 'broadcast' ? 'cv_broadcast' : (EXIT[lock.kind] ?? kind);
    const from = this.mark(did);
    const args = other < 0 ? {} : { [kind === 'handoff' ? 'hands_to' : 'wakes']: this.name(other) };
    const to = this.mark(did);
    const slice = { place, name: `${call} ${lock.name}`, cat: 'call', from, to, args };
    this.slices.push(slice);
    const woken = this.tracks[other];
    if (woken === undefined || other === place) return;
    const sent: Sent = { by: place, object, slice };
    if (woken.wait === undefined) woken.early = sent;
    else if (woken.wait.object === object) woken.wait.wakeup ??= { sent, from: this.mark(did) };
  }

  // --- holds ------------------------------------------------------------------------------------

  private acquire(track: Track, did: Did): void {
    this.endCall(track, did.place, {}, this.mark(did));
    const open = track.holds.get(did.object) ?? [];
    open.push({ from: this.mark(did), isCut: false });
    track.holds.set(did.object, open);
  }

  private release(track: Track, did: Did): void {
    const { object, place } = did;
    const open = track.holds.get(object)?.pop() ?? this.heldBefore(track, did);
    track.released.add(object);
    this.endHold(place, object, open, this.mark(did), {});
  }

  /** Taken before its ring begins: held from there on, unless it was given up since. */
  private heldBefore(track: Track, did: Did): Open {
    const first = track.released.has(did.object) ? did : (track.first ?? did);
    return { from: this.marks.at(first.slot, first.seq - 0.5), isCut: true };
  }

  private endHold(place: number, object: number, open: Open, to: Mark, args: Args): void {
    const { name, kind } = this.history.lock(object);
    this.holds.push({
      place,
      name: `${name} held by ${this.name(place)}`,
      from: open.from,
      to,
      args: { ...(kind === '' ? {} : { kind }), ...(open.isCut ? { cut: true } : {}), ...args },
    });
  }

  // --- the end ----------------------------------------------------------------------------------

  /** Draws what each thread was in when the machine was stopped, and what it held. */
  finish(): void {
    for (const [place, actor] of this.history.actors.entries()) {
      const track = this.tracks[place]!;
      const object = this.finishWait(track, place, actor);
      const { call } = track;
      if (call?.object === object) this.endCall(track, place, { ended: 'never' }, this.end());
      else if (call !== undefined) this.endCall(track, place, {}, call.end);
      this.finishHolds(track, place, actor);
    }
  }

  /** @returns what it was asleep on, at the end */
  private finishWait(track: Track, place: number, { wants, thread }: Actor): number | undefined {
    if (track.wait === undefined && wants !== null) {
      // Its ring does not say that it sleeps; its record does.
      const slot = Math.max(wants.slot, track.last?.slot ?? 0);
      const seq = slot === track.last?.slot ? track.last.seq + 0.5 : FIRST;
      track.wait = this.cutWait(wants.object, this.marks.at(slot, seq));
    }
    const object = track.wait?.object;
    const owners = new Set(wants === null ? [] : thread.wants?.owners);
    const holders = this.history.actors.filter((actor) => owners.has(actor.thread.id));
    this.endWait(track, place, this.last, {
      // A delay will end, and so will the wait of one that was woken and had no CPU yet.
      ended: wants === null || object === 0 ? 'not yet' : 'never',
      ...(wants === null || wants.object === object ? {} : { wants: wants.name }),
      ...(holders.length === 0 ? {} : { holder: holders.map(({ name }) => name).join(', ') }),
    });
    return object;
  }

  private finishHolds(track: Track, place: number, { holds }: Actor): void {
    const open = new Map(track.holds);
    for (const { object, slot, isRough } of holds) {
      const known = open.get(object)?.pop();
      const from = known ?? { from: this.tookIt(track, object, slot), isCut: isRough };
      this.endHold(place, object, from, this.end(), { ended: 'never' });
    }
    // Not held at the end, though nothing says that it was given up.
    const { slot, seq } = track.last ?? { slot: 0, seq: 0 };
    for (const [object, rest] of open)
      for (const each of rest)
        this.endHold(place, object, each, this.marks.at(slot, seq + 0.25), {
          ended: 'not recorded',
        });
  }

  /** When a thread took what it holds: where its call to take it came back, if that is known, else with the slot. */
  private tookIt(track: Track, object: number, slot: number): Mark {
    const entered = track.entered.get(object);
    return entered === undefined || entered.slot !== slot
      ? this.marks.at(slot, FIRST)
      : this.marks.at(entered.slot, entered.seq);
  }

  // --- who ran ----------------------------------------------------------------------------------

  /** Of a controlled run: the threads in turn, and in each turn its choices. */
  schedule(): void {
    const { choices = [] } = this.history;
    for (let from = 0, to = 0; from < choices.length; from = to) {
      const { thread, choice: first } = choices[from]!;
      const begin = this.marks.at(first, FIRST);
      for (; to < choices.length && choices[to]!.thread === thread; to++) {
        const { choice, op, object } = choices[to]!;
        this.slices.push({
          place: SCHEDULE,
          name: object === 0 ? op : `${op} ${this.history.lock(object).name}`,
          cat: 'choice',
          from: this.marks.at(choice, FIRST),
          to: this.marks.at(choice, LAST),
          args: { choice },
        });
      }
      const last = choices[to - 1]!.choice;
      this.slices.push({
        place: SCHEDULE,
        name: thread < this.tracks.length ? this.name(thread) : `#${thread}`,
        cat: 'turn',
        from: begin,
        to: this.marks.at(last, LAST),
        args: { choices: last - first + 1 },
      });
    }
  }

  private mark({ slot, seq }: Place): Mark {
    return this.marks.at(slot, seq);
  }

  private end(): Mark {
    return this.mark(this.last);
  }

  private name(place: number): string {
    return this.history.actors[place]?.name ?? `#${place}`;
  }
}
