/*
 * Every strategy, by its name.
 */

import { dfs } from './dfs.ts';
import { pct } from './pct.ts';
import { pos } from './pos.ts';
import { random } from './random.ts';
import { replay } from './replay.ts';
import type { StrategyKind } from './strategy.ts';

export const STRATEGIES: readonly StrategyKind[] = [random, pct, pos, dfs, replay];
