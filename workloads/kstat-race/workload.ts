/*
 * kstat-race: illumos bug 4997, the read of all kstat headers that panicked on the last of them.
 *
 * README.md tells the story.  kstat_fr.ts has the race, kstat_headers.ts its arithmetic, variants.ts
 * the fixes.
 *
 * The outcomes count header reads, each in one of four rows.  An overrun is graded `interesting` since
 * in unlocked-clear it is what the bug mostly comes to; in the other variants check() makes a single one
 * the end of the trial.
 */

import { defineWorkload } from '../../src/index.ts';
import { kstat_check } from './check.ts';
import { interrupt_init } from './interrupt.ts';
import { ekstat, kstat_t } from './kstat.ts';
import { params } from './params.ts';
import { kstat_populate, population_of } from './population.ts';
import { iostat, marlin_agent, zoneadmd } from './roles.ts';
import { kstat_tune } from './variants.ts';
import { zone_init } from './zone.ts';

const MIB = 2 ** 20;
const PAGES_3 = 3 * 4096;

/** A bug shows in a fraction of a second; a busy machine gets its chance too.  A trial ends when it shows. */
const LONG_ENOUGH_MS = 20_000;

export default defineWorkload({
  name: 'kstat-race',
  title: 'illumos 4997: a read of all kstat headers counts them, allocates, and copies one more',
  variants: {
    'unlocked-clear': {
      title: 'kstat_install() clears INVALID without kstat_chain_lock: as reported',
      verdict: 'panic',
      durationMs: LONG_ENOUGH_MS,
    },
    'late-clearer': {
      title:
        'the same, and an interrupt wakes the agent just then: for -s pct, which waits; not for chance',
      verdict: 'panic',
      params: { kstats: 1_000, interrupts: 1, redzone: true, rounds: 1 },
      optional: true,
    },
    'locked-clear': {
      title: 'it clears INVALID under the lock: the fix that shipped',
      verdict: 'pass',
    },
    'count-invalid': {
      title: 'INVALID kstats are counted, and not copied: the other fix, and zeros at the end',
      verdict: 'pass',
    },
    'pre-4246': {
      title: 'INVALID kstats are counted and copied alike: before there was a race to lose',
      verdict: 'pass',
    },
  },
  params,
  roles: [
    {
      name: 'marlin agent',
      psargs: '/opt/smartdc/marlin/bin/marlin-agent',
      count: ({ agents }) => agents,
      run: marlin_agent,
    },
    {
      name: 'zoneadmd',
      psargs: (nth) => `zoneadmd -z zone${nth + 1}`,
      count: ({ zones }) => zones,
      run: zoneadmd,
    },
    { name: 'iostat', psargs: 'iostat -xn 1', count: ({ iostats }) => iostats, run: iostat },
  ],
  outcomes: {
    exact: { grade: 'expected', title: 'header reads that copied what they had counted' },
    overrun: {
      grade: 'interesting',
      title: 'copied one more, into the slack of the last page: nobody noticed',
    },
    fault: { grade: 'expected', title: 'copied one more, into the guard page: the panic' },
    tail: { grade: 'interesting', title: 'copied less: zeros at the end of what the reader got' },
  },
  durationMs: 3_000,
  // The chain, and for each reader a buffer in the kernel, one of its own, and room to find such holes.
  heapBytes: ({ kstats, agents, iostats }) =>
    2 * MIB + kstats * ekstat.$.size + (agents + iostats) * 5 * (kstats * kstat_t.$.size + PAGES_3),
  boot({ variant, params: { kstats, zones, interrupts, redzone } }) {
    if (kstats < 17 && !redzone) {
      throw new RangeError(
        `a chain of ${kstats} kstats has no page of its own: give it redzone=on`,
      );
    }
    kstat_tune(variant, redzone);
    interrupt_init(interrupts, variant === 'late-clearer');
    kstat_populate(population_of(kstats));
    zone_init(zones);
  },
  check: ({ variant, params: { kstats } }) => kstat_check(variant, population_of(kstats)),
});
