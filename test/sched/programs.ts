/*
 * Programs whose outcomes are known.
 *
 * Some are litmus tests, small enough to list every outcome by hand.  The others are the programs of SCTBench that
 * the literature measures strategies with (CS/…: deadlock01, account, reorder_n, twostage, wronglock), each with
 * the twin that has not the bug.
 */

import { acquire, read, release, write, type Program, type Thread } from './machine.ts';

const [X, Y, A, B, C] = [1, 2, 11, 12, 13] as const;

/** Two threads add 1, each reading and then writing: 2, or 1 where both read before either wrote. */
export function adders(locked: boolean): Program {
  let x = 0;
  function* adder(): Thread {
    if (locked) yield acquire(A);
    yield read(X);
    const seen = x;
    yield write(X);
    x = seen + 1;
    if (locked) yield release(A);
  }
  return { threads: [adder, adder], outcome: () => String(x) };
}

/** Store buffering, sequentially consistent: both 0 is impossible. */
export function storeBuffering(): Program {
  let [x, y, r1, r2] = [0, 0, -1, -1];
  function* first(): Thread {
    yield write(X);
    x = 1;
    yield read(Y);
    r1 = y;
  }
  function* second(): Thread {
    yield write(Y);
    y = 1;
    yield read(X);
    r2 = x;
  }
  return { threads: [first, second], outcome: () => `${r1}${r2}` };
}

/** Two threads on objects of their own: every order is the same. */
export function apart(n: number): Program {
  const done: number[] = [];
  function* one(object: number): Thread {
    for (let i = 0; i < n; i++) yield write(object);
    done.push(object);
  }
  return {
    threads: [() => one(X), () => one(Y)],
    outcome: () => done.toSorted((a, b) => a - b).join(''),
  };
}

/** n locks, each thread takes two neighbours: in a ring that is a deadlock, unless one is left-handed. */
export function philosophers(n: number, ordered: boolean): Program {
  function* philosopher(i: number): Thread {
    const [left, right] = [A + i, A + ((i + 1) % n)];
    const [first, second] = ordered && left > right ? [right, left] : [left, right];
    yield acquire(first);
    yield acquire(second);
    yield release(second);
    yield release(first);
  }
  return {
    threads: Array.from({ length: n }, (_, i) => () => philosopher(i)),
    outcome: () => 'done',
  };
}

/** CS/deadlock01: two threads take a, b in opposite order. */
export function deadlock01(ordered = false): Program {
  function* one(first: number, second: number): Thread {
    yield acquire(first);
    yield acquire(second);
    yield read(X);
    yield write(X);
    yield release(second);
    yield release(first);
  }
  return {
    threads: [() => one(A, B), () => (ordered ? one(A, B) : one(B, A))],
    outcome: () => 'done',
  };
}

/** CS/reorder_n: setters write a, then b; a checker that sees a = 1 and b = 0 has found one in between. */
export function reorder(setters: number, checkers = 1, atomic = false): Program {
  let [a, b, bad] = [0, 0, false];
  function* setter(): Thread {
    if (atomic) yield acquire(C);
    yield write(X);
    a = 1;
    yield write(Y);
    b = -1;
    if (atomic) yield release(C);
  }
  function* checker(): Thread {
    if (atomic) yield acquire(C);
    yield read(X);
    const seen = a;
    yield read(Y);
    if (!((seen === 0 && b === 0) || (seen === 1 && b === -1))) bad = true;
    if (atomic) yield release(C);
  }
  return {
    threads: [
      ...Array.from({ length: setters }, () => setter),
      ...Array.from({ length: checkers }, () => checker),
    ],
    outcome: () => (bad ? 'bug' : 'ok'),
  };
}

/** CS/twostage: a datum and one derived from it, under two locks; a reader between them. */
export function twostage(fixed = false): Program {
  let [data1, data2, bad] = [0, 0, false];
  function* writer(): Thread {
    yield acquire(A);
    data1 = 1;
    if (!fixed) yield release(A);
    yield acquire(B);
    data2 = data1 + 1;
    yield release(B);
    if (fixed) yield release(A);
  }
  function* reader(): Thread {
    yield acquire(A);
    const t1 = data1;
    if (t1 === 0) {
      yield release(A);
      return;
    }
    if (!fixed) yield release(A);
    yield acquire(B);
    if (data2 !== t1 + 1) bad = true;
    yield release(B);
    if (fixed) yield release(A);
  }
  return { threads: [writer, reader], outcome: () => (bad ? 'bug' : 'ok') };
}

/** A bug of depth d: the first thread must do its i-th step before the second does its i-th, i = 1 … d - 1. */
export function deep(d: number, steps: number): Program {
  let at = 0;
  function* first(): Thread {
    for (let i = 0; i < steps; i++) {
      yield write(X);
      if (at % 2 === 0) at++;
    }
  }
  function* second(): Thread {
    for (let i = 0; i < steps; i++) {
      yield write(Y);
      if (at % 2 === 1) at++;
    }
  }
  return { threads: [first, second], outcome: () => (at >= d ? 'bug' : 'ok') };
}
