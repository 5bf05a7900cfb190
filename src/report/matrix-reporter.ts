/*
 * What a matrix prints: as it goes a line for each turn, at its end the tables.
 *
 *     [2/6] node=22.23.3, round 1
 *     [2/6] node=22.23.3: panic×7, pass×3 in 4.1s
 *
 * With --json the records of the children go to stdout, each with its configuration, and people are spoken to on stderr.
 */

import { colorsFor, type ColorChoice, type Colors } from '../base/color.ts';
import { formatDuration } from '../base/duration.ts';
import type { Fail } from '../base/fail.ts';
import { printable } from '../base/text.ts';
import type { Configuration } from '../run/matrix-axes.ts';
import type { TurnEnd } from '../run/matrix-records.ts';
import type { MatrixResult } from '../run/matrix.ts';
import type { ResultsDir } from '../run/results.ts';
import type { Fields } from '../run/schema.ts';
import { noCommand } from './escape.ts';
import { matrixLines, mostOf, readMatrix } from './matrix.ts';
import { tellTrouble } from './trouble.ts';

export class MatrixReporter {
  private readonly options: MatrixVoice;
  private readonly people: NodeJS.WriteStream;
  private readonly colors: Colors;
  private label = '';

  constructor(options: MatrixVoice) {
    this.options = options;
    this.people = options.json ? process.stderr : process.stdout;
    this.colors = colorsFor(options.color, this.people);
  }

  onHeader(header: Fields, { directory }: Pick<ResultsDir, 'directory'>): void {
    this.machine(header);
    this.say(
      `gridlock ${String(header['gridlock'])}  ${String(header['cpus'])} CPUs  seed ${String(header['seed'])}  ${directory}`,
    );
  }

  onTurn({ name }: Configuration, round: number, turn: number, of: number): void {
    this.label = `[${turn}/${of}] ${printable(name)}`;
    this.say(this.colors.dim(`${this.label}, round ${round}`));
  }

  onRecord(record: object): void {
    this.machine(record);
  }

  onTurnEnd(end: TurnEnd): void {
    this.machine(end);
    const { came, seconds, exit, signal, message } = end;
    const verdicts = mostOf(came.map((each) => each.verdicts));
    const counted = verdicts.map(
      (name) => `${name}×${came.reduce((all, each) => all + (each.verdicts[name] ?? 0), 0)}`,
    );
    const how = message === null ? '' : `, exit code ${exit ?? signal ?? 'none'}`;
    const what = counted.length === 0 ? 'over' : counted.join(', ');
    this.say(`${this.label}: ${printable(what)} in ${formatDuration(seconds * 1000)}${how}`);
  }

  onTrouble(trouble: Fail): void {
    tellTrouble(trouble, 'the matrix');
  }

  /** The tables. */
  end({ results }: Pick<MatrixResult, 'results'>): void {
    const model = readMatrix(results.directory);
    if (model === undefined) return;
    this.print(['', ...matrixLines(model, this.colors)].join('\n').trimEnd());
  }

  private machine(record: object): void {
    if (this.options.json) process.stdout.write(`${JSON.stringify(record)}\n`);
  }

  private say(line: string): void {
    if (!this.options.quiet) this.print(line);
  }

  private print(text: string): void {
    for (const line of text.split('\n')) this.people.write(`${noCommand(line)}\n`);
  }
}

export interface MatrixVoice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: ColorChoice;
}
