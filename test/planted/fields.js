/*
 * Planted: programs of one round that race for the fields of a struct, without a lock.
 *
 *     variant      the two threads                                  comes to
 *     ----------   ----------------------------------------------   ------------------------------------------
 *     marked       read the balance, and write it plus one          a deposit lost, where both read first
 *     unmarked     the same, of a struct that is not shared()       the sum: nobody can come between
 *     apart        the same, where another field of it is shared    the sum
 *     atomic       add one in one step                              the sum
 *     buffering    x = 1, read y; y = 1, read x                     01, 10 or 11; never 00
 *     message      data = 1, flag = 1; read flag, read data         00, 01 or 11; never 10
 *     spins        x = 1; read x until it is                        the end, in few choices: to look is to poll
 *     widths       write and read fields of every width             the end, each byte where the struct has it
 *     plain        ask whether the accessors are those of word.ts   the end in a free run, a panic in another
 */

import {
  add,
  cas,
  char,
  defineWorkload,
  embed,
  get,
  get16,
  get64,
  get8,
  getText,
  global,
  load,
  panic,
  put,
  put16,
  put64,
  put8,
  putText,
  setBits,
  shared,
  store,
  struct,
  sub,
  swap,
  u16,
  u32,
  u64,
  u8,
} from 'gridlock';
import * as word from '../../dist/src/layout/word.js';

const account = struct('account', { balance: u32 });
const marked = shared(account);
const apart = shared(struct('account_apart', { balance: u32, other: u32 }), 'other');
const purse = global('purse', account);

const litmus = shared(struct('litmus', { x: u32, y: u32 }));
const place = global('place', litmus);
/** What the threads read; not shared, so that to note it is no point. */
const notes = struct('notes', { first: u32, second: u32, done: u32 });
const noted = global('noted', notes);

const FIELDS = { a: u8, b: u8, c: u16, d: u32, e: u64, f: char(8), g: embed(account) };
const wide = struct('wide', FIELDS);
const wide_shared = shared(struct('wide_shared', FIELDS));
const widths = global('widths', wide_shared);

function deposit({ balance }) {
  put(purse, balance, get(purse, balance) + 1);
}

function note(first, second, outcome) {
  if (first !== undefined) put(noted, notes.first, first);
  if (second !== undefined) put(noted, notes.second, second);
  if (add(noted, notes.done, 1) === 1) {
    outcome(`${get(noted, notes.first)}${get(noted, notes.second)}`);
  }
}

/** Panics unless it is so. */
function same(what, found, wanted) {
  if (found !== wanted) panic(`${what}: ${found}, not ${wanted}`);
}

const PROGRAMS = {
  marked: () => deposit(marked),
  unmarked: () => deposit(account),
  apart: () => deposit(apart),
  atomic: () => add(purse, marked.balance, 1),
  buffering({ nth, outcome }) {
    const [mine, other] = nth === 0 ? [litmus.x, litmus.y] : [litmus.y, litmus.x];
    put(place, mine, 1);
    const seen = get(place, other);
    note(nth === 0 ? seen : undefined, nth === 1 ? seen : undefined, outcome);
  },
  message({ nth, outcome }) {
    if (nth === 0) {
      put(place, litmus.x, 1);
      store(place, litmus.y, 1);
      note(undefined, undefined, outcome);
    } else {
      const flag = load(place, litmus.y);
      note(flag, get(place, litmus.x), outcome);
    }
  },
  spins({ nth, running }) {
    if (nth === 0) put(place, litmus.x, 1);
    else while (get(place, litmus.x) === 0 && running());
  },
  widths({ nth }) {
    if (nth !== 0) return;
    const f = wide_shared;
    put8(widths, f.a, 1);
    put8(widths, f.b, 2);
    put16(widths, f.c, 0x1234);
    put(widths, f.d, 5);
    put64(widths, f.e, 2 ** 40 + 7);
    putText(widths, f.f, 8, 'eight is too much');
    put(sub(widths, f.g), account.balance, 9);
    for (const { from, by } of [
      { from: 'plain', by: wide },
      { from: 'shared', by: f },
    ]) {
      same(`${from} a`, get8(widths, by.a), 1);
      same(`${from} b`, get8(widths, by.b), 2);
      same(`${from} c`, get16(widths, by.c), 0x1234);
      same(`${from} d`, get(widths, by.d), 5);
      same(`${from} e`, get64(widths, by.e), 2 ** 40 + 7);
      same(`${from} f`, getText(widths, by.f, 8), 'eight i');
      same(`${from} g`, get(sub(widths, by.g), account.balance), 9);
    }
    same('add', add(widths, f.d, 1), 5);
    same('swap', swap(widths, f.d, 8), 6);
    same('cas', cas(widths, f.d, 7, 3), 8);
    same('cas that changes', cas(widths, f.d, 8, 3), 8);
    same('setBits', setBits(widths, f.d, 4), 3);
    store(widths, f.d, load(widths, f.d) + 1);
    same('store', get(widths, wide.d), 8);
    same('the table', f.$.fields.find(({ name }) => name === 'e').offset, wide.e);
  },
  plain() {
    const ours = { add, cas, get, get16, get64, get8, getText, load };
    const theirs = new Map(Object.entries(word));
    const more = { put, put16, put64, put8, putText, setBits, store, swap };
    for (const [name, accessor] of Object.entries({ ...ours, ...more })) {
      if (accessor !== theirs.get(name)) panic(`${name} is not the one of word.ts`);
    }
    same('a field', wide_shared.e, wide.e);
  },
};

export default defineWorkload({
  name: 'fields',
  title: 'one round each, without a lock',
  variants: {
    marked: { title: 'read, and then write', verdict: 'panic' },
    unmarked: { title: 'of a struct that is not shared', verdict: 'pass' },
    apart: { title: 'of a struct of which another field is', verdict: 'pass' },
    atomic: { title: 'in one step', verdict: 'pass' },
    buffering: { title: 'each writes its own and reads the other', verdict: 'pass' },
    message: { title: 'data, and a flag that says so', verdict: 'pass' },
    spins: { title: 'looks until it is so', verdict: 'pass' },
    widths: { title: 'all widths', verdict: 'pass' },
    plain: { title: 'the accessors of word.ts', verdict: 'pass' },
  },
  roles: [
    {
      name: 'saver',
      psargs: (nth) => `saver ${nth}`,
      count: 2,
      run(context) {
        PROGRAMS[context.variant](context);
        context.progress();
      },
    },
  ],
  outcomes: Object.fromEntries(
    ['00', '01', '10', '11'].map((both) => [both, { grade: 'expected', title: 'what they read' }]),
  ),
  check({ variant }) {
    const balance = get(purse, account.balance);
    const isSum = !['marked', 'unmarked', 'apart', 'atomic'].includes(variant);
    return isSum || balance === 2 ? undefined : `the balance is ${balance}, after 2 deposits`;
  },
});
