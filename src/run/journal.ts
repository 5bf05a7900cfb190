/*
 * The journal: one record a line, appended and synced before anybody acts on it.
 *
 * Two processes write to it, the supervisor and its machine's watchdog.  Each of them may be killed, and the disk may fill
 * up, between any two bytes.  What holds in spite of that:
 *
 *     (1) A record is on a line of its own.  Who finds that the last byte is no newline begins with one, so a torn line
 *         spoils itself and not the next.
 *     (2) A torn line is never continued: another writer's may be behind it by now.  It is written again, whole.  A part of
 *         a record is never taken for one, since the beginning of a JSON object does not parse.
 *     (3) What could not be written, or synced, is kept, and written before the next record.  So it may be there twice, and
 *         whoever counts records counts each once (report/model.ts).
 *     (4) append() does not throw.  A disk that fails costs the journal, not the trials that are still to run.
 *
 * What is kept by (3) is memory.  `waiting` says how much, and whoever runs for hours ends before it is too much (results.ts); what
 * is kept is never thrown away here, for then nobody could say any more what is lost.
 *
 * Rejected: to cut a torn line off.  What is cut off may be somebody else's.
 *
 * The file is opened for each record.  That is nothing beside the sync, and there is nothing to close, to leak, or to go
 * stale when a disk comes back.
 */

import { dirname } from 'node:path';
import { HOST_DISK, ignoring, type Disk } from '../base/disk.ts';

const NEWLINE = 0x0a;
/** How often a line is begun again that was not taken whole. */
const TRIES = 3;

export class Journal {
  readonly file: string;
  private readonly disk: Disk;
  private readonly onTrouble: (error: Error) => void;
  private readonly pending: string[] = [];
  private told = false;
  private length = 0;

  /** @param onTrouble hears of the first failure, and of no other */
  constructor(file: string, disk: Disk = HOST_DISK, onTrouble: (error: Error) => void = () => {}) {
    this.file = file;
    this.disk = disk;
    this.onTrouble = onTrouble;
  }

  /** Lines that are not on the disk yet. */
  get unwritten(): readonly string[] {
    return this.pending;
  }

  /** Letters of those lines. */
  get waiting(): number {
    return this.length;
  }

  /**
   * Appends a record, and whatever could not be appended before.
   * @returns whether all of it is on the disk
   */
  append(record: object): boolean {
    const line = JSON.stringify(record);
    this.pending.push(line);
    this.length += line.length;
    return this.flush();
  }

  /** Tries once more to write what could not be.  @returns whether all of it is on the disk */
  flush(): boolean {
    if (this.pending.length === 0) return true;
    try {
      this.writePending();
      return true;
    } catch (error) {
      if (!this.told) {
        this.told = true;
        this.onTrouble(error as Error);
      }
      return false;
    }
  }

  private writePending(): void {
    const { disk, pending } = this;
    const fd = disk.open(this.file, 'a+');
    let written = 0;
    let isNew = false;
    try {
      for (; written < pending.length; written++)
        isNew = this.put(fd, pending[written]!) === 'first' || isNew;
    } finally {
      // Those before the one that failed are not written again, or a disk that is nearly full would fill up with them.
      try {
        disk.sync(fd);
        for (const line of pending.splice(0, written)) this.length -= line.length;
      } finally {
        ignoring(() => disk.close(fd));
      }
    }
    if (isNew) disk.syncDirectory(dirname(this.file));
  }

  private put(fd: number, line: string): 'first' | 'next' {
    for (let tries = 0; tries < TRIES; tries++) {
      const size = this.disk.size(fd);
      const isFresh = size === 0 || this.disk.byteAt(fd, size - 1) === NEWLINE;
      const bytes = Buffer.from(`${isFresh ? '' : '\n'}${line}\n`);
      if (this.disk.write(fd, bytes) === bytes.length) return size === 0 ? 'first' : 'next';
    }
    throw new Error('the disk takes only a part of a line');
  }
}
