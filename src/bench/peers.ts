/*
 * Peers: who is measured beside ours.
 *
 *     --against        is
 *     --------------   ---------------------------------------------------------------------------------
 *     futex, v8, …     an adapter of peers/, by its name
 *     ./my-lock.js     a file of the user's, by its path; peer.ts is the contract
 *     all              every adapter of peers/ that can run here
 *
 * The packages behind adapters are not ours: they are taken from where gridlock is called (installed.ts).
 *
 *     what is wrong                                                       comes to
 *     -----------------------------------------------------------------   --------------------------------
 *     no such name, no such file; it throws when imported, or does not    exit 2, before anything is
 *       end, or exports nothing usable; two files of one name                measured
 *     a package that is not installed, an option that this Node does      exit 3, the same
 *       not know, a V8 without the lock
 *     any of these, of `all`                                              it is left out, and named
 *     it hangs, loses an update, throws, dies                             a row that says so, and exit 1
 *                                                                           (arena.ts)
 */

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, isAbsolute, parse, relative } from 'node:path';
import { fail, Fail } from '../base/fail.ts';
import { suggest } from '../base/suggest.ts';
import type { TrackLevel } from '../layout/records.ts';
import type { Answer } from './interview.ts';
import { isShipped, type PeerKind } from './peer.ts';

/** Who takes part in a comparison. */
export interface Contender {
  /** as it is called in tables */
  readonly name: string;
  readonly title: string;
  /** what peerUrl() takes; null: ours */
  readonly file: string | null;
  readonly execArgv: readonly string[];
  readonly kinds: readonly PeerKind[];
  /** of its machine */
  readonly track: TrackLevel;
}

/** The locks of src/kernel. */
export const OURS: Contender = {
  name: 'gridlock',
  title: 'ours',
  file: null,
  execArgv: [],
  kinds: ['mutex', 'rwlock', 'condvar', 'semaphore'],
  track: 'held',
};

/** The adapters of peers/; each is its file's name. */
export const SHIPPED = [
  'futex',
  'plain',
  'v8',
  'atomics-sync',
  'esfx',
  'multithreading',
  'semafy',
  'worker-mutex',
] as const;

const INTERVIEW_MS_MAX = 10_000;

const known = new Map<string, Promise<Contender>>();

export interface Peers {
  readonly peers: readonly Contender[];
  /** of `all`: who cannot run here, and why */
  readonly absent: readonly { readonly name: string; readonly why: string }[];
}

/**
 * All that --against names, each asked what it has.
 * @throws Fail PEER_UNKNOWN, PEER_NOT_FOUND, PEER_UNUSABLE, PEER_ABSENT, USAGE for two of one name
 */
export async function peersOf(against: readonly string[]): Promise<Peers> {
  const peers = new Map<string, Contender>();
  const absent: { name: string; why: string }[] = [];
  for (const asked of against) {
    for (const file of asked === 'all' ? SHIPPED : [asked]) {
      try {
        const peer = await peerNamed(file);
        const twin = [OURS, ...peers.values()].find(({ name }) => name === peer.name);
        if (twin !== undefined && twin !== peer) {
          const what = `--against: ${twin.file ?? 'ours'} and ${peer.file} would both be ${peer.name} in the tables: rename one`;
          throw fail('USAGE', { what, command: 'bench' });
        }
        peers.set(peer.file ?? '', peer);
      } catch (error) {
        if (asked !== 'all' || !(error instanceof Fail)) throw error;
        absent.push({ name: file, why: String(error.values['what']) });
      }
    }
  }
  return { peers: [...peers.values()], absent };
}

/** Those of them that have a kind of lock, behind `always`, which is not named twice. */
export async function contenders(
  kind: PeerKind,
  against: readonly string[],
  always: readonly string[] = [],
): Promise<readonly Contender[]> {
  const { peers } = await peersOf([...always, ...against]);
  return [OURS, ...peers.filter(({ kinds }) => kinds.includes(kind))];
}

/** One peer; asked once a process. */
async function peerNamed(asked: string): Promise<Contender> {
  // Relative, for a name of the disk must not get into a dump.
  const file = isAbsolute(asked) ? relative(process.cwd(), asked) : asked;
  const earlier = known.get(file);
  if (earlier !== undefined) return earlier;
  const asking = introduce(file);
  known.set(file, asking);
  return asking;
}

async function introduce(file: string): Promise<Contender> {
  if (isShipped(file)) {
    if (!(SHIPPED as readonly string[]).includes(file))
      throw fail('PEER_UNKNOWN', {
        name: file,
        known: SHIPPED.join(', '),
        suggestion: suggest(file, SHIPPED) ?? '',
      });
  } else if (!existsSync(file)) throw fail('PEER_NOT_FOUND', { file });
  const plain = await ask(file, [], false);
  const { title, execArgv, kinds } = plain;
  await ask(file, execArgv, true);
  const name = isShipped(file) ? file : nameOf(file);
  return { name, title: title === '' ? name : title, file, execArgv, kinds, track: 'held' };
}

/** What tables call a file: without its extension, unless gridlock has one of that name. */
function nameOf(file: string): string {
  const whole = basename(file);
  const stem = parse(whole).name;
  return [OURS.name, ...SHIPPED].includes(stem) ? whole : stem;
}

/** Asks in a process with these options.  @throws Fail PEER_UNUSABLE, PEER_ABSENT */
async function ask(file: string, execArgv: readonly string[], tries: boolean): Promise<Answer> {
  const child = fork(new URL('./interview.js', import.meta.url), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...execArgv],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  // Its end is what counts, not whether it still took the question.
  child.on('error', () => undefined);
  child.send({ file, tries }, () => undefined);
  const answer = await new Promise<Answer | string>((resolve) => {
    const late = `its import, make() or open() did not end in ${INTERVIEW_MS_MAX / 1000} s`;
    const timer = setTimeout(() => resolve(late), INTERVIEW_MS_MAX);
    child.once('message', (message) => resolve(message as Answer));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(`it ended its process (${signal ?? `exit code ${code}`})`);
    });
  });
  child.kill('SIGKILL');
  const option = /bad option: (\S+)/.exec(stderr)?.[1];
  if (option !== undefined) {
    const what = `node ${process.versions.node} knows no option ${option}`;
    throw fail('PEER_ABSENT', { peer: file, what });
  }
  if (typeof answer === 'string') throw fail('PEER_UNUSABLE', { peer: file, what: answer });
  const { missing, uninstalled, wrong } = answer;
  if (uninstalled !== '') {
    const what = `the package ${uninstalled} is not installed`;
    throw fail('PEER_ABSENT', { peer: file, what, package: uninstalled });
  }
  if (missing !== '') throw fail('PEER_ABSENT', { peer: file, what: missing });
  if (wrong !== '') throw fail('PEER_UNUSABLE', { peer: file, what: wrong });
  return answer;
}
