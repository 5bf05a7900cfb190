/*
 * ::dump: memory, as bytes and as letters.
 *
 * Lines begin at multiples of 16 bytes, and the byte that was asked for is marked in the head, as in mdb:
 *
 *     > 33c4::dump
 *              0 1 2 3 \/ 5 6 7  8 9 a b  c d e f  0123v56789abcdef
 *     33c0:  00240400 01000000 50190700 01000000  .$......P.......
 */

import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import type { Target } from '../target/target.ts';

const PARAGRAPH = 16;
const GROUPS = [1, 2, 4, 8, 16];
const PARAGRAPHS_MAX = 16n;
const BYTES_MAX = 16 * 1024 * 1024;

interface Look {
  readonly width: number;
  readonly group: number;
  readonly ascii: boolean;
  readonly relative: boolean;
  readonly squeeze: boolean;
  readonly trim: boolean;
}

export const dump: Dcmd = {
  name: 'dump',
  usage: '[-qrst] [-g bytes] [-w paragraphs]',
  address: 'optional',
  summary: 'dump memory from specified address',
  help: [
    'So many bytes as the count says, from the address on, or from dot.  What is not mapped is left blank; when',
    'nothing at all is, it is an error.',
    '',
    '-q  without the letters      -r  addresses relative to the first',
    '-s  repeated lines as *      -t  only the bytes that were asked for',
    '-g  bytes in a group         -w  paragraphs of 16 bytes in a line',
  ].join('\n'),
  options: { q: 'flag', r: 'flag', s: 'flag', t: 'flag', g: 'value', w: 'value' },
  takesCount: true,
  *run({ target, address, count, options, session }) {
    const number = (letter: string, otherwise: bigint): bigint => {
      const value = options[letter];
      return typeof value === 'string' ? session.evaluate(value) : otherwise;
    };
    const group = number('g', 4n);
    const paragraphs = number('w', 1n);
    if (!GROUPS.includes(Number(group))) {
      throw oops(`a group of ${group} bytes`, `one of ${GROUPS.join(' ')}`);
    }
    if (paragraphs < 1n || paragraphs > PARAGRAPHS_MAX) {
      throw oops(`${paragraphs} paragraphs in a line`, `from 1 to ${PARAGRAPHS_MAX}`);
    }
    const bytes = count ?? 1n;
    if (bytes > BigInt(BYTES_MAX))
      throw oops(`${bytes} bytes are too many`, `at most ${BYTES_MAX}`);
    const look: Look = {
      width: PARAGRAPH * Number(paragraphs),
      group: Number(group),
      ascii: options['q'] !== true,
      relative: options['r'] === true,
      squeeze: options['s'] === true,
      trim: options['t'] === true,
    };
    yield* lines(target, address, Number(bytes), look);
    session.setDot(address + bytes);
  },
};

function* lines(target: Target, address: bigint, length: number, look: Look): Iterable<Row> {
  const { width } = look;
  const offset = look.relative ? 0 : Number(address % BigInt(PARAGRAPH));
  const first = address - BigInt(offset);
  const last = look.relative
    ? BigInt(Math.max(0, length - 1))
    : address + BigInt(Math.max(0, length - 1));
  const pad = last.toString(16).length;
  const isSome = Array.from(
    { length: Math.min(length, width) },
    (_, i) => address + BigInt(i),
  ).some((at) => target.isMapped(at, 1));
  // Says that nothing is there, before there is a head.
  if (!isSome && length > 0) target.read(address, 1);
  yield { text: head(pad, offset, look) };
  let before: string | undefined;
  let isSkipping = false;
  for (let at = 0; at < offset + length; at += width) {
    const bytes = Array.from({ length: width }, (_, i) => {
      const isAsked = at + i >= offset && at + i < offset + length;
      return look.trim && !isAsked ? undefined : byteAt(target, first + BigInt(at + i));
    });
    if (bytes.every((byte) => byte === undefined)) break;
    const body = bodyOf(bytes, look);
    const isLast = at + width >= offset + length;
    if (look.squeeze && body === before && !isLast) {
      if (!isSkipping) yield { text: '*' };
      isSkipping = true;
      continue;
    }
    isSkipping = false;
    before = body;
    const where = look.relative ? BigInt(at) : first + BigInt(at);
    yield {
      text: `${where.toString(16).padStart(pad, '0')}: ${body}`.trimEnd(),
      address: first + BigInt(at),
      data: {
        address: (first + BigInt(at)).toString(16),
        bytes: bytes.map((byte) => (byte === undefined ? '  ' : hexByte(byte))).join(''),
      },
    };
  }
}

function head(pad: number, offset: number, { width, group, ascii }: Look): string {
  let text = ' '.repeat(pad + 2);
  for (let i = 0; i < width; i++) {
    text += separator(i, group);
    text += i === offset ? '\\/' : (i & 0xf).toString(16).padStart(2);
  }
  if (!ascii) return text;
  const letters = Array.from({ length: width }, (_, i) =>
    i === offset ? 'v' : (i & 0xf).toString(16),
  );
  return `${text}  ${letters.join('')}`;
}

function bodyOf(bytes: readonly (number | undefined)[], { group, ascii }: Look): string {
  const text = bytes
    .map((byte, i) => separator(i, group) + (byte === undefined ? '  ' : hexByte(byte)))
    .join('');
  return ascii ? `${text}  ${bytes.map(letterOf).join('')}` : text;
}

function separator(i: number, group: number): string {
  if (i % group !== 0) return '';
  return group === 1 && i > 0 && i % 8 === 0 ? '  ' : ' ';
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function letterOf(byte: number | undefined): string {
  if (byte === undefined) return ' ';
  return byte < 0x20 || byte > 0x7e ? '.' : String.fromCharCode(byte);
}

function byteAt(target: Target, address: bigint): number | undefined {
  return target.isMapped(address, 1) ? target.read(address, 1)[0] : undefined;
}
