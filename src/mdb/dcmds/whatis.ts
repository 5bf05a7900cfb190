/*
 * ::whatis: what an address is of.
 *
 * Each kind of memory is asked in turn, the narrowest first; with -a all of them answer.
 */

import { printable } from '../../base/text.ts';
import { hex } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';
import { framePlace } from '../target/frames.ts';
import { record, type Record } from '../target/record.ts';
import { kthreadsOf, ringLength } from '../target/kthreads.ts';
import { addressOf, hexOf, type Target } from '../target/target.ts';

/** Strings of the table, and pages of a run, that are looked at. */
const STRINGS_MAX = 1_000_000;
const PAGES_MAX = 1_000_000;
const PAGE = 4096n;
const PAGE_STATE = ['freed', 'slab', 'run', 'guard'];
const STRING_SHOWN = 64;

/** What an address is, and how far into it; undefined when it is none of these. */
type Ask = (target: Target, at: bigint) => { base?: bigint; what: string } | undefined;

const ASKS: readonly Ask[] = [
  inThread,
  inRing,
  inStack,
  inText,
  inLock,
  inData,
  inString,
  inHeap,
  inTable,
];

export const whatis: Dcmd = {
  name: 'whatis',
  usage: '[-a]',
  address: 'required',
  summary: 'given an address, return information',
  help: [
    'What the address is of: a thread structure, an event of a thread, a stack, a function, a global or named',
    'lock, a string, a page of the heap, or a table of the image.',
    '',
    '-a  all that is known, not only the narrowest',
    '',
    'A page of the heap is cut into buffers of one size, or belongs to a run of whole pages, or is free, or',
    'guards the end of an oversize buffer: the map of the heap knows no more than that.',
  ].join('\n'),
  options: { a: 'flag' },
  *run({ target, address, options }) {
    const found = ASKS.flatMap((ask) => ask(target, address) ?? []);
    const shown = options['a'] === true ? found : found.slice(0, 1);
    if (shown.length === 0) {
      const isImage = address < BigInt(target.imageBytes);
      shown.push({ what: isImage ? 'in the image, and in nothing that is known' : 'unknown' });
    }
    for (const { base, what } of shown) {
      const offset =
        base === undefined || base === address ? '' : `${hex(base)}+${hex(address - base)}, `;
      yield {
        text: printable(`${hex(address)} is ${offset}${what}`),
        address: base ?? address,
        data: { address: hex(address), base: hex(base ?? address), what },
      };
    }
  },
};

function inThread(target: Target, at: bigint): ReturnType<Ask> {
  const size = BigInt(target.types.need('kthread').size);
  for (const thread of target.threads) {
    const base = addressOf(thread);
    if (at >= base && at < base + size) {
      return { base, what: `allocated as a thread structure (${thread.name})` };
    }
  }
  return undefined;
}

function inRing(target: Target, at: bigint): ReturnType<Ask> {
  const kthreads = kthreadsOf(target);
  const length = ringLength(target, kthreads);
  const size = BigInt(target.types.need('kevent').size);
  for (const kthread of kthreads) {
    const ring = kthread.big('ring');
    if (ring === 0n || at < ring || at >= ring + BigInt(length) * size) continue;
    const index = (at - ring) / size;
    const name = kthread.text('name') || 'boot';
    return {
      base: ring + index * size,
      what: `event ${index} in the ring of thread ${hex(kthread.address)} (${name})`,
    };
  }
  return undefined;
}

function inStack(target: Target, at: bigint): ReturnType<Ask> {
  const stack = at > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : target.stackAt(Number(at));
  if (stack === undefined || Number(at) < stack.base) return undefined;
  const { thread, frames } = stack;
  const lowest = frames[0];
  const below = lowest === undefined || Number(at) < lowest.fp - 8 * lowest.saved.length;
  const frame = frames.find(({ fp }) => Number(at) < fp + 16);
  const where =
    below || frame === undefined ? ' (below sp)' : `, in the frame of ${framePlace(target, frame)}`;
  return { what: `in thread ${thread.address}'s stack (${thread.name})${where}` };
}

function inText(target: Target, at: bigint): ReturnType<Ask> {
  const object =
    at > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : target.text.objectAt(Number(at));
  if (object === undefined) return undefined;
  const { line } = object.placeOf(Number(at));
  return {
    what: `${target.symbolic(at)}, in ${object.name}'s text segment (${object.file}:${line})`,
  };
}

