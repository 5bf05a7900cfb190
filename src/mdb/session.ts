/*
 * A session: one target, and what commands leave behind (dot, variables, the last command).
 *
 * It runs a line and writes what comes of it.  The REPL, `-e`, a script and a test are all the same to it, so
 * what they print is the same.
 *
 *     line ─▶ syntax.ts ─▶ commands ─▶ stages ─▶ rows ─▶ text        (or JSON, or a shell's stdin)
 *
 * Rows are pulled one by one.  Between them the session lets the event loop turn, a few times a second, so
 * that Ctrl-C is heard (interrupt()) and a pager can say stop.  In a pipe the addresses of the rows before are
 * collected, and the dcmd behind runs once for each.
 *
 * Errors end a command, never a session.
 */

import { spawnSync } from 'node:child_process';
import { suggest } from '../base/suggest.ts';
import { printable } from '../base/text.ts';
import type { Call, Dcmd, Dmod, Options, Row, SessionView, Walker } from './dcmd.ts';
import { MdbError, oops } from './error.ts';
import { evaluate, type Environment } from './language/expression.ts';
import { stoppedAt } from './target/frames.ts';
import { showMemory, showValue, type LineAt } from './language/formats.ts';
import {
  parse,
  parseExpression,
  type Argument,
  type Command,
  type Stage,
} from './language/syntax.ts';
import { addressOf, type Target } from './target/target.ts';
import { jsonOf } from './json.ts';
import { spelled, takesNone, usageOf } from './usage.ts';

/** Where a session writes. */
export interface Output {
  /** Whole lines.  @returns false when nobody wants more of this command */
  write(text: string): boolean | Promise<boolean>;
  error(text: string): void;
}

export interface SessionOptions {
  readonly dcmds: readonly Dcmd[];
  readonly walkers: readonly Walker[];
  readonly dmods?: readonly Dmod[];
  readonly lineAt: LineAt;
  /** columns; Infinity for a file */
  readonly width?: () => number;
  /** each row as JSON, as if every command ended in `| ::json` */
  readonly json?: boolean;
}

/** Milliseconds of work between turns of the event loop. */
const TURN_MS = 20;
const COUNT_MAX = 1_000_000n;
const ADDRESSES_MAX = 1_000_000;

export class Session implements SessionView {
  readonly target: Target;
  readonly dcmds: ReadonlyMap<string, Dcmd>;
  readonly walkers: ReadonlyMap<string, Walker>;
  readonly dmods: readonly Dmod[];
  /** set by ::quit */
  isOver = false;
  private readonly options: SessionOptions;
  private readonly environment: Environment;
  private readonly named = new Map<string, bigint>();
  private dot = 0n;
  private increment = 0n;
  private typed = 0n;
  private last: Stage['verb'] | undefined;
  private interrupted = false;

  constructor(target: Target, options: SessionOptions) {
    this.target = target;
    this.options = options;
    this.dmods = options.dmods ?? [];
    const dcmds = [...options.dcmds, ...this.dmods.flatMap(ownDcmds)];
    this.dcmds = new Map(
      dcmds.flatMap((dcmd) => [dcmd.name, ...(dcmd.aliases ?? [])].map((name) => [name, dcmd])),
    );
    const walkers = [...options.walkers, ...this.dmods.flatMap(ownWalkers)];
    this.walkers = new Map(walkers.map((walker) => [walker.name, walker]));
    for (const { objects = {} } of this.dmods) {
      for (const object of target.text.objects) {
        if (Object.hasOwn(objects, object.stem)) object.name = objects[object.stem]!;
      }
    }
    this.environment = {
      dot: () => this.dot,
      increment: () => this.increment,
      typed: () => this.typed,
      variable: (name) => this.named.get(name) ?? this.register(name),
      symbol: (name) => target.lookup(name),
      symbolNames: () => target.names(),
      read: (address, bytes) => {
        if (target.isMapped(address, bytes)) return target.readNumber(address, bytes);
        throw oops(`failed to read from address ${address.toString(16)}`, 'no mapping for address');
      },
    };
  }

  // --- what dcmds may do ------------------------------------------------------------------------

  evaluate(text: string): bigint {
    return evaluate(parseExpression(text), this.environment);
  }

  variables(): ReadonlyMap<string, bigint> {
    return this.named;
  }

  setVariable(name: string, value: bigint): void {
    this.named.set(name, value);
  }

  setDot(value: bigint, increment = 0n): void {
    this.dot = value;
    this.increment = increment;
  }

  quit(): void {
    this.isOver = true;
  }

  // --- running ----------------------------------------------------------------------------------

