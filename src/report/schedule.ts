/*
 * What shrinking came to: what each thread did at each choice, and how it ended where a dump says so; of a trial that is
 * too long to be told, who ran, in order, and for how many choices.  Below it what was gained, and the command that
 * runs it again.
 */

import { counted } from '../base/counted.ts';
import { printable } from '../base/text.ts';
import { drawCourse, drawLanes, type Course } from '../dump/course.ts';
import type { ShrunkFailure } from '../run/shrinking.ts';

const WIDTH = 120;

/** The page.  @param again the command that runs it @param course of the shortest, as far as it is known */
export function shrunkPage(shrunk: ShrunkFailure, again: string, course?: Course): string[] {
  const { first, schedule, preemptions, trials, verdict, message } = shrunk;
  return [
    `${printable(verdict)}: ${printable(message)}`,
    '',
    ...(course === undefined
      ? runLines(shrunk)
      : drawCourse(course, '::schedule -a in the dump of a replay')),
    '',
    `${counted(preemptions, 'preemption')}, ${counted(schedule.length, 'run')}, ${counted(choicesOf(schedule), 'choice')}; ` +
      `before: ${counted(first.preemptions, 'preemption')}, ${counted(first.schedule.length, 'run')}, ${counted(choicesOf(first.schedule), 'choice')}; ` +
      counted(trials, 'trial'),
    `again: ${again}`,
  ];
}

/** Who ran, and for how many choices. */
function runLines({ schedule, threads }: ShrunkFailure): string[] {
  let at = 0;
  const lanes = schedule.map(({ thread, choices }) => {
    const label = String(at);
    at += choices;
    return {
      label,
      thread,
      name: threads[thread] ?? `#${thread}`,
      text: counted(choices, 'choice'),
    };
  });
  return drawLanes(lanes, WIDTH);
}

function choicesOf(runs: ShrunkFailure['schedule']): number {
  return runs.reduce((sum, { choices }) => sum + choices, 0);
}
