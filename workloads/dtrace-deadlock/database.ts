/*
 * The database: accounts and a log in System V shared memory, and transactions on them.
 *
 * A transaction moves an amount from one account to another, under the latches of their two pages in
 * order of address, and writes a record to the log, under the log's.  The latches are in the shared memory
 * and belong to the database alone: nothing here asks the kernel for anything but sleep.  That is why,
 * in the report, the database went on committing on a machine where nobody could log in any more.
 *
 * Money is neither made nor lost: the sum of all accounts is 0 at the end, or some lock did not lock.
 */

import {
  array,
  at,
  get,
  global,
  i32,
  kmutex,
  mutex_enter,
  mutex_exit,
  peek,
  poke,
  put,
  struct,
  sub,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { part_mutex } from './parts.ts';
import { kshmid, shm_lookup } from './shm.ts';

/** Pages of accounts, and accounts in a page. */
const PAGES = 8;
const ACCOUNTS = 64;
/** Records in the log, which is a ring. */
const LOG_RECORDS = 128;

const db_page = struct(
  'db_page',
  { latch: array(kmutex, 1), account: at(64, u32) },
  64 + 4 * ACCOUNTS,
);
const db_record = struct('db_record', { lsn: u32, from: u32, to: u32, amount: i32 });
const db_shared = struct('db_shared', {
  wal_latch: array(kmutex, 1),
  wal_lsn: u32,
  wal: at(96, array(db_record, LOG_RECORDS)),
  pages: array(db_page, PAGES),
});
/** Bytes of shared memory it needs. */
export const DB_BYTES = db_shared.$.size;

const db_state = struct('db_state', { shm: u32 });
const db = global('database', db_state);

/** Boot: makes a database of a shared memory segment.  @param id its shmid */
export function db_setup(id: number): void {
  put(db, db_state.shm, get(shm_lookup(id), kshmid.shm_memory));
  part_mutex(sub(shared(), db_shared.wal_latch), 'wal_latch');
  for (let i = 0; i < PAGES; i++) part_mutex(sub(page(i), db_page.latch), `page_latch[${i}]`);
}

function shared(): Ref<'db_shared'> {
  return get(db, db_state.shm) as Ref<'db_shared'>;
}

function page(i: number): Ref<'db_page'> {
  return (sub(shared(), db_shared.pages) + i * db_page.$.size) as Ref<'db_page'>;
}

/** The word of an account. */
function account(n: number): number {
  return page(Math.floor(n / ACCOUNTS)) + db_page.account + 4 * (n % ACCOUNTS);
}

/** A transaction.  @param random draws 32 bits */
export function transaction(random: () => number): void {
  const from = random() % (PAGES * ACCOUNTS);
  const to = random() % (PAGES * ACCOUNTS);
  const amount = 1 + (random() % 100);
  const low = Math.floor(Math.min(from, to) / ACCOUNTS);
  const high = Math.floor(Math.max(from, to) / ACCOUNTS);
  mutex_enter(sub(page(low), db_page.latch));
  if (high !== low) mutex_enter(sub(page(high), db_page.latch));
  poke(account(from), peek(account(from)) - amount);
  poke(account(to), peek(account(to)) + amount);
  wal_insert(from, to, amount);
  if (high !== low) mutex_exit(sub(page(high), db_page.latch));
  mutex_exit(sub(page(low), db_page.latch));
}

function wal_insert(from: number, to: number, amount: number): void {
  mutex_enter(sub(shared(), db_shared.wal_latch));
  const lsn = (get(shared(), db_shared.wal_lsn) + 1) | 0;
  const slot = (lsn >>> 0) % LOG_RECORDS;
  const record = (sub(shared(), db_shared.wal) + slot * db_record.$.size) as Ref<'db_record'>;
  put(record, db_record.lsn, lsn);
  put(record, db_record.from, from);
  put(record, db_record.to, to);
  put(record, db_record.amount, amount);
  put(shared(), db_shared.wal_lsn, lsn);
  mutex_exit(sub(shared(), db_shared.wal_latch));
}

/** What all accounts come to. */
export function db_sum(): number {
  let sum = 0;
  for (let n = 0; n < PAGES * ACCOUNTS; n++) sum += peek(account(n));
  return sum;
}
