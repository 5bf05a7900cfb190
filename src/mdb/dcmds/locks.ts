/*
 * ::locks: every named lock, the most fought for first.
 */

import { printable } from '../../base/text.ts';
import type { DumpLock } from '../../dump/format.ts';
import { columns, left, pointer0, right, WIDE } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { oops } from '../error.ts';
import { addressOf, type Target } from '../target/target.ts';

const NAME_MAX = 40;

export const locks: Dcmd = {
  name: 'locks',
  usage: '[-a] [-k kind] [-n count]',
  address: 'none',
  summary: 'every lock, the most contended first',
  help: [
    'KIND       mutex, rwlock, cv, sema, barrier, resource: -k shows one of them',
    'BLOCKED    times a thread went to sleep on it; this is the order of the rows',
    'CONTENDED  times the first, quick attempt did not get it',
    'SPUN       of those, times that waiting awake was enough; of a mutex',
    'HANDED     times it was passed to a thread that had lost too often',
    'WAITERS    threads that wait for it now',
    'NAME       and who has it, if anybody',
    '',
    'Locks that nobody has, wants or ever waited for are left out unless -a asks for them.  -n shows the first',
    'so many.  A condvar has no owner; the readers of a rwlock are its owners.',
  ].join('\n'),
  options: { a: 'flag', k: 'value', n: 'value' },
  *run({ target, options, session }) {
    const all = target.dump.locks;
    const { k: kind, n: count } = options;
    const kinds = [...new Set(all.map((lock) => lock.kind))].sort();
    if (typeof kind === 'string' && !kinds.includes(kind)) {
      throw oops(`no lock of kind ${kind}`, `this dump has ${kinds.join(', ') || 'none'}`);
    }
    const of = all.filter((lock) => kind === undefined || lock.kind === kind);
    const used = options['a'] === true ? of : of.filter(isOfInterest);
    const most = typeof count === 'string' ? Number(session.evaluate(count)) : used.length;
    const shown = used.slice(0, most);
    const name = widthOf(shown);
    if (shown.length > 0) yield { text: head(name) };
    for (const lock of shown) {
      const counts = countsOf(target, lock);
      const owners = lock.owners.map((id) => target.threadById(id)?.name ?? `#${id}`);
      yield {
        text: columns(
          pointer0(addressOf(lock)),
          left(lock.kind, 8),
          right(lock.blocked, 9),
          right(lock.contended, 9),
          right(counts.spun ?? '-', 7),
          right(counts.handed ?? '-', 7),
          right(lock.waiters.length, 7),
          left(lock.name, name),
          owners.map(printable).join(', '),
        ),
        address: addressOf(lock),
        data: { ...lock, spun: counts.spun ?? null, handed: counts.handed ?? null },
      };
    }
    const more = used.length - shown.length;
    const quiet = of.length - used.length;
    if (more > 0) yield { text: `${more} more with fewer` };
    if (quiet > 0) yield { text: `${quiet} that nobody has, wants or ever waited for: ::locks -a` };
  },
};

function isOfInterest({ contended, blocked, owners, waiters }: DumpLock): boolean {
  return contended > 0 || blocked > 0 || owners.length > 0 || waiters.length > 0;
}

function widthOf(shown: readonly DumpLock[]): number {
  return Math.min(NAME_MAX, Math.max(4, ...shown.map(({ name }) => printable(name).length)));
}

function head(name: number): string {
  return columns(
    right('ADDR', WIDE),
    left('KIND', 8),
    right('BLOCKED', 9),
    right('CONTENDED', 9),
    right('SPUN', 7),
    right('HANDED', 7),
    right('WAITERS', 7),
    left('NAME', name),
    'HELD BY',
  );
}

/** What only a mutex counts, where the dump has it. */
function countsOf(target: Target, { kind, address }: DumpLock): { spun?: number; handed?: number } {
  if (kind !== 'mutex') return {};
  const fields = target.types.find('kmutex')?.fields ?? [];
  const read = (name: string): number | undefined => {
    const field = fields.find((known) => known.name === name);
    return field && target.word(Number.parseInt(address, 16) + field.offset);
  };
  const [spun, handed] = [read('spun'), read('handed')];
  return { ...(spun === undefined ? {} : { spun }), ...(handed === undefined ? {} : { handed }) };
}
