/*
 * The programs that strategies are compared with elsewhere, as generators.
 *
 * They are those of SCTBench and CHESS for which the artifact of rff (ASPLOS 2024) has figures: what two or more
 * threads do to a few fields, each access a step.  The names are theirs.  Each comes to `bug`, to `deadlock`, or to
 * nothing of interest.
 */

import { acquire, read, release, write, type Program, type Thread } from './machine.ts';
import { deadlock01, reorder, twostage } from './programs.ts';

const [A, B] = [1, 2] as const;
const [X, Y, Z, W] = [11, 12, 13, 14] as const;

export interface Peer {
  readonly name: string;
  readonly make: () => Program;
  readonly bug: 'bug' | 'deadlock';
}

export const PEERS: readonly Peer[] = [
  { name: 'stringbuffer', make: stringbuffer, bug: 'bug' },
  { name: 'deadlock01', make: () => deadlock01(), bug: 'deadlock' },
  { name: 'bluetooth', make: bluetooth, bug: 'bug' },
  { name: 'account', make: account, bug: 'bug' },
  { name: 'twostage', make: () => twostage(), bug: 'bug' },
  { name: 'wronglock', make: wronglock, bug: 'bug' },
  { name: 'reorder_3', make: () => reorder(3), bug: 'bug' },
  { name: 'reorder_5', make: () => reorder(5), bug: 'bug' },
  { name: 'reorder_10', make: () => reorder(10), bug: 'bug' },
  { name: 'reorder_100', make: () => reorder(100), bug: 'bug' },
  { name: 'queue', make: queue, bug: 'bug' },
  { name: 'WorkStealQueue', make: workSteal, bug: 'bug' },
];

/** CB/stringbuffer-jdk1.4: append() asks another buffer for its length, and then for so many characters. */
export function stringbuffer(): Program {
  let [length, bad] = [10, false];
  function* append(): Thread {
    yield acquire(A);
    yield acquire(B);
    yield read(X);
    const n = length;
    yield release(B);
    yield acquire(B);
    yield read(X);
    if (n > length) bad = true;
    yield release(B);
    yield release(A);
  }
  function* erase(): Thread {
    yield acquire(B);
    yield write(X);
    length = 0;
    yield release(B);
  }
  return { threads: [append, erase], outcome: () => (bad ? 'bug' : 'ok') };
}

/** CS/bluetooth_driver: the flag is looked at, and only then the input or output is counted as pending. */
export function bluetooth(): Program {
  let [isStopping, pending, isIdle, isStopped, bad] = [false, 1, false, false, false];
  function* decrement(): Thread {
    yield write(Y);
    pending--;
    if (pending > 0) return;
    yield write(Z);
    isIdle = true;
  }
  function* adder(): Thread {
    yield read(X);
    if (isStopping) return;
    yield write(Y);
    pending++;
    yield read(W);
    if (isStopped) bad = true;
    yield* decrement();
  }
  function* stopper(): Thread {
    yield write(X);
    isStopping = true;
    yield* decrement();
    yield read(Z);
    if (!isIdle) return;
    yield write(W);
    isStopped = true;
  }
  return { threads: [adder, stopper], outcome: () => (bad ? 'bug' : 'ok') };
}

/** CS/account: who checks last finds both done, and a balance that is not what it says. */
export function account(): Program {
  let [balance, isIn, isOut, bad] = [1, false, false, false];
  function* deposit(): Thread {
    yield acquire(A);
    yield write(X);
    balance += 2;
    yield write(Y);
    isIn = true;
    yield release(A);
  }
  function* withdraw(): Thread {
    yield acquire(A);
    yield write(X);
    balance -= 4;
    yield write(Z);
    isOut = true;
    yield release(A);
  }
  function* check(): Thread {
    yield acquire(A);
    yield read(Y);
    yield read(Z);
    if (isIn && isOut) {
      yield read(X);
      if (balance !== 1 - 2 - 4) bad = true;
    }
    yield release(A);
  }
  return { threads: [deposit, withdraw, check], outcome: () => (bad ? 'bug' : 'ok') };
}

/** CS/wronglock: one thread counts under its lock, and looks again; seven count under another. */
export function wronglock(): Program {
  let [value, bad] = [0, false];
  function* checked(): Thread {
    yield acquire(A);
    yield read(X);
    const before = value;
    yield write(X);
    value++;
    yield read(X);
    if (value !== before + 1) bad = true;
    yield release(A);
  }
  function* other(): Thread {
    yield acquire(B);
    yield write(X);
    value++;
    yield release(B);
  }
  return {
    threads: [checked, ...Array.from({ length: 7 }, () => other)],
    outcome: () => (bad ? 'bug' : 'ok'),
  };
}

/** CS/queue: two threads take turns by flags, but count their rounds whether or not it was their turn. */
export function queue(): Program {
  const size = 8;
  const items: number[] = [];
  const stored: number[] = [];
  let [mayPut, mayTake, bad] = [true, false, false];
  function* puts(): Thread {
    for (let i = 0; i < size; i++) {
      yield acquire(A);
      yield read(X);
      if (mayPut) {
        yield write(Z);
        items.push(i + 1);
        stored[i] = i + 1;
        yield write(X);
        mayPut = false;
        yield write(Y);
        mayTake = true;
      }
      yield release(A);
    }
  }
  function* takes(): Thread {
    for (let i = 0; i < size; i++) {
      yield acquire(A);
      yield read(Y);
      if (mayTake) {
        yield write(Z);
        if (items.shift() !== stored[i]) bad = true;
        yield write(Y);
        mayTake = false;
        yield write(X);
        mayPut = true;
      }
      yield release(A);
    }
  }
  return { threads: [puts, takes], outcome: () => (bad ? 'bug' : 'ok') };
}

/** Chess/WorkStealQueue: the thief looks whether there is an item, and only then says that it takes it. */
export function workSteal(): Program {
  const items: number[] = [];
  const taken: number[] = [];
  let [head, tail] = [0, 0];
  function* push(item: number): Thread {
    yield read(Y);
    const at = tail;
    yield write(Z);
    items[at] = item;
    yield write(Y);
    tail = at + 1;
  }
  function* pop(): Thread {
    yield read(Y);
    const at = tail - 1;
    yield write(Y);
    tail = at;
    yield read(X);
    if (head <= at) {
      yield read(Z);
      taken.push(items[at]!);
      return;
    }
    yield acquire(A);
    yield read(X);
    yield write(Y);
    tail = head;
    yield release(A);
  }
  function* owner(): Thread {
    for (let i = 0; i < 4; i++) {
      yield* push(2 * i);
      yield* push(2 * i + 1);
      yield* pop();
    }
    for (let i = 0; i < 4; i++) yield* pop();
  }
  function* thief(): Thread {
    for (let i = 0; i < 3; i++) {
      yield acquire(A);
      yield read(X);
      const at = head;
      yield read(Y);
      if (at < tail) {
        yield read(Z);
        const item = items[at]!;
        yield write(X);
        head = at + 1;
        taken.push(item);
      }
      yield release(A);
    }
  }
  return {
    threads: [owner, thief],
    outcome: () => (new Set(taken).size < taken.length ? 'bug' : 'ok'),
  };
}