/** A lock that has a name and is no symbol: part of a global, or in the heap. */
function inLock(target: Target, at: bigint): ReturnType<Ask> {
  const size = BigInt(target.types.find('sobj')?.size ?? 0);
  for (const lock of target.dump.locks) {
    const base = addressOf(lock);
    if (at < base || at >= base + size) continue;
    if (target.dataAt(Number(base))?.address === Number(base)) return undefined;
    return { base, what: `the ${lock.kind} ${lock.name}` };
  }
  return undefined;
}

function inData(target: Target, at: bigint): ReturnType<Ask> {
  const named = target.nameAt(at);
  if (named?.data === undefined) return undefined;
  const { address, type } = named.data;
  const heap = target.types.find('image_header') && headerOf(target).big('heap');
  const where = heap !== undefined && BigInt(address) >= heap ? 'the heap' : 'the data segment';
  return { what: `${target.symbolic(at)}, a ${type} in ${where}` };
}

function inString(target: Target, at: bigint): ReturnType<Ask> {
  const header = headerOf(target);
  const end = header.big('strings_next');
  let string = header.big('strings');
  if (at < string || at >= header.big('strings_end')) return undefined;
  for (let n = 0; n < STRINGS_MAX && string < end; n++) {
    const length = target.word(Number(string));
    if (length === undefined) break;
    const next = string + 4n + BigInt(Math.ceil(length / 4) * 4);
    if (at < next) {
      const text = target.readString(string).slice(0, STRING_SHOWN);
      return { base: string, what: `in the string table: ${JSON.stringify(text)}` };
    }
    string = next;
  }
  return { what: 'in the string table, which is free there' };
}

function inHeap(target: Target, at: bigint): ReturnType<Ask> {
  const header = headerOf(target);
  const heap = header.big('heap');
  const pages = header.big('heap_pages');
  const page = at < heap ? -1n : (at - heap) / PAGE;
  if (page < 0n || page >= pages) return undefined;
  const stateAt = (index: bigint): string | undefined => {
    const byte = header.big('pagemap') + index;
    if (index < 0n || index >= pages || !target.isMapped(byte, 1)) return undefined;
    return PAGE_STATE[target.read(byte, 1)[0] ?? 0];
  };
  const state = stateAt(page);
  const base = heap + page * PAGE;
  if (state === 'slab') return { base, what: 'allocated: on a page cut into small buffers' };
  if (state === 'guard')
    return { base, what: 'unmapped: the guard page behind an oversize buffer' };
  if (state !== 'run') return { base, what: 'freed: on a page of the heap that nobody has' };
  let [first, last] = [page, page];
  for (let n = 0; n < PAGES_MAX && stateAt(first - 1n) === 'run'; n++) first--;
  for (let n = 0; n < PAGES_MAX && stateAt(last + 1n) === 'run'; n++) last++;
  const run = heap + first * PAGE;
  const bytes = (last + 1n - first) * PAGE;
  const guard = stateAt(last + 1n) === 'guard' ? ', with a guard page behind it' : '';
  return { base: run, what: `allocated: in a run of whole pages, ${hexOf(bytes)} bytes${guard}` };
}

/** The tables of the image, by what its header says. */
function inTable(target: Target, at: bigint): ReturnType<Ask> {
  const header = headerOf(target);
  const size = (type: string): bigint => BigInt(target.types.find(type)?.size ?? 0);
  const tables: [string, bigint, bigint][] = [
    ['the header of the image', 0n, size('image_header')],
    ['the data segment', header.big('bss'), header.big('bss_end') - header.big('bss')],
    ['the thread table', header.big('threads'), header.big('thread_rows') * size('kthread')],
    ['the symbol table', header.big('symbols'), header.big('symbol_rows') * size('ksymbol')],
    [
      'the counters of outcomes',
      header.big('outcomes'),
      header.big('outcome_rows') * size('koutcome'),
    ],
    ['the map of the heap', header.big('pagemap'), header.big('heap_pages')],
  ];
  for (const [name, base, bytes] of tables) {
    if (at >= base && at < base + bytes) return { base, what: `in ${name}` };
  }
  return undefined;
}

function headerOf(target: Target): Record {
  return record(target, 'image_header', 0n);
}
