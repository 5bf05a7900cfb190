/*
 * What a dump knows of the course of its trial: the one thing that a trace is drawn from.
 *
 * The event rings say what each thread did last; the threads themselves what they held and wanted at the end; and of a
 * controlled run the log says who ran.  None of it is believed: a ring may have run over, contradict itself, or be
 * garbage.  Here it is only read, into numbers and names that are safe to print, and put in order.
 *
 *     time of the run     a slot is                            ends with
 *     -----------------   ----------------------------------   --------------------------------
 *     free                a tick of the clock word, 100 us     the stop of the machine
 *     controlled          a choice of the strategy, 1 us       the last choice
 *
 * Free.  Slot 0 is the start gate, or what came first, if that was earlier.  A thread takes its number first and looks
 * at the clock after it, and may lose the CPU between the two: so a time can be too late for its number and never too
 * early, and no event is later than one with a higher number.
 *
 * Controlled.  The clock word moves every hundred choices, and jumps; the choices themselves are the exact time.  An
 * event is done after the choice that let its thread go on, and before the next of that thread.  Which one that was
 * is found from the end backwards: a wakeup comes right after the choice that ended the wait for that object, a block
 * just before it, a contend after the choice to acquire.  For what no choice goes with, such as to give up a mutex, it is
 * the last that it can have been.
 */

import type { Dump, DumpHead, DumpThread, FieldInfo, StructInfo } from '../dump/format.ts';
import type { DumpFile } from '../dump/read.ts';
import {
  choiceCount,
  choicesIn,
  ringsIn,
  type Event,
  type ImageEyes,
  type LoggedChoice,
} from '../dump/rings.ts';
import { fail } from '../base/fail.ts';
import { printable } from '../base/text.ts';

/** One thing that a thread did. */
export interface Did {
  /** the thread's place in the dump */
  readonly place: number;
  readonly seq: number;
  readonly slot: number;
  readonly kind: string;
  /** address of what it was done to; 0 for nothing */
  readonly object: number;
  /** the place of the thread that `arg` names, or -1 */
  readonly other: number;
  /** of a note or a panic, what it says */
  readonly text: string;
}

export interface HeldSince {
  readonly object: number;
  readonly slot: number;
  /** whether the slot is not when it was taken but when it is known to have been held */
  readonly isRough: boolean;
}

export interface WantedSince {
  readonly object: number;
  readonly name: string;
  readonly slot: number;
}

export interface Actor {
  readonly thread: DumpThread;
  /** printable, never empty */
  readonly name: string;
  readonly holds: readonly HeldSince[];
  readonly wants: WantedSince | null;
  /** whether its ring lost what it did first */
  readonly isCut: boolean;
}

export interface Lock {
  readonly name: string;
  readonly kind: string;
}

export interface History {
  readonly head: DumpHead;
  readonly actors: readonly Actor[];
  /** in the order of their numbers; slots never go back */
  readonly did: readonly Did[];
  /** the last choices; undefined for a free run */
  readonly choices: readonly LoggedChoice[] | undefined;
  /** what lies at an address */
  readonly lock: (address: number) => Lock;
  /** nanoseconds of a slot */
  readonly slotNs: number;
  /** the slot in which it ends */
  readonly end: number;
}

/** What a dump holds, unpacked. */
export interface Unpacked {
  readonly file: string;
  readonly dump: Dump;
  readonly types: readonly StructInfo[];
  readonly image: Uint8Array;
}

const TICK_NS = 100_000;
const CHOICE_NS = 1_000;
const TICKS_PER_MS = 10;
/** More than a clock word can be behind. */
const TICKS_MAX = 2 ** 31;
/** Choices that are drawn: the last of a long run. */
export const CHOICES_MAX = 20_000;
const NAME_MAX = 256;
const TEXT_MAX = 4_096;

/** @throws Fail DUMP_UNREADABLE */
export async function historyIn(file: DumpFile): Promise<History> {
  const [dump, types, image] = await Promise.all([file.dump(), file.types(), file.image()]);
  return historyOf({ file: file.file, dump, types, image });
}

