/*
 * ::status: what this dump is of.
 */

import { printable } from '../../base/text.ts';
import type { Dcmd } from '../dcmd.ts';

export const status: Dcmd = {
  name: 'status',
  usage: '',
  address: 'none',
  summary: 'print summary of current target',
  help: 'What the dump is of: the verdict and its sentence, the workload and its seed, and where it ran.',
  *run({ target }) {
    const { head, threads } = target.dump;
    const lines = [
      `debugging crash dump ${target.file} (64-bit) from ${head.workload}, variant ${head.variant}`,
      `operating system: node ${head.node} (${head.os}, ${head.cpus} CPUs)`,
      `gridlock: ${head.gridlock}, seed ${head.seed}, trial ${head.trial}, taken ${head.taken}`,
      `verdict: ${head.verdict}${head.exact ? ' (exact)' : ' (by lack of progress)'} after ${head.seconds.toFixed(3)} s`,
      `panic message: ${head.verdict === 'panic' ? head.message : '(not a panic)'}`,
      `message: ${head.message}`,
      `threads: ${threads.length}, ${head.cycle.length} in the cycle, ${head.victims.length} victims, ${head.running.length} running`,
      `dump content: the whole image (${head.image.bytes} bytes), stacks, and the source of ${target.text.objects.length} files`,
      `again: ${head.replay}`,
    ];
    yield { text: lines.map(printable).join('\n'), data: head };
  },
};
