/*
 * ::mutex: an adaptive mutex, who has it and whether somebody waits.
 */

import { columns, left, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';
import { record } from '../target/record.ts';

const WAITERS = 1n;
/** In the word of one that was destroyed. */
const DEAD = 6n;

export const mutex: Dcmd = {
  name: 'mutex',
  usage: '[-f]',
  address: 'required',
  summary: 'dump out an adaptive mutex',
  help: [
    'ADDR     of the mutex',
    'TYPE     adapt: every mutex here is adaptive',
    'HELD     the thread that has it, or no',
    'WAITERS  whether threads stand in line for it',
    '',
    'What contradicts itself is refused: a free mutex with waiters, or what is no mutex.  -f shows it anyway.',
    'MINSPL and OLDSPL are for spin mutexes, which there are none of.',
  ].join('\n'),
  options: { f: 'flag' },
  *run({ target, address, options, isFirst }) {
    const lock = record(target, 'kmutex', address);
    const word = lock.big('owner');
    const owner = word & ~WAITERS;
    const name = lock.name('kind') === 'mutex' ? undefined : 'is no mutex';
    const wrong = name ?? (owner === 0n && word !== 0n ? 'is free and has waiters' : undefined);
    if (wrong !== undefined && options['f'] !== true) {
      throw oops(
        `${target.symbolic(address)}: invalid adaptive mutex (-f to dump anyway)`,
        `it ${wrong}`,
      );
    }
    if (isFirst) {
      yield {
        text: columns(
          right('ADDR', WIDE),
          right('TYPE', 5),
          right('HELD', WIDE),
          right('MINSPL', 6),
          right('OLDSPL', 6),
          right('WAITERS', 7),
        ),
      };
    }
    const held = owner === 0n || owner === DEAD ? right('no', WIDE) : pointer0(owner);
    const waiters = (word & WAITERS) !== 0n;
    yield {
      text: columns(
        pointer0(address),
        left('adapt', 5),
        held,
        right('-', 6),
        right('-', 6),
        right(waiters ? 'yes' : 'no', 7),
      ),
      address,
      data: {
        address: address.toString(16),
        name: lock.text('name'),
        type: 'adapt',
        owner: owner === 0n || owner === DEAD ? null : owner.toString(16),
        destroyed: owner === DEAD,
        waiters,
      },
    };
  },
};
