/*
 * Slurm: a script that submits an array of shards, and a job that merges when the array has ended.
 *
 *     index      SLURM_ARRAY_TASK_ID − SLURM_ARRAY_TASK_MIN; gridlock reads them
 *     total      SLURM_ARRAY_TASK_COUNT; gridlock reads it
 *     seed       the commit and SLURM_ARRAY_JOB_ID, which all tasks of an array have
 *     kept       results/<array>/shard-<task>, on the file system that the nodes share
 *     signals    SIGTERM to what srun started, 60 s before the time is up, and when scancel comes
 *
 * Two jobs and one file: each job's script is a here-document, handed to sbatch as it is written, so that $SLURM_… is the job's
 * and not that of whoever submits.  The second depends on the first by afterany, and not by afterok: when a shard failed there is
 * most to merge.  It is waited for, and its exit code is the script's.
 *
 * srun is told the processors again: since Slurm 22.05 it no longer takes them from the job.
 */

import { GRIDLOCK, limitMinutes, mergeLines, seedFrom, type Template } from './template.ts';

export const slurm: Template = {
  engine: 'slurm',
  describe: 'Slurm, a script for sh on a login node',
  print: ({ name, shards, durationMs, cpus, command }) => `#!/bin/sh
# Submit from the project's directory, after npm ci: sh ${name}.sh; made by: gridlock init slurm
# ${shards} shards; this script waits for the job that merges them, and ends with its exit code.  Account and partition
# are given as sbatch reads them: SBATCH_ACCOUNT=…, SBATCH_PARTITION=…

set -eu

array=$(sbatch --parsable << 'SHARD'
#!/bin/sh
#SBATCH --job-name=${name}
#SBATCH --array=1-${shards}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=${cpus}
#SBATCH --mem=2G
#SBATCH --time=${limitMinutes(durationMs)}
#SBATCH --signal=TERM@60
#SBATCH --no-requeue
#SBATCH --output=${name}-%A_%a.out

set -eu
commit=$(git rev-parse HEAD 2> /dev/null || echo none)
${seedFrom('$commit $SLURM_ARRAY_JOB_ID')}
exec srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" ${GRIDLOCK} ${command} \\
  --seed "$seed" --results "results/$SLURM_ARRAY_JOB_ID/shard-$SLURM_ARRAY_TASK_ID"
SHARD
)
array=\${array%%;*}
echo "array $array; results/$array/merged when it has ended"

exec sbatch --wait --dependency="afterany:$array" --export="ALL,ARRAY=$array" << 'MERGE'
#!/bin/sh
#SBATCH --job-name=${name}-merge
#SBATCH --ntasks=1
#SBATCH --mem=1G
#SBATCH --time=15
#SBATCH --no-requeue
#SBATCH --output=${name}-merge-%j.out

${mergeLines('"results/$ARRAY"/shard-*/*/', '"results/$ARRAY/merged"')}
MERGE
`,
};
