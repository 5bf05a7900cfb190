/*
 * The contract: what a workload is.
 *
 * A workload is a module whose default export is defineWorkload({...}).  It is imported in three
 * places: by the CLI, which reads names, variants and params; by a machine's main thread, which runs
 * boot() and check(); and by each role thread, which runs one role.  So a module only defines things
 * when it is imported: globals of the simulated kernel, functions, this object.
 *
 *     variant     a version of the code under test, with the verdict that is declared for it
 *     param       a knob with a type, a default and a range; -P name=value
 *     role        what one kind of thread does, and how many of them there are
 *     outcome     a thing that can happen in a trial that is no verdict; counted, and graded
 *
 * Roles and boot() run as kernel code: plain synchronous functions, which may block in the kernel's
 * locks.  A role runs until `running()` says false, and calls `progress()` when it got something done.
 *
 * Roles share the image.  What they share besides (a lock, a queue, a cache of somebody else's library that is
 * under test) is made by share(): for each trial, on the machine's main thread, before boot().  What it returns
 * reaches every role by structured clone, as context.shared, and check() as it is.  So it is a
 * SharedArrayBuffer, or a thing with some inside, or one of V8's shared objects: what a thread can be sent.
 * Nobody can rewind it as the image is rewound between the trials of a series, so a controlled run of such a
 * workload has series of one trial each, which cost what a trial of a free run does.
 *
 * What the watchdog holds a role to (nmi/deadman.ts):
 *
 *   - A role that takes `progress` from its context promises to call it, at least once in a quarter of the
 *     hang timeout of its own time.  If it does not for the whole of it, that is a hang, however busy it is.
 *   - A role that never takes it is alive as long as it shows any sign of life: it takes a lock or tries to,
 *     a wait of it ends, it asks running().  So a deadlock of it is found, a loop of its own and a wait
 *     without an end too; but busy and getting nothing done looks like work.  A livelock of such roles comes
 *     to `timeout`, and so does a role that neither asks running() nor ends.
 *   - A timed wait is no silence beyond a quarter of the hang timeout: it ends by itself.
 *   - A wait that may be long by design says so: cv_wait_idle(), or `daemon` for the whole role.
 *   - Role threads are woken by role threads.  If all are asleep without a limit, the machine is hung, and
 *     it is so at once: nothing outside (a timer of the main thread) is expected to wake one.
 *   - A role ends with nothing in its hands.  A lock left behind is reported, even if nobody wants it.
 *
 * Values here are checked when a workload is loaded, by run/catalog.ts, with errors that name the field.
 */

import type { VerdictName } from '../base/verdict.ts';

export type Grade = 'expected' | 'interesting' | 'forbidden';

export interface Variant {
  /** one line for people */
  readonly title: string;
  /** what a trial of this variant should come to */
  readonly verdict: VerdictName;
  /** params that this variant sets; -P still beats them */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  /** not part of `gridlock run` without names */
  readonly optional?: boolean;
  /** how long a trial of it runs if nothing happens, in milliseconds, instead of the workload's own */
  readonly durationMs?: number;
}

/**
 * A default is meant for threads that run freely.  Where a strategy decides which of them runs, a trial of many thousand choices does
 * not come to its end, so a param that makes it long may say another one: `controlled`.
 */
export type Param =
  | {
      readonly type: 'int';
      readonly default: number;
      readonly controlled?: number;
      readonly min: number;
      readonly max: number;
      readonly title: string;
      /** for people: 'ms', 'kstats' */
      readonly unit?: string;
    }
  | {
      readonly type: 'choice';
      readonly default: string;
      readonly controlled?: string;
      readonly choices: readonly string[];
      readonly title: string;
    }
  | {
      readonly type: 'flag';
      readonly default: boolean;
      readonly controlled?: boolean;
      readonly title: string;
    };

export type ParamValue<P extends Param> = P extends { type: 'int' }
  ? number
  : P extends { type: 'flag' }
    ? boolean
    : string;

export type ParamValues<P extends Record<string, Param>> = {
  readonly [K in keyof P]: ParamValue<P[K]>;
};

/** What kernel code of a workload is told about the trial. */
export interface Trial<P extends Record<string, Param> = Record<string, Param>> {
  readonly variant: string;
  readonly params: ParamValues<P>;
  readonly seed: number;
}

/** What a role is given. */
export interface RoleContext<
  P extends Record<string, Param> = Record<string, Param>,
  S = unknown,
> extends Trial<P> {
  /** this thread's clone of what share() returned for the trial; undefined without it */
  readonly shared: S;
  /** which of the threads with this role, from 0 */
  readonly nth: number;
  /** how many there are */
  readonly count: number;
  /** false when the role should come to its end */
  readonly running: () => boolean;
  /** the thread got something done, n times; to take it is to promise to call it */
  readonly progress: (n?: number) => void;
  /** one of the workload's outcomes happened, n times */
  readonly outcome: (name: string, n?: number) => void;
  /** a random 32-bit unsigned number, the same sequence for the same seed, role and nth */
  readonly random: () => number;
}

export interface Role<P extends Record<string, Param> = Record<string, Param>, S = unknown> {
  /** a noun: `callout taskq` */
  readonly name: string;
  /** what a ps would show; may use nth */
  readonly psargs: string | ((nth: number, params: ParamValues<P>) => string);
  /** how many threads; 1 by default, 0 leaves the role out */
  readonly count?: number | ((params: ParamValues<P>, variant: string) => number);
  /** may wait for work for ever without being taken for hung */
  readonly daemon?: boolean;
  run(context: RoleContext<P, S>): void;
}

export interface Outcome {
  readonly grade: Grade;
  /** what it means, for people */
  readonly title: string;
}

export interface Workload<P extends Record<string, Param> = Record<string, Param>, S = unknown> {
  /** [a-z][a-z0-9-]* */
  readonly name: string;
  readonly title: string;
  readonly variants: Readonly<Record<string, Variant>>;
  readonly params?: P;
  /**
   * makes what the threads share outside of the image, once a trial, on the main thread, which must not
   * block.  If it throws, or returns what no thread can be sent: crash
   */
  share?(trial: Trial<P>): S;
  readonly roles: readonly Role<P, S>[];
  readonly outcomes?: Readonly<Record<string, Outcome>>;
  /** bytes of heap; 8 MiB by default */
  readonly heapBytes?: number | ((params: ParamValues<P>) => number);
  /** how long the roles run if nothing happens, in milliseconds; 2,000 by default */
  readonly durationMs?: number;
  /** panic when a block closes a cycle of owned locks, as illumos does; false by default */
  readonly panicOnCycle?: boolean;
  /** makes the globals ready; runs on the boot thread, which must not block.  If it throws: crash */
  boot?(trial: Trial<P>): void;
  /** looks at the image when all roles have ended; a returned text is what is wrong with it: panic */
  check?(trial: Trial<P> & { readonly shared?: S }): string | undefined;
}

/** Names the type, so that params are checked where roles use them. */
export function defineWorkload<const P extends Record<string, Param>, S = undefined>(
  workload: Workload<P, S>,
): Workload<P, S> {
  return workload;
}
