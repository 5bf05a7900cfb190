/*
 * What must hold when all threads have come to their end, in whatever variant.
 *
 * The chain is in order and complete.  Nobody holds a kstat, none is left created and not installed, and
 * the zones have taken theirs with them.  And no header read copied more than it had counted: in the
 * variants that claim so.
 */

import { get } from '../../src/index.ts';
import { ekstat, kstat_flags, KSTAT_FLAG, kstat_of, kstat_t } from './kstat.ts';
import { kstat_chain_verify, kstat_count, kstat_first, kstat_next } from './kstat_chain.ts';
import { header_reads } from './kstat_headers.ts';

/** Variants that claim nothing about what is copied. */
const RACES = new Set(['unlocked-clear', 'late-clearer']);

/** @param population how many kstats there were at boot @returns what is wrong, if anything */
export function kstat_check(variant: string, population: number): string | undefined {
  const wrong = kstat_chain_verify();
  if (wrong !== undefined) return wrong;
  for (let e = kstat_first(); e !== 0; e = kstat_next(e)) {
    const kid = get(kstat_of(e), kstat_t.ks_kid);
    if (kstat_flags(kstat_of(e)) & KSTAT_FLAG.invalid) return `kstat ${kid} was never installed`;
    if (get(e, ekstat.e_owner) !== 0) return `kstat ${kid} is still held`;
  }
  if (kstat_count() !== population) return `${kstat_count()} kstats are left of ${population}`;
  const overruns = header_reads('overrun') + header_reads('fault');
  if (!RACES.has(variant) && overruns !== 0) {
    return `${overruns} header reads copied more kstats than they had counted`;
  }
  return undefined;
}
