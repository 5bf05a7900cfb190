/*
 * Kubernetes: an Indexed Job of shards, a Job that merges, and the volume that both see.
 *
 *     index      JOB_COMPLETION_INDEX, from 0; gridlock reads it
 *     total      GRIDLOCK_SHARD_TOTAL, which we set: Kubernetes does not say
 *     seed       the image, which has the commit in it, and the uid of the Job, which all its pods have as a label
 *     kept       a directory for each shard, on a volume that many may write
 *     signals    SIGTERM, to process 1 of the container alone, and SIGKILL 30 s later
 *
 * No Job waits for another here, and needing kubectl in between would leave the merge to whoever remembers it.  So the
 * merging pod waits itself: until every shard has written its done.json, or until the time of the shards is over.
 *
 * What a pod's end means (podFailurePolicy, the first rule that fits):
 *
 *     a drained node, a preemption     not the shard's fault: again, and not counted
 *     2: bad usage                     true of every shard: the Job ends
 *     1, 70, 99: finding, ours, missed never again: a finding that goes away by a retry was a finding
 *     4: an empty shard                never again: it stays empty, and says nothing of the others
 *     any other: 3, 137, 143           counted by backoffLimitPerIndex: once more, perhaps on a better node
 *
 * A processor is asked for and not limited: a limit is enforced by stopping all threads at once for the rest of a
 * period of 100 ms, which is noise in every figure.
 */

import {
  GRIDLOCK,
  indented,
  limitMinutes,
  mergeLines,
  seedFrom,
  type Template,
} from './template.ts';

/** Runs of one index: the first, and one more. */
const ATTEMPTS = 2;

export const kubernetes: Template = {
  engine: 'kubernetes',
  describe: 'Kubernetes 1.29 or newer, for kubectl apply',
  print: ({ name, shards, durationMs, cpus, image, command }) => {
    const deadlineSeconds = limitMinutes(durationMs) * 60 * ATTEMPTS;
    const results = `/results/${name}`;
    const shard = `set -eu
${seedFrom('$IMAGE $JOB_UID')}
exec ${GRIDLOCK} ${command} --seed "$seed" --results "${results}/shard-$JOB_COMPLETION_INDEX"`;
    const wait = `until=$(($(date +%s) + ${deadlineSeconds}))
while [ "$(find ${results}/shard-* -name done.json 2> /dev/null | wc -l)" -lt ${shards} ]; do
  [ "$(date +%s)" -lt "$until" ] || break
  sleep 10
done
${mergeLines(`${results}/shard-*/*/`, `${results}/merged`)}`;
    return `# For kubectl apply -f; made by: gridlock init kubernetes
# ${shards} shards; the Job ${name}-merge has the verdict of all, and writes ${results}/merged on the volume.  A
# Job cannot be changed: another run wants another name, gridlock init kubernetes --name NAME.

apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ${name}
spec:
  accessModes:
    - ReadWriteMany
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  backoffLimitPerIndex: ${ATTEMPTS - 1}
  activeDeadlineSeconds: ${deadlineSeconds}
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: 'True'
      - action: FailJob
        onExitCodes:
          containerName: gridlock
          operator: In
          values: [2]
      - action: FailIndex
        onExitCodes:
          containerName: gridlock
          operator: In
          values: [1, 4, 70, 99]
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 30
${containerOf('gridlock', image, shard)}
          env:
            - name: GRIDLOCK_SHARD_TOTAL
              value: '${shards}'
            - name: IMAGE
              value: ${image}
            - name: JOB_UID
              valueFrom:
                fieldRef:
                  fieldPath: metadata.labels['batch.kubernetes.io/controller-uid']
${roomOf(name, cpus, '2Gi')}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}-merge
spec:
  backoffLimit: 0
  activeDeadlineSeconds: ${deadlineSeconds + 15 * 60}
  template:
    spec:
      restartPolicy: Never
${containerOf('merge', image, wait)}
${roomOf(name, 1, '1Gi')}
`;
  },
};

/** What a pod runs. */
function containerOf(name: string, image: string, script: string): string {
  return `      containers:
        - name: ${name}
          image: ${image}
          command: [sh, -c]
          args:
            - |
              ${indented(script, 14)}`;
}

/** What a pod is given, and the volume that all of them see. */
function roomOf(claim: string, cpus: number, memory: string): string {
  return `          resources:
            requests:
              cpu: '${cpus}'
              memory: ${memory}
            limits:
              memory: ${memory}
          volumeMounts:
            - name: results
              mountPath: /results
      volumes:
        - name: results
          persistentVolumeClaim:
            claimName: ${claim}`;
}
