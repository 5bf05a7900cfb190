/*
 * ::help, ::dcmds, ::walkers, ::formats: what there is, and how it is used.
 */

import { columns, left, wrap } from '../columns.ts';
import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { FORMATS } from '../language/formats.ts';
import { spelled, usageOf } from '../usage.ts';

const NAME = 24;
const WIDTH = 80;

const START = [
  'Each command is:  [addr][,count] verb [args] { | verb args } [! shell]',
  '',
  '  ::status          what this dump is of        ::deadlock    the cycle, explained',
  '  ::threadlist      every thread                ::stacks      threads by stack',
  '  addr::findstack   the stack of one            ::locks       every lock by contention',
  '  lock::mutex       who has a mutex             addr::why     who waits for whom',
  '  addr::print TYPE  a struct                    place::dis    the source there',
  '',
  '  ::dcmds           all commands                ::walkers     all walkers',
  '  ::help NAME       one of them                 ::formats     /X, /K and the like',
  '',
  'Numbers are hexadecimal; 0t makes a decimal.  Names of locks, globals and functions are addresses.',
].join('\n');

export const help: Dcmd = {
  name: 'help',
  usage: '[name]',
  address: 'none',
  summary: 'list commands or describe one',
  help: 'Without a name, where to begin.  With the name of a command or a walker, its manual.',
  *run({ args, session, width }) {
    const [name] = args;
    if (name === undefined) {
      yield { text: START };
      return;
    }
    const plain = name.replace(/^::/, '');
    const dcmd = session.dcmds.get(plain);
    const walker = session.walkers.get(plain);
    if (dcmd === undefined && walker === undefined) {
      throw oops(
        `no help for '${name}'`,
        'unknown dcmd or walker name (::dcmds and ::walkers list them)',
      );
    }
    if (dcmd !== undefined) yield manual(dcmd, Math.min(width, WIDTH));
    if (walker !== undefined) {
      const { name: walks, summary, address, module = 'gridlock' } = walker;
      const usage = `${{ none: '', optional: '[addr] ', required: 'addr ' }[address]}::walk ${walks}`;
      yield {
        text: page(`${walks} - ${summary}`, usage, '', module, WIDTH),
        data: { name: walks, summary },
      };
    }
  },
};

function manual(dcmd: Dcmd, width: number): Row {
  const { name, summary, module = 'gridlock', aliases = [] } = dcmd;
  const also =
    aliases.length === 0
      ? ''
      : `\n\nAlso: ${aliases.map((each) => spelled({ name: each })).join(' ')}`;
  return {
    text: page(`${name} - ${summary}`, usageOf(dcmd), dcmd.help + also, module, width),
    data: { name, summary, usage: usageOf(dcmd), help: dcmd.help, module },
  };
}

function page(name: string, usage: string, text: string, module: string, width: number): string {
  const sections: [string, string][] = [
    ['NAME', name],
    ['SYNOPSIS', usage],
    ...(text === '' ? [] : ([['DESCRIPTION', text]] as [string, string][])),
    ['ATTRIBUTES', `  Target: dump\n  Module: ${module}\n  Interface Stability: Evolving`],
  ];
  return sections.map(([head, body]) => `${head}\n${indented(body, width)}`).join('\n\n');
}

/** Paragraphs are filled; options, columns and what is indented stay as they are. */
function indented(text: string, width: number): string {
  const paragraphs: string[] = [];
  let isOpen = false;
  for (const line of text.split('\n')) {
    const isProse = line !== '' && !/^[\s-]|^[^\s.]+ {2,}\S|\S {3,}\S/.test(line);
    if (isProse && isOpen) paragraphs.push(`${paragraphs.pop()} ${line}`);
    else paragraphs.push(line);
    isOpen = isProse;
  }
  return paragraphs
    .flatMap((each) => (each.length + 2 > width ? wrap(each, width, '  ') : [each && `  ${each}`]))
    .join('\n');
}

export const dcmds: Dcmd = {
  name: 'dcmds',
  usage: '',
  address: 'none',
  summary: 'list available debugger commands',
  help: 'Every command with its summary.',
  *run({ session }) {
    const all = [...session.dcmds].sort(([a], [b]) => compare(a, b));
    for (const [name, { summary, module = 'gridlock' }] of all) {
      yield { text: columns(left(name, NAME), '-', summary), data: { name, summary, module } };
    }
  },
};

export const walkers: Dcmd = {
  name: 'walkers',
  usage: '',
  address: 'none',
  summary: 'list available walkers',
  help: 'Every walker with its summary; ::walk runs one.',
  *run({ session }) {
    for (const [name, { summary, module = 'gridlock' }] of [...session.walkers].sort(([a], [b]) =>
      compare(a, b),
    )) {
      yield { text: columns(left(name, NAME), '-', summary), data: { name, summary, module } };
    }
  },
};

export const formats: Dcmd = {
  name: 'formats',
  usage: '',
  address: 'none',
  summary: 'list the letters of /, = and ?',
  help: 'Every letter of the format verbs, with the bytes it reads and what it shows.',
  *run() {
    for (const [letter, { bytes, shows }] of Object.entries(FORMATS)) {
      const size = bytes === 0 ? '-' : String(bytes);
      yield { text: columns(letter, '-', left(shows, 40), size), data: { letter, bytes, shows } };
    }
  },
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
