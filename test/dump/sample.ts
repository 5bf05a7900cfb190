/*
 * A small dump for the tests: an image made by hand, and what a dump says of it.
 */

import { DUMP_FORMAT, type Dump, type DumpHead, type DumpThread } from '../../src/dump/format.ts';
import { gatherLocks } from '../../src/dump/gather.ts';
import { symbolsOf } from '../../src/dump/census.ts';
import { DumpFile } from '../../src/dump/write.ts';
import { mutex_init } from '../../src/kernel/mutex.ts';
import { kernel_boot, thread_create } from '../../src/kernel/startup.ts';
import { createImage } from '../../src/layout/image.ts';
import { header, image_header, PAGE } from '../../src/layout/records.ts';
import { get, put } from '../../src/layout/word.ts';

/** An image with two threads, and a named mutex on its heap; this thread is bound to it. */
export function sampleImage(heapPages = 4): SharedArrayBuffer {
  const image = createImage({ threads: 2, heapBytes: heapPages * PAGE });
  kernel_boot({ seed: 20976, track: 'held', panicOnCycle: false });
  thread_create({ name: 'pager', role: 'pager', psargs: 'pageout', flags: 0 });
  thread_create({ name: 'reaper', role: 'reaper', psargs: 'zombies -q', flags: 1 });
  put(header, image_header.heap_high, heapPages);
  mutex_init(get(header, image_header.heap) as Parameters<typeof mutex_init>[0], 'swapinfo');
  return image;
}

export const HEAD: DumpHead = {
  format: DUMP_FORMAT,
  gridlock: '0.1.0',
  node: '20.19.0',
  v8: '11.3',
  os: 'linux 6 x64',
  cpus: 2,
  workload: 'dining',
  variant: 'greedy',
  params: { n: 3, fair: false, how: 'left' },
  seed: 20976,
  trial: 7,
  track: 'held',
  taken: '2026-01-01T00:00:00.000Z',
  verdict: 'deadlock',
  message: 'pager wants anon_lock; reaper wants swapinfo, which pager holds',
  because: ['two looks found each in the same wait'],
  exact: true,
  seconds: 0.25,
  cycle: [1, 2],
  victims: [],
  running: [],
  replay: 'gridlock run dining --variant greedy --seed 0x51f0',
  timing: { stop_ms: 1, read_ms: 2 },
  image: { bytes: 0, page: PAGE },
};

export const PAGER: DumpThread = {
  id: 1,
  name: 'pager',
  role: 'pager',
  psargs: 'pageout',
  address: '41500',
  thread_id: 5,
  os_tid: 1234,
  cpu: -1,
  state: 'TS_SLEEP',
  part: 'cycle',
  holds: [{ name: 'swapinfo', kind: 'mutex', address: '1a40', held_ms: 12.5 }],
  wants: {
    name: 'anon_lock',
    kind: 'rwlock',
    address: '1a80',
    mode: 'writer',
    waited_ms: 3,
    owners: [2],
  },
  stack: [
    {
      function: 'turnstile_block',
      file: 'src/kernel/turnstile.ts',
      line: 150,
      column: 3,
      locals: [{ name: 'object', value: '6784' }],
    },
    { function: 'mutex_enter', file: 'src/kernel/mutex.ts', line: 96, column: 1 },
  ],
  progress: 41,
  progress_after: 0,
  silent_ms: 18,
  os: { state: 'S', cpu: 0, voluntary: 3, involuntary: 1, doing: 'asleep' },
};

export const SOURCES: ReadonlyMap<string, string> = new Map([
  ['src/kernel/mutex.ts', 'export function mutex_enter() {}\n'],
  ['workloads/größe.ts', '// not ASCII: ←\n'],
]);

/** What a dump says of the image that this thread is bound to. */
export function sampleDump(image: SharedArrayBuffer): Dump {
  const symbols = symbolsOf();
  return {
    head: { ...HEAD, image: { bytes: image.byteLength, page: PAGE } },
    threads: [
      PAGER,
      { ...PAGER, id: 2, name: 'reaper', wants: null, stack: [], unstopped: 'it did not answer' },
    ],
    locks: gatherLocks(symbols),
    symbols,
  };
}

/** @returns bytes written */
export async function writeDump(
  file: string,
  dump: Dump,
  image: SharedArrayBuffer,
  sources: ReadonlyMap<string, string> = SOURCES,
): Promise<number> {
  return new DumpFile(dump, image, sources).write(file, dump);
}
