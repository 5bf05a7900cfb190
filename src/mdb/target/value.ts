/*
 * Values: how a struct or a field of one is printed, for ::print.
 *
 *     kind                     shown as
 *     ----------------------   -------------------------------------------------------------
 *     numbers                  0x1642; 0 for nothing; decimal with -d
 *     ref                      the symbol it points to, or its number
 *     text                     its address, then "the text"
 *     char[n]                  [ "the text" ]
 *     enum                     4 (TS_ONPROC)
 *     bits                     0x8 <P_PR_LOCK>
 *     time                     0x1a2 (41.8 ms)
 *     struct                   { name = value, one a line }, as deep as -s allows
 *     array of structs         [ { … }, { … } ]; runs of elements that are all zero are left out and said
 *
 * As data for programs: objects, arrays, numbers (text for pointers, in hexadecimal), as a person would expect.
 */

import type { FieldInfo, StructInfo } from '../../dump/format.ts';
import { printable } from '../../base/text.ts';
import { bitNames } from './bits.ts';
import { oops } from '../error.ts';
import { hexOf, type Target } from './target.ts';
import { describe, type Place } from './types.ts';

export interface Show {
  /** -a */
  readonly addresses: boolean;
  /** -t */
  readonly types: boolean;
  /** -d: numbers in decimal; -x: in hexadecimal, which is the default */
  readonly decimal: boolean;
  /** -s: how many levels of structs are opened */
  readonly depth: number;
  /** -n: pointers as numbers */
  readonly plainPointers: boolean;
  /** -h: what lies between fields */
  readonly holes: boolean;
  /** -C, -L: text and arrays at any length */
  readonly whole: boolean;
  /** lines that are left to print: structs of a bad dump may hold each other many times over */
  readonly budget?: { left: number };
}

export const SHOW: Show = {
  addresses: false,
  types: false,
  decimal: false,
  depth: 3,
  plainPointers: false,
  holes: false,
  whole: false,
};

const INDENT = '    ';
const CHARS_MAX = 1024;
const ELEMENTS_MAX = 32;
const TEXT_LIMIT = 1 << 16;
/** Fields that one value may come to, in all. */
const FIELDS_MAX = 50_000;
/** Elements looked at when all are wanted. */
const ELEMENTS_LIMIT = 100_000;

/** A place, in lines: `{`, the fields, `}` of a struct; `label = value` of a field. */
export function showPlace(target: Target, place: Place, label: string, given: Show): string[] {
  const show = { ...given, budget: { left: FIELDS_MAX } };
  const { address, type } = place;
  if (type.kind === 'struct') return structLines(target, type.struct, address, show, show.depth);
  return fieldLines(target, type.field, address, label, show, show.depth);
}

function structLines(
  target: Target,
  struct: StructInfo,
  address: bigint,
  show: Show,
  depth: number,
): string[] {
  const opening = show.addresses ? `${address.toString(16)} {` : '{';
  return [opening, ...bodyLines(target, struct, address, show, depth).map(indent), '}'];
}

function bodyLines(
  target: Target,
  struct: StructInfo,
  address: bigint,
  show: Show,
  depth: number,
): string[] {
  const lines: string[] = [];
  let end = 0;
  for (const field of struct.fields.toSorted((a, b) => a.offset - b.offset)) {
    if (show.holes && field.offset > end) lines.push(`<<HOLE of ${field.offset - end} bytes>>`);
    end = field.offset + field.size;
    lines.push(
      ...fieldLines(target, field, address + BigInt(field.offset), field.name, show, depth),
    );
  }
  if (show.holes && struct.size > end) lines.push(`<<HOLE of ${struct.size - end} bytes>>`);
  return lines;
}

function fieldLines(
  target: Target,
  field: FieldInfo,
  address: bigint,
  label: string,
  show: Show,
  depth: number,
): string[] {
  if (show.budget !== undefined) spend(show.budget);
  const at = show.addresses ? `${address.toString(16)} ` : '';
  const type = show.types ? `${describe(field)} ` : '';
  const begin = `${at}${type}${printable(label)} = `;
  const struct = field.kind === 'struct' ? target.types.find(field.target ?? '') : undefined;
  if (struct === undefined) return [begin + scalarText(target, field, address, show)];
  if (field.count !== undefined)
    return arrayLines(target, field, struct, address, begin, show, depth);
  if (depth <= 0) return [`${begin}{ ... }`];
  const body = bodyLines(target, struct, address, show, depth - 1);
  return [`${begin}{`, ...body.map(indent), '}'];
}

