/*
 * An interview: what a peer has, asked in a process of its own, before anything is measured.
 *
 * A module of a user's may throw when it is imported, or loop, or end its process; here that hurts nobody.
 * Each kind that it exports is made once, cloned as it will be for the threads, and opened, so that a typo
 * in an adapter is an answer at once and not a crash in the middle of a table.  No lock is taken: a lock
 * that hangs is a finding, and findings are made in machines, where there is a watchdog and a dump.
 */

import { saysOf } from '../base/says.ts';
import { FORMS, importPeer, KINDS, makeLock, openLock, type Peer, type PeerKind } from './peer.ts';

export interface Answer {
  readonly title: string;
  readonly execArgv: readonly string[];
  readonly kinds: readonly PeerKind[];
  /** what this process lacks for it */
  readonly missing: string;
  /** the package it wants that is not installed */
  readonly uninstalled: string;
  /** why it is no peer */
  readonly wrong: string;
}

const NONE: Answer = {
  title: '',
  execArgv: [],
  kinds: [],
  missing: '',
  uninstalled: '',
  wrong: '',
};

/** @param tries whether its locks are to be tried, which may need its options of node */
async function interview(file: string, tries: boolean): Promise<Answer> {
  let peer: Peer;
  try {
    peer = await importPeer(file);
  } catch (error) {
    const uninstalled = packageOf(error);
    if (uninstalled !== '') return { ...NONE, uninstalled };
    return { ...NONE, wrong: `it threw while it was imported: ${firstOf(error)}` };
  }
  const { title = '', execArgv = [] } = peer;
  if (typeof title !== 'string') return { ...NONE, wrong: 'its title is no text' };
  if (!Array.isArray(execArgv) || execArgv.some((each) => typeof each !== 'string'))
    return { ...NONE, wrong: 'its execArgv is no array of texts' };
  const kinds = KINDS.filter((kind) => peer[kind] !== undefined);
  if (kinds.length === 0) return { ...NONE, wrong: `it exports none of ${KINDS.join(', ')}` };
  const answer = { ...NONE, title, execArgv, kinds };
  if (!tries) return answer;
  try {
    const missing = peer.missing?.() ?? '';
    if (missing !== '') return { ...answer, missing };
  } catch (error) {
    return { ...NONE, wrong: `missing() threw ${firstOf(error)}` };
  }
  const wrong = kinds.map((kind) => faultOf(kind, peer)).find((fault) => fault !== '');
  return { ...answer, wrong: wrong ?? '' };
}

/** What is wrong with a kind of lock of it; empty when nothing is. */
function faultOf(kind: PeerKind, peer: Peer): string {
  const lock: unknown = peer[kind];
  if (typeof lock !== 'object' || lock === null) return `its ${kind} is no object`;
  const { make, open } = lock as Readonly<Record<string, unknown>>;
  if (typeof open !== 'function') return `its ${kind} has no function open()`;
  if (make !== undefined && typeof make !== 'function') return `its ${kind}.make is no function`;
  let step = 'make()';
  try {
    const made = makeLock(peer[kind]!, { threads: 2, permits: kind === 'semaphore' ? 2 : 0 });
    step = 'make() returned what no thread can be sent: structuredClone()';
    const clone: unknown = structuredClone(made);
    step = 'open()';
    const opened = openLock<unknown>(peer[kind]!, clone, { nth: 0, threads: 2 });
    if (typeof opened !== 'object' || opened === null)
      return `its ${kind}.open() returned no object`;
    const has = (name: string): boolean =>
      typeof (opened as Readonly<Record<string, unknown>>)[name] === 'function';
    if (FORMS[kind].some((form) => form.every(has))) return '';
    const forms = FORMS[kind].map((form) => form.map((name) => `${name}()`).join(', '));
    return `its ${kind}.open() returned no object with ${forms.join(', or with ')}`;
  } catch (error) {
    return `its ${kind}.${step} threw ${firstOf(error)}`;
  }
}

/** The package that an import did not find; empty when it failed for another reason. */
function packageOf(error: unknown): string {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND')
    return '';
  return /Cannot find package '([^']+)'/.exec(error.message)?.[1] ?? '';
}

/** Its first line: the answer is one. */
function firstOf(error: unknown): string {
  return saysOf(error).split('\n')[0] ?? '';
}

process.once('message', ({ file, tries }: { file: string; tries: boolean }) => {
  void interview(file, tries).then((answer) => process.send?.(answer));
});
