/*
 * The templates, in the order in which help shows them.
 */

import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { kubernetes } from './kubernetes.ts';
import { lock } from './lock.ts';
import { slurm } from './slurm.ts';
import type { Template } from './template.ts';
import { workload } from './workload.ts';

export const templates: readonly Template[] = [github, gitlab, kubernetes, slurm, workload, lock];
