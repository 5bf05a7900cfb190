/*
 * Lines on a terminal that are drawn over themselves, below what lasts.
 *
 * Whoever prints something lasting takes them off first, and they are drawn anew with the next news.  What is drawn ends with a
 * newline, so a process that is killed leaves the prompt on a line of its own.
 */

import { fit } from '../base/table.ts';

const NARROWEST = 40;

export class Overdrawn {
  private readonly stream: Pick<NodeJS.WriteStream, 'columns' | 'write'>;
  private drawn = 0;

  constructor(stream: Pick<NodeJS.WriteStream, 'columns' | 'write'>) {
    this.stream = stream;
  }

  draw(lines: readonly string[]): void {
    const wide = Math.max(NARROWEST, this.stream.columns ?? 80);
    this.erase();
    this.stream.write(`${lines.map((line) => fit(line, wide - 1)).join('\n')}\n`);
    this.drawn = lines.length;
  }

  /** Takes the lines off the screen. */
  erase(): void {
    if (this.drawn > 0) this.stream.write(`\u001B[${this.drawn}A\u001B[0J`);
    this.drawn = 0;
  }
}
