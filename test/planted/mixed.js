/*
 * No fault: every kind of lock, held, waited for, tried and timed, by threads that take them in one order.
 *
 * For the soak (test/run/soak.mjs) and for dumps of a machine that is well: it must never come to
 * anything but pass, however many threads there are and however few CPUs.
 */

import {
  barrier_init,
  barrier_wait_timed,
  cv_signal,
  cv_timedwait,
  cv_wait,
  cv_wait_idle,
  defineWorkload,
  delay,
  get,
  global,
  kbarrier,
  kcondvar,
  kmutex,
  kresource,
  krwlock,
  ksema,
  load,
  mutex_enter,
  mutex_enter_timed,
  mutex_exit,
  mutex_tryenter,
  put,
  resource_enter,
  resource_exit,
  resource_wants,
  RW_READER,
  RW_WRITER,
  rw_downgrade,
  rw_enter,
  rw_exit,
  rw_tryenter,
  rw_tryupgrade,
  sema_init,
  sema_p,
  sema_v,
  struct,
  u32,
} from 'gridlock';

const BUCKETS = 8;
const bucket = struct('bucket', { items: u32 });
const buckets = global('bucket', bucket, BUCKETS);
const bucket_locks = global('bucket_lock', kmutex, BUCKETS);
const directory = global('directory', krwlock);
const audit = global('audit_lock', kmutex);
const tickets = global('tickets', ksema);
const round = global('round', kbarrier);

const jobs = struct('jobs', { queued: u32, busy: u32, waiting: u32 });
const queue = global('queue', jobs);
const queue_lock = global('jobs_lock', kmutex);
const queue_cv = global('jobs_cv', kcondvar);
const done_cv = global('done_cv', kcondvar);
const QUEUE_BUSY = global('QUEUE_BUSY', kresource);
const busy_cv = global('busy_cv', kcondvar);

function lock_of(i) {
  return bucket_locks + i * kmutex.$.size;
}

/** Takes the queue for its own, as P_PR_LOCK is taken: a flag, a condvar, a declaration. */
function queue_enter() {
  mutex_enter(queue_lock);
  while (get(queue, jobs.busy) !== 0) {
    resource_wants(QUEUE_BUSY);
    cv_wait(busy_cv, queue_lock);
  }
  resource_wants(0);
  put(queue, jobs.busy, 1);
  resource_enter(QUEUE_BUSY);
  mutex_exit(queue_lock);
}

function queue_exit() {
  mutex_enter(queue_lock);
  put(queue, jobs.busy, 0);
  resource_exit(QUEUE_BUSY);
  cv_signal(busy_cv);
  mutex_exit(queue_lock);
}

/** The order: directory, queue, a bucket, a higher bucket, audit. */
const WORK = [
  function insert(random) {
    rw_enter(directory, RW_READER);
    const i = random() % BUCKETS;
    mutex_enter(lock_of(i));
    put(
      buckets + i * bucket.$.size,
      bucket.items,
      get(buckets + i * bucket.$.size, bucket.items) + 1,
    );
    mutex_exit(lock_of(i));
    rw_exit(directory);
  },
  function move(random) {
    rw_enter(directory, RW_READER);
    const [low, high] = [random() % BUCKETS, random() % BUCKETS].toSorted((a, b) => a - b);
    mutex_enter(lock_of(low));
    if (high > low) mutex_enter(lock_of(high));
    mutex_enter(audit);
    mutex_exit(audit);
    if (high > low) mutex_exit(lock_of(high));
    mutex_exit(lock_of(low));
    rw_exit(directory);
  },
  function grow() {
    rw_enter(directory, RW_WRITER);
    rw_downgrade(directory);
    if (rw_tryupgrade(directory)) rw_downgrade(directory);
    rw_exit(directory);
  },
  function peek(random) {
    if (!rw_tryenter(directory, RW_READER)) return;
    const i = random() % BUCKETS;
    if (mutex_tryenter(lock_of(i))) mutex_exit(lock_of(i));
    rw_exit(directory);
  },
  function backwards(random) {
    // Against the order, and no deadlock: with a limit.
    const i = random() % BUCKETS;
    mutex_enter(audit);
    if (mutex_enter_timed(lock_of(i), 2)) mutex_exit(lock_of(i));
    mutex_exit(audit);
  },
  function ration() {
    sema_p(tickets);
    sema_v(tickets);
  },
  function submit() {
    queue_enter();
    queue_exit();
    mutex_enter(queue_lock);
    put(queue, jobs.queued, get(queue, jobs.queued) + 1);
    cv_signal(queue_cv);
    mutex_exit(queue_lock);
  },
  function settle() {
    mutex_enter(queue_lock);
    if (get(queue, jobs.queued) !== 0) cv_timedwait(done_cv, queue_lock, 2);
    mutex_exit(queue_lock);
  },
  function meet() {
    barrier_wait_timed(round, 1);
  },
  function rest() {
    delay(1);
  },
];

export default defineWorkload({
  name: 'mixed',
  title: 'every kind of lock, in one order',
  variants: {
    twin: { title: 'without a fault', verdict: 'pass' },
  },
  params: {
    threads: { type: 'int', default: 8, min: 2, max: 512, title: 'threads, daemons included' },
  },
  boot({ params }) {
    sema_init(tickets, Math.ceil(params.threads / 4), 'tickets');
    barrier_init(round, Math.max(2, params.threads >> 3), 'round');
  },
  roles: [
    {
      name: 'worker',
      psargs: (nth) => `worker ${nth}`,
      count: ({ threads }) => threads - Math.ceil(threads / 8),
      run({ running, progress, random }) {
        while (running()) {
          WORK[random() % WORK.length](random);
          progress();
        }
      },
    },
    {
      name: 'servant',
      psargs: (nth) => `servant ${nth}`,
      daemon: true,
      count: ({ threads }) => Math.ceil(threads / 8),
      run({ running, progress }) {
        mutex_enter(queue_lock);
        while (running()) {
          while (get(queue, jobs.queued) === 0) cv_wait_idle(queue_cv, queue_lock);
          put(queue, jobs.queued, get(queue, jobs.queued) - 1);
          cv_signal(done_cv);
          mutex_exit(queue_lock);
          progress();
          mutex_enter(queue_lock);
        }
        mutex_exit(queue_lock);
      },
    },
  ],
  check() {
    return load(queue, jobs.busy) === 0 ? undefined : 'the queue is still taken';
  },
});
