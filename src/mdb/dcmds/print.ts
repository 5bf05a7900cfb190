/*
 * ::print: what is at an address, as the type that it has.
 */

import type { Call, Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import type { StructInfo } from '../../dump/format.ts';
import type { Target } from '../target/target.ts';
import type { Place } from '../target/types.ts';
import { placeData, SHOW, showPlace, type Show } from '../target/value.ts';

/** What lives in the low bits of a pointer to a struct is no part of it. */
const POINTER_TAG = 3n;

export const print: Dcmd = {
  name: 'print',
  usage: '[-adhLntx] [-s depth] [type] [member …]',
  address: 'optional',
  summary: 'print the contents of a data structure',
  help: [
    'Prints what is at the address as a struct, or the named members of it.  The type may be left out when',
    'the address is that of a symbol, which has one.  Members may lead through structs, arrays and',
    'pointers: t_procp->p_user.u_psargs, held[2].lock.  Names of the kernel are understood: kthread_t,',
    't_procp.  Into a pipe, it gives the values of the members, or the addresses of what is no number.',
    '',
    '-a  addresses of members    -t  their types       -h  holes between them',
    '-d  decimal                 -x  hexadecimal       -n  pointers as numbers',
    '-s  levels of structs that are opened, by default 3',
    '-L  text and arrays in full',
  ].join('\n'),
  options: {
    a: 'flag',
    d: 'flag',
    h: 'flag',
    L: 'flag',
    C: 'flag',
    n: 'flag',
    t: 'flag',
    T: 'flag',
    x: 'flag',
    s: 'value',
  },
  *run(call) {
    const { struct, members } = what(call);
    const show = showOf(call);
    if (members.length === 0) {
      const place: Place = { address: call.address, type: { kind: 'struct', struct } };
      call.target.read(call.address, struct.size);
      yield row(call, place, struct.name, show);
      return;
    }
    for (const member of members) {
      const readPointer = (at: bigint, bytes: number): bigint => call.target.readNumber(at, bytes);
      const place = call.target.types.walk(struct, call.address, member, readPointer);
      call.target.read(place.address, 1);
      yield row(call, place, member, show);
    }
  },
};

/** The type and the members that are meant: the first word is a type unless the address has one. */
function what({ target, address, args, hasAddress }: Call): {
  struct: StructInfo;
  members: readonly string[];
} {
  // `struct kmutex` is two words.
  const words = args[0] === 'struct' ? args.slice(1) : args;
  const [first, ...rest] = words;
  const named = target.nameAt(address);
  const own = named?.data !== undefined && named.offset === 0 ? named.data.type : undefined;
  const given = first === undefined ? undefined : target.types.find(first);
  if (!hasAddress && given !== undefined) {
    throw oops(
      `an address is needed to print a ${given.name}`,
      `::sizeof ${given.name}, or addr::print`,
    );
  }
  if (given !== undefined) return { struct: given, members: rest };
  const type = own === undefined ? undefined : target.types.find(own);
  if (type !== undefined && (first === undefined || !looksLikeType(first))) {
    return { struct: type, members: words };
  }
  if (first === undefined) {
    throw oops(
      `nothing says what is at ${address.toString(16)}`,
      'name a type: addr::print kmutex',
    );
  }
  return { struct: target.types.need(first), members: rest };
}

function looksLikeType(word: string): boolean {
  return word.endsWith('_t');
}

function row(call: Call, place: Place, label: string, show: Show): Row {
  const { target, isPiped } = call;
  const { type } = place;
  return {
    text: showPlace(target, place, label, show).join('\n'),
    address: isPiped ? passedOn(target, place) : place.address,
    data:
      type.kind === 'field'
        ? { [label]: placeData(target, place, show.depth) }
        : placeData(target, place, show.depth),
  };
}

/** What a pipe gets: the value of a number, the address of anything else. */
function passedOn(target: Target, { address, type }: Place): bigint {
  if (type.kind !== 'field' || type.field.kind === 'struct' || type.field.kind === 'char') {
    return address;
  }
  const value = target.readNumber(address, Math.min(8, type.field.size));
  // A lock's owner carries flags: the thread is meant.
  return type.field.kind === 'ref' ? value & ~POINTER_TAG : value;
}

function showOf({ options, session }: Call): Show {
  const depth = options['s'];
  return {
    ...SHOW,
    addresses: options['a'] === true,
    types: options['t'] === true || options['T'] === true,
    decimal: options['d'] === true && options['x'] !== true,
    holes: options['h'] === true,
    plainPointers: options['n'] === true,
    whole: options['L'] === true || options['C'] === true,
    ...(typeof depth === 'string' ? { depth: Number(session.evaluate(depth) & 0xffn) } : {}),
  };
}
