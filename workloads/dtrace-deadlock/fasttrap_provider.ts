/*
 * fasttrap: providers, kept by process.
 *
 * A process that brings probes (USDT) has a provider for each set of them.  They are in the buckets of
 * fasttrap_provs; ftb_mtx guards a bucket's chain and keeps the providers on it from going away, ftp_mtx
 * guards a provider.  The order is ftb_mtx, ftp_mtx.  ftb_mtx, but never ftp_mtx, is held across calls
 * into DTrace.
 */

import {
  embed,
  get,
  global,
  intern,
  kmem_free,
  kmem_zalloc,
  kmutex,
  mutex_destroy,
  mutex_enter,
  mutex_exit,
  mutex_init,
  put,
  ref,
  struct,
  sub,
  text,
  textOf,
  u32,
} from '../../src/index.ts';
import type { Ref } from '../../src/index.ts';
import { dtrace_register, PRIV } from './dtrace.ts';
import { part_mutex } from './parts.ts';
import { pidlock, prfind, proc_t, SEXITING } from './proc.ts';

/** Buckets of providers. */
export const BUCKETS = 16;

export const fasttrap_bucket = struct('fasttrap_bucket_t', {
  ftb_mtx: embed(kmutex),
  ftb_data: ref('fasttrap_provider_t'),
});
export const fasttrap_provider = struct('fasttrap_provider_t', {
  ftp_mtx: embed(kmutex),
  ftp_cmtx: embed(kmutex),
  ftp_next: ref('fasttrap_provider_t'),
  ftp_pid: u32,
  ftp_name: text,
  ftp_provid: ref('dtrace_provider_t'),
  ftp_marked: u32, //   1: a sweep should look at it
  ftp_retired: u32, //  1: its process is gone
  ftp_rcount: u32, //   enabled probes
  ftp_ccount: u32, //   creations of pid probes under way; USDT has none
  ftp_mcount: u32, //   times the process handed it in
});
export type Provider = Ref<'fasttrap_provider_t'>;
export type Bucket = Ref<'fasttrap_bucket_t'>;

const fasttrap_provs = global('fasttrap_provs', fasttrap_bucket, BUCKETS);

/** Boot. */
export function bucket_setup(): void {
  for (let i = 0; i < BUCKETS; i++) {
    mutex_init(sub(bucket_at(i), fasttrap_bucket.ftb_mtx), `fasttrap_provs[${i}].ftb_mtx`);
  }
}

/** The i-th bucket. */
export function bucket_at(i: number): Bucket {
  return (fasttrap_provs + i * fasttrap_bucket.$.size) as Bucket;
}

/** Where the providers of a process are. */
export function bucket_of(pid: number): Bucket {
  return bucket_at(pid % BUCKETS);
}

/** A provider that is not retired, or NULL.  The bucket is locked. */
export function fasttrap_provider_find(bucket: Bucket, pid: number, name: string): Provider {
  let fp = get(bucket, fasttrap_bucket.ftb_data);
  for (; fp !== 0; fp = get(fp, fasttrap_provider.ftp_next)) {
    if (get(fp, fasttrap_provider.ftp_pid) !== pid) continue;
    if (get(fp, fasttrap_provider.ftp_retired) === 1) continue;
    if (textOf(get(fp, fasttrap_provider.ftp_name)) === name) break;
  }
  return fp;
}

/** Finds a provider or makes one.  @param pops what DTrace is to call back  @returns it with ftp_mtx held; NULL: no process, no memory */
export function fasttrap_provider_lookup(pid: number, name: string, pops: number): Provider {
  const bucket = bucket_of(pid);
  const lock = sub(bucket, fasttrap_bucket.ftb_mtx);
  if (!fasttrap_process_lives(pid)) return 0 as Provider;
  mutex_enter(lock);
  let fp = fasttrap_provider_find(bucket, pid, name);
  if (fp === 0) fp = fasttrap_provider_create(bucket, pid, name, pops);
  if (fp !== 0) mutex_enter(sub(fp, fasttrap_provider.ftp_mtx));
  mutex_exit(lock);
  return fp;
}

function fasttrap_provider_create(
  bucket: Bucket,
  pid: number,
  name: string,
  pops: number,
): Provider {
  const fp = kmem_zalloc(fasttrap_provider.$.size) as Provider;
  if (fp === 0) return fp;
  const provid = dtrace_register(`${name}${pid}`, PRIV.PROC, pops, fp);
  if (provid === 0) {
    kmem_free(fp, fasttrap_provider.$.size);
    return 0 as Provider;
  }
  part_mutex(sub(fp, fasttrap_provider.ftp_mtx), 'ftp_mtx');
  part_mutex(sub(fp, fasttrap_provider.ftp_cmtx), 'ftp_cmtx');
  put(fp, fasttrap_provider.ftp_pid, pid);
  put(fp, fasttrap_provider.ftp_name, intern(name));
  put(fp, fasttrap_provider.ftp_provid, provid);
  put(fp, fasttrap_provider.ftp_next, get(bucket, fasttrap_bucket.ftb_data));
  put(bucket, fasttrap_bucket.ftb_data, fp);
  return fp;
}

function fasttrap_process_lives(pid: number): boolean {
  mutex_enter(pidlock);
  const p = prfind(pid);
  const lives = p !== 0 && (get(p, proc_t.p_flag) & SEXITING) === 0;
  mutex_exit(pidlock);
  return lives;
}

export function fasttrap_provider_free(fp: Provider): void {
  mutex_destroy(sub(fp, fasttrap_provider.ftp_mtx));
  mutex_destroy(sub(fp, fasttrap_provider.ftp_cmtx));
  kmem_free(fp, fasttrap_provider.$.size);
}

/** How many providers a process has that are not retired, and that are. */
export function fasttrap_providers(pid: number): { live: number; retired: number } {
  const count = { live: 0, retired: 0 };
  let fp = get(bucket_of(pid), fasttrap_bucket.ftb_data);
  for (; fp !== 0; fp = get(fp, fasttrap_provider.ftp_next)) {
    if (get(fp, fasttrap_provider.ftp_pid) !== pid) continue;
    if (get(fp, fasttrap_provider.ftp_retired) === 1) count.retired++;
    else count.live++;
  }
  return count;
}
