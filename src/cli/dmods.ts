/*
 * Which debugger modules go with a dump: what the workload that it names brings, if it is one of ours.
 *
 * A dump has the name of its workload, and may come from a stranger: a name that is none is not looked for, and
 * nothing is loaded but what was installed with this program.
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dmod } from '../mdb/dcmd.ts';

/** @param workload as in the head of a dump */
export async function dmodsOf(workload: string): Promise<Dmod[]> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(workload)) return [];
  const url = new URL(`../../workloads/${workload}/dmod.js`, import.meta.url);
  if (!existsSync(fileURLToPath(url))) return [];
  const { default: dmod } = (await import(url.href)) as { default: Dmod };
  return [dmod];
}
