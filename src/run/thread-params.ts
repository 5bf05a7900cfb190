/*
 * The params of a workload that say how many threads it has.  They are found and not declared: a whole number is one if one
 * more of it makes more threads.
 */

import type { ParamRecord } from './protocol.ts';
import { makeRoster } from './roster.ts';
import type { Workload } from './workload.ts';

/** Their names, in the order in which the workload declares them. */
export function threadParams(workload: Workload, variant: string, params: ParamRecord): string[] {
  const threads = (with_: ParamRecord): number => makeRoster(workload, variant, with_, 0).length;
  const before = threads(params);
  return Object.entries(workload.params ?? {}).flatMap(([name, param]) => {
    const value = params[name];
    if (param.type !== 'int' || typeof value !== 'number' || value + 1 > param.max) return [];
    return threads({ ...params, [name]: value + 1 }) > before ? [name] : [];
  });
}
