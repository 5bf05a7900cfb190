/*
 * The templates of `gridlock init`, run by the engines themselves.  README.md beside this says how, and what each needs.
 */

import { run, say } from './child.mjs';
import { gitlab } from './gitlab.mjs';
import { slurm } from './slurm.mjs';

const args = process.argv.slice(2);
const mayInstall = args.includes('--install');
const named = args.filter((arg) => !arg.startsWith('--'));
const engines = [gitlab, slurm].filter(({ name }) => named.length === 0 || named.includes(name));
if (engines.length === 0) {
  say(`no engine is named ${named.join(', ')}; there are gitlab, slurm`);
  process.exitCode = 2;
}

for (const engine of engines) {
  const began = performance.now();
  let missing = await engine.missing();
  if (missing !== undefined && mayInstall) {
    await run('apt-get', ['update', '-qq']);
    const options = ['install', '-y', '-qq', '--no-install-recommends'];
    await run('apt-get', [...options, ...engine.packages], {
      // At runlevel 1 a package starts no service of its own: ours are our children.
      env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
    missing = await engine.missing();
  }
  if (missing !== undefined) {
    say(
      `${engine.name}: skipped, there is no ${missing}; --install installs it, as root on Debian`,
    );
    continue;
  }
  const faults = await engine.faults();
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  for (const fault of faults) say(`${engine.name}: ${fault}`);
  say(`${engine.name}: ${faults.length === 0 ? 'fine' : `${faults.length} faults`}, ${seconds} s`);
  if (faults.length > 0) process.exitCode = 1;
}
