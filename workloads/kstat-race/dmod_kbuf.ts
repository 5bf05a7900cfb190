/*
 * ::kbuf: the arithmetic of the buffer that all headers were copied to.
 *
 * The report does it by hand: so many headers of 184 bytes, one byte more, rounded up to pages; where one more
 * header begins and ends; and which address the machine could not write.  Here each line is a number of the
 * dump, or one that follows from those above it.
 */

import { hex, left, oops, pointer0, record } from '../../src/index.ts';
import type { Dcmd, Target } from '../../src/index.ts';

export const kbuf: Dcmd = {
  name: 'kbuf',
  usage: '',
  address: 'none',
  summary: 'the last read of all headers, byte by byte',
  help: [
    'What header_kstat_update counted and header_kstat_snapshot copied, how large the buffer was, where a',
    'header too many begins and ends, and where that is not memory any more.  Numbers are hexadecimal.',
    '',
    'While no read is under way these are the numbers of the one before.',
  ].join('\n'),
  *run({ target }) {
    const n = numbersOf(target);
    const at = (address: bigint): string => `${pointer0(address)}  kbuf+0x${hex(address - n.kbuf)}`;
    const over = n.copied - n.counted;
    const lines: [string, string][] = [
      ['counted', `${hex(n.counted)} headers of ${hex(n.header)} bytes`],
      ['ks_data_size', `${hex(n.size)} bytes`],
      ['kbuf', at(n.kbuf)],
      ['kbuf ends', `${at(n.end)}: ${hex(n.size)} bytes and one more, in pages of ${hex(n.page)}`],
      ['one more begins', at(n.kbuf + n.size)],
      [
        'one more ends',
        `${at(n.kbuf + n.size + n.header)}: ${n.kbuf + n.size + n.header > n.end ? 'behind the end' : 'it would fit, and nobody would know'}`,
      ],
      [
        'copied',
        `${hex(n.copied)} headers: ${over === 0n ? 'as many as counted' : over > 0n ? `${over} more than counted` : `${-over} fewer than counted`}`,
      ],
    ];
    if (n.fault !== 0n)
      lines.push([
        'fault at',
        at(n.fault) + (n.fault === n.end ? ': the first byte that is not there' : ''),
      ]);
    const text = lines.map(([what, value]) => `${left(what, 16)} ${value}`).join('\n');
    yield {
      text,
      address: n.kbuf,
      data: Object.fromEntries(Object.entries(n).map(([name, value]) => [name, hex(value)])),
    };
  },
};

function numbersOf(
  target: Target,
): Readonly<
  Record<'counted' | 'copied' | 'header' | 'size' | 'kbuf' | 'end' | 'page' | 'fault', bigint>
> {
  const reads = target.dataSymbol('kstat_header_reads');
  if (reads === undefined)
    throw oops('this dump has no kstat_header_reads', 'is it one of kstat-race?');
  const last = record(target, 'kstat_header_reads', BigInt(reads.address));
  const buffer = last.big('kbuf');
  if (buffer === 0n) throw oops('nobody has read the headers yet', 'there is no kbuf in this dump');
  const header = BigInt(target.types.need('kstat_t').size);
  const page = BigInt(target.dump.head.image.page);
  const counted = last.big('counted');
  const size = counted * header;
  const end = buffer + ((size + 1n + page - 1n) / page) * page;
  const fault = record(target, 'image_header', 0n).big('panic_address');
  return { counted, copied: last.big('copied'), header, size, kbuf: buffer, end, page, fault };
}
