/*
 * What the variants differ in: three words of the data segment, set at boot, as /etc/system would.
 *
 *                       pass 1, counting,    pass 2, copying,     kstat_install() clears INVALID
 *     variant           skips kstats that    skips kstats that    holding kstat_chain_lock
 *     --------------    ------------------   ------------------   ------------------------------
 *     unlocked-clear    are INVALID          are INVALID          no       illumos from 4246 to 4997
 *     late-clearer      the same, and an interrupt that wakes the agent holds the installer up
 *     locked-clear      are INVALID          are INVALID          yes      the fix that shipped
 *     count-invalid     -                    are INVALID          no       the fix that did not
 *     pre-4246          -                    -                    no       illumos before 4246
 *
 * The rule behind the table: pass 2 must copy no more kstats than pass 1 counted.  The members of the
 * chain cannot change between the passes, kstat_chain_lock sees to that.  The flag can, unless the same
 * lock guards it, and then the passes agree only if what pass 2 takes is a part of what pass 1 took
 * whatever becomes of the flag: rows 3 and 4.  Row 3 pays for it with headers that are counted and not
 * copied, all zeros at the end of what the reader gets.
 */

import { get, global, put, struct, u32 } from '../../src/index.ts';
import { KSTAT_FLAG } from './kstat.ts';

const tunables = struct('kstat_tunables', {
  count_skips: u32, //    flags
  copy_skips: u32, //     flags
  clear_locked: u32, //   0 or 1
  redzone: u32, //        0 or 1
});

export const kstat_tunables = global('kstat_tunables', tunables);

const { invalid } = KSTAT_FLAG;
const ROWS: Readonly<Record<string, readonly [number, number, number]>> = {
  'unlocked-clear': [invalid, invalid, 0],
  'late-clearer': [invalid, invalid, 0],
  'locked-clear': [invalid, invalid, 1],
  'count-invalid': [0, invalid, 0],
  'pre-4246': [0, 0, 0],
};

/** Makes the kernel the given variant.  @param redzone whether its buffers have one  @throws RangeError for one that is not in the table */
export function kstat_tune(variant: string, redzone: boolean): void {
  const row = ROWS[variant];
  if (row === undefined) throw new RangeError(`kstat-race has no variant ${variant}`);
  put(kstat_tunables, tunables.count_skips, row[0]);
  put(kstat_tunables, tunables.copy_skips, row[1]);
  put(kstat_tunables, tunables.clear_locked, row[2]);
  put(kstat_tunables, tunables.redzone, redzone ? 1 : 0);
}

/** Flags that pass 1 of a header read does not count. */
export function count_skips(): number {
  return get(kstat_tunables, tunables.count_skips);
}

/** Flags that pass 2 does not copy. */
export function copy_skips(): number {
  return get(kstat_tunables, tunables.copy_skips);
}

/** Whether kstat_install() clears INVALID under kstat_chain_lock. */
export function clear_locked(): boolean {
  return get(kstat_tunables, tunables.clear_locked) !== 0;
}

/** Whether a buffer has a red zone behind it. */
export function has_redzone(): boolean {
  return get(kstat_tunables, tunables.redzone) !== 0;
}
