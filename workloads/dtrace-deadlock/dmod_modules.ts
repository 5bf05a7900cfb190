/*
 * ::modinfo, and the walkers of modules and processes.
 *
 * Modules are a ring that begins at the global `modules`, processes the slots of `procdir`.  A ring of a dump
 * may lead anywhere: it is followed until it comes back, at most so far.
 */

import {
  columns,
  hex,
  left,
  oops,
  pointer0,
  printable,
  record,
  right,
  WIDE,
} from '../../src/index.ts';
import type { Dcmd, Target, Walker } from '../../src/index.ts';

/** More modules than any image of this workload has. */
const MODULES_MAX = 4096;

export const modctl_walker: Walker = {
  name: 'modctl',
  summary: 'the modules, in the order of their ids',
  address: 'none',
  *walk(target) {
    yield* modules(target);
  },
};

export const proc_walker: Walker = {
  name: 'proc',
  summary: 'the processes, in the order of their slots',
  address: 'none',
  *walk(target) {
    const procdir = globalOf(target, 'procdir');
    const { size } = target.types.need('procent');
    for (let at = procdir.address; at < procdir.address + procdir.size; at += size) {
      const proc = record(target, 'procent', BigInt(at)).big('pe_proc');
      if (proc !== 0n) yield proc;
    }
  },
};

export const modinfo: Dcmd = {
  name: 'modinfo',
  usage: '',
  address: 'optional',
  summary: 'the modules, and who has mod_lock',
  help: [
    'ID         of the module, and ADDR, its modctl',
    'LOADED     its text is in memory',
    'INSTALLED  _init has run, and calls through its stubs arrive',
    'REF        calls through its stubs that have not returned: it stays',
    'BUSY       somebody loads or unloads it; others wait for mod_cv',
    'SIZE       of its text',
    '',
    'With the address of a modctl, that one alone.  ::stubs shows how each is reached.',
  ].join('\n'),
  *run({ target, hasAddress, address, isFirst }) {
    if (isFirst) {
      yield {
        text: columns(
          right('ID', 3),
          right('ADDR', WIDE),
          left('LOADED', 6),
          left('INSTALLED', 9),
          right('REF', 4),
          left('BUSY', 4),
          right('SIZE', 6),
          'MODULE',
        ),
      };
    }
    for (const at of hasAddress ? [address] : modules(target)) {
      const mp = record(target, 'modctl', at);
      const flag = (name: string): string => (mp.number(name) === 0 ? 'no' : 'yes');
      yield {
        text: columns(
          right(mp.number('mod_id'), 3),
          pointer0(at),
          left(flag('mod_loaded'), 6),
          left(flag('mod_installed'), 9),
          right(mp.number('mod_ref'), 4),
          left(flag('mod_busy'), 4),
          right(hex(mp.number('mod_text_size')), 6),
          printable(mp.text('mod_modname')),
        ),
        address: at,
        data: {
          id: mp.number('mod_id'),
          address: hex(at),
          name: mp.text('mod_modname'),
          loaded: mp.number('mod_loaded') !== 0,
          installed: mp.number('mod_installed') !== 0,
          ref: mp.number('mod_ref'),
          busy: mp.number('mod_busy') !== 0,
        },
      };
    }
    if (!hasAddress) yield { text: holderText(target) };
  },
};

/** `mod_lock: callout taskq/1 has it; 3 wait for it`. */
function holderText(target: Target): string {
  const lock = target.dump.locks.find(({ name }) => name === 'mod_lock');
  if (lock === undefined) return 'mod_lock: this dump does not say who has it';
  const owners = lock.owners.map((id) => printable(target.threadById(id)?.name ?? `#${id}`));
  const waiters = lock.waiters.length === 0 ? 'nobody waits' : `${lock.waiters.length} wait`;
  return `mod_lock: ${owners.join(', ') || 'nobody'} has it, and ${waiters} for it`;
}

function* modules(target: Target): Iterable<bigint> {
  const first = BigInt(globalOf(target, 'modules').address);
  let at = first;
  for (let n = 0; n < MODULES_MAX; n++) {
    yield at;
    at = record(target, 'modctl', at).big('mod_next');
    if (at === first || at === 0n) return;
  }
  throw oops('the ring of modules does not come back', `after ${MODULES_MAX} of them`);
}

function globalOf(target: Target, name: string): { address: number; size: number } {
  const symbol = target.dataSymbol(name);
  if (symbol === undefined) throw oops(`this dump has no ${name}`, 'is it one of dtrace-deadlock?');
  return symbol;
}
