/*
 * Where the threads of a machine run: spread over the CPUs, and said in words.
 */

import { availableCpus, pinThreads, spread } from '../nmi/pin.ts';

export interface Pinned {
  /** by slot; none where the threads are not all pinned */
  readonly cpus: readonly number[];
  /** for people */
  readonly says: string;
}

export const NOT_ASKED: Pinned = { cpus: [], says: 'not pinned: asked not to' };

/**
 * Puts all threads on one CPU: where one runs at a time, a baton is passed fastest so.
 * @param nth which one; machines side by side take one each, as far as there are enough
 */
export async function pinToOne(tids: readonly number[], nth: number): Promise<Pinned> {
  const cpus = availableCpus();
  const cpu = cpus[nth % cpus.length];
  if (cpu === undefined) return { cpus: [], says: 'not pinned: the host does not tell its CPUs' };
  const { pinned, of, why } = await pinThreads(tids.map((tid) => ({ tid, cpus: [cpu] })));
  if (pinned < of) return { cpus: [], says: `pinned ${pinned} of ${of}: ${why ?? 'refused'}` };
  return { cpus: tids.map(() => cpu), says: `pinned to CPU ${cpu}, taking turns` };
}

/**
 * What becomes of threads that are to be spread, in the words of a machine, before there is one.  It is tried on the thread that
 * asks, which is put where it may run already.
 */
export async function pinningHere(isAsked: boolean): Promise<string> {
  if (!isAsked) return NOT_ASKED.says;
  const cpus = availableCpus();
  if (cpus.length < 2) return cannotSpread(cpus);
  const { pinned, of, why } = await pinThreads([{ tid: process.pid, cpus }]);
  return pinned < of ? `not pinned: ${why ?? 'refused'}` : `pinned over CPUs ${cpus.join(',')}`;
}

function cannotSpread({ length }: readonly number[]): string {
  return `not pinned: ${length === 1 ? 'there is one CPU' : 'the host does not tell its CPUs'}`;
}

/** Spreads threads over the CPUs that there are: packed onto one they would take turns, and nothing races. */
export async function pinOver(tids: readonly number[]): Promise<Pinned> {
  const cpus = availableCpus();
  if (cpus.length < 2) return { cpus: [], says: cannotSpread(cpus) };
  const plan = spread(tids, cpus);
  const { pinned, of, why } = await pinThreads(plan);
  if (pinned < of) return { cpus: [], says: `pinned ${pinned} of ${of}: ${why ?? 'refused'}` };
  return {
    cpus: plan.map((each) => each.cpus[0] ?? -1),
    says: `pinned over CPUs ${cpus.slice(0, of).join(',')}`,
  };
}
