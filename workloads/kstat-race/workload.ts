/*
 * kstat-race: illumos bug 4997.  The story is in README.md.
 */

import { defineWorkload } from '../../src/index.ts';
import { interrupt_init } from './interrupt.ts';
import { ekstat, kstat_flags, KSTAT_FLAG, kstat_of, kstat_t } from './kstat.ts';
import { kstat_chain_verify, kstat_count, kstat_first, kstat_next } from './kstat_chain.ts';
import { header_reads } from './kstat_headers.ts';
import { params } from './params.ts';
import { kstat_populate, NTH_OF_ZONE } from './population.ts';
import { iostat, marlin_agent, zoneadmd } from './roles.ts';
import { kstat_tune } from './variants.ts';
import { zone_init } from './zone.ts';
import { get } from '../../src/index.ts';

export default defineWorkload({
  name: 'kstat-race',
  title: 'illumos 4997: a header read counts the kstats, allocates, and copies one more',
  variants: {
    'unlocked-clear': { title: 'as reported', verdict: 'panic' },
    'locked-clear': { title: 'the fix that shipped', verdict: 'pass' },
    'count-invalid': { title: 'the other fix', verdict: 'pass' },
    'pre-4246': { title: 'before 4246', verdict: 'pass' },
  },
  params,
  roles: [
    { name: 'marlin agent', psargs: '/opt/smartdc/marlin/bin/marlin-agent', count: (p) => p.agents, run: marlin_agent },
    { name: 'zoneadmd', psargs: (nth) => `zoneadmd -z zone${nth + 1}`, count: (p) => p.zones, run: zoneadmd },
    { name: 'iostat', psargs: 'iostat -xn 1', count: (p) => p.iostats, run: iostat },
  ],
  outcomes: {
    exact: { grade: 'expected', title: 'both walks saw the same kstats' },
    overrun: { grade: 'interesting', title: 'one header too many, into the slack of the last page: silent' },
    fault: { grade: 'expected', title: 'one header too many, into the guard page' },
    tail: { grade: 'interesting', title: 'headers counted and not copied: zeros at the end' },
  },
  heapBytes: ({ kstats, agents, iostats }) =>
    4 * 2 ** 20 + kstats * ekstat.$.size + (agents + iostats) * 8 * (kstats * kstat_t.$.size + 3 * 4096),
  boot({ variant, params: { kstats, zones, interrupts } }) {
    interrupt_init(interrupts);
    kstat_tune(variant);
    kstat_populate(kstats - (NTH_OF_ZONE - 1));
    zone_init(zones);
  },
  check({ variant, params: { kstats } }) {
    const wrong = kstat_chain_verify();
    if (wrong !== undefined) return wrong;
    for (let e = kstat_first(); e !== 0; e = kstat_next(e)) {
      const kid = get(kstat_of(e), kstat_t.ks_kid);
      if (kstat_flags(kstat_of(e)) & KSTAT_FLAG.invalid) return `kstat ${kid} was never installed`;
      if (get(e, ekstat.e_owner) !== 0) return `kstat ${kid} is still held`;
    }
    const population = Math.max(2, kstats - (NTH_OF_ZONE - 1));
    if (kstat_count() !== population) return `${kstat_count()} kstats are left of ${population}`;
    const overruns = header_reads('overrun');
    if (variant !== 'unlocked-clear' && overruns !== 0) {
      return `${overruns} header reads copied more kstats than they had counted`;
    }
    return undefined;
  },
});
