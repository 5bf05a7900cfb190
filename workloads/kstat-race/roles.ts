/*
 * Who is on the machine of the report: an agent that reads kstats, and zones that come and go.
 *
 *     marlin agent    reads the headers of all kstats whenever they have changed, and the newest data
 *     zoneadmd        boots its zone and halts it
 *     kstat user      reads the data of single kstats
 *
 * None of them waits on purpose.
 */

import { get } from '../../src/index.ts';
import type { RoleContext } from '../../src/index.ts';
import { kstat_t } from './kstat.ts';
import { header_snapshot_probe } from './kstat_headers.ts';
import { kstat_chain_update, kstat_header, kstat_open, kstat_read } from './libkstat.ts';
import type { params } from './params.ts';
import { sys_syscall, ZONE } from './zone.ts';

type Params = typeof params;
type Context = RoleContext<Params>;

/** Single kstats that an agent reads after the headers. */
const SINGLES = 2;

export function marlin_agent(ctx: Context): void {
  header_snapshot_probe((outcome) => ctx.outcome(outcome));
  const kc = kstat_open();
  const rounds = ctx.params.rounds;
  for (let round = 0; ctx.running() && (rounds === 0 || round < rounds); round++) {
    if (!kstat_chain_update(kc)) continue;
    for (let i = 1; i <= SINGLES && i <= kc.kc_count; i++) {
      kstat_read(kc, kstat_header(kc, kc.kc_count - i));
    }
    ctx.progress();
  }
}

export function zoneadmd(ctx: Context): void {
  const rounds = ctx.params.rounds;
  for (let round = 0; ctx.running() && (rounds === 0 || round < rounds); round++) {
    sys_syscall(ZONE.create, ctx.nth);
    sys_syscall(ZONE.destroy, ctx.nth);
    ctx.progress();
  }
}

export function kstat_user(ctx: Context): void {
  const kc = kstat_open();
  const rounds = ctx.params.rounds;
  for (let round = 0; ctx.running() && (rounds === 0 || round < rounds); round++) {
    if (round % 64 === 0) kstat_chain_update(kc);
    const header = kstat_header(kc, ctx.random() % kc.kc_count);
    if (get(header, kstat_t.ks_kid) !== 0) kstat_read(kc, header);
    ctx.progress();
  }
}
