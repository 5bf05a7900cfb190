/*
 * The workload of kstat-fixes: readers of all kstat headers, and threads that create, install and delete a kstat.
 *
 * It is the kernel of workloads/kstat-race, with its population and its variants; only who is there is another.  A
 * reader reads the headers again and again, whether they have changed or not.  An installer times kstat_install()
 * alone.  Before that it sleeps for a drawn time, up to about two header reads: kstat_create() has just waited for a
 * reader to drop the lock, and who came at once would find it free.  One install in EVERY
 * is interrupted as in the model, in all variants alike: that gives a variant that loses the race the chance to.
 *
 * What a read came to is counted where the model counts it, at the end of the snapshot.  A kstat that is created and not
 * installed is a blank header of every read in count-invalid; here it is so for the length of the sleep, which is longer
 * than in the model.  So that there are any is a fact, and how many is ours.
 *
 * The unfixed variant overruns its buffer, and must not fall over it: so the number of kstats has to be one at which
 * there is room for the headers too many behind the last page's end of data.  boot() refuses another.
 */

import { quantile } from '../../base/stats.ts';
import { delay } from '../../kernel/disp.ts';
import { panic } from '../../kernel/panic.ts';
import { PAGE } from '../../layout/records.ts';
import { defineWorkload } from '../../run/workload.ts';
import { kstat_check } from '../../../workloads/kstat-race/check.ts';
import { interrupt_init } from '../../../workloads/kstat-race/interrupt.ts';
import { ekstat, KSTAT_FLAG, KSTAT_TYPE, kstat_t } from '../../../workloads/kstat-race/kstat.ts';
import {
  kstat_create,
  kstat_delete,
  kstat_install,
} from '../../../workloads/kstat-race/kstat_fr.ts';
import { header_snapshot_probe } from '../../../workloads/kstat-race/kstat_headers.ts';
import { kstat_chain_update, kstat_open } from '../../../workloads/kstat-race/libkstat.ts';
import { kstat_populate } from '../../../workloads/kstat-race/population.ts';
import { kstat_tune } from '../../../workloads/kstat-race/variants.ts';
import { variantOfSeed } from '../kstat-variants.ts';

const MIB = 2 ** 20;
const HEADER = kstat_t.$.size;
/** One install in so many is interrupted. */
const EVERY = 16;
/** An installer sleeps no longer than this for each kstat there is, in milliseconds. */
const SLEEP_MS = 0.0004;

/** Whether so many headers too many stay within the pages of a buffer for this many kstats, or for some more. */
export function isSilent(kstats: number, more: number): boolean {
  for (let n = kstats; n <= kstats + more; n++) {
    const bytes = Math.ceil((n * HEADER + 1) / PAGE) * PAGE;
    if ((n + more) * HEADER > bytes) return false;
  }
  return true;
}

export default defineWorkload({
  name: 'bench-kstats',
  title: 'all headers are read while kstats are installed',
  variants: { races: { title: 'in the variant that the seed says', verdict: 'pass' } },
  params: {
    kstats: { type: 'int', default: 1_002, min: 24, max: 50_000, title: 'there from the start' },
    readers: { type: 'int', default: 1, min: 1, max: 8, title: 'threads that read all headers' },
    installers: { type: 'int', default: 1, min: 1, max: 8, title: 'threads that install' },
  },
  outcomes: {
    exact: { grade: 'expected', title: 'header reads that copied what they had counted' },
    overrun: { grade: 'expected', title: 'header reads that copied more' },
    fault: { grade: 'forbidden', title: 'more than there was room for' },
    tail: { grade: 'expected', title: 'header reads that copied less: blank headers at the end' },
    reads: { grade: 'expected', title: 'headers read, all of them, so many times' },
    reading_us: { grade: 'expected', title: 'what that took, over all readers' },
    installs: { grade: 'expected', title: 'kstats installed' },
    p50_ns: { grade: 'expected', title: 'of kstat_install(): the median of each installer, added' },
    p90_ns: { grade: 'expected', title: 'the same of the 90th percentile' },
  },
  heapBytes: ({ kstats, readers }) =>
    4 * MIB + kstats * ekstat.$.size + readers * 5 * kstats * HEADER,
  roles: [
    {
      name: 'reader',
      psargs: 'kstat -p',
      count: ({ readers }) => readers,
      run({ running, progress, outcome }) {
        const kc = kstat_open();
        // The first finds out how large the buffer must be, and is not counted.
        header_snapshot_probe(() => undefined);
        kstat_chain_update(kc);
        header_snapshot_probe((came) => outcome(came));
        let reads = 0;
        const began = performance.now();
        // One at least: on a busy host the trial may be over before it begins.
        do {
          kc.kc_chain_id = -1;
          if (kstat_chain_update(kc)) reads++;
          progress();
        } while (running());
        outcome('reads', reads);
        outcome('reading_us', Math.round((performance.now() - began) * 1000));
      },
    },
    {
      name: 'installer',
      psargs: 'installer',
      count: ({ installers }) => installers,
      run({ nth, params: { kstats }, running, random, progress, outcome }) {
        const times: number[] = [];
        do {
          const ksp = kstat_create({
            module: 'bench',
            instance: nth,
            name: `kstat${times.length}`,
            class: 'misc',
            type: KSTAT_TYPE.named,
            ndata: 0,
            flags: KSTAT_FLAG.virtual,
          });
          if (ksp === 0) panic('kstat_create: no memory');
          delay((random() / 2 ** 32) * SLEEP_MS * kstats);
          const began = performance.now();
          kstat_install(ksp);
          times.push(performance.now() - began);
          kstat_delete(ksp);
          progress();
        } while (running());
        outcome('installs', times.length);
        outcome('p50_ns', nanoseconds(times, 0.5));
        outcome('p90_ns', nanoseconds(times, 0.9));
      },
    },
  ],
  boot({ seed, params: { kstats, installers } }) {
    if (!isSilent(kstats, installers)) {
      throw new RangeError(
        `${installers} headers more than ${kstats} do not fit: take another number`,
      );
    }
    kstat_tune(variantOfSeed(seed), false);
    interrupt_init(EVERY, false);
    kstat_populate(kstats);
  },
  check: ({ seed, params: { kstats } }) => kstat_check(variantOfSeed(seed), kstats),
});

function nanoseconds(times: readonly number[], q: number): number {
  return times.length === 0 ? 0 : Math.round(quantile(times, q) * 1e6);
}
