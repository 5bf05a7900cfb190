/*
 * How long a turn of the section's loop takes, here and now: what makes 200 ns of it.
 */

import { quantile } from '../base/stats.ts';
import { work } from './workloads/taking.ts';

const TURNS = 100_000;
let turnNs = 0;

/** Turns that take so many nanoseconds; measured once a process. */
export function turnsOf(ns: number): number {
  if (turnNs === 0) turnNs = nsPerTurn();
  return Math.round(ns / turnNs);
}

function nsPerTurn(): number {
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const began = performance.now();
    work(TURNS);
    times.push(performance.now() - began);
  }
  return (quantile(times, 0.1) * 1e6) / TURNS;
}
