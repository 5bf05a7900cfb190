/*
 * ::sizeof, ::offsetof and ::list: of the types in the dump.
 */

import { hex } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';
import { hexOf } from '../target/target.ts';

const ELEMENTS_MAX = 100_000;

export const sizeof: Dcmd = {
  name: 'sizeof',
  usage: 'type',
  address: 'none',
  summary: 'print the size of a type',
  help: 'The size of a struct in bytes.  Into a pipe, the number itself.',
  *run({ target, args }) {
    const name = typeName(args);
    const { size } = target.types.need(name);
    yield {
      text: `sizeof (${name}) = ${hexOf(size)}`,
      address: BigInt(size),
      data: { type: name, size },
    };
  },
};

export const offsetof: Dcmd = {
  name: 'offsetof',
  usage: 'type member',
  address: 'none',
  summary: 'print the offset of a given struct or union member',
  help: 'Where a member begins in its struct, in bytes, and its size.  A member of a member is found too: ts.first',
  *run({ target, args }) {
    const words = args[0] === 'struct' ? args.slice(1) : args;
    const [name, member] = words;
    if (name === undefined || member === undefined) {
      throw oops('::offsetof needs a type and a member', '::offsetof kthread wchan');
    }
    const struct = target.types.need(name);
    const place = target.types.walk(struct, 0n, member, () => {
      throw oops(`${member} leads through a pointer`, 'what is behind one is not in the struct');
    });
    const size = place.type.kind === 'field' ? place.type.field.size : place.type.struct.size;
    yield {
      text: `offsetof (${name}, ${member}) = ${hexOf(place.address)}, sizeof (${member}) = ${hexOf(size)}`,
      address: place.address,
      data: { type: name, member, offset: Number(place.address), size },
    };
  },
};

export const list: Dcmd = {
  name: 'list',
  usage: 'type member',
  address: 'required',
  summary: 'walk list using member as link pointer',
  help: 'From the struct at the address, each that the member leads to, until it is NULL or back at the first.',
  *run({ target, address, args }) {
    const words = args[0] === 'struct' ? args.slice(1) : args;
    const [name, member] = words;
    if (name === undefined || member === undefined) {
      throw oops('::list needs a type and a member', 'addr::list proc_t p_hash');
    }
    const struct = target.types.need(name);
    const seen = new Set<bigint>();
    for (let at = address; at !== 0n && !seen.has(at);) {
      if (seen.size >= ELEMENTS_MAX) throw oops(`more than ${ELEMENTS_MAX} elements in the list`);
      seen.add(at);
      target.read(at, struct.size);
      yield { text: hex(at), address: at, data: { address: hex(at) } };
      const read = (from: bigint, bytes: number): bigint => target.readNumber(from, bytes);
      const next = target.types.walk(struct, at, member, read);
      if (next.type.kind !== 'field' || next.type.field.kind !== 'ref') {
        throw oops(`${member} of ${name} is no pointer`, 'a list is linked by one');
      }
      at = target.readNumber(next.address, next.type.field.size);
    }
  },
};

/** `struct kmutex` is two words. */
function typeName(args: readonly string[]): string {
  const name = args.join(' ').replace(/^struct\s+/, '');
  if (name === '') throw oops('::sizeof needs a type', '::sizeof kthread');
  return name;
}
