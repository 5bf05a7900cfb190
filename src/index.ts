/*
 * The public API: what a workload is written with.
 *
 * A workload imports defineWorkload() and the words to declare shared state from here, and the locks
 * from here or from gridlock's kernel.  Names in snake_case run on the simulated machine and may block;
 * camelCase names run on the host and may not.
 */

export { defineWorkload } from './run/workload.ts';
export type {
  Grade,
  Outcome,
  Param,
  ParamValue,
  ParamValues,
  Role,
  RoleContext,
  Trial,
  Variant,
  Workload,
} from './run/workload.ts';
// A lock of somebody else's, to be measured beside ours.
export type {
  Peer,
  PeerCondition,
  PeerCondvar,
  PeerGuard,
  PeerKind,
  PeerKinds,
  PeerLock,
  PeerMutex,
  PeerPair,
  PeerRwlock,
  PeerSemaphore,
  PeerThread,
  PeerWanted,
} from './bench/peer.ts';
export { VERDICTS, type VerdictName } from './base/verdict.ts';

// Shared state: structs, globals, access.
export {
  array,
  at,
  bits,
  char,
  embed,
  enumeration,
  i32,
  ref,
  ref64,
  struct,
  text,
  time,
  u16,
  u32,
  u64,
  u8,
} from './layout/struct.ts';
export type { Field, Kind, Ref, Struct, Width } from './layout/struct.ts';
export { global } from './layout/linker.ts';
export { intern, textOf } from './layout/strings.ts';
export { copyBytes, fillBytes, peek, peek8, poke, poke8, sub } from './layout/word.ts';
export {
  add,
  cas,
  get,
  get16,
  get64,
  get8,
  getText,
  load,
  put,
  put16,
  put64,
  put8,
  putText,
  setBits,
  shared,
  store,
  swap,
} from './kernel/field.ts';
export {
  header,
  image_header,
  kbarrier,
  kcondvar,
  kmutex,
  kresource,
  krwlock,
  ksema,
  kthread,
  PAGE,
} from './layout/records.ts';

// The kernel.
export * from './kernel/barrier.ts';
export * from './kernel/condvar.ts';
export { delay } from './kernel/disp.ts';
export {
  bcopy,
  kmem_alloc,
  kmem_free,
  kmem_mapped,
  KMEM_OVERSIZE,
  kmem_zalloc,
} from './kernel/kmem.ts';
export {
  mutex_destroy,
  mutex_enter,
  mutex_enter_timed,
  mutex_exit,
  mutex_init,
  mutex_owned,
  mutex_owner,
  mutex_tryenter,
} from './kernel/mutex.ts';
export { MachineHalt, panic } from './kernel/panic.ts';
export * from './kernel/resource.ts';
export { ring_note } from './kernel/ring.ts';
export * from './kernel/rwlock.ts';
export * from './kernel/semaphore.ts';
export { curthread, lbolt } from './kernel/thread.ts';
export * from './kernel/taskq.ts';

// The debugger: what a workload's dmod.ts is written with.  It reads dumps, and runs in no machine.
export type { Call, Dcmd, Dmod, Row, Walker } from './mdb/dcmd.ts';
export type { Record } from './mdb/target/record.ts';
export type { Target } from './mdb/target/target.ts';
export { columns, hex, left, pointer, pointer0, right, WIDE } from './mdb/columns.ts';
export { MdbError, oops } from './mdb/error.ts';
export { record } from './mdb/target/record.ts';
export { printable } from './base/text.ts';
