/*
 * The doctor: what this machine has of what gridlock uses, found by using it.
 *
 *     ok        works
 *     missing   gridlock does without, and what that means is said
 *     broken    nothing can run
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedNames } from './shipped.ts';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'broken';
  readonly found: string;
}

const MEMORY_MB_MIN = 512;
const NODE_MIN = [20, 19] as const;

/** Runs all checks, the cheap ones first. */
export async function examine(): Promise<Check[]> {
  return [
    node(),
    processors(),
    memory(),
    affinity(),
    procfs(),
    await inspector(),
    scratch(),
    workloads(),
  ];
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
  return {
    name: 'node',
    state: old ? 'broken' : 'ok',
    found: `${process.versions.node}, V8 ${process.versions.v8}`,
  };
}

function processors(): Check {
  const n = availableParallelism();
  return {
    name: 'cpus',
    state: n > 1 ? 'ok' : 'missing',
    found: n > 1 ? String(n) : '1: threads take turns, and races need a controlled strategy',
  };
}

function memory(): Check {
  const mb = Math.round(freemem() / 2 ** 20);
  return { name: 'memory', state: mb < MEMORY_MB_MIN ? 'broken' : 'ok', found: `${mb} MB free` };
}

function affinity(): Check {
  try {
    execFileSync('taskset', ['-pc', String(process.pid)], { stdio: 'ignore', timeout: 5000 });
    return { name: 'taskset', state: 'ok', found: 'threads are pinned to CPUs' };
  } catch {
    return {
      name: 'taskset',
      state: 'missing',
      found: `no pinning on ${platform()}: the host places threads as it likes`,
    };
  }
}

function procfs(): Check {
  return platform() === 'linux'
    ? { name: 'proc', state: 'ok', found: 'dumps tell what the host did with each thread' }
    : { name: 'proc', state: 'missing', found: 'dumps say nothing of the host’s threads' };
}

async function inspector(): Promise<Check> {
  try {
    const { Session } = await import('node:inspector');
    const session = new Session();
    session.connect();
    session.disconnect();
    return { name: 'inspector', state: 'ok', found: 'threads can be stopped and read' };
  } catch (error) {
    return {
      name: 'inspector',
      state: 'missing',
      found: `no stacks in dumps: ${(error as Error).message}`,
    };
  }
}

function scratch(): Check {
  let directory: string | undefined;
  try {
    directory = mkdtempSync(join(tmpdir(), 'gridlock-'));
    writeFileSync(join(directory, 'probe'), 'x');
    return { name: 'scratch', state: 'ok', found: 'files can be written' };
  } catch (error) {
    return { name: 'scratch', state: 'broken', found: (error as Error).message };
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}

function workloads(): Check {
  const names = shippedNames();
  return {
    name: 'workloads',
    state: names.length > 0 ? 'ok' : 'broken',
    found: names.join(', ') || 'none: is the build whole?',
  };
}