function arrayLines(
  target: Target,
  field: FieldInfo,
  struct: StructInfo,
  address: bigint,
  begin: string,
  show: Show,
  depth: number,
): string[] {
  if (depth <= 0) return [`${begin}[ ... ]`];
  const count = Math.min(field.count ?? 0, ELEMENTS_LIMIT);
  const lines: string[] = [];
  let shown = 0;
  let empty = 0;
  for (let i = 0; i < count; i++) {
    const at = address + BigInt(i * struct.size);
    if (target.isMapped(at, struct.size) && target.read(at, struct.size).every((b) => b === 0)) {
      empty++;
      continue;
    }
    if (!show.whole && ++shown > ELEMENTS_MAX) {
      lines.push('...');
      break;
    }
    const [opening = '{', ...rest] = structLines(target, struct, at, show, depth - 1);
    lines.push(`[${i}] ${opening}`, ...rest);
  }
  if (lines.length === 0) return [`${begin}[ ${count} elements, all zero ]`];
  if (empty > 0) lines.push(`${empty} elements, all zero`);
  return [`${begin}[`, ...lines.map(indent), ']'];
}

function indent(line: string): string {
  return INDENT + line;
}

/** A field that is no struct. */
export function scalarText(target: Target, field: FieldInfo, address: bigint, show: Show): string {
  if (!target.isMapped(address, field.size)) {
    return `<no mapping for address ${address.toString(16)}>`;
  }
  if (field.kind === 'char') return charText(target, field, address, show);
  const size = Math.min(field.size, 8);
  const value = target.readNumber(address, size);
  const number = (it: bigint): string => (show.decimal ? it.toString() : hexOf(it));
  switch (field.kind) {
    case 'ref':
      return pointerText(target, value, show);
    case 'text': {
      if (value === 0n) return '0';
      return `${hexOf(value)} ${JSON.stringify(printable(target.readString(value)))}`;
    }
    case 'enum': {
      const name = field.names?.[Number(value)];
      return name === undefined ? number(value) : `${number(value)} (${printable(name)})`;
    }
    case 'bits': {
      const names = bitNames(field, value);
      return names === '' ? number(value) : `${number(value)} <${printable(names)}>`;
    }
    case 'time':
      return value === 0n ? '0' : `${number(value)} (${Number(value) / 10} ms)`;
    case 'i32':
      return show.decimal || BigInt.asIntN(32, value) < 0n
        ? BigInt.asIntN(32, value).toString()
        : number(value);
    default:
      return number(value);
  }
}

function pointerText(target: Target, value: bigint, show: Show): string {
  if (value === 0n) return '0';
  const named = show.plainPointers ? undefined : target.nameAt(value);
  return named === undefined ? hexOf(value) : printable(target.symbolic(value));
}

function charText(target: Target, field: FieldInfo, address: bigint, show: Show): string {
  const length = Math.min(field.size, show.whole ? TEXT_LIMIT : CHARS_MAX);
  const bytes = target.read(address, length);
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return `[ ${JSON.stringify(printable(text))} ]`;
}

/** The same for a program. */
export function placeData(
  target: Target,
  { address, type }: Place,
  depth: number,
  budget = { left: FIELDS_MAX },
): unknown {
  spend(budget);
  if (type.kind === 'struct') {
    return Object.fromEntries(
      type.struct.fields.map((field) => [
        field.name,
        placeData(
          target,
          { address: address + BigInt(field.offset), type: { kind: 'field', field } },
          depth - 1,
          budget,
        ),
      ]),
    );
  }
  const { field } = type;
  const struct = field.kind === 'struct' ? target.types.find(field.target ?? '') : undefined;
  if (struct !== undefined) {
    if (depth <= 0) return null;
    const one = (at: bigint): unknown =>
      placeData(target, { address: at, type: { kind: 'struct', struct } }, depth - 1, budget);
    if (field.count === undefined) return one(address);
    return Array.from({ length: Math.min(field.count, ELEMENTS_MAX) }, (_, i) =>
      one(address + BigInt(i * struct.size)),
    );
  }
  if (!target.isMapped(address, field.size)) return null;
  if (field.kind === 'char') return target.readText(address, Math.min(field.size, TEXT_LIMIT));
  const value = target.readNumber(address, Math.min(field.size, 8));
  switch (field.kind) {
    case 'ref':
      return value.toString(16);
    case 'text':
      return value === 0n ? '' : target.readString(value);
    case 'enum':
      return field.names?.[Number(value)] ?? Number(value);
    case 'bits':
      return bitNames(field, value) || Number(value);
    case 'i32':
      return Number(BigInt.asIntN(32, value));
    default:
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
  }
}

function spend(budget: { left: number }): void {
  if (--budget.left >= 0) return;
  throw oops(`that is more than ${FIELDS_MAX} fields`, 'name a member, or fewer levels with -s');
}
