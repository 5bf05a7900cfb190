/*
 * A stage for real threads: the kernel's own code, on worker threads, with every interleaving in hand.
 *
 * Hammering a lock and hoping proves little, and sometimes.  Here the threads are real, each with its own
 * instance of the built kernel over one image, but only one of them runs at a time, and at every atomic
 * instruction the play decides who is next (actor.mjs says how).  So an interleaving is data:
 *
 *     explore     plays every schedule of a scene with at most so many preemptions, and counts the
 *                 outcomes.  A test compares the whole *set*: what is missing is as wrong as what is new.
 *     script      plays one, told as `a until it swaps the chain`, `b until it sleeps`, `a to its end`:
 *                 for a race that has a name, and to show that it was met.
 *     perform     lets the threads loose.  For what cannot depend on who is first.
 *
 * A preemption is a turn taken from a thread that could go on, or a time-out while somebody can.  Which
 * of the others goes on when one sleeps is free, and all are tried.  Loading the same word twice is one
 * place: spinning adds no schedules.  A time-out fires when the play says so, and a thread that was woken
 * may find that it is late all the same: nothing here takes time.
 *
 *     an outcome          means
 *     -----------------   ----------------------------------------------------------------------
 *     what observe says   all roles came to their end
 *     'stuck: …'          nobody could go on: who sleeps where
 *     'panic: …'          the kernel panicked, with its message
 *     'endless'           thousands of steps, and no end
 *
 * Plain loads and stores are not places: that they are all under a lock, or a thread's own, is assumed.
 *
 * Usual suspects when an outcome looks impossible: a dist/ older than src/; this file.
 */

import { Worker } from 'node:worker_threads';

import { kmem_lock } from '../src/kernel/kmem.ts'; // a global that the actors have: so must the image
import { kernel_boot, thread_create } from '../src/kernel/startup.ts';
import { createImage, ringAt, threadAt } from '../src/layout/image.ts';
import { header, image_header, kthread, PAGE } from '../src/layout/records.ts';
import { textOf } from '../src/layout/strings.ts';
import type { Ref } from '../src/layout/struct.ts';
import { boundImage, get, load, notify, store } from '../src/layout/word.ts';

// The words of the stage.  The same table is in actor.mjs, with what they mean.
const STEP = 2;
const LEFT = 3;
const CUT = 4;
const LINE = 5;
const STATUS = 16;
const WAITS_AT = 24;
const LAST_OP = 56;
const LAST_AT = 64;
const AT_CUT = 72;
const CUE = 80;
const BATON = 88;
const TRACE = 128;
const STEPS_MAX = 4096;
const PLAN = TRACE + 4 * STEPS_MAX;
const RESULT = PLAN + 1 + STEPS_MAX;
const RESULT_WORDS = 1024;
const ACTORS_MAX = 6;

const READY = 1;
const WAITING = 2;
const GONE = 3;
const CUTS = ['', 'stuck', 'diverged', 'endless'] as const;
const TIME_IS_UP = 8;
const NOBODY = 255;
const OPS = ['', 'load', 'store', 'cas', 'swap', 'add', 'or', 'wait', 'notify', 'here', 'probe'];

/** What a stuck test costs, in milliseconds; no test may need it. */
const PATIENCE_MS = 20_000;
/** How long we sleep before we look again, in milliseconds; see actor.mjs. */
const LOOK_MS = 500;
const HEAP_BYTES = 4 * PAGE; // by default
const LINES = 64; // of the heap's last page

/** A word of the image, as a script names it. */
export interface Place {
  readonly at: number;
}

/** One line of a script: an actor, and how far it goes. */
export interface Line {
  readonly actor: number;
  readonly until: string;
  readonly at: number;
  readonly nth: number;
}

