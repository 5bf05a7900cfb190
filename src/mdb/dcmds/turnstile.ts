/*
 * ::turnstile and ::sobj2ts: where the threads that wait for an object stand in line.
 *
 * A turnstile here is a part of its object, so each object has one at all times, and the way from one to the
 * other is an offset.
 */

import { columns, hex, pointer, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import type { Record } from '../target/record.ts';
import { nameOf, sobjAt, sobjsOf, turnstileOffset, waitersAt } from '../target/sobj.ts';
import type { Target } from '../target/target.ts';

export const turnstile: Dcmd = {
  name: 'turnstile',
  usage: '',
  address: 'optional',
  summary: 'display a turnstile',
  help: [
    'The turnstile at the address, or all of them (::walk turnstile_cache).',
    '',
    'SOBJ     the object that it belongs to',
    'WTRS     threads in line',
    'EPRI     -: threads have no priorities here, so none is inherited either',
    'ITOR     and PRIOINV, 0 for the same reason',
    '',
    'lock::sobj2ts | ::turnstile shows that of a lock.',
  ].join('\n'),
  *run({ target, address, hasAddress, isFirst }) {
    const offset = turnstileOffset(target);
    const found = hasAddress
      ? [objectOf(target, address, offset)]
      : sobjsOf(target).flatMap((at) => sobjAt(target, at) ?? []);
    if (isFirst) {
      yield {
        text: columns(
          right('ADDR', WIDE),
          right('SOBJ', WIDE),
          right('WTRS', 5),
          right('EPRI', 4),
          right('ITOR', WIDE),
          right('PRIOINV', WIDE),
        ),
      };
    }
    for (const sobj of found) yield row(target, sobj, offset);
  },
};

function row(target: Target, sobj: Record, offset: bigint): Row {
  const waiters = sobj.part('ts').number('waiters');
  const address = sobj.address + offset;
  return {
    text: columns(
      pointer0(address),
      pointer(sobj.address),
      right(waiters, 5),
      right('-', 4),
      pointer(0),
      pointer(0),
    ),
    address,
    data: {
      address: hex(address),
      sobj: hex(sobj.address),
      name: nameOf(target, sobj.address),
      kind: sobj.name('kind'),
      waiters,
      line: waitersAt(target, sobj).map((thread) => thread.address),
    },
  };
}

/** The object around a turnstile.  @throws MdbError */
function objectOf(target: Target, address: bigint, offset: bigint): Record {
  const sobj = sobjAt(target, address - offset);
  if (sobj !== undefined) return sobj;
  const isObject = sobjAt(target, address) !== undefined;
  throw oops(
    `${target.symbolic(address)} is no turnstile`,
    isObject ? `it is an object: ${hex(address)}::sobj2ts has its own` : '::walk turnstile_cache',
  );
}

export const sobj2ts: Dcmd = {
  name: 'sobj2ts',
  usage: '',
  address: 'required',
  summary: 'perform turnstile lookup on synch object',
  help: 'The address of the turnstile of a lock, condvar or semaphore, whether or not anybody waits.',
  *run({ target, address }) {
    if (sobjAt(target, address) === undefined) {
      throw oops(
        `${target.symbolic(address)} is no synchronization object`,
        '::walk lock lists those with a name',
      );
    }
    const at = address + turnstileOffset(target);
    yield { text: hex(at), address: at, data: { turnstile: hex(at) } };
  },
};
