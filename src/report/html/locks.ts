/*
 * The locks of a dump, those that were fought over first.
 */

import type { DumpLock, DumpThread } from '../../dump/format.ts';
import { html, type Markup } from './markup.ts';
import { count, counted, name } from './words.ts';

const ROWS_MAX = 30;
const THREADS_MAX = 6;

/** The table; undefined where no lock was ever met by two. */
export function locksOf(
  locks: readonly DumpLock[],
  threads: readonly DumpThread[],
): Markup | undefined {
  const met = locks
    .filter((lock) => lock.contended + lock.blocked + lock.owners.length + lock.waiters.length > 0)
    .toSorted(
      (a, b) =>
        b.waiters.length - a.waiters.length || b.contended - a.contended || b.blocked - a.blocked,
    );
  if (met.length === 0) return undefined;
  const shown = met.slice(0, ROWS_MAX);
  const most = Math.max(1, ...shown.map(({ contended }) => contended));
  const names = new Map(threads.map(({ id, name: called }) => [id, called]));
  const those = (ids: readonly number[]): Markup => {
    const more = ids.length - THREADS_MAX;
    const listed = ids
      .slice(0, THREADS_MAX)
      .map((id, i) => html`${i === 0 ? '' : ', '}${name(names.get(id) ?? `#${id}`)}`);
    return html`${listed}${more > 0 ? ` and ${more} more` : ''}`;
  };
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Locks">
      <table class="locks">
        <thead>
          <tr>
            <th scope="col">lock</th>
            <th scope="col">kind</th>
            <th scope="col" class="n">found taken</th>
            <th scope="col" class="n">slept on</th>
            <th scope="col">has it</th>
            <th scope="col">waits</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (lock) =>
              html`<tr>
                <th scope="row">${name(lock.name)}</th>
                <td>${lock.kind}</td>
                <td class="n">${bar(lock.contended / most)}${count(lock.contended)}</td>
                <td class="n">${count(lock.blocked)}</td>
                <td>${those(lock.owners)}</td>
                <td>${those(lock.waiters)}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      ${shown.length < met.length ? `${counted(met.length - shown.length, 'lock')} less fought over left out. ` : ''}${counted(locks.length - met.length, 'lock')}
      that nobody ever found taken.
    </p>`;
}

/** A bar behind a number. */
export function bar(share: number): Markup {
  const width = Math.max(0, Math.min(100, share * 100));
  return html`<svg class="bar" width="64" height="8" aria-hidden="true">
    <rect width="${Number(width.toFixed(1))}%" height="8" rx="1" />
  </svg>`;
}
