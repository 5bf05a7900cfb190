/*
 * The records of a controlled run: whose turn it is, what each thread does next, the choices so far.
 *
 * Apart from those of the kernel (records.ts), since the kernel does not know who watches it: run/baton.ts and
 * run/control.ts write these, and a free run's image has no room for them.  Their declarations are in every dump all
 * the same, as those of all structs are.
 *
 * A boot does not clear them: the strategy begins its trial before it, and what it has learned must last.  They are written by
 * whoever has the baton, so most need no line of their own; a host's turn does, since others sleep on theirs.
 */

import { enumeration, i32, ref, struct, u16, u32, u8 } from './struct.ts';

const opNames = {
  0: 'none',
  1: 'start',
  2: 'exit',
  3: 'acquire',
  4: 'release',
  5: 'read',
  6: 'write',
  7: 'wait',
  8: 'signal',
  9: 'timeout',
  10: 'poll',
};

/** One thread of the roster as a strategy sees it: see run/baton.ts. */
export const kturn = struct('kturn', {
  status: enumeration({ 0: 'absent', 1: 'ready', 2: 'asleep', 3: 'done' }),
  op: enumeration(opNames), // what it does next: OP of sched/strategy.ts
  object: ref('sobj'),
  deadline: u32, //    of a timed sleep, in us of the controlled clock; 0 for none
  host: i32, //        which host thread runs its role; -1: none does, it has not begun or has ended
});

/** One host thread of a controlled run.  A line, for it sleeps on its turn word while others run. */
export const khost = struct(
  'khost',
  {
    turn: u32, //      0: sleep; n + 1: go on as, or become, thread n of the roster; OVER: the series is over
    next_idle: i32, // the next one without a role, or -1
  },
  64,
);

/** One choice of a strategy: who went on, and what that one did then. */
export const kchoice = struct('kchoice', {
  thread: u16, //      its place in the roster
  op: enumeration(opNames, u8), // OP of sched/strategy.ts
  object: ref('sobj'),
});

/** What is kept of each trial of a series that passed. */
export const ktrial = struct('ktrial', {
  choices: u32, //     0: the strategy gave it up
  preemptions: u32,
  hash: u32, //        of its choices: sched/events.ts
});

/** A controlled run: whose turn it is, and what was decided so far. */
export const kbaton = struct(
  'kbaton',
  {
    step: u32, //      choices made in this trial
    steps_max: u32, // after so many, roles are told to stop; after twice that, the trial is given up
    now: u32, //       us of the controlled clock
    last: i32, //      row of the thread that ran last, or -1
    frozen: enumeration({ 0: 'no', 1: 'stuck', 2: 'cut' }),
    preemptions: u32,
    log: ref('kchoice'), // the choices, a record each
    strategy: u32, //  address of the strategy's words
    strategy_words: u32,
    turns: ref('kturn'),
    hosts: ref('khost'),
    idle: i32, //      the first host thread without a role, or -1
    hash: u32, //      of the choices so far
    unwinding: u32, // 1: whoever gets the baton leaves its role
    doubt: u32, //     1: a role did not end as it should, so the machine must look at this trial
    given_up: u32, //  1: the strategy has seen all that can come of this trial
    rewinds: u32, //   odd while the image is rewound: what is seen in it then is of no trial
    trial: u32, //     trials of this series that are over and need no further look
    trials_max: u32,
    enough: u32, //    1: no further trial is to begin
    ended: u32, //     1: the strategy was told of the end of this trial
    exhausted: u32, // 1: the strategy has tried all that it would
    trials: ref('ktrial'), // of this series
    handoffs: u32, //  of this series: how often the baton went to another host thread
    alive: u32, //     choices made since the image was made: what moves while anything does
  },
  128,
);
