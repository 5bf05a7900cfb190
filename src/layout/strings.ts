/*
 * The string table: names and messages, in the image, so that they are in the dump.
 *
 *     a text is the address of      u32 length, then that many bytes of UTF-8, padded to a word
 *     0 is the text of              '' (nothing was said)
 *
 * Strings are only ever added, by a fetch-and-add on the table's end, so a reader needs no lock: an
 * address is published after the bytes behind it.  Each thread remembers the addresses it has seen
 * until the next boot, or until it is bound to another image.  A full table yields 0: a name is worth
 * less than the run.  What a panic says is worth more than any name, so the last PANIC_BYTES are kept for it.
 */

import { header, image_header } from './records.ts';
import { add, boundImage, get, load, peek, poke, readUtf8, writeUtf8 } from './word.ts';

/** Room for a few messages of the greatest length, should more than one thread panic at once. */
const PANIC_BYTES = 16 * 1024;

const encoder = new TextEncoder();
let cacheEpoch = -1;
let cacheImage: SharedArrayBuffer | undefined;
let cache = new Map<string, number>();

/**
 * The text of a string, added to the table when this thread has not used it since boot.
 * @param panics it is what a panic says
 */
export function intern(value: string, panics = false): number {
  if (value === '') return 0;
  const epoch = get(header, image_header.epoch);
  if (epoch !== cacheEpoch || boundImage() !== cacheImage) {
    cacheEpoch = epoch;
    cacheImage = boundImage();
    cache = new Map();
  }
  const known = cache.get(value);
  if (known !== undefined) return known;
  const encoded = encoder.encode(value.length > 2048 ? `${value.slice(0, 2048)}…` : value);
  const room = 4 + Math.ceil(encoded.length / 4) * 4;
  const end = get(header, image_header.strings_end) - (panics ? 0 : PANIC_BYTES);
  if (load(header, image_header.strings_next) + room > end) return 0;
  const address = add(header, image_header.strings_next, room);
  if (address + room > end) return 0;
  writeUtf8(address + 4, encoded);
  poke(address, encoded.length);
  cache.set(value, address);
  return address;
}

/** The string behind a text.  A damaged address reads as '?', never as an exception. */
export function textOf(text: number): string {
  if (text === 0) return '';
  const first = get(header, image_header.strings);
  const end = get(header, image_header.strings_end);
  if (text < first || text + 4 > end) return '?';
  const length = peek(text);
  if (length < 0 || text + 4 + length > end) return '?';
  return readUtf8(text + 4, length);
}
