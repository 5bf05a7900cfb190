/*
 * Types: the dump's own struct table, and the way from `t_procp->p_user.u_psargs` to a place in memory.
 *
 * Names are the dump's.  Who comes from the kernel types the kernel's, so those are understood too: `kthread_t`
 * where there is a `kthread`, `t_state` and `m_owner` where the fields are `state` and `owner`, `t_procp`
 * where it is `proc`.  One rule does all of them: drop what marks a type or a member as the kernel's, and see
 * whether it is there.
 *
 *     path      name { . name | -> name | [ index ] }
 *
 * `.` and `->` are the same here, as in mdb: what is a pointer is followed.
 */

import type { FieldInfo, StructInfo } from '../../dump/format.ts';
import { suggest } from '../../base/suggest.ts';
import { oops } from '../error.ts';

/** What lies at an address: a struct, or a field of one. */
export interface Place {
  readonly address: bigint;
  readonly type: Type;
}

/** A struct, or how a field is kept; `count` for one of several. */
export type Type =
  | { readonly kind: 'struct'; readonly struct: StructInfo }
  | { readonly kind: 'field'; readonly field: FieldInfo };

/** Reads a pointer of the image.  @throws MdbError */
export type ReadPointer = (address: bigint, bytes: number) => bigint;

export class TypeTable {
  private readonly byName: ReadonlyMap<string, StructInfo>;

  constructor(types: readonly StructInfo[]) {
    this.byName = new Map(types.map((type) => [type.name, type]));
  }

  get all(): Iterable<StructInfo> {
    return this.byName.values();
  }

  find(name: string): StructInfo | undefined {
    const plain = name.replace(/^struct\s+/, '').replace(/\s*\*$/, '');
    return (
      this.byName.get(plain) ??
      this.byName.get(plain.replace(/_t$/, '')) ??
      this.byName.get(`${plain}_t`)
    );
  }

  /** @throws MdbError naming the type and one like it */
  need(name: string): StructInfo {
    const type = this.find(name);
    if (type !== undefined) return type;
    const near = suggest(name.slice(0, 64), this.byName.keys());
    throw oops(
      `failed to look up type ${name}`,
      `no symbol table data available for it in this dump${near === undefined ? '' : ` (is it ${near}?)`}`,
    );
  }

  /** A field by its name or by the kernel's.  @throws MdbError naming the struct and a field like it */
  member(struct: StructInfo, name: string): FieldInfo {
    const short = name.replace(/^[a-z]{1,4}_/, '');
    const names = [name, short, short.replace(/p$/, '')];
    for (const each of names) {
      const field = struct.fields.find((known) => known.name === each);
      if (field !== undefined) return field;
    }
    const near = suggest(
      name.slice(0, 64),
      struct.fields.map((field) => field.name),
    );
    throw oops(
      `failed to find member ${name} of ${struct.name}`,
      `no such member of structure or union${near === undefined ? '' : ` (is it ${near}?)`}`,
    );
  }

  /** Follows a path from a struct.  @throws MdbError */
  walk(struct: StructInfo, address: bigint, path: string, readPointer: ReadPointer): Place {
    let place: Place = { address, type: { kind: 'struct', struct } };
    for (const step of stepsOf(path)) {
      if (typeof step === 'number') place = this.element(place, step, path);
      else {
        const inside = this.enter(place, step, readPointer);
        const field = this.member(inside.struct, step);
        place = {
          address: BigInt.asUintN(64, inside.address + BigInt(field.offset)),
          type: { kind: 'field', field },
        };
      }
    }
    return place;
  }

  /** The struct that a place is or points to. */
  private enter(
    { address, type }: Place,
    member: string,
    readPointer: ReadPointer,
  ): { struct: StructInfo; address: bigint } {
    if (type.kind === 'struct') return { struct: type.struct, address };
    const { field } = type;
    const struct = field.target === undefined ? undefined : this.find(field.target);
    if (struct === undefined) {
      throw oops(
        `failed to find member ${member} of ${field.name}`,
        `it is ${describe(field)}, not a struct${field.target === undefined ? '' : ' of this dump'}`,
      );
    }
    if (field.kind !== 'ref') return { struct, address };
    const pointer = readPointer(address, field.size);
    if (pointer === 0n) throw oops(`failed to read ${field.name}->${member}`, 'it is NULL');
    return { struct, address: pointer };
  }

  /** One of several, or of what a pointer points to. */
  private element({ address, type }: Place, index: number, path: string): Place {
    if (type.kind === 'field' && type.field.count !== undefined) {
      const { field } = type;
      const count = field.count ?? 1;
      if (index >= count) {
        throw oops(`index ${index} of ${path} is outside the array`, `it has ${count} elements`);
      }
      const { count: _, ...one } = field;
      const size = field.size / count;
      const kind = field.kind === 'char' ? 'u8' : field.kind;
      return {
        address: address + BigInt(index * size),
        type: { kind: 'field', field: { ...one, kind, size } },
      };
    }
    throw oops(`failed to index ${path}`, 'it is no array');
  }
}

/** A field's type, as it would be declared. */
export function describe({ kind, target, count }: FieldInfo): string {
  const many = count === undefined ? '' : `[${count}]`;
  if (kind === 'ref') return `${target ?? 'void'} *`;
  return `${kind === 'struct' ? (target ?? 'struct') : kind}${many}`;
}

/** @throws MdbError where a path is none */
function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  const step = /(?:^|\.|->)([\w$]+)|\[(0x[0-9a-f]+|0t\d+|[0-9a-f]+)\]/iy;
  while (step.lastIndex < path.length) {
    const from = step.lastIndex;
    const match = step.exec(path);
    if (match === null) throw oops(`syntax error near "${path.slice(from, from + 32)}"`);
    const [, name, index] = match;
    if (name === undefined) steps.push(indexOf(index ?? ''));
    else steps.push(name);
  }
  return steps;
}

function indexOf(text: string): number {
  if (/^0t/i.test(text)) return Number(text.slice(2));
  return Number.parseInt(text.replace(/^0x/i, ''), 16);
}
