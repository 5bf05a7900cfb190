/*
 * ::stubs: the audit of bug 9057, "unloadable modules should use NO_UNLOAD stubs".
 *
 * A STUB or a WSTUB holds its module for the length of a call, with mod_lock, so that nobody unloads it
 * meanwhile.  That is of use only if somebody can.  What decides is the module's _fini:
 *
 *     _fini                  the module             a stub that holds it
 *     --------------------   --------------------   ------------------------------------------
 *     there is none          never unloads          is wrong: mod_lock is taken for nothing
 *     returns an errno       never unloads          is wrong
 *     returns 0              unloads                is right
 *     anything else          is for people to read  is not judged
 *
 * How a debugger can know: as the author of the report did, who disassembled it.  The text of a program is its
 * source here, and in a dump.  text_symbol(module, function) enters a function into a module's symbol table;
 * the one entered as _fini is looked up, and if all it does is to return a constant, that is its answer.
 * Nothing is taken for granted: no text, no judgement.
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
import type { Dcmd, Record as Struct, Target, Walker } from '../../src/index.ts';

/** Of one module, in a row that ends with an empty one. */
const STUBS_MAX = 4096;
const WEAK = 0x01;
const NOUNLOAD = 0x02;
const INSTALLED = 0x10;
const KINDS: readonly string[] = ['STUB', 'WSTUB', 'NO_UNLOAD_STUB', 'NO_UNLOAD_WSTUB'];

interface Stub {
  readonly info: Struct;
  readonly module: string;
  readonly name: string;
  readonly flag: number;
}

/** What a module's _fini says when it is asked. */
interface Fini {
  /** undefined: not known */
  readonly unloads: boolean | undefined;
  readonly text: string;
}

export const stub_walker: Walker = {
  name: 'stub',
  summary: 'the stubs, by module',
  address: 'none',
  *walk(target) {
    for (const { info } of allStubs(target)) yield info.address;
  },
};

export const stubs: Dcmd = {
  name: 'stubs',
  usage: '[-w]',
  address: 'none',
  summary: 'the stubs of modules, and whether their hold is of any use',
  help: [
    'KIND     (NO_UNLOAD_)STUB, or WSTUB if it is weak',
    'A CALL   what a call through it comes to in this dump',
    '_FINI    what the module says when it is to be unloaded',
    'VERDICT  wrong: it takes mod_lock for nothing',
    '',
    'A STUB or WSTUB holds the module during a call, and takes mod_lock for that, twice; the NO_UNLOAD ones',
    'jump straight to the function.  The hold is for nothing if the module cannot be unloaded: if it has no',
    '_fini, or one that returns EBUSY.  A weak stub does not load the module: without it, an error function',
    'answers.',
    '',
    '-w lists only those that are wrong: what the fix of 9057 changed.',
    '',
    'What _fini returns is read in the source that the dump carries; without it there are no verdicts.',
  ].join('\n'),
  options: { w: 'flag' },
  *run({ target, options, isFirst }) {
    const all = [...allStubs(target)];
    const finis = new Map<string, Fini>();
    for (const { module } of all) {
      if (!finis.has(module)) finis.set(module, finiOf(target, module));
    }
    const isWrong = ({ module, flag }: Stub): boolean =>
      (flag & NOUNLOAD) === 0 && finis.get(module)?.unloads === false;
    const shown = options['w'] === true ? all.filter(isWrong) : all;
    if (isFirst && shown.length > 0) yield { text: headText() };
    for (const stub of shown) {
      const fini = finis.get(stub.module)!;
      const verdict = fini.unloads === undefined ? '?' : isWrong(stub) ? 'wrong' : 'right';
      yield {
        text: columns(
          pointer0(stub.info.address),
          left(KINDS[stub.flag & (WEAK | NOUNLOAD)] ?? '?', 15),
          left(stub.module, 8),
          left(stub.name, 12),
          left(callOf(stub), 21),
          left(fini.text, 7),
          verdict,
        ),
        address: stub.info.address,
        data: {
          address: hex(stub.info.address),
          kind: KINDS[stub.flag & (WEAK | NOUNLOAD)],
          module: stub.module,
          name: stub.name,
          installed: (stub.flag & INSTALLED) !== 0,
          fini: fini.text,
          unloads: fini.unloads ?? null,
          wrong: isWrong(stub),
        },
      };
    }
    const wrong = all.filter(isWrong).length;
    const unknown = [...finis].filter(([, { unloads }]) => unloads === undefined);
    yield { text: sumText(wrong, all.length) };
    for (const [module, { text }] of unknown) {
      yield { text: `not judged: ${printable(module)}, whose _fini is ${printable(text)}` };
    }
  },
};