export interface Scene {
  /** names of functions of the cast's role files, one an actor, with what each is given */
  readonly roles: readonly (readonly [role: string, args: object])[];
  /** makes the locks, on the boot thread; the image is clear */
  readonly boot?: () => void;
  /** what came of it, in a word or two */
  readonly observe: (results: readonly unknown[]) => string;
  /** what to add to an outcome that observe() does not see: a panic, a stage that is stuck */
  readonly detail?: () => string;
  /** more addresses at which schedules branch: of words of the header or of a kthread */
  readonly places?: readonly number[];
  /** attach a probe, so that every operation takes the slow path */
  readonly probes?: boolean;
  readonly panicOnCycle?: boolean;
}

/** Ends of a run that no observe() sees. */
interface Run {
  readonly outcome: string;
  readonly results: readonly unknown[];
  readonly cut: (typeof CUTS)[number];
}

/** What came out, how often, and the first schedule that led there. */
export interface Outcomes {
  readonly counts: ReadonlyMap<string, number>;
  readonly schedules: number;
  /** for each outcome, its first schedule, a line a turn */
  readonly first: ReadonlyMap<string, string>;
}

interface Step {
  readonly options: number;
  readonly asked: number;
  readonly chosen: number;
  readonly op: number;
  readonly at: number;
}

/** A number of threads that play scenes, one after the other. */
export class Cast {
  private readonly words = new Int32Array(
    new SharedArrayBuffer(4 * (RESULT + RESULT_WORDS * ACTORS_MAX)),
  );
  private readonly bytes = new Uint8Array(this.words.buffer);
  private readonly actors: readonly Worker[];
  private readonly image: SharedArrayBuffer;
  private inHand: object | undefined;
  private booted:
    | { scene: Scene; copy: readonly { at: number; bytes: Uint8Array }[]; boots: number }
    | undefined;
  private size = 0;
  private broken = '';
  private readonly heap: number;
  private readonly lines: number;

