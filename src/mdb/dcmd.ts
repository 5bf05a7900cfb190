/*
 * What a debugger command is.
 *
 * A dcmd is one function: it reads, doubts, and yields rows.  A row knows how it looks to each of the three that
 * may want it: to a person (`text`, one or more lines), to the next command of a pipe (`address`), to a program
 * (`data`, for `::json` and --json).  So nobody asks where the output goes, and a dcmd that prints well also
 * pipes well and is data.
 *
 *     export const example: Dcmd = {
 *       name: 'example',
 *       usage: '[-v] [name …]',
 *       address: 'optional',             // or 'none', 'required'
 *       summary: 'print an example',
 *       help: 'What it prints, what its columns mean, and where it differs from mdb.',
 *       options: { v: 'flag', t: 'value' },
 *       *run(call) { … yield { text, address, data }; }
 *     };
 *
 * It is a generator so that output begins at once, the pager can stop it, and Ctrl-C is heard between rows: one
 * that searches for long yields `WORKING` now and then.
 *
 * A dcmd throws MdbError (error.ts) for what is wrong with the request or the dump.
 */

import type { Target } from './target/target.ts';

export interface Row {
  /** what people see; without the last newline.  Absent: nothing */
  readonly text?: string;
  /** what a pipe passes on; a row without one passes nothing */
  readonly address?: bigint;
  /** what a program gets; a row without any is for people, such as a table's head */
  readonly data?: unknown;
}

/** A row of nothing: "still at it". */
export const WORKING: Row = {};

/** Values of options, by letter: true for a flag; of a list in the order given. */
export type Options = Readonly<Record<string, true | string>>;

export interface Call {
  readonly target: Target;
  /** the address before the verb, or dot */
  readonly address: bigint;
  /** whether one was given, by hand or by a pipe: mdb's DCMD_ADDRSPEC */
  readonly hasAddress: boolean;
  /** the count behind the comma */
  readonly count: bigint | undefined;
  /** false for all addresses of a pipe but the first: heads are printed once */
  readonly isFirst: boolean;
  /** whether rows go into another dcmd */
  readonly isPiped: boolean;
  readonly options: Options;
  readonly args: readonly string[];
  /** columns of the terminal; Infinity where there is none */
  readonly width: number;
  readonly session: SessionView;
}

/** What a dcmd may ask of, and do to, the session that runs it. */
export interface SessionView {
  readonly dcmds: ReadonlyMap<string, Dcmd>;
  readonly walkers: ReadonlyMap<string, Walker>;
  /** evaluates text, with dot and variables as they are.  @throws MdbError */
  evaluate(text: string): bigint;
  variables(): ReadonlyMap<string, bigint>;
  setVariable(name: string, value: bigint): void;
  setDot(value: bigint, increment?: bigint): void;
  /** ends the session after this command */
  quit(): void;
}

export interface Dcmd {
  readonly name: string;
  /** further names */
  readonly aliases?: readonly string[];
  /** arguments and options, as in a manual */
  readonly usage: string;
  readonly address: 'none' | 'optional' | 'required';
  /** one line, for ::dcmds */
  readonly summary: string;
  /** the DESCRIPTION of ::help, in paragraphs of plain text */
  readonly help: string;
  /** flags stand alone and combine; values follow their letter */
  readonly options?: Readonly<Record<string, 'flag' | 'value'>>;
  /** who brings it: mdb, or a workload's dmod */
  readonly module?: string;
  /** takes `addr,count` itself; others are run count times */
  readonly takesCount?: boolean;
  /** in a pipe, gets the rows before it instead of running once an address */
  readonly takesRows?: (rows: Iterable<Row>, call: Call) => Iterable<Row>;
  run(call: Call): Iterable<Row>;
}

/** A way to visit objects: `::walk name`, and `addr::walk name` from a place. */
export interface Walker {
  readonly name: string;
  readonly summary: string;
  /** whether it needs an address to start from */
  readonly address: 'none' | 'optional' | 'required';
  readonly module?: string;
  walk(target: Target, from: bigint | undefined): Iterable<bigint>;
}

/** What a workload brings to the debugger: `workloads/<name>/dmod.ts`. */
export interface Dmod {
  /** as in ::dmods, and as the module of its dcmds */
  readonly name: string;
  readonly dcmds: readonly Dcmd[];
  readonly walkers?: readonly Walker[];
  /** which kernel module a source file models, by the file's last part without extension: { shm: 'shmsys' } */
  readonly objects?: Readonly<Record<string, string>>;
  /** a call in the source that leads to a function which is not named before its parenthesis: its 1st group */
  readonly calls?: readonly { readonly pattern: RegExp; readonly object: string }[];
}
