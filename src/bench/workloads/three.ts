/*
 * The workload of `schedules`: three threads, three locks, one round.
 *
 * Each thread takes the locks in one order and adds one to what each of them guards: about 35 choices a trial, as in the
 * programs that other tools give their rates for.  Nothing can go wrong, so every trial is a whole one.
 */

import { get, put, shared } from '../../kernel/field.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { struct, u32 } from '../../layout/struct.ts';
import { defineWorkload } from '../../run/workload.ts';

const tray = shared(struct('bench_tray', { count: u32 }));
const TRAYS = ['one', 'two', 'three'].map((name) => ({
  lock: global(`bench_${name}`, kmutex),
  tray: global(`bench_tray_${name}`, tray),
}));

export default defineWorkload({
  name: 'bench-three',
  title: 'three threads, three locks, one round',
  variants: { ordered: { title: 'one order', verdict: 'pass' } },
  roles: [
    {
      name: 'hand',
      psargs: 'hand',
      count: TRAYS.length,
      run() {
        for (const { lock } of TRAYS) mutex_enter(lock);
        for (const { tray: at } of TRAYS) put(at, tray.count, get(at, tray.count) + 1);
        for (const { lock } of TRAYS) mutex_exit(lock);
      },
    },
  ],
  check() {
    const wrong = TRAYS.find(({ tray: at }) => get(at, tray.count) !== TRAYS.length);
    return wrong === undefined ? undefined : 'a count is wrong';
  },
});
