/*
 * A struct of the dump, as a dcmd reads it: by the names of its fields.
 *
 *     const lock = record(target, 'kmutex', address);
 *     lock.number('owner');  lock.text('name');  lock.name('kind');  lock.part('ts').number('waiters');
 *
 * A type or a field that the dump does not have is an error that names it: dumps outlive layouts.
 */

import type { FieldInfo, StructInfo } from '../../dump/format.ts';
import { bitNames } from './bits.ts';
import { oops } from '../error.ts';
import type { Target } from './target.ts';

export class Record {
  readonly address: bigint;
  readonly struct: StructInfo;
  private readonly target: Target;

  constructor(target: Target, struct: StructInfo, address: bigint) {
    this.target = target;
    this.struct = struct;
    this.address = address;
  }

  /** A word, a byte, or the low 53 bits of two words. */
  number(name: string): number {
    return Number(this.big(name));
  }

  big(name: string): bigint {
    const field = this.field(name);
    const value = this.target.readNumber(this.at(field), Math.min(8, field.size));
    return field.kind === 'i32' ? BigInt.asIntN(32, value) : value;
  }

  /** What a string reference points to, or the text in place. */
  text(name: string): string {
    const field = this.field(name);
    if (field.kind === 'char') return this.target.readText(this.at(field), field.size);
    const pointer = this.target.readNumber(this.at(field), 4);
    return pointer === 0n ? '' : this.target.readString(pointer);
  }

  /** The name of an enum's value, or its number as text; of a set, its bits. */
  name(name: string): string {
    const field = this.field(name);
    const value = this.target.readNumber(this.at(field), Math.min(8, field.size));
    if (field.kind === 'bits') return bitNames(field, value);
    return field.names?.[Number(value)] ?? String(value);
  }

  /** A struct inside. */
  part(name: string, index = 0): Record {
    const field = this.field(name);
    const struct = this.target.types.need(field.target ?? field.kind);
    return new Record(this.target, struct, this.at(field) + BigInt(index * struct.size));
  }

  /** The address of a field. */
  addressOf(name: string): bigint {
    return this.at(this.field(name));
  }

  has(name: string): boolean {
    return this.struct.fields.some((field) => field.name === name);
  }

  private at(field: FieldInfo): bigint {
    return this.address + BigInt(field.offset);
  }

  private field(name: string): FieldInfo {
    const field = this.struct.fields.find((known) => known.name === name);
    if (field !== undefined) return field;
    throw oops(`failed to find member ${name} of ${this.struct.name}`, 'this dump has none');
  }
}

/** @throws MdbError when the dump has no such type, or nothing is mapped there */
export function record(target: Target, type: string, address: bigint): Record {
  const struct = target.types.need(type);
  if (!target.isMapped(address, struct.size)) {
    throw oops(
      `failed to read ${struct.name} at ${address.toString(16)}`,
      'no mapping for address',
    );
  }
  return new Record(target, struct, address);
}
