/*
 * ::dmods and ::vars: what the session has loaded, and what it remembers.
 */

import { columns, hex, left } from '../columns.ts';
import type { Dcmd } from '../dcmd.ts';

const OURS = 'gridlock';

export const modules: Dcmd = {
  name: 'dmods',
  usage: '[-l] [module]',
  address: 'none',
  summary: 'list loaded debugger modules',
  help: [
    'Who brings commands and walkers: gridlock itself, and the workload that the dump is of.',
    '',
    '-l  with all that each brings, or the one that is named',
  ].join('\n'),
  options: { l: 'flag' },
  *run({ session, options, args }) {
    const modules = new Map<string, string[]>();
    for (const [kind, all] of [
      ['dcmd', session.dcmds],
      ['walk', session.walkers],
    ] as const) {
      for (const [name, { module = OURS, summary }] of all) {
        const those = modules.get(module) ?? [];
        those.push(`  ${kind} ${left(name, 20)} - ${summary}`);
        modules.set(module, those);
      }
    }
    for (const [name, brings] of [...modules].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (args[0] !== undefined && args[0] !== name) continue;
      const lines = options['l'] === true ? [name, ...brings.sort()] : [name];
      yield { text: lines.join('\n'), data: { module: name, brings: brings.length } };
    }
  },
};

export const vars: Dcmd = {
  name: 'vars',
  usage: '[-n]',
  address: 'none',
  summary: 'print variables',
  help: [
    'The variables that were set, by `value>name` or by ::walk, and the registers of the thread that the dump',
    'is about.',
    '',
    '-n  only those that are not 0',
  ].join('\n'),
  options: { n: 'flag' },
  *run({ session, options }) {
    const registers = ['rbp', 'rip', 'rsp', 'thread'].flatMap((name): [string, bigint][] => {
      try {
        return session.variables().has(name) ? [] : [[name, session.evaluate(`<${name}`)]];
      } catch {
        return []; //  a dump without a thread has no registers
      }
    });
    const all = [...session.variables(), ...registers].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, value] of all) {
      if (options['n'] === true && value === 0n) continue;
      yield { text: columns(name, '=', hex(value)), data: { name, value: hex(value) } };
    }
  },
};
