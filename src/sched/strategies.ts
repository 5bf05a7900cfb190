/*
 * Every strategy, by its name.
 */

import { auto, portfolio } from './auto.ts';
import { dfs } from './dfs.ts';
import { pct } from './pct.ts';
import { pos } from './pos.ts';
import { random } from './random.ts';
import { replay } from './replay.ts';
import { rff } from './rff.ts';
import { surw } from './surw.ts';
import type { StrategyKind } from './strategy.ts';

export const STRATEGIES: readonly StrategyKind[] = [
  auto,
  portfolio,
  random,
  pct,
  pos,
  surw,
  rff,
  dfs,
  replay,
];
