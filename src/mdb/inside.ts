/*
 * What the image of a dump says, for who has no session: see dump/inside.ts.
 *
 * An image that contradicts itself says nothing: a page is made without it, then.
 */

import { Fail } from '../base/fail.ts';
import type { Inside, RingEvent } from '../dump/inside.ts';
import type { DumpFile } from '../dump/read.ts';
import { MdbError } from './error.ts';
import { courseOf } from './target/course.ts';
import { lockName } from './target/lockname.ts';
import { readRings, type Event } from './target/rings.ts';
import { Target } from './target/target.ts';

const NOTHING: Inside = { course: undefined, events: [] };
/** Events whose argument is the address of a text. */
const TELLS: ReadonlySet<string> = new Set(['note', 'panic']);

/** Events and course, as far as the image says. */
export async function insideOf(file: DumpFile): Promise<Inside> {
  const target = await orElse(async () => Target.open(file), undefined);
  if (target === undefined) return NOTHING;
  return {
    course: await orElse(() => courseOf(target), undefined),
    events: await orElse(() => readRings(target).events.map((each) => told(target, each)), []),
  };
}

function told(target: Target, { thread, seq, ago, kind, object, arg }: Event): RingEvent {
  const remark = TELLS.has(kind)
    ? target.readString(BigInt(arg))
    : target.threadAt(BigInt(arg))?.name;
  return {
    thread: thread.id,
    seq,
    ago_ms: ago,
    kind,
    object: lockName(target, object),
    remark: arg === 0 ? '' : (remark ?? ''),
  };
}

/** What a function comes to, or something else where the dump is not what it takes it for. */
async function orElse<T>(read: () => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fail || error instanceof MdbError) return otherwise;
    throw error;
  }
}
