/*
 * The workload of lock-contended: threads that all want one lock, in two variants that differ in the lock.
 */

import { global } from '../../layout/linker.ts';
import { kmutex } from '../../layout/records.ts';
import { boundImage } from '../../layout/word.ts';
import { mutex_enter, mutex_exit } from '../../kernel/mutex.ts';
import { defineWorkload } from '../../run/workload.ts';
import { FutexMutex } from '../floor.ts';

const lock = global('bench_contended', kmutex);
const peer = global('bench_contended_peer', kmutex);
/** Sections between two looks at whether to go on. */
const BATCH = 32;

let guarded = 0;

/** Keeps the lock for a while.  @param turns of an empty loop, about 1.3 ns each */
function work(turns: number): void {
  for (let i = 0; i < turns; i++) guarded = (guarded * 5 + 1) | 0;
}

export default defineWorkload({
  name: 'bench-contended',
  title: 'everybody wants the one lock',
  variants: {
    mutex: { title: 'ours', verdict: 'pass' },
    futex: { title: 'the plain futex mutex', verdict: 'pass' },
  },
  params: {
    threads: { type: 'int', default: 2, min: 1, max: 64, title: 'threads' },
    section: {
      type: 'int',
      default: 0,
      min: 0,
      max: 1_000_000,
      title: 'turns that the lock is held',
    },
  },
  roles: [
    {
      name: 'contender',
      psargs: 'contender',
      count: ({ threads }) => threads,
      run({ variant, params: { section }, running, progress }) {
        const futex = new FutexMutex(new Int32Array(boundImage()), peer >> 2);
        while (running()) {
          for (let i = 0; i < BATCH; i++) {
            if (variant === 'mutex') {
              mutex_enter(lock);
              work(section);
              mutex_exit(lock);
            } else {
              futex.lock();
              work(section);
              futex.unlock();
            }
          }
          progress(BATCH);
        }
      },
    },
  ],
});
