/*
 * A role, run on the thread that it is given: from its start to its end, however that comes.
 *
 * The record says how it ended before anything else does: the watchdog learns of a thread that died with a lock in its
 * hands from the image, not from the pool.
 */

import { nextU32, seedOf, seedRng } from '../base/prng.ts';
import { saysOf } from '../base/says.ts';
import { EVENT, EXIT, header, image_header, kthread, THREAD } from '../layout/records.ts';
import { get, load, put, setBits } from '../layout/word.ts';
import { held_count } from '../kernel/held.ts';
import { MachineHalt } from '../kernel/panic.ts';
import { POINT, probe } from '../kernel/probe.ts';
import { ring_event } from '../kernel/ring.ts';
import { curthread, halted, thread_exit, thread_progress } from '../kernel/thread.ts';
import { countOutcome } from './counts.ts';
import type { ParamRecord } from './protocol.ts';
import type { Row } from './roster.ts';
import type { RoleContext, Workload } from './workload.ts';

/** What a role is told, and the reset of what of it belongs to one trial. */
export interface Part {
  readonly row: Row;
  readonly context: RoleContext;
  /** before each trial: what its share() returned */
  readonly share: (shared: unknown) => void;
  /** at the start of each */
  readonly begin: () => void;
}

/** @param poll called when the role asks running(), before it is answered */
export function partOf(
  row: Row,
  workload: Workload,
  variant: string,
  params: ParamRecord,
  poll: (() => void) | undefined,
): Part {
  const outcomes = Object.keys(workload.outcomes ?? {});
  const words = new Uint32Array(4);
  let seed = 0;
  let given: unknown;
  const context: RoleContext = {
    variant,
    params,
    get seed() {
      return seed;
    },
    get shared() {
      return given;
    },
    nth: row.nth,
    count: row.count,
    running() {
      poll?.();
      if (halted()) throw new MachineHalt();
      put(curthread, kthread.polls, (get(curthread, kthread.polls) + 1) | 0);
      return load(header, image_header.stop) === 0;
    },
    // Taking it from the context is the promise to call it (workload.ts).
    get progress() {
      if ((get(curthread, kthread.flags) & THREAD.reports) === 0)
        setBits(curthread, kthread.flags, THREAD.reports);
      return thread_progress;
    },
    outcome(name, n = 1) {
      const i = outcomes.indexOf(name);
      if (i < 0)
        throw new Error(`outcome ${name} is not one the workload declares: ${outcomes.join(', ')}`);
      countOutcome(i, n);
    },
    random: () => nextU32(words),
  };
  return {
    row,
    context,
    share(shared) {
      given = shared;
    },
    begin() {
      seed = get(header, image_header.seed) >>> 0;
      seedRng(words, seedOf(seed, curthread));
    },
  };
}

/**
 * Runs it as curthread, in a machine whose gate is open.
 * @returns whether it came back, with nothing in its hands
 */
export function runRole({ row, context, begin }: Part): boolean {
  try {
    begin();
    probe(POINT.start, 0);
    ring_event(EVENT.start, 0, 0);
    const returned: unknown = row.role.run(context);
    probe(POINT.exit, 0);
    if (returned instanceof Promise)
      throw new TypeError(
        `role ${row.role.name} returned a promise: a role runs as kernel code, and must not be async`,
      );
    const isEmpty = held_count() === 0;
    thread_exit(EXIT.returned, isEmpty ? '' : 'with locks held');
    return isEmpty;
  } catch (error) {
    roleFailed(error);
    return false;
  }
}

/** It ends by an exception. */
export function roleFailed(error: unknown): void {
  if (error instanceof MachineHalt || halted()) thread_exit(EXIT.halted, '');
  else thread_exit(EXIT.threw, saysOf(error));
}
