/*
 * Processes of the engines: run to their end, or started and waited for until they say that they are ready.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const BOUND_MS = 300_000;
const READY_MS = 60_000;

/** Runs a process to its end. */
export async function run(command, args, { cwd, env } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BOUND_MS,
    killSignal: 'SIGKILL',
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
  }
  const exit = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  return { exit, ...said };
}

/** The same, of a process that must end with 0. */
export async function must(command, args, options) {
  const ran = await run(command, args, options);
  if (ran.exit === 0) return ran;
  throw new Error(
    `${command} ${args.join(' ')} ended with ${ran.exit}\n${ran.stderr}${ran.stdout}`,
  );
}

/** Whether a program is there. */
export async function isThere(program) {
  const { exit } = await run('sh', ['-c', `command -v ${program}`]);
  return exit === 0;
}

/** Starts a daemon in the foreground and returns it when a line of its log fits `ready`. */
export async function start(command, args, ready, { env } = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [];
  await new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(READY_MS);
    const failed = (why) => reject(new Error(`${command}: ${why}\n${said.join('\n')}`));
    late.addEventListener('abort', () => failed('is not ready in time'), { once: true });
    child.once('error', (error) => failed(error.message));
    child.once('exit', (code, signal) => failed(`ended with ${code ?? signal}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (ready.test(line)) resolve();
      });
    }
  }).catch((/** @type {unknown} */ error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { child, said };
}

/** Ends a daemon and waits for its end. */
export async function stop({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  AbortSignal.timeout(10_000).addEventListener('abort', () => child.kill('SIGKILL'));
  await ended;
}

/** One line to whoever waits. */
export function say(text) {
  process.stdout.write(`${text}\n`);
}
