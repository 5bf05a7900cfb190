/*
 * Words: the only file that calls Atomics, and the only one that turns an address into an index.
 *
 * Addresses are bytes everywhere.  A field is its offset, so `load(lp, kmutex.owner)` is one shift and
 * one instruction; the brands on Ref and Field make a wrong struct, a raw number or a typo an error
 * when it is compiled and cost nothing when it runs.  NoInfer is what makes them work: without it S
 * widens to a union and any field fits any address.
 *
 *     get put                 plain.  For words that their owner alone writes, or that a lock guards.
 *     load store cas swap …   atomic, sequentially consistent.  They order the plain ones around them.
 *     wait notify             Atomics.wait and notify on the word.
 *
 * Why the view is not an argument: kernel code reads `mutex_enter(lp)`, as in the kernels it models, and
 * a thread has one image at a time.
 *
 * Why it is a field of an object.  A locked instruction lets no load pass it, so in the few nanoseconds
 * of a lock pair every load counts.  A `let` of a module costs two for each use, its value and the test
 * that it was initialized; so does every imported name.  The field of a constant object costs none for as
 * long as it is written once, since the optimizing compiler then builds its value into the code, and a
 * role's thread binds one image in its life.  Binding a second one costs a deoptimization, and one load
 * for each use from there on, which is what the watchdog pays to read a copy.  (A second write counts even
 * if it writes the same value, and so does a value in the object literal: hence the prototype.)  Lock
 * pair: 1.20 times the floor with `let`, 1.10 with the field (bench lock-pair).
 *
 * Not here: what the words mean.
 */

import type { Field, Ref } from './struct.ts';

interface Memory {
  words: Int32Array;
  bytes: Uint8Array;
}

const nowhere = new SharedArrayBuffer(64);
/** What this thread is bound to: its own fields once it is, and until then those of the prototype. */
const memory = Object.create({
  words: new Int32Array(nowhere),
  bytes: new Uint8Array(nowhere),
} satisfies Memory) as Memory;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes every access of this thread go to the given image. */
export function bindWords(image: SharedArrayBuffer): void {
  if (memory.words.buffer === image) return;
  memory.words = new Int32Array(image);
  memory.bytes = new Uint8Array(image);
}

/** The image this thread is bound to. */
export function boundImage(): SharedArrayBuffer {
  return memory.words.buffer as SharedArrayBuffer;
}

// --- plain access -------------------------------------------------------------------------------

export function get<S extends string, V>(at: Ref<S>, field: Field<NoInfer<S>, 32, V>): V {
  return memory.words[(at + field) >> 2] as V;
}

export function put<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  value: V,
): void {
  memory.words[(at + field) >> 2] = value as number;
}

export function get8<S extends string>(at: Ref<S>, field: Field<NoInfer<S>, 8>): number {
  return memory.bytes[at + field]!;
}

export function put8<S extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 8>,
  value: number,
): void {
  memory.bytes[at + field] = value;
}

export function get16<S extends string>(at: Ref<S>, field: Field<NoInfer<S>, 16>): number {
  return memory.bytes[at + field]! | (memory.bytes[at + field + 1]! << 8);
}

export function put16<S extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 16>,
  value: number,
): void {
  memory.bytes[at + field] = value;
  memory.bytes[at + field + 1] = value >> 8;
}

/** A 64-bit field as a number: exact up to 2^53. */
export function get64<S extends string, V>(at: Ref<S>, field: Field<NoInfer<S>, 64, V>): V {
  const index = (at + field) >> 2;
  return ((memory.words[index + 1]! >>> 0) * 0x1_0000_0000 + (memory.words[index]! >>> 0)) as V;
}

export function put64<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 64, V>,
  value: V,
): void {
  const index = (at + field) >> 2;
  memory.words[index] = (value as number) | 0;
  memory.words[index + 1] = Math.floor((value as number) / 0x1_0000_0000) | 0;
}

/** A char[n] field up to its first NUL.  @param n the field's size in bytes */
export function getText<S extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 'char', string>,
  n: number,
): string {
  const start = at + field;
  let end = start;
  while (end < start + n && memory.bytes[end] !== 0) end++;
  return decoder.decode(memory.bytes.slice(start, end));
}

