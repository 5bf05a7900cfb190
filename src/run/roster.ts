/*
 * The roster: which threads a trial has, in what order, under what names.
 *
 * The machine's main thread, which makes the thread records, and each role thread, which must find its
 * own role again, work it out from the same workload and params.  Row i of the roster is row i + 1 of
 * the thread table.
 */

import type { Param, Role, Workload } from './workload.ts';
import type { ParamRecord } from './protocol.ts';

export interface Row {
  readonly role: Role;
  readonly nth: number;
  readonly count: number;
  /** the role, with its number where there are several */
  readonly name: string;
  readonly psargs: string;
  readonly daemon: boolean;
  readonly load: boolean;
}

/** @throws RangeError when a role's count is no whole number from 0 to 1,000 */
export function makeRoster(
  workload: Workload<Record<string, Param>>,
  variant: string,
  params: ParamRecord,
  load: number,
): Row[] {
  const rows: Row[] = [];
  for (const role of [...workload.roles, ...(load > 0 ? [loadRole(load)] : [])]) {
    const count =
      typeof role.count === 'function' ? role.count(params, variant) : (role.count ?? 1);
    if (!Number.isInteger(count) || count < 0 || count > 1000) {
      throw new RangeError(
        `role ${role.name}: count is ${count}, not a whole number from 0 to 1000`,
      );
    }
    for (let nth = 0; nth < count; nth++) {
      rows.push({
        role,
        nth,
        count,
        name: count === 1 ? role.name : `${role.name}/${nth}`,
        psargs: typeof role.psargs === 'function' ? role.psargs(nth, params) : role.psargs,
        daemon: role.daemon === true,
        load: role.name === LOAD_ROLE,
      });
    }
  }
  return rows;
}

const LOAD_ROLE = 'load';
/** Words that one load thread walks over: larger than a core's own caches. */
const LOAD_WORDS = 1 << 20;

/** --load: a thread that wants CPU and memory bandwidth, and none of the workload's locks. */
function loadRole(count: number): Role {
  return {
    name: LOAD_ROLE,
    psargs: 'load',
    count,
    daemon: true,
    run(context) {
      const words = new Int32Array(LOAD_WORDS);
      for (let i = context.nth; context.running(); i++) {
        for (let j = 0; j < LOAD_WORDS; j += 16) words[j] = (words[j]! + i) | 0;
        context.progress();
      }
    },
  };
}