function headText(): string {
  return columns(
    right('ADDR', WIDE),
    left('KIND', 15),
    left('MODULE', 8),
    left('FUNCTION', 12),
    left('A CALL', 21),
    left('_FINI', 7),
    'VERDICT',
  );
}

function sumText(wrong: number, all: number): string {
  return wrong === 0
    ? `of ${all} stubs, none holds a module that cannot be unloaded`
    : `${wrong} of ${all} stubs hold a module that cannot be unloaded: they ought to be NO_UNLOAD`;
}

/** What a call through a stub does in this image: jump() and stubs_common_code() of modstubs.ts. */
function callOf({ flag }: Stub): string {
  if ((flag & INSTALLED) !== 0) return (flag & NOUNLOAD) === 0 ? 'holds, calls, drops' : 'jumps';
  return (flag & WEAK) === 0 ? 'loads, holds, calls' : 'answered by errfcn';
}

function* allStubs(target: Target): Iterable<Stub> {
  const infos = target.dump.symbols.filter(({ type }) => type === 'mod_modinfo');
  if (infos.length === 0) {
    throw oops('this dump has no mod_modinfo', 'is it one of dtrace-deadlock?');
  }
  const { size } = target.types.need('mod_stub_info');
  for (const { address } of infos) {
    const modinfo = record(target, 'mod_modinfo', BigInt(address >>> 0));
    const module = modinfo.text('modm_module_name');
    let at = modinfo.big('modm_stubs');
    for (let n = 0; n < STUBS_MAX; n++, at += BigInt(size)) {
      const info = record(target, 'mod_stub_info', at);
      if (info.number('mods_func_adr') === 0) break;
      yield { info, module, name: info.text('mods_stub_adr'), flag: info.number('mods_flag') };
    }
  }
}

/** A module's _fini, as its text has it. */
function finiOf(target: Target, module: string): Fini {
  const found = symbolOf(target, module, '_fini');
  if (!found.isThere) return { unloads: undefined, text: 'not in this dump' };
  if (found.text === undefined) return { unloads: false, text: 'none' };
  const returned = constantOf(found.text);
  if (returned === undefined) return { unloads: undefined, text: 'more than a constant' };
  const value = /^\d+$/.test(returned) ? Number(returned) : valueOf(target, returned);
  if (value === undefined) return { unloads: undefined, text: `${returned}, of unknown value` };
  return { unloads: value === 0, text: returned };
}

/** Whether the dump has a module's symbol table, and the source of what that has under a name. */
function symbolOf(
  target: Target,
  module: string,
  name: string,
): { isThere: boolean; text?: string } {
  let isThere = false;
  for (const { source, functions } of target.text.objects) {
    if (source === undefined) continue;
    for (const [entered, as, func] of entriesOf(source)) {
      if (entered !== module) continue;
      isThere = true;
      const symbol = as === name ? functions.find((known) => known.name === func) : undefined;
      if (symbol !== undefined) return { isThere, text: source.slice(symbol.start, symbol.end) };
    }
  }
  return { isThere };
}

/** What text_symbol() is called with: the module, the symbol, the function. */
function* entriesOf(source: string): Iterable<readonly [string, string, string]> {
  const each = /for \(const (\w+) of \[([^\]]{0,2000})\]\)\s*text_symbol\('(\w+)', \1\)/g;
  for (const [, , list = '', module = ''] of source.matchAll(each)) {
    for (const name of list.match(/\w+/g) ?? []) yield [module, name, name];
  }
  const one = /(?<!\]\)\s{0,8})text_symbol\('(\w+)', (\w+)(?:, '(\w+)')?\)/g;
  for (const [, module = '', func = '', as] of source.matchAll(one))
    yield [module, as ?? func, func];
}

/** The one thing that a function does, if that is to return a name or a number. */
function constantOf(text: string): string | undefined {
  return /^[^{]*\{\s*return (\w+);\s*\}$/.exec(text)?.[1];
}

/** The number behind a name that is a constant. */
function valueOf(target: Target, name: string): number | undefined {
  for (const { source } of target.text.objects) {
    const value = new RegExp(`^export const ${name} = (\\d+);`, 'm').exec(source ?? '')?.[1];
    if (value !== undefined) return Number(value);
  }
  return undefined;
}
