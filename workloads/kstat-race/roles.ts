/*
 * Who is on the machine of the report: programs that read kstats, and zones that come and go.
 *
 *     marlin agent    reads the headers of all kstats when they have changed, then its zones' data
 *     iostat          the same, but for the data of all disks: many reads of single kstats
 *     zoneadmd        boots its zone and halts it
 *
 * None of them waits on purpose, and none of them knows of the race.  It takes the first and the last of
 * them.  iostat is there for the lock: two holds for each disk, in nobody's way and in everybody's.
 */

import type { RoleContext } from '../../src/index.ts';
import { interrupt_await } from './interrupt.ts';
import { header_snapshot_probe } from './kstat_headers.ts';
import { kstat_chain_update, kstat_lookup, kstat_open, kstat_read } from './libkstat.ts';
import type { params } from './params.ts';
import { sys_syscall, ZONE } from './zone.ts';

/** Rounds of iostat for each look at which disks there are. */
const IOSTAT_ROUNDS = 64;

type Context = RoleContext<typeof params>;

export function marlin_agent(ctx: Context): void {
  header_snapshot_probe((outcome) => ctx.outcome(outcome));
  const kc = kstat_open();
  interrupt_await();
  for (let round = 0; goes_on(ctx, round); round++) {
    kstat_chain_update(kc);
    for (const module of ['memory_cap', 'zone_zfs']) {
      for (const header of kstat_lookup(kc, module)) kstat_read(kc, header);
    }
    ctx.progress();
  }
}

export function iostat(ctx: Context): void {
  header_snapshot_probe((outcome) => ctx.outcome(outcome));
  const kc = kstat_open();
  for (let round = 0; goes_on(ctx, round); round++) {
    if (round % IOSTAT_ROUNDS === 0) kstat_chain_update(kc);
    for (const header of kstat_lookup(kc, 'sd')) kstat_read(kc, header);
    ctx.progress();
  }
}

export function zoneadmd(ctx: Context): void {
  for (let round = 0; goes_on(ctx, round); round++) {
    sys_syscall(ZONE.create, ctx.nth);
    sys_syscall(ZONE.destroy, ctx.nth);
    ctx.progress();
  }
}

function goes_on(ctx: Context, round: number): boolean {
  return ctx.running() && (ctx.params.rounds === 0 || round < ctx.params.rounds);
}
