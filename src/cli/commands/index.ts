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
import { runCommand } from './run.ts';
import { shrinkCommand } from './shrink.ts';
import { showCommand } from './show.ts';
import { soakCommand } from './soak.ts';

export const commands = [
  runCommand,
  soakCommand,
  replayCommand,
  shrinkCommand,
  listCommand,
  showCommand,
  mdbCommand,
  analyzeCommand,
  benchCommand,
  doctorCommand,
] as unknown as CommandModule[];
