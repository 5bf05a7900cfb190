/*
 * Every schedule of a program within a bound on preemptions, none of them before a lock is given up, one by one and
 * without any cleverness: what dfs, which leaves out those that make no difference, is compared with.
 */

import { NOBODY, OP, type Strategy } from '../../src/sched/strategy.ts';
import { runTrial, type Program } from './machine.ts';

/** The outcomes of all schedules with so many preemptions at most, and how many schedules there are. */
export function every(
  make: () => Program,
  preemptions: number,
): { outcomes: ReadonlySet<string>; schedules: number } {
  const outcomes = new Set<string>();
  let schedules = 0;
  const todo: number[][] = [[]];
  for (let prefix = todo.pop(); prefix !== undefined; prefix = todo.pop()) {
    const made: number[] = [];
    let used = 0;
    const fixed = prefix;
    const follow: Strategy = {
      name: 'every',
      begin: () => true,
      choose({ current, count, enabled, op, step }) {
        const isFree = current === NOBODY;
        const mayLeave = isFree || (used < preemptions && op[current] !== OP.release);
        const can = [...enabled.subarray(0, count)].filter((t) => mayLeave || t === current);
        if (step >= fixed.length) for (const t of can.slice(1)) todo.push([...made, t]);
        const next = fixed[step] ?? can[0]!;
        if (!isFree && next !== current) used++;
        made.push(next);
        return next;
      },
      end() {},
    };
    outcomes.add(runTrial(make(), follow).outcome);
    schedules++;
  }
  return { outcomes, schedules };
}
