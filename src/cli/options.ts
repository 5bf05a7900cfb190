/*
 * Checks of option values that several commands share.
 */

import { fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import { parseDuration } from '../base/duration.ts';
import type { DumpsMax } from '../run/dump-budget.ts';
import type { ControlSpec, NoiseSpec } from '../run/protocol.ts';
import { LEAST_US } from '../sched/noise.ts';
import { DEPTH_MAX } from '../sched/pct.ts';
import { STRATEGIES } from '../sched/strategies.ts';
import { STEPS_MAX } from '../sched/token.ts';

/** The longest delay of noise, by default and at most, in milliseconds. */
const STRENGTH_MS = 5;
const STRENGTH_MS_MAX = 100;

/**
 * How a run is controlled; null where the operating system decides, with noise or without.
 * @throws Fail STRATEGY_UNKNOWN, BAD_NUMBER, USAGE
 */
export function controlOf(args: {
  readonly strategy: string;
  readonly seed: number;
  readonly depth: number;
  readonly preemptions: number;
  readonly steps: number;
  readonly load?: number;
  readonly track?: string;
  readonly jobs?: number;
}): ControlSpec | null {
  const { strategy, seed } = args;
  if (strategy === 'replay') {
    throw fail('USAGE', { what: 'a schedule is run again by gridlock replay', command: 'replay' });
  }
  const names = ['free', 'noise', ...STRATEGIES.map(({ name }) => name)].filter(
    (name) => name !== 'replay',
  );
  if (!names.includes(strategy)) {
    const known = names.join(', ');
    const suggestion = suggest(strategy, names) ?? '';
    throw fail('STRATEGY_UNKNOWN', { name: strategy, known, suggestion });
  }
  const isFree = strategy === 'free' || strategy === 'noise';
  const kind = STRATEGIES.find(({ name }) => name === strategy);
  for (const [option, isGiven, where, fits] of [
    ['--depth', args.depth !== 0, 'pct, or auto', ['pct', 'auto', 'portfolio'].includes(strategy)],
    ['--preemptions', args.preemptions !== -1, 'dfs', strategy === 'dfs'],
    [
      '--jobs',
      (args.jobs ?? 1) > 1,
      'a strategy other than dfs',
      !isFree && kind?.isWhole !== true,
    ],
  ] as const) {
    if (isGiven && !fits)
      throw fail('USAGE', { what: `${option} goes with --strategy ${where}`, command: 'run' });
  }
  if (isFree) return null;
  for (const [option, isGiven] of [
    ['--load', (args.load ?? 0) > 0],
    ['--track events', args.track === 'events'],
  ] as const) {
    if (isGiven)
      throw fail('USAGE', { what: `${option} goes with --strategy free`, command: 'run' });
  }
  const steps = countOf('--steps', args.steps, 1, STEPS_MAX);
  return {
    strategy,
    seed,
    depth: countOf('--depth', args.depth, 0, DEPTH_MAX),
    preemptions: countOf('--preemptions', args.preemptions, -1),
    steps,
    releases: kind?.needsReleases === true,
  };
}

/**
 * The noise of a run; null where there is none.
 * @throws Fail DURATION_SYNTAX, USAGE
 */
export function noiseOf(args: {
  readonly strategy: string;
  readonly strength?: string | undefined;
  readonly track?: string;
}): NoiseSpec | null {
  const { strategy, strength } = args;
  if (strategy !== 'noise') {
    if (strength === undefined) return null;
    throw fail('USAGE', { what: '--strength goes with --strategy noise', command: 'run' });
  }
  if (args.track === 'events')
    throw fail('USAGE', { what: '--track events goes with --strategy free', command: 'run' });
  const ms = strength === undefined ? STRENGTH_MS : parseDuration(strength, '--strength');
  if (ms * 1000 >= LEAST_US && ms <= STRENGTH_MS_MAX) return { longestUs: Math.round(ms * 1000) };
  throw fail('USAGE', {
    what: `--strength is ${ms}ms, outside ${LEAST_US / 1000}ms to ${STRENGTH_MS_MAX}ms`,
    command: 'run',
  });
}

/**
 * What may be kept on the disk: `100` dumps, or `2GB` of them.
 * @throws Fail BAD_NUMBER
 */
export function dumpsMaxOf(text: string): DumpsMax {
  const [, number, unit = ''] = /^(\d+)(KB|MB|GB|)$/i.exec(text) ?? [];
  if (number === undefined) {
    const wanted = 'a number of dumps, or of bytes with a unit';
    throw fail('BAD_NUMBER', { where: '--dumps-max', text, wanted, example: '100 or 2GB' });
  }
  if (unit === '') return { count: Number(number), bytes: Infinity };
  const power = ['KB', 'MB', 'GB'].indexOf(unit.toUpperCase()) + 1;
  return { count: Infinity, bytes: Number(number) * 1024 ** power };
}

/** Trials of a campaign that ends by something else. */
export const ENDLESS = 100_000_000;

/** Trials where nobody says how many: dfs ends by itself, and a strategy needs more than one. */
export function trialsOf(strategy: string): number {
  if (strategy === 'dfs') return ENDLESS;
  return ['free', 'noise'].includes(strategy) ? 1 : 100;
}

/** `2,4,8`: numbers of threads, each once.  @throws Fail BAD_NUMBER */
export function threadsOf(texts: readonly string[]): number[] {
  const parts = texts.flatMap((text) => text.split(',')).map((part) => part.trim());
  const where = '--threads';
  const wrong = parts.find((part) => !/^[1-9]\d{0,5}$/.test(part));
  if (wrong !== undefined)
    throw fail('BAD_NUMBER', {
      where,
      text: wrong === '' ? 'nothing' : wrong,
      wanted: 'a number of threads',
      example: '2,4,8',
    });
  if (new Set(parts).size < parts.length)
    throw fail('BAD_NUMBER', {
      where,
      text: parts.join(','),
      wanted: 'a list that has each number once',
    });
  return parts.map(Number);
}

/** A whole number, from `min` to `max`.  @throws Fail BAD_NUMBER */
export function countOf(option: string, value: number, min: number, max = Infinity): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw fail('BAD_NUMBER', {
    where: option,
    text: String(value),
    wanted:
      max === Infinity
        ? `a whole number, ${min} or more`
        : `a whole number from ${min} to ${max.toLocaleString('en')}`,
  });
}
