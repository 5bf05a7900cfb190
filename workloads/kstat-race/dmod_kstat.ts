/*
 * ::kstat, and the walker of the chain of kstats.
 *
 * A chain of a dump may lead anywhere: it is followed for as many steps as the image has room for kstats.
 */

import {
  columns,
  hex,
  left,
  oops,
  pointer0,
  printable,
  record,
  right,
  WIDE,
} from '../../src/index.ts';
import type { Call, Dcmd, Record as Struct, Row, Target, Walker } from '../../src/index.ts';

const TYPES = ['raw', 'named', 'intr', 'io', 'timer'];
const FLAGS = ['VIRTUAL', 'VAR_SIZE', 'WRITABLE', 'PERSISTENT', 'DORMANT', 'INVALID'];
/** data_type of a kstat_named_t that is a number; the other is a string. */
const STRING = 9;
const DATA_MAX = 1000;

export const kstat_walker: Walker = {
  name: 'kstat',
  summary: 'the kstats, in the order of their ids',
  address: 'none',
  *walk(target) {
    yield* chain(target);
  },
};

export const kstat: Dcmd = {
  name: 'kstat',
  usage: '[-ov] [-m module] [-i instance] [-n name]',
  address: 'optional',
  summary: 'the kstats: what there is, and in which state',
  help: [
    'KID      in the order of creation; a read of all headers follows it',
    'FLAGS    INVALID: not yet installed; a read of all headers passes over it',
    'OWNER    who has it, if anybody: a mark made under kstat_chain_lock',
    'SIZE     bytes of data',
    '',
    'The options -m, -i and -n choose by module, instance and name, and -o those that somebody has.  With -v',
    'the data of each is shown.',
  ].join('\n'),
  options: { o: 'flag', v: 'flag', m: 'value', i: 'value', n: 'value' },
  *run(call) {
    const { target, hasAddress, address, isFirst, options } = call;
    let isHead = isFirst && options['v'] !== true;
    for (const at of hasAddress ? [address] : chain(target)) {
      const e = record(target, 'ekstat', at);
      const ks = e.part('e_ks');
      if (hasAddress && e.number('e_size') < e.struct.size) {
        throw oops(`${hex(at)} is no kstat`, 'its e_size is too small; ::walk kstat lists them');
      }
      if (!hasAddress && !isWanted(call, e, ks)) {
        yield {};
        continue;
      }
      if (isHead) yield { text: headText() };
      isHead = false;
      yield options['v'] === true ? wholeRow(target, e, ks) : tableRow(target, e, ks);
    }
  },
};

function isWanted({ options, session }: Call, e: Struct, ks: Struct): boolean {
  if (options['o'] === true && e.number('e_owner') === 0) return false;
  const { m: module, n: name, i: instance } = options;
  if (typeof module === 'string' && ks.text('ks_module') !== module) return false;
  if (typeof name === 'string' && ks.text('ks_name') !== name) return false;
  return typeof instance !== 'string' || ks.big('ks_instance') === session.evaluate(instance);
}

function headText(): string {
  return columns(
    right('ADDR', WIDE),
    right('KID', 5),
    left('MODULE', 12),
    right('INST', 5),
    left('NAME', 20),
    left('CLASS', 10),
    left('TYPE', 5),
    right('SIZE', 7),
    left('FLAGS', 16),
    'OWNER',
  );
}

function tableRow(target: Target, e: Struct, ks: Struct): Row {
  const size = ks.big('ks_data_size');
  return {
    text: columns(
      pointer0(e.address),
      right(ks.number('ks_kid'), 5),
      left(ks.text('ks_module'), 12),
      right(ks.number('ks_instance'), 5),
      left(ks.text('ks_name'), 20),
      left(ks.text('ks_class'), 10),
      left(typeOf(ks), 5),
      right(hex(size), 7),
      left(flagsOf(ks), 16),
      ownerOf(target, e) ?? '-',
    ),
    address: e.address,
    data: {
      address: hex(e.address),
      kid: ks.number('ks_kid'),
      module: ks.text('ks_module'),
      instance: ks.number('ks_instance'),
      name: ks.text('ks_name'),
      class: ks.text('ks_class'),
      type: typeOf(ks),
      size: Number(size),
      flags: flagsOf(ks),
      owner: ownerOf(target, e) ?? null,
    },
  };
}

/** As kstat(8) shows one, and its data below. */
function wholeRow(target: Target, e: Struct, ks: Struct): Row {
  const pair = (a: string, b: string): string => left(a, 40) + b;
  const named = namedOf(target, ks);
  const lines = [
    pair(`module: ${printable(ks.text('ks_module'))}`, `instance: ${ks.number('ks_instance')}`),
    pair(`name:   ${printable(ks.text('ks_name'))}`, `class:    ${printable(ks.text('ks_class'))}`),
    pair(`kid:    ${ks.number('ks_kid')}`, `type:     ${typeOf(ks)}`),
    pair(`flags:  ${flagsOf(ks)}`, `owner:    ${ownerOf(target, e) ?? '-'}`),
    ...[...named].map(([name, value]) => `        ${left(name, 31)} ${printable(value)}`),
  ];
  return { text: lines.join('\n'), address: e.address, data: Object.fromEntries(named) };
}

/** The data of a named kstat: numbers and strings by name. */
function namedOf(target: Target, ks: Struct): ReadonlyMap<string, string> {
  const data = ks.big('ks_data');
  const values = new Map<string, string>();
  if (typeOf(ks) !== 'named' || data === 0n) return values;
  const { size } = target.types.need('kstat_named_t');
  for (let i = 0; i < Math.min(ks.number('ks_ndata'), DATA_MAX); i++) {
    const named = record(target, 'kstat_named_t', data + BigInt(i * size));
    const value = named.big('value');
    const isText = named.number('data_type') === STRING;
    values.set(named.text('name'), isText ? target.readText(value) : value.toString());
  }
  return values;
}

function typeOf(ks: Struct): string {
  return TYPES[ks.number('ks_type')] ?? `?${ks.number('ks_type')}`;
}

function flagsOf(ks: Struct): string {
  const flags = ks.number('ks_flags');
  return FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0).join(',') || '-';
}

function ownerOf(target: Target, e: Struct): string | undefined {
  const owner = e.big('e_owner');
  if (owner === 0n) return undefined;
  return printable(target.threadAt(owner)?.name ?? hex(owner));
}

function* chain(target: Target): Iterable<bigint> {
  const head = target.dataSymbol('kstat_chain');
  if (head === undefined) throw oops('this dump has no kstat_chain', 'is it one of kstat-race?');
  const most = Math.floor(target.imageBytes / target.types.need('ekstat').size);
  let at = record(target, 'kstat_chain', BigInt(head.address)).big('first');
  for (let n = 0; at !== 0n; n++) {
    if (n > most) throw oops('the chain of kstats does not end', `after ${most} of them`);
    yield at;
    at = record(target, 'ekstat', at).big('e_next');
  }
}
