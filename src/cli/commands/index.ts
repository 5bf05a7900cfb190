/*
 * The commands, in the order in which help shows them.
 */

import type { CommandModule } from 'yargs';
import { analyzeCommand } from './analyze.ts';
import { benchCommand } from './bench.ts';
import { compareCommand } from './compare.ts';
import { doctorCommand } from './doctor.ts';
import { initCommand } from './init.ts';
import { listCommand } from './list.ts';
import { mdbCommand } from './mdb.ts';
import { mergeCommand } from './merge.ts';
import { replayCommand } from './replay.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { shrinkCommand } from './shrink.ts';
import { showCommand } from './show.ts';
import { soakCommand } from './soak.ts';
import { traceCommand } from './trace.ts';

export const commands = [
  runCommand,
  soakCommand,
  replayCommand,
  shrinkCommand,
  listCommand,
  showCommand,
  mergeCommand,
  reportCommand,
  mdbCommand,
  analyzeCommand,
  traceCommand,
  benchCommand,
  compareCommand,
  initCommand,
  doctorCommand,
] as unknown as CommandModule[];