/** Writes text into a char[n] field, cut to n - 1 bytes and padded with NULs, as strlcpy(9F) does. */
export function putText<S extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 'char', string>,
  n: number,
  value: string,
): void {
  const start = at + field;
  memory.bytes.fill(0, start, start + n);
  memory.bytes.set(encoder.encode(value).subarray(0, n - 1), start);
}

/** The address of a part of a struct. */
export function sub<S extends string, T extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 'part', Ref<T>>,
): Ref<T> {
  return (at + field) as Ref<T>;
}

/** A raw word by address: for tables whose rows are not structs. */
export function peek(address: number): number {
  return memory.words[address >> 2]!;
}

export function poke(address: number, value: number): void {
  memory.words[address >> 2] = value;
}

/** A raw byte by address. */
export function peek8(address: number): number {
  return memory.bytes[address]!;
}

export function poke8(address: number, value: number): void {
  memory.bytes[address] = value;
}

export function fillBytes(address: number, length: number, value: number): void {
  memory.bytes.fill(value, address, address + length);
}

export function copyBytes(from: number, to: number, length: number): void {
  memory.bytes.copyWithin(to, from, from + length);
}

/** UTF-8 bytes at an address, copied out. */
export function readUtf8(address: number, length: number): string {
  return decoder.decode(memory.bytes.slice(address, address + length));
}

export function writeUtf8(address: number, encoded: Uint8Array): void {
  memory.bytes.set(encoded, address);
}

// --- fused, for the one path where every load shows (kernel/held.ts) -------------------

/** Writes a value, and beside it what another word holds. */
export function stamp(at: number, value: number, source: number): void {
  const { words } = memory;
  const index = at >> 2;
  words[index + 1] = words[source >> 2]!;
  words[index] = value;
}

/** Clears a word that holds `expected`; false and untouched when it holds something else. */
export function unstamp(at: number, expected: number): boolean {
  const { words } = memory;
  const index = at >> 2;
  if (words[index] !== expected) return false;
  words[index] = 0;
  return true;
}

// --- atomic access ------------------------------------------------------------------------------

export function load<S extends string, V>(at: Ref<S>, field: Field<NoInfer<S>, 32, V>): V {
  return Atomics.load(memory.words, (at + field) >> 2) as V;
}

export function store<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  value: V,
): void {
  Atomics.store(memory.words, (at + field) >> 2, value as number);
}

/** Compare and swap: returns what the word held. */
export function cas<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  expected: number,
  value: number,
): number {
  return Atomics.compareExchange(memory.words, (at + field) >> 2, expected, value);
}

export function swap<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  value: number,
): number {
  return Atomics.exchange(memory.words, (at + field) >> 2, value);
}

/** Adds and returns what the word held before. */
export function add<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  value: number,
): number {
  return Atomics.add(memory.words, (at + field) >> 2, value);
}

/** Sets bits and returns what the word held before. */
export function setBits<S extends string>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32>,
  mask: number,
): number {
  return Atomics.or(memory.words, (at + field) >> 2, mask);
}

/** Atomic load and add of a raw word: for tables whose rows are not structs. */
export function loadWord(address: number): number {
  return Atomics.load(memory.words, address >> 2);
}

export function addWord(address: number, value: number): number {
  return Atomics.add(memory.words, address >> 2, value);
}

/**
 * Sleeps while the word holds `expected`.
 * @param ms how long at most, in milliseconds; Infinity for no limit
 */
export function wait<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  expected: number,
  ms: number,
): 'ok' | 'not-equal' | 'timed-out' {
  return Atomics.wait(memory.words, (at + field) >> 2, expected, ms);
}

/** Wakes up to n threads asleep on the word; returns how many. */
export function notify<S extends string, V>(
  at: Ref<S>,
  field: Field<NoInfer<S>, 32, V>,
  n: number,
): number {
  return Atomics.notify(memory.words, (at + field) >> 2, n);
}
