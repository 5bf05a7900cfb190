/*
 * A child of a matrix, from its start to its end, whatever that is.
 *
 * It is heard line by line on stdout; of its stderr the end is kept, which is where a failure is explained.
 *
 * Bounds.  A child bounds each of its trials.  Should it say nothing for half an hour all the same, it is told to end, and
 * ended if it has not within the time that it needs to flush.  It leads a process group of its own: a Ctrl-C is ours to pass
 * on, once, and when it is gone so is all that it started.
 *
 * What its records are to us is matrix-turn.ts.  Whoever hears may throw, of a disk that failed most of all: then the child is
 * ended, and the error is thrown where its end is waited for, since a listener of a stream has nobody to throw to.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { killGroup } from './kill-group.ts';
import { hold } from './leash.ts';

const SILENCE_MS = 30 * 60_000;
/** How long a child that is told to end may take to flush: twice what it is promised. */
const FLUSH_MS = 10_000;
/** How long the pipes of a child may stay open after its end. */
const PIPES_MS = 2_000;
const STDERR_KEPT = 4_000;

export interface ChildEnd {
  /** null: a signal ended it, or it was never begun */
  readonly exit: number | null;
  readonly signal: string | null;
  /** the last that it said to people */
  readonly said: string;
}

export class MatrixChild {
  private readonly child: ChildProcess;
  private readonly silence: NodeJS.Timeout;
  private readonly drained: Promise<void>;
  private readonly ended: Promise<Pick<ChildEnd, 'exit' | 'signal'>>;
  private stderr = '';
  private fault: Error | undefined;

  /** @param silenceMs without a word that is its end @param hear gets each line of its stdout */
  constructor(
    file: string,
    args: readonly string[],
    hear: (line: string) => void,
    silenceMs = SILENCE_MS,
  ) {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
      env: childEnv(),
    });
    hold(child);
    this.child = child;
    this.silence = setTimeout(() => this.end('SIGTERM'), silenceMs);
    child.stderr.on('data', (chunk: Buffer) => {
      this.silence.refresh();
      this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      this.silence.refresh();
      try {
        hear(line);
      } catch (error) {
        this.fault ??= error as Error;
        this.kill();
      }
    });
    this.drained = new Promise((resolve) => void lines.once('close', resolve));
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.stderr += error.message.replaceAll(file, 'node');
        resolve({ exit: null, signal: null });
      });
      child.once('exit', (exit, signal) => resolve({ exit, signal }));
    });
  }

  /** Asks it to end, and sees to it that it does. */
  end(signal: 'SIGINT' | 'SIGTERM'): void {
    this.child.kill(signal);
    const timer = setTimeout(() => this.kill(), FLUSH_MS);
    this.child.once('exit', () => clearTimeout(timer));
  }

  /** Ends it at once, and what it started. */
  kill(): void {
    killGroup(this.child);
  }

  /** Waits for its end, and for the last that it said.  @throws what hearing it threw */
  async over(): Promise<ChildEnd> {
    const ended = await this.ended;
    clearTimeout(this.silence);
    await bounded(this.drained, PIPES_MS);
    this.kill();
    if (this.fault !== undefined) throw this.fault;
    return { ...ended, said: lastLines(this.stderr) };
  }
}

/** What of ours a child must not take for its own. */
function childEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GRIDLOCK_'));
  return { ...Object.fromEntries(own), NODE_OPTIONS: '' };
}

/** What was said last, which is where a failure is explained. */
function lastLines(text: string): string {
  return text.trim().split('\n').slice(-2).join('; ').replaceAll(/\s+/g, ' ');
}

async function bounded(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
