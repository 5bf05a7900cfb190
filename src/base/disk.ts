/*
 * The few calls by which something is kept on a disk, and the two ways in which we keep it.
 *
 *     what                  how                                            after a kill at any moment
 *     -------------------   --------------------------------------------   ------------------------------------
 *     a log (journal.ts)    each line appended and synced                  all lines but the last; it may be torn
 *     a whole file          written under another name, synced, renamed    the file as it was before, or as it is
 *                                                                          to be; the other name may lie around
 *
 * That is after the kill of a process.  When the power goes, a name may be lost whose bytes are there, so a directory is synced
 * when a file was made in it, or renamed.  Not every system can do that: Windows opens no directory, and keeps its names by a
 * journal of its own.  Where it is refused, it is not asked for twice, and is no failure.
 *
 * Everything that a run leaves behind goes through a Disk, so that a test can have one that is full, broken, read-only,
 * slow to take more than a part, or gone between any two calls.
 *
 * A write may take less than it is given, and that is no error: what is left has to be offered again.  The package
 * write-file-atomic (7.0.1) offers once, and renames whatever came of it; that is why it is not used.  What else it does is
 * done here, too, where a path is one that somebody named (writeNamed) rather than one of ours:
 *
 *     what is there       is
 *     ----------------    ---------------------------------------------------------------------------
 *     a link              followed: what it leads to is written
 *     a file              replaced, and its mode kept; its owner is not, which would take root
 *     a device, a pipe    written to as it is: /dev/stdout, or >(…) of a shell.  A rename would put a file there
 *
 * Two who write one file at a time have each a temporary of their own, and the last to rename wins.  On Windows a file that
 * somebody reads, a virus scanner most of all, cannot be renamed over just then; that is tried again for half a second.
 */

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface Disk {
  /** @param flags a+: to append, and to read; w: anew @param mode of a file that is made */
  open(file: string, flags: 'a+' | 'w', mode?: number): number;
  /** bytes of an open file */
  size(fd: number): number;
  /** one of its bytes */
  byteAt(fd: number, at: number): number;
  /** @returns how many were taken */
  write(fd: number, bytes: Uint8Array): number;
  sync(fd: number): void;
  /** the names in it, where the system can */
  syncDirectory(directory: string): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  /** no error if there is none */
  remove(file: string): void;
}

/** The real one. */
export const HOST_DISK: Disk = {
  open: (file, flags, mode) => openSync(file, flags, mode),
  size: (fd) => fstatSync(fd).size,
  byteAt: (fd, at) => {
    const byte = new Uint8Array(1);
    return readSync(fd, byte, 0, 1, at) === 1 ? byte[0]! : -1;
  },
  write: (fd, bytes) => writeSync(fd, bytes),
  sync: (fd) => fsyncSync(fd),
  syncDirectory,
  close: (fd) => closeSync(fd),
  rename: (from, to) => renameSync(from, to),
  remove: (file) => rmSync(file, { force: true }),
};

/** What Windows says of a file that somebody has open; for how long it is asked again, in milliseconds, and how often at least. */
const IN_USE: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);
const IN_USE_MS = 500;
const IN_USE_TRIES = 10;

/** What a system says that cannot sync a directory. */
const REFUSALS: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOTSUP',
  'EPERM',
]);

function syncDirectory(directory: string): void {
  try {
    const fd = openSync(directory, 'r');
    try {
      fsyncSync(fd);
    } finally {
      ignoring(() => closeSync(fd));
    }
  } catch (error) {
    if (!REFUSALS.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

/**
 * Writes a file that is whole as soon as it has its name.
 * @param mode of the file, as far as the umask allows it
 * @returns bytes written
 * @throws the file system's error; the file is as it was before, or, where only its name could not be synced, as it is to be
 */
export function writeWhole(
  file: string,
  chunks: Iterable<Uint8Array>,
  disk = HOST_DISK,
  mode?: number,
): number {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const written = writeNew(temporary, chunks, disk, mode);
    rename(temporary, file, disk);
    disk.syncDirectory(dirname(file));
    return written;
  } catch (error) {
    ignoring(() => disk.remove(temporary));
    throw error;
  }
}

/**
 * Writes to a path that somebody named, whatever is there.
 * @throws the file system's error; a file that was there before is there still
 */
export function writeNamed(file: string, text: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined || there.isDirectory()) {
    writeWhole(file, [Buffer.from(text)]);
  } else if (there.isFile()) {
    const target = realpathSync(file);
    const mode = there.mode & 0o777;
    writeWhole(target, [Buffer.from(text)], HOST_DISK, mode);
    // What the umask took away.
    ignoring(() => chmodSync(target, mode));
  } else writeFileSync(file, text);
}

function rename(from: string, to: string, disk: Disk): void {
  const until = performance.now() + IN_USE_MS;
  for (let tries = 1; ; tries++) {
    try {
      disk.rename(from, to);
      return;
    } catch (error) {
      const isInUse =
        process.platform === 'win32' && IN_USE.has((error as NodeJS.ErrnoException).code);
      if (!isInUse || (tries >= IN_USE_TRIES && performance.now() > until)) throw error;
    }
  }
}

function writeNew(
  file: string,
  chunks: Iterable<Uint8Array>,
  disk: Disk,
  mode: number | undefined,
): number {
  const fd = disk.open(file, 'w', mode);
  try {
    let written = 0;
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.length;) {
        const taken = disk.write(fd, chunk.subarray(done));
        if (taken === 0) throw new Error('the disk takes no more');
        done += taken;
      }
      written += chunk.length;
    }
    disk.sync(fd);
    return written;
  } finally {
    // What matters is on the disk by now, or there is an error that says more.
    ignoring(() => disk.close(fd));
  }
}

/** For what is done on the way out: its failure must not hide the first. */
export function ignoring(body: () => void): void {
  try {
    body();
  } catch {
    // What led here is thrown, and says more.
  }
}
