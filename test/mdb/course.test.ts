/*
 * Goal: what a choice did is said with the names that the program has: locks by theirs, and what is read or written
 * by its global and the path of the field there.
 *
 * Method: a log of choices made by hand in an image with a global of a struct in structs and an array of them.
 */

import { expect, test } from 'vitest';
import type { DumpSymbol, StructInfo } from '../../src/dump/format.ts';
import { courseOf, stepsOf } from '../../src/mdb/target/course.ts';
import { Target } from '../../src/mdb/target/target.ts';
import { Made, partsOf } from './made.ts';

const BATON = 0x60000;
const LOG = 0x61000;
const PURSE = 0x3000;
const PURSES = 0x3100;
const [ACQUIRE, READ, WRITE] = [3, 5, 6];

const account: StructInfo = {
  name: 'account',
  size: 16,
  align: 4,
  fields: [
    { name: 'balance', kind: 'u32', offset: 0, size: 4 },
    { name: 'slots', kind: 'array', offset: 4, size: 12, count: 3 },
  ],
};
const purse: StructInfo = {
  name: 'purse',
  size: 24,
  align: 4,
  fields: [
    { name: 'owner', kind: 'ref', offset: 0, size: 4, target: 'account' },
    { name: 'main', kind: 'struct', offset: 4, size: 16, target: 'account' },
  ],
};
const SYMBOLS: readonly DumpSymbol[] = [
  { name: 'purse', address: PURSE, size: 24, type: 'purse' },
  { name: 'purses', address: PURSES, size: 48, type: 'purse' },
];

async function targetOf(choices: readonly (readonly [number, number, number])[]): Promise<Target> {
  const parts = await partsOf('once.opposite');
  const made = new Made(parts);
  made.thread(0);
  made.thread(1);
  made.put('image_header', 0, 'baton', BATON).put('kbaton', BATON, 'log', LOG);
  made.put('kbaton', BATON, 'step', choices.length).put('kbaton', BATON, 'preemptions', 1);
  for (const [i, [thread, op, object]] of choices.entries()) {
    made.put('kchoice', LOG + i * 8, 'thread', thread | (op << 16));
    made.put('kchoice', LOG + i * 8, 'object', object);
  }
  const dump = { head: parts.dump.head, threads: made.threads, locks: made.locks };
  const types = [...parts.types, account, purse];
  return new Target('made.dump', { ...dump, symbols: SYMBOLS }, types, made.bytes, parts.sources);
}

test('fields are named by their path', async () => {
  const at = [0, 4, 8, 16, 20].map((offset) => [0, WRITE, PURSE + offset] as const);
  const target = await targetOf([...at, [1, READ, PURSES + 28], [1, READ, 0x3200]]);
  expect(stepsOf(target).map(({ text }) => text)).toEqual([
    'write purse.owner',
    'write purse.main.balance',
    'write purse.main.slots[0]',
    'write purse.main.slots[2]',
    'write purse+0x14',
    'read purses[1].main.balance',
    'read 0x3200',
  ]);
});

test('a course has its last choices, and how many there were', async () => {
  const target = await targetOf(Array.from({ length: 2_500 }, (_, i) => [i % 2, ACQUIRE, 0]));
  const course = courseOf(target)!;
  expect(course).toMatchObject({ choices: 2_500, preemptions: 1 });
  expect(course.steps.at(0)).toEqual({ choice: 500, thread: 0, name: 'thread/0', text: 'acquire' });
  expect(course.steps.at(-1)!.choice).toBe(2_499);
});