/** @throws Fail DUMP_UNREADABLE where the types lack what rings are made of */
export function historyOf(unpacked: Unpacked): History {
  const { dump } = unpacked;
  const eyes = eyesOf(unpacked);
  const { events, wrapped } = ringsIn(eyes);
  const count = hasChoices(unpacked) ? choiceCount(eyes) : undefined;
  const logged =
    count === undefined ? undefined : choicesIn(eyes, Math.max(0, count - CHOICES_MAX), count);
  const choices = logged?.map((choice) => ({ ...choice, op: fit(choice.op) || '?' }));
  const places = new Map(dump.threads.map((thread, place) => [thread, place]));
  const byAddress = new Map(dump.threads.map(({ address }, place) => [address, place]));
  const time = choices === undefined ? freeTime(dump, eyes, events) : choiceTime(dump, choices);
  const slots = laterNeverFirst(time.slotsOf(events, places), time.end);
  const lost = new Set(wrapped);
  return {
    head: dump.head,
    actors: dump.threads.map((thread, place) => ({
      thread,
      name: fit(thread.name) || `#${place + 1}`,
      holds: thread.holds.map((hold) => {
        const object = Number.parseInt(hold.address, 16);
        return { object, ...time.since(place, object, ticks(hold.held_ms)) };
      }),
      wants: thread.wants && {
        object: Number.parseInt(thread.wants.address, 16),
        name: fit(thread.wants.name),
        slot: time.since(place, -1, ticks(thread.wants.waited_ms)).slot,
      },
      isCut: lost.has(thread),
    })),
    did: events.map(({ thread, seq, kind, object, arg }, i) => ({
      place: places.get(thread) ?? 0,
      seq,
      slot: slots[i]!,
      kind: fit(kind) || '?',
      object,
      other: byAddress.get((arg - (arg % 8)).toString(16)) ?? -1,
      text: kind === 'note' || kind === 'panic' ? fit(textAt(unpacked, arg)) : '',
    })),
    choices,
    lock: locksOf(dump),
    slotNs: time.slotNs,
    end: time.end,
  };
}

// --- time ---------------------------------------------------------------------------------------

interface Time {
  readonly slotNs: number;
  readonly end: number;
  slotsOf(events: readonly Event[], places: ReadonlyMap<DumpThread, number>): number[];
  /** when a thread took what it has had for so many ticks */
  since(place: number, object: number, ago: number): { slot: number; isRough: boolean };
}

function freeTime(dump: Dump, eyes: ImageEyes, events: readonly Event[]): Time {
  const head = (name: string): number => eyes.word(eyes.field('image_header', name).offset) ?? 0;
  const gate = Math.max(0, (head('clock') - head('gate_time')) | 0);
  const known = [
    ...events.map(({ ago }) => ticks(ago)),
    ...dump.threads.flatMap(({ holds, wants }) => [
      ...holds.map(({ held_ms: ms }) => ticks(ms)),
      ...(wants === null ? [] : [ticks(wants.waited_ms)]),
    ]),
  ];
  const end = known.reduce((most, ago) => Math.max(most, ago), gate);
  return {
    slotNs: TICK_NS,
    end,
    slotsOf: () => events.map(({ ago }) => end - ticks(ago)),
    since: (_place, _object, ago) => ({ slot: end - ago, isRough: false }),
  };
}

function choiceTime(dump: Dump, choices: readonly LoggedChoice[]): Time {
  const first = choices[0]?.choice ?? 0;
  const end = (choices.at(-1)?.choice ?? 0) + 1;
  const own = dump.threads.map((): LoggedChoice[] => []);
  for (const choice of choices) own[choice.thread]?.push(choice);
  return {
    slotNs: CHOICE_NS,
    end,
    slotsOf: (events, places) => {
      const trails = dump.threads.map(({ wants }, place) => new Trail(own[place]!, wants !== null));
      const slots: number[] = [];
      let limit = end;
      for (const event of events.toReversed()) {
        limit = trails[places.get(event.thread) ?? 0]?.choiceOf(event, limit) ?? limit;
        slots.push(limit);
      }
      return slots.toReversed();
    },
    since: (place, object) => {
      const taken = own[place]?.findLast(
        (choice) => choice.object === object && (choice.op === 'acquire' || choice.op === 'wait'),
      );
      return { slot: taken?.choice ?? first, isRough: taken === undefined };
    },
  };
}

/** Choices that a kind of event follows, within what its thread did after one of them. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  start: ['start'],
  wake: ['wait'],
  timeout: ['wait'],
  contend: ['acquire'],
  acquire: ['acquire', 'wait'],
  release: ['release'],
  signal: ['signal', 'release'],
  broadcast: ['signal'],
  handoff: ['release'],
};

/** The way back through the choices of one thread, from its last event to its first. */
class Trail {
  private readonly own: readonly LoggedChoice[];
  /** whether it still sleeps for what it blocked on last */
  private isAsleep: boolean;
  /** where in its choices the way has got to */
  private at: number;
  /** whether the event before, on this way, ended a wait */
  private woken = false;

