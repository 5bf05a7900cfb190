/*
 * The choices of a controlled trial, as the image has them: what sched/events.ts compares.
 *
 * A hash of them is taken as they are made (baton.ts).  The log is a few tens of kilobytes, so it leaves the machine only where somebody
 * asks for it, and not at all of a trial that was too long to be looked through.
 */

import { header, image_header } from '../layout/records.ts';
import { kbaton, kchoice } from '../layout/control-records.ts';
import type { Ref } from '../layout/struct.ts';
import { get, get16, get8 } from '../layout/word.ts';
import type { Step } from '../dump/course.ts';
import { objectName, symbolsOf, type Sobj } from '../dump/census.ts';
import { OP } from '../sched/strategy.ts';
import { opName, packEvents, unpackEvents, type Event, type EventLog } from '../sched/events.ts';

/** Choices of a trial whose log is sent. */
const LOG_MAX = 100_000;

/** The choices with the names of their objects; undefined where there are too many. */
export function eventLog(): EventLog | undefined {
  const steps = count();
  if (steps > LOG_MAX) return undefined;
  const symbols = symbolsOf();
  const objects: Record<string, string> = {};
  const events = Array.from({ length: steps }, (_, step): Event => {
    const choice = choiceAt(step);
    const object = get(choice, kchoice.object) >>> 0;
    const op = get8(choice, kchoice.op);
    // What is read or written is no lock, and has no name of its own.
    const isLock = object !== 0 && op !== OP.read && op !== OP.write;
    if (isLock) objects[object.toString(16)] ??= objectName(object as Sobj, symbols);
    return { thread: get16(choice, kchoice.thread), op, object };
  });
  return { events: packEvents(events), objects };
}

/** The same as the steps of a course.  @param threads names, by place in the roster */
export function stepsOfLog(
  { events, objects }: EventLog,
  threads: readonly string[],
): readonly Step[] {
  return unpackEvents(events).map(({ thread, op, object }, choice) => {
    const hex = object.toString(16);
    const text = object === 0 ? opName(op) : `${opName(op)} ${objects[hex] ?? hex}`;
    return { choice, thread, name: threads[thread] ?? `#${thread}`, text };
  });
}

function count(): number {
  const baton = get(header, image_header.baton);
  return baton === 0 ? 0 : get(baton, kbaton.step);
}

function choiceAt(step: number): Ref<'kchoice'> {
  const log = get(get(header, image_header.baton), kbaton.log);
  return (log + step * kchoice.$.size) as Ref<'kchoice'>;
}