  /** Ctrl-C: the command that runs ends at its next row. */
  interrupt(): void {
    this.interrupted = true;
  }

  /** Runs a line.  @returns whether all of it went well */
  async run(line: string, output: Output): Promise<boolean> {
    let commands: Command[];
    try {
      commands = parse(line);
    } catch (error) {
      return this.explain(error, output);
    }
    let isWell = true;
    for (const command of commands) {
      this.interrupted = false;
      try {
        await this.command(command, output);
      } catch (error) {
        isWell = this.explain(error, output);
      }
      if (this.isOver) break;
    }
    return isWell;
  }

  private explain(error: unknown, output: Output): false {
    if (!(error instanceof MdbError)) throw error;
    output.error(`mdb: ${printable(error.message)}\n`);
    return false;
  }

  private async command({ stages, shell }: Command, output: Output): Promise<void> {
    if (shell === undefined) {
      for await (const text of this.lines(stages)) {
        if (!(await output.write(`${text}\n`))) return;
      }
      return;
    }
    let input = '';
    for await (const text of this.lines(stages)) input += `${text}\n`;
    const { error, status, stdout, stderr } = spawnSync(shell, {
      shell: process.env['SHELL'] ?? true,
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    if (stdout) await output.write(stdout);
    if (stderr) output.error(stderr);
    // One that has read enough (head) is no error.
    if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE') {
      throw oops(`failed to run ${shell}`, error.message);
    }
    if (status !== 0) throw oops(`${shell} exited with status ${status}`);
  }

  /** The text of a pipeline's rows, with turns of the event loop in between. */
  private async *lines(stages: readonly Stage[]): AsyncIterable<string> {
    let turned = performance.now();
    for (const row of this.pipeline(stages)) {
      if (performance.now() - turned > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turned = performance.now();
      }
      if (this.interrupted) throw oops('interrupted');
      const text = this.options.json === true ? jsonOf(row) : row.text;
      if (text !== undefined) yield text;
    }
  }

  private *pipeline(stages: readonly Stage[]): Iterable<Row> {
    let rows: Iterable<Row> | undefined;
    for (const [i, stage] of stages.entries()) {
      const isPiped = i < stages.length - 1;
      rows = rows === undefined ? this.first(stage, isPiped) : this.next(stage, rows, isPiped);
    }
    yield* rows ?? [];
  }

  private *first(stage: Stage, isPiped: boolean): Iterable<Row> {
    const at = stage.at && evaluate(stage.at, this.environment);
    const count = stage.count && evaluate(stage.count, this.environment);
    if (at !== undefined) {
      this.typed = at;
      this.setDot(at);
    }
    // `,4` alone goes on where the last command ended.
    if (stage.verb.kind === 'again' && at === undefined) this.setDot(this.dot + this.increment);
    if (stage.verb.kind !== 'again' && stage.verb.kind !== 'assign') this.last = stage.verb;
    yield* this.verb(stage.verb, at, count, true, isPiped);
  }

  private *next(stage: Stage, rows: Iterable<Row>, isPiped: boolean): Iterable<Row> {
    const { verb } = stage;
    const count = stage.count && evaluate(stage.count, this.environment);
    if (verb.kind === 'dcmd') {
      const dcmd = this.find(verb.name);
      if (dcmd.takesRows !== undefined) {
        const call = this.call(dcmd, verb.args, undefined, count, true, isPiped);
        yield* dcmd.takesRows(rows, call);
        return;
      }
    }
    const addresses: bigint[] = [];
    for (const row of rows) {
      if (row.address !== undefined) addresses.push(row.address);
      if (addresses.length > ADDRESSES_MAX)
        throw oops(`more than ${ADDRESSES_MAX} addresses in a pipe`);
      yield {};
    }
    for (const [i, address] of addresses.entries()) {
      this.setDot(address);
      const at = stage.at === undefined ? address : evaluate(stage.at, this.environment);
      yield* this.verb(verb, at, count, i === 0, isPiped);
    }
  }

  private *verb(
    verb: Stage['verb'],
    at: bigint | undefined,
    count: bigint | undefined,
    isFirst: boolean,
    isPiped: boolean,
  ): Iterable<Row> {
    switch (verb.kind) {
      case 'again':
        if (this.last !== undefined) yield* this.verb(this.last, at, count, isFirst, isPiped);
        else if (isPiped && at !== undefined) yield { address: at };
        return;
      case 'assign':
        this.named.set(verb.name, at ?? this.dot);
        return;
      case 'format': {
        if (verb.source === '\\') throw oops('a dump has no physical addresses', 'use /');
        const from = at ?? this.dot;
        if (verb.source === '=') yield* showValue(this.target, from, verb.format);
        else {
          const moved = (dot: bigint, increment: bigint): void => this.setDot(dot, increment);
          const times = bounded(count ?? 1n);
          yield* showMemory(this.target, from, times, verb.format, this.options.lineAt, moved);
        }
        return;
      }
      case 'dcmd': {
        const dcmd = this.find(verb.name);
        const times = dcmd.takesCount === true ? 1n : bounded(count ?? 1n);
        const call = this.call(dcmd, verb.args, at, count, isFirst, isPiped);
        for (let i = 0n; i < times; i++) {
          yield* dcmd.run(i === 0n ? call : { ...call, isFirst: false });
          // One that has nothing to say, so often, can be stopped all the same.
          if (times > 1n) yield {};
        }
      }
    }
  }

  private find(name: string): Dcmd {
    const plain = name.includes('`') ? name.slice(name.indexOf('`') + 1) : name;
    const dcmd = this.dcmds.get(plain);
    if (dcmd !== undefined) return dcmd;
    const isMacro = name.startsWith('$');
    const near = isMacro ? undefined : suggest(plain.slice(0, 64), this.dcmds.keys());
    const hint = near === undefined ? '::dcmds lists them' : `is it ${spelled({ name: near })}?`;
    throw oops(`invalid command '${isMacro ? '' : '::'}${name}'`, `unknown dcmd name (${hint})`);
  }

  private call(
    dcmd: Dcmd,
    given: readonly Argument[],
    at: bigint | undefined,
    count: bigint | undefined,
    isFirst: boolean,
    isPiped: boolean,
  ): Call {
    if (dcmd.address === 'required' && at === undefined) {
      throw oops(`${spelled(dcmd)} needs an address`, `usage: ${usageOf(dcmd)}`);
    }
    if (dcmd.address === 'none' && at !== undefined && isFirst) {
      throw oops(`${spelled(dcmd)} takes no address`, `usage: ${usageOf(dcmd)}`);
    }
    const words = given.map((arg) => this.argument(arg));
    const { options, args } = optionsOf(dcmd, words);
    if (args.length > 0 && takesNone(dcmd)) {
      throw oops(`${spelled(dcmd)} takes no arguments`, `usage: ${usageOf(dcmd)}`);
    }
    return {
      target: this.target,
      address: at ?? this.dot,
      hasAddress: at !== undefined,
      count,
      isFirst,
      isPiped,
      options,
      args,
      width: this.options.width?.() ?? Infinity,
      session: this,
    };
  }

  private argument(arg: Argument): string {
    if (typeof arg === 'string') return arg;
    return `0x${evaluate(arg, this.environment).toString(16)}`;
  }

  /** Registers are those of the thread that the dump is about; of a panic, from before it. */
  private register(name: string): bigint | undefined {
    const thread = this.target.representative;
    const frame = thread && stoppedAt(this.target, thread);
    if (thread === undefined || frame === undefined) return undefined;
    if (name === 'rip' || name === 'pc') return BigInt(frame.pc);
    if (name === 'rbp' || name === 'fp' || name === 'rsp' || name === 'sp') return BigInt(frame.fp);
    return name === 'thread' ? addressOf(thread) : undefined;
  }
}

/** Options before arguments, as getopt reads them.  @throws MdbError */
function optionsOf(dcmd: Dcmd, words: readonly string[]): { options: Options; args: string[] } {
  const known = dcmd.options ?? {};
  const options: Record<string, true | string> = {};
  const rest = [...words];
  while (rest.length > 0 && /^-[A-Za-z]/.test(rest[0]!)) {
    const word = rest.shift()!;
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      const kind = Object.hasOwn(known, letter) ? known[letter] : undefined;
      if (kind === undefined) {
        throw oops(`invalid option -- '${letter}'`, `usage: ${usageOf(dcmd)}`);
      }
      if (kind === 'flag') {
        options[letter] = true;
        continue;
      }
      const value = word.slice(i + 1) || rest.shift();
      if (value === undefined) {
        throw oops(`option requires an argument -- '${letter}'`, `usage: ${usageOf(dcmd)}`);
      }
      options[letter] = value;
      break;
    }
  }
  return { options, args: rest };
}

function bounded(count: bigint): bigint {
  if (count > COUNT_MAX) throw oops(`a count of ${count} is too large`, `at most ${COUNT_MAX}`);
  return count;
}

function ownDcmds({ name, dcmds }: Dmod): Dcmd[] {
  return dcmds.map((dcmd) => ({ ...dcmd, module: name }));
}

function ownWalkers({ name, walkers = [] }: Dmod): Walker[] {
  return walkers.map((walker) => ({ ...walker, module: name }));
}