  constructor(own: readonly LoggedChoice[], isAsleep: boolean) {
    this.own = own;
    this.isAsleep = isAsleep;
    this.at = own.length - 1;
  }

  /**
   * The choice after which the thread did this; the last that it can be, where nothing tells.
   * @param limit that of the event after it, of whatever thread
   * @returns undefined when none of the thread's choices is known
   */
  choiceOf({ kind, object }: Event, limit: number): number | undefined {
    const { own, woken, isAsleep } = this;
    this.woken = false;
    this.isAsleep = false;
    while (this.at > 0 && own[this.at]!.choice > limit) this.at--;
    if (kind === 'block') {
      // What ended this wait was a later choice, unless none did; of a delay there is no event that says so.
      const end = woken || isAsleep ? -1 : this.before(['wait'], object);
      if (end > 0) this.at = end - 1;
      return own[this.at]?.choice;
    }
    const found = this.before(FOLLOWS[kind] ?? [], object);
    if (found >= 0) this.at = found;
    const { choice } = own[this.at] ?? {};
    this.woken = found > 0 && (kind === 'wake' || kind === 'timeout');
    if (this.woken) this.at--;
    return choice;
  }

  private before(ops: readonly string[], object: number): number {
    const { own } = this;
    for (let i = this.at; i >= 0; i--)
      if (ops.includes(own[i]!.op) && own[i]!.object === object) return i;
    return -1;
  }
}

/** No event is later than one after it, and none is outside of the run. */
function laterNeverFirst(slots: number[], end: number): number[] {
  let least = end;
  for (let i = slots.length - 1; i >= 0; i--) {
    least = Math.max(0, Math.min(least, slots[i]!));
    slots[i] = least;
  }
  return slots;
}

/** A time ago in ticks; what cannot be one is now. */
function ticks(ms: number): number {
  const count = Math.round(ms * TICKS_PER_MS);
  return count > 0 && count <= TICKS_MAX ? count : 0;
}

// --- names and bytes ----------------------------------------------------------------------------

function fit(name: string): string {
  return printable(name.length > NAME_MAX ? `${name.slice(0, NAME_MAX)}…` : name);
}

/** What each address is called: by the lock there, by the symbol around it, or by its number. */
function locksOf({ locks, symbols, threads }: Dump): History['lock'] {
  const known = new Map<number, Lock>();
  const add = ({ address, name, kind }: { address: string; name: string; kind: string }): void => {
    const at = Number.parseInt(address, 16);
    if (name !== '' && !known.has(at)) known.set(at, { name: fit(name), kind: fit(kind) });
  };
  for (const lock of locks) add(lock);
  for (const { holds, wants } of threads) {
    for (const hold of holds) add(hold);
    if (wants !== null) add(wants);
  }
  return (address) => {
    const found = known.get(address);
    if (found !== undefined) return found;
    const within = symbols.find(
      (each) => address >= each.address && address < each.address + each.size,
    );
    const name =
      within === undefined
        ? address.toString(16)
        : `${fit(within.name)}${address === within.address ? '' : `+0x${(address - within.address).toString(16)}`}`;
    const lock = { name: name || address.toString(16), kind: '' };
    known.set(address, lock);
    return lock;
  };
}

function eyesOf({ file, dump, types, image }: Unpacked): ImageEyes {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const structs = new Map(types.map((type) => [type.name, type]));
  const lacks = (what: string): Error =>
    fail('DUMP_UNREADABLE', { file, where: 'types.json', what: `has no ${what}` });
  const struct = (type: string): StructInfo => {
    const found = structs.get(type);
    if (found === undefined) throw lacks(type);
    return found;
  };
  return {
    threads: dump.threads,
    word: (address) =>
      Number.isInteger(address) && address >= 0 && address + 4 <= view.byteLength
        ? view.getUint32(address, true)
        : undefined,
    struct,
    field: (type, name): FieldInfo => {
      const field = struct(type).fields.find((each) => each.name === name);
      if (field === undefined) throw lacks(`${type}.${name}`);
      return field;
    },
  };
}

/** A dump of before there were controlled runs has no types for them. */
function hasChoices({ types }: Unpacked): boolean {
  return ['kbaton', 'kchoice'].every((name) => types.some((type) => type.name === name));
}

/** A string of the image: its length, then its bytes. */
function textAt({ image }: Unpacked, address: number): string {
  if (address === 0 || address + 4 > image.length) return '';
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const length = Math.min(view.getUint32(address, true), TEXT_MAX);
  return new TextDecoder().decode(image.subarray(address + 4, address + 4 + length));
}
