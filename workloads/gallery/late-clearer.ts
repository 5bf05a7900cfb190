/*
 * late-clearer: a race that is won by who waits, where chance waits for nobody.
 *
 *     walker     counts the entries of a chain that are valid, makes room for them, and copies those that are valid
 *     clearer    makes the last entry valid
 *
 * The shape of kstat-race (illumos 4997), reduced to it: it fails if the clearer comes when the walker has counted
 * the last entry, and not yet copied it.  The chain has 1,000 entries, so for a thousand choices the clearer has
 * to be kept from its only step, where search by chance keeps it for a few.  One that gives threads priorities finds it
 * in every few schedules: half of the time the clearer has the lower one, and then a change of priorities in the second
 * half of the walker's way is a hit.
 *
 * Not a published program, and so without published figures.
 *
 * The twin makes the entry valid under the lock that the walker holds.
 */

import {
  defineWorkload,
  get,
  global,
  kmutex,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  shared,
  struct,
  u32,
  type RoleContext,
} from '../../src/index.ts';

const ENTRIES_MAX = 2_000;
const entry_t = shared(struct('chain_entry', { valid: u32 }));
const chain = global('chain', entry_t, ENTRIES_MAX);
const chain_lock = global('chain_lock', kmutex);

const params = {
  entries: {
    type: 'int',
    default: 1_000,
    min: 1,
    max: ENTRIES_MAX,
    title: 'entries of the chain, all valid but for the last',
  },
} as const;
type Context = RoleContext<typeof params>;

function entry(i: number): typeof chain {
  return (chain + i * entry_t.$.size) as typeof chain;
}

function valid_entries(entries: number): number {
  let n = 0;
  for (let i = 0; i < entries; i++) n += get(entry(i), entry_t.valid);
  return n;
}

function walk({ params: { entries } }: Context): void {
  mutex_enter(chain_lock);
  const counted = valid_entries(entries);
  const copied = valid_entries(entries);
  if (copied > counted) panic(`late-clearer: counted ${counted} entries, and copied ${copied}`);
  mutex_exit(chain_lock);
}

function clear({ variant, params: { entries } }: Context): void {
  if (variant === 'fixed') mutex_enter(chain_lock);
  put(entry(entries - 1), entry_t.valid, 1);
  if (variant === 'fixed') mutex_exit(chain_lock);
}

export default defineWorkload({
  name: 'late-clearer',
  title: 'a chain is counted and copied, and its last entry becomes valid in between',
  variants: {
    planted: { title: 'without the lock', verdict: 'panic' },
    fixed: { title: 'under the lock', verdict: 'pass' },
  },
  params,
  roles: [
    { name: 'walker', psargs: 'walker', run: walk },
    { name: 'clearer', psargs: 'clearer', run: clear },
  ],
  boot({ params: { entries } }) {
    for (let i = 0; i < entries - 1; i++) put(entry(i), entry_t.valid, 1);
  },
});
