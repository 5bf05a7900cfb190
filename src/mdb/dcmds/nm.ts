/*
 * ::nm: the symbols, of data and of text.  ::objects: the files that the text is of.
 */

import { printable } from '../../base/text.ts';
import { left, pointer, right, WIDE } from '../columns.ts';
import { WORKING, type Dcmd, type Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import type { Target } from '../target/target.ts';
import { suggest } from '../../base/suggest.ts';

interface Symbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: 'OBJT' | 'FUNC';
  /** the struct of a global, the object of a function */
  readonly of: string;
}

const KINDS: ReadonlyMap<string, Symbol['kind']> = new Map([
  ['objt', 'OBJT'],
  ['func', 'FUNC'],
]);

export const nm: Dcmd = {
  name: 'nm',
  usage: '[-dnpvx] [-t objt|func] [object]',
  address: 'optional',
  summary: 'print symbols',
  help: [
    'The globals and named locks of the image (OBJT), and the functions in the source that the dump carries',
    '(FUNC), those of one object if it is named.  With an address, the symbol that it lies in.',
    '',
    '-n  by name             -v  by address, which is the default',
    '-d  numbers in decimal  -x  in hexadecimal, which is the default',
    '-p  address, type (D, T) and name alone',
    '-t  only those of a type',
    '',
    'Bind is GLOB for all, and Other 0, as in a program that was linked once.  Shndx is the struct of a global,',
    'and the object of a function.',
  ].join('\n'),
  options: { d: 'flag', n: 'flag', p: 'flag', v: 'flag', x: 'flag', t: 'value' },
  *run({ target, address, hasAddress, isFirst, options, args }) {
    const type = options['t'];
    const kind = typeof type === 'string' ? KINDS.get(type.toLowerCase()) : undefined;
    if (typeof type === 'string' && kind === undefined) {
      throw oops(`symbol type ${type} is unknown`, 'objt or func');
    }
    const isTerse = options['p'] === true;
    const byName = options['n'] === true;
    const found = hasAddress ? at(target, address) : symbolsOf(target, args[0]);
    const chosen = found
      .filter((symbol) => kind === undefined || symbol.kind === kind)
      .sort((a, b) => (byName ? compare(a.name, b.name) : 0) || a.address - b.address);
    if (isFirst && !isTerse) yield { text: HEAD };
    for (const symbol of chosen) {
      yield isTerse ? terse(symbol) : full(symbol, options['d'] === true && options['x'] !== true);
    }
  },
};

const HEAD = [
  left('Value', WIDE + 2),
  left('Size', WIDE + 2),
  left('Type', 5),
  left('Bind', 5),
  left('Other', 5),
  left('Shndx', 16),
  'Name',
].join(' ');

function full(symbol: Symbol, isDecimal: boolean): Row {
  const number = (value: number): string =>
    isDecimal
      ? value.toString().padStart(WIDE + 2, '0')
      : `0x${value.toString(16).padStart(WIDE, '0')}`;
  const cells = [
    number(symbol.address),
    number(symbol.size),
    left(symbol.kind, 5),
    left('GLOB', 5),
    left('0x0', 5),
    left(symbol.of, 16),
    printable(symbol.name),
  ];
  return rowOf(symbol, cells.join('|'));
}

function terse(symbol: Symbol): Row {
  const letter = symbol.kind === 'FUNC' ? 'T' : 'D';
  const address = symbol.address.toString(16).padStart(WIDE, '0');
  return rowOf(symbol, `${address} ${letter} ${printable(symbol.name)}`);
}

function rowOf({ name, address, size, kind, of }: Symbol, text: string): Row {
  return {
    text,
    address: BigInt(address),
    data: { name, address: address.toString(16), size, type: kind, of },
  };
}

/** All symbols, or those of an object.  @throws MdbError when there is no such object */
function symbolsOf(target: Target, object: string | undefined): Symbol[] {
  const objects = target.text.objects.filter(
    ({ name, file }) => object === undefined || name === object || file === object,
  );
  if (objects.length === 0 && object !== undefined) {
    const near = suggest(
      object.slice(0, 64),
      target.text.objects.map(({ name }) => name),
    );
    throw oops(
      `no symbol table for object ${object}`,
      near === undefined ? '::objects lists them' : `is it ${near}? (::objects lists them)`,
    );
  }
  const data = object === undefined ? target.symbols : [];
  return [
    ...data.map(({ name, address, size, type }): Symbol => ({
      name,
      address,
      size,
      kind: 'OBJT',
      of: type,
    })),
    ...objects.flatMap(({ name: of, functions }) =>
      functions.map(({ name, address, start, end }): Symbol => ({
        name,
        address,
        size: end - start,
        kind: 'FUNC',
        of,
      })),
    ),
  ];
}

function at(target: Target, address: bigint): Symbol[] {
  const named = target.nameAt(address);
  const base = address - BigInt(named?.offset ?? 0);
  const { data, text } = named ?? {};
  if (data !== undefined) {
    return [
      { name: data.name, address: Number(base), size: data.size, kind: 'OBJT', of: data.type },
    ];
  }
  if (text === undefined)
    throw oops(`no symbol at ${address.toString(16)}`, '::whatis may know more');
  const { name, start, end, object } = text;
  return [{ name, address: text.address, size: end - start, kind: 'FUNC', of: object.name }];
}

export const objects: Dcmd = {
  name: 'objects',
  usage: '',
  address: 'none',
  summary: 'print load objects information',
  help: [
    'Each file of the source that the dump carries or that a frame names, as the object that it is in the',
    'text segment: where it begins and ends, its size, its name as in object`function, and its path.',
    '(no source) marks a file whose text is not in the dump.',
  ].join('\n'),
  *run({ target }) {
    yield {
      text: [right('BASE', WIDE), right('LIMIT', WIDE), right('SIZE', WIDE), 'NAME'].join(' '),
    };
    for (const { base, size, name, file, source } of target.text.objects) {
      yield WORKING;
      const note = source === undefined ? ' (no source)' : '';
      const numbers = [base, base + size, size].map((value) => pointer(value)).join(' ');
      yield {
        text: `${numbers} ${left(name, 20)} ${printable(file)}${note}`,
        address: BigInt(base),
        data: { name, file, base: base.toString(16), size, hasSource: source !== undefined },
      };
    }
  },
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
