/*
 * Lines for the fuzzer: grown from the grammar, out of the names that the session has, then bent.
 *
 * No line runs a shell: every `!` is made a pipe, so the operator != is left to the other tests.
 */

import { FORMATS } from '../../../src/mdb/language/formats.ts';
import type { Session } from '../../../src/mdb/session.ts';
import type { Chance } from './random.ts';

const OPERATORS = '| ^ & == << >> + - * % # %%'.split(' ');
const NUMBERS = ['0', '1', '8', '41a00', '0t10', '0x', '0i101', '0o7', 'ffffffffffffffff', '0t1.5'];
const SIGNS = '~!#$%^&*()_+-=[]{}|;:"\',.<>/?\\` \t\n\u0000\u202e€0aZ@'.split('');
const DEPTH_MAX = 4;

/** What lines are made of: names of the session, a few of each kind. */
export interface Words {
  readonly dcmds: readonly string[];
  readonly walkers: readonly string[];
  readonly symbols: readonly string[];
  readonly types: readonly string[];
  readonly members: readonly string[];
  readonly formats: readonly string[];
}

export function wordsOf({ dcmds, walkers, target }: Session): Words {
  const types = [...target.types.all];
  return {
    dcmds: [...dcmds.keys()].filter((name) => name !== 'quit' && name !== '$q'),
    walkers: [...walkers.keys()],
    symbols: [...target.names()],
    types: types.map(({ name }) => name),
    members: types.flatMap(({ fields }) => fields.map(({ name }) => name)),
    formats: Object.keys(FORMATS),
  };
}

export function lineOf(chance: Chance, words: Words): string {
  const command = (): string =>
    [stage(chance, words), ...(chance.one(3) ? [stage(chance, words)] : [])].join(' | ');
  let line = chance.one(8) ? `${command()}; ${command()}` : command();
  if (chance.one(3)) line = bent(chance, line);
  return line.replaceAll('!', '|');
}

function stage(chance: Chance, words: Words): string {
  const at = chance.one(3) ? '' : expression(chance, words, 0);
  const count = chance.one(12) ? `,${chance.of(['0', '1', '3', '10'])}` : '';
  return `${at}${count}${verb(chance, words)}`;
}

function verb(chance: Chance, words: Words): string {
  const kind = chance.below(16);
  if (kind === 0) return '';
  if (kind === 1) return `>${chance.of(['a', '_x', '/1/b', '7'])}`;
  if (kind < 5) return chance.of(['/', '=', '?', '\\']) + format(chance, words);
  if (kind === 5) return `::walk ${chance.of(words.walkers)}${chance.one(4) ? ' v' : ''}`;
  if (kind < 8) return `::print ${paths(chance, words)}`;
  const name = chance.of(words.dcmds);
  const args = chance.times(3, () => argument(chance, words), ' ');
  return `${name.startsWith('$') ? name : `::${name}`}${args === '' ? '' : ` ${args}`}`;
}

function format(chance: Chance, words: Words): string {
  return chance.times(3, () => {
    const count = chance.one(4) ? String(chance.below(40)) : '';
    return chance.one(9) ? '"text"' : count + chance.of(words.formats);
  });
}

function paths(chance: Chance, words: Words): string {
  const member = (): string =>
    chance.of(words.members) + (chance.one(4) ? `[${chance.below(9)}]` : '');
  const path = (): string => member() + chance.times(2, () => chance.of(['.', '->']) + member());
  const flags = chance.one(3) ? `-${chance.of('adhLntxC'.split(''))} ` : '';
  const type = chance.one(4) ? '' : chance.of(words.types);
  return `${flags}${type} ${chance.times(2, path, ' ')}`;
}

function argument(chance: Chance, words: Words): string {
  switch (chance.below(7)) {
    case 0:
      return `-${chance.of('acdfhilnrstvxCLSTA'.split(''))}`;
    case 1:
      return `$[${expression(chance, words, 2)}]`;
    case 2:
      return chance.of(words.types);
    case 3:
      return chance.of(words.walkers);
    case 4:
      return `"${chance.of(words.symbols)}"`;
    case 5:
      return chance.of(words.members);
    default:
      return chance.of(words.symbols);
  }
}

function expression(chance: Chance, words: Words, depth: number): string {
  if (depth < DEPTH_MAX && chance.one(4)) {
    const inner = (): string => expression(chance, words, depth + 1);
    switch (chance.below(5)) {
      case 0:
        return `(${inner()})`;
      case 1:
        return chance.of(['-', '~', '#', '*', '%', '*/1/', '*/4/', '*/l/']) + inner();
      default:
        return `${inner()}${chance.of(OPERATORS)}${inner()}`;
    }
  }
  switch (chance.below(8)) {
    case 0:
      return chance.of(NUMBERS);
    case 1:
      return chance.of(['.', '+', '^', '&']);
    case 2:
      return `<${chance.of(['thread', 'rip', 'rbp', 'a', 'v', 'none'])}`;
    case 3:
      return "'ab'";
    case 4:
      return chance.below(0x1_0000_0000).toString(16);
    case 5:
      return '<thread';
    default:
      return chance.of(words.symbols);
  }
}

/** A few signs put in, taken out, doubled, or the line cut. */
function bent(chance: Chance, line: string): string {
  let text = line;
  for (let n = chance.below(3); n >= 0; n--) {
    const at = chance.below(text.length + 1);
    switch (chance.below(4)) {
      case 0:
        text = text.slice(0, at) + chance.of(SIGNS) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + 1 + chance.below(4));
        break;
      case 2:
        text = text.slice(0, at) + text.slice(chance.below(at + 1));
        break;
      default:
        text = text.slice(0, at);
    }
  }
  return text.slice(0, 4096);
}
