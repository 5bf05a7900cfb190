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
 * write-file-atomic offers once, and renames whatever came of it; that is why it is not used here.
 */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface Disk {
  /** @param flags a+: to append, and to read; w: anew */
  open(file: string, flags: 'a+' | 'w'): number;
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
  open: (file, flags) => openSync(file, flags),
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
 * @returns bytes written
 * @throws the file system's error; the file is as it was before, or, where only its name could not be synced, as it is to be
 */
export function writeWhole(file: string, chunks: Iterable<Uint8Array>, disk = HOST_DISK): number {
  const temporary = `${file}.tmp`;
  try {
    const written = writeNew(temporary, chunks, disk);
    disk.rename(temporary, file);
    disk.syncDirectory(dirname(file));
    return written;
  } catch (error) {
    ignoring(() => disk.remove(temporary));
    throw error;
  }
}

function writeNew(file: string, chunks: Iterable<Uint8Array>, disk: Disk): number {
  const fd = disk.open(file, 'w');
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