  /** @param roles files of role functions, as URLs */
  constructor(size: number, roles: readonly URL[], heapBytes = HEAP_BYTES) {
    this.image = createImage({ threads: ACTORS_MAX, heapBytes });
    this.heap = get(header, image_header.heap);
    this.lines = this.heap + heapBytes - 64 * LINES;
    this.actors = Array.from(
      { length: size },
      (_, self) =>
        new Worker(new URL('actor.mjs', import.meta.url), {
          name: `actor ${self}`,
          workerData: { words: this.words, self, roles: roles.map(({ href }) => href) },
        }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.actors.map(async (actor) => actor.terminate()));
  }

  /** The i-th of the lines that scenes put their locks on, as whatever lies there. */
  line<S extends string>(i: number): Ref<S> {
    return (this.lines + 64 * i) as Ref<S>;
  }

  /** The kthread of an actor. */
  thread(actor: number): Ref<'kthread'> {
    return threadAt(actor + 1);
  }

  /** Every schedule with at most `preemptions`. */
  explore(scene: Scene, { preemptions = 2, most = 20_000 } = {}): Outcomes {
    const counts = new Map<string, number>();
    const first = new Map<string, string>();
    const untried: number[][] = [];
    let plan: number[] = [];
    let schedules = 0;
    for (;;) {
      const { outcome } = this.run(scene, { controlled: true, plan });
      schedules++;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      const steps = this.trace();
      if (!first.has(outcome)) first.set(outcome, describe(steps));
      let cost = 0;
      for (const [i, step] of steps.entries()) {
        untried[i] ??= alternatives(step).filter(
          (each) => cost + costOf(step, each) <= preemptions,
        );
        cost += costOf(step, step.chosen);
      }
      while (untried.length > 0 && untried[untried.length - 1]!.length === 0) untried.pop();
      const next = untried[untried.length - 1]?.pop();
      if (next === undefined) return { counts, schedules, first };
      if (schedules >= most) throw new Error(`more than ${most} schedules: lower the bound`);
      plan = [...steps.slice(0, untried.length - 1).map(({ chosen }) => chosen), next];
    }
  }

  /** What explore() finds that is not in the table, and what of the table it does not find. */
  surprises(
    scene: Scene,
    table: Readonly<Record<string, string>>,
    { preemptions = 2, most = 20_000 } = {},
  ): string[] {
    const { counts, first } = this.explore(scene, { preemptions, most });
    const strange = [...counts.keys()].filter((outcome) => table[outcome] === undefined);
    const missing = Object.keys(table).filter((outcome) => !counts.has(outcome));
    return [
      ...strange.map(
        (outcome) => `${outcome}: not in the table; by the schedule\n${first.get(outcome) ?? ''}`,
      ),
      ...missing.map((outcome) => `${outcome}: never seen (${table[outcome] ?? ''})`),
    ];
  }

  /** One schedule, told as a script; after its last line, who runs goes on. */
  script(scene: Scene, lines: readonly Line[]): string {
    const { outcome, cut } = this.run(scene, { controlled: true, plan: [], script: lines });
    let played = this.words[LINE]!;
    // Of those left, the ones that came true without anybody being asked again: the play was over.
    while (played < lines.length && this.cameTrue(lines[played]!)) played++;
    if (cut !== 'diverged' && played === lines.length) return outcome;
    const { actor, until } = lines[played] ?? { actor: -1, until: '?' };
    throw new Error(
      `line ${played} of the script cannot be played: actor ${actor} until ${until}\n` +
        `${this.whereabouts()}\n${describe(this.trace())}`,
    );
  }

  /** Lets the threads loose, and waits for all of them to end; meanwhile, on the main thread, `during`. */
  perform(scene: Scene, during?: () => void): string {
    return this.run(scene, { controlled: false, plan: [], during }).outcome;
  }

  private run(
    scene: Scene,
    how: {
      controlled: boolean;
      plan: readonly number[];
      script?: readonly Line[];
      during?: (() => void) | undefined;
    },
  ): Run {
    const { words } = this;
    if (this.broken !== '') throw new Error(`a play before this one did not end: ${this.broken}`);
    const size = scene.roles.length;
    this.size = size;
    this.boot(scene);
    words.fill(0, 0, CUE);
    words.fill(0, BATON, TRACE);
    words.fill(READY, STATUS, STATUS + size);
    const start = how.plan[0] ?? how.script?.[0]?.actor ?? 0;
    words.set([(1 << size) - 1, NOBODY, start, 0], TRACE);
    words[STEP] = 1;
    words[PLAN] = how.plan.length;
    words.set(how.plan, PLAN + 1);
    words[BATON + start] = 1;
    this.hand(scene, how);
    for (let i = 0; i < size; i++) {
      Atomics.add(words, CUE + i, 1);
      Atomics.notify(words, CUE + i);
    }
    how.during?.();
    this.untilAllLeft(scene);
    const results = scene.roles.map((_, i) => this.result(i));
    const cut = CUTS[words[CUT]!] ?? 'diverged';
    return { outcome: this.outcome(scene, cut, results), results, cut };
  }

  /**
   * Boots the image for a scene.  The scene that was played last is found as it was left by its boot, in
   * a copy: a boot clears a hundred times as much as a schedule touches.
   */
  private boot(scene: Scene): void {
    const all = new Uint8Array(this.image);
    if (this.booted?.scene === scene) {
      for (const { at, bytes } of this.booted.copy) all.set(bytes, at);
      this.booted.boots++;
      // Texts of the last run are gone: whoever remembers one by its address must forget it.
      store(header, image_header.boot, this.booted.boots);
      // No boot comes to a negative one.
      store(header, image_header.epoch, -this.booted.boots);
      return;
    }
    const { boot, panicOnCycle = false, roles } = scene;
    store(header, image_header.boot, this.booted?.boots ?? 0);
    kernel_boot({ seed: 1, track: 'held', panicOnCycle });
    // Scenes use all of the heap, whatever kmem says: the next boot is to clear it.
    store(header, image_header.heap_high, get(header, image_header.heap_pages));
    for (const [i, [role]] of roles.entries()) {
      thread_create({ name: `t${i}`, role, psargs: role, flags: 0 });
    }
    boot?.();
    const touched = [
      [0, get(header, image_header.bss_end)],
      [threadAt(0), ringAt(0)],
      [get(header, image_header.pagemap), this.heap],
      [this.lines, this.lines + 64 * LINES],
    ] as const;
    const copy = touched.map(([at, end]) => ({ at, bytes: all.slice(at, end) }));
    this.booted = { scene, copy, boots: get(header, image_header.boot) };
  }

  /** Gives each actor its part; the same play again needs no words. */
  private hand(
    scene: Scene,
    { controlled, script }: { controlled: boolean; script?: readonly Line[] },
  ): void {
    const { image, actors } = this;
    const { roles } = scene;
    if (roles.length > actors.length)
      throw new RangeError(`${roles.length} roles for ${actors.length} actors`);
    const key = controlled && script === undefined ? scene : undefined;
    if (key !== undefined && this.inHand === key) return;
    this.inHand = key;
    for (const [i, [role, args]] of roles.entries()) {
      actors[i]!.postMessage({
        image,
        cast: roles.length,
        role,
        args,
        controlled,
        script,
        probes: scene.probes === true,
        heap: this.heap,
        bss: get(header, image_header.bss),
        bssEnd: get(header, image_header.bss_end),
        threads: get(header, image_header.threads),
        threadsEnd: threadAt(ACTORS_MAX + 1),
        threadBytes: kthread.$.size,
        parkOffset: kthread.park,
        places: scene.places ?? [],
      });
    }
  }

  /** The last one to leave says so. */
  private untilAllLeft(scene: Scene): void {
    const { words } = this;
    const deadline = performance.now() + PATIENCE_MS;
    for (let left = 0; left < scene.roles.length; left = Atomics.load(words, LEFT)) {
      Atomics.wait(words, LEFT, left, LOOK_MS);
      if (performance.now() < deadline) continue;
      this.broken = `${scene.roles.map(([role]) => role).join(', ')}: no end\n${this.whereabouts()}`;
      throw new Error(this.broken);
    }
  }

  private result(actor: number): unknown {
    const at = RESULT + RESULT_WORDS * actor;
    const start = 4 * (at + 1);
    const text = new TextDecoder().decode(this.bytes.slice(start, start + this.words[at]!));
    return JSON.parse(text) as unknown;
  }

  private outcome(scene: Scene, cut: Run['cut'], results: readonly unknown[]): string {
    const detail = scene.detail === undefined ? '' : `; ${scene.detail()}`;
    if (load(header, image_header.panic_thread) !== 0) {
      return `panic: ${textOf(load(header, image_header.panic_message))}${detail}`;
    }
    if (cut === 'endless') return cut;
    if (cut !== '') return `${cut}: ${this.whereabouts()}${detail}`;
    const errors = results.flatMap((result) => (result as { error?: string }).error ?? []);
    if (errors.length > 0) return `threw: ${errors.join('; ')}`;
    return scene.observe(results.map((result) => (result as { value?: unknown }).value));
  }

  /** Who is where, for a stage that is stuck. */
  private whereabouts(): string {
    const { words } = this;
    return Array.from({ length: this.size }, (_, i) => {
      const status = this.statusOf(i);
      if (status === WAITING) return `t${i} sleeps on ${this.nameOf(words[WAITS_AT + i]!)}`;
      if (status === READY)
        return `t${i} before ${OPS[words[LAST_OP + i]!]} ${this.nameOf(words[LAST_AT + i]!)}`;
      return `t${i} ended`;
    }).join(', ');
  }

  private nameOf(at: number): string {
    const threads = get(header, image_header.threads);
    if (at >= threads && at < threadAt(ACTORS_MAX + 1)) {
      const wchan = get(threadAt(Math.floor((at - threads) / kthread.$.size)), kthread.wchan);
      return wchan >= this.lines ? `line ${(wchan - this.lines) / 64}` : 'itself';
    }
    if (at >= kmem_lock && at < kmem_lock + 64) return 'kmem_lock';
    if (at >= this.lines) return `line ${Math.floor((at - this.lines) / 64)}+${at % 64}`;
    return at.toString(16);
  }

  private cameTrue({ actor, until }: Line): boolean {
    const status = this.statusOf(actor);
    return (until === 'sleeps' && status === WAITING) || (until === 'ends' && status === GONE);
  }

  /** At the end of the play, or when it was cut. */
  private statusOf(actor: number): number {
    return this.words[(this.words[CUT] === 0 ? STATUS : AT_CUT) + actor]!;
  }

  private trace(): Step[] {
    const { words } = this;
    return Array.from({ length: Math.min(words[STEP]!, STEPS_MAX) }, (_, i) => {
      const row = TRACE + 4 * i;
      const [options, asked, chosen, what] = words.subarray(row, row + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      return { options, asked, chosen, op: what >>> 24, at: what & 0xffffff };
    }).filter(({ options }) => options !== 0);
  }
}

/** Makes everybody unwind, as the watchdog does when it is through with a machine. */
export function halt(): void {
  store(header, image_header.halt, 1);
  for (let i = 1; i <= ACTORS_MAX; i++) {
    store(threadAt(i), kthread.park, 3);
    notify(threadAt(i), kthread.park, 1);
  }
  notify(header, image_header.halt, Infinity);
}

/** Waits until a word of the image is other than it was. */
export function untilChanged<S extends string>(
  at: Ref<S>,
  field: Parameters<typeof load<S, unknown>>[1],
  from: number,
): void {
  const words = new Int32Array(boundImage());
  const deadline = performance.now() + PATIENCE_MS;
  while (Atomics.load(words, (at + field) >> 2) === from) {
    if (performance.now() > deadline) throw new Error(`the word at ${at + field} stayed ${from}`);
    Atomics.wait(words, (at + field) >> 2, from, 1);
  }
}

// --- lines of a script ----------------------------------------------------------------------------

type Op = 'load' | 'store' | 'cas' | 'swap' | 'add' | 'or' | 'wait' | 'notify';

/** An actor goes on until it is about to do this, for the nth time in this line. */
export function until(actor: number, op: Op, at: number, field: number, nth = 1): Line {
  return { actor, until: op, at: at + field, nth };
}

/** … until it reaches a place of its role's own making. */
export function untilHere(actor: number, mark: number): Line {
  return { actor, until: 'here', at: mark, nth: 1 };
}

/** … until it is asleep. */
export function sleeps(actor: number): Line {
  return { actor, until: 'sleeps', at: 0, nth: 1 };
}

/** … to its end. */
export function ends(actor: number): Line {
  return { actor, until: 'ends', at: 0, nth: 1 };
}

/** It has the turn, and the time of its wait is up: nobody woke it, or it was woken too late. */
export function expires(actor: number): Line {
  return { actor, until: 'expires', at: 0, nth: 1 };
}

// --- schedules ------------------------------------------------------------------------------------

function alternatives({ options, chosen }: Step): number[] {
  const others: number[] = [];
  for (let i = 0; i < 16; i++) if ((options & (1 << i)) !== 0 && i !== chosen) others.push(i);
  return others;
}

/** A turn taken from one who could go on, or a time-out while somebody could. */
function costOf({ options, asked }: Step, choice: number): number {
  const canGoOn = asked !== NOBODY && (options & (1 << asked)) !== 0;
  if (choice >= TIME_IS_UP) return (options & 0xff) === 0 ? 0 : 1;
  return canGoOn && choice !== asked ? 1 : 0;
}

/** The turns, one a line: who got it, and what the one before was about to do. */
function describe(steps: readonly Step[]): string {
  const lines: string[] = [];
  let runs = -1;
  for (const { asked, chosen, op, at } of steps) {
    if (chosen === runs) continue;
    const before =
      asked === NOBODY ? '' : ` (t${asked} before ${OPS[op] ?? ''} ${at.toString(16)})`;
    lines.push(
      chosen >= TIME_IS_UP ? `t${chosen - TIME_IS_UP} time is up${before}` : `t${chosen}${before}`,
    );
    runs = chosen % TIME_IS_UP;
  }
  return lines.join('\n');
}
