/*
 * The commands, in the order in which help shows them.
 */

import type { CommandModule } from 'yargs';
import { analyzeCommand } from './analyze.ts';
import { benchCommand } from './bench.ts';
import { doctorCommand } from './doctor.ts';
import { listCommand } from './list.ts';
import { mdbCommand } from './mdb.ts';
import { replayCommand } from './replay.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { shrinkCommand } from './shrink.ts';
import { showCommand } from './show.ts';

export const commands = [
  runCommand,
  replayCommand,
  shrinkCommand,
  listCommand,
  showCommand,
  reportCommand,
  mdbCommand,
  analyzeCommand,
  benchCommand,
  doctorCommand,
] as unknown as CommandModule[];
