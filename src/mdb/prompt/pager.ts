/*
 * The pager: one screen at a time, as mdb's own.
 *
 *     >> More [<space>, <cr>, q, n, c, a] ?
 *
 *     key               does
 *     ---------------   ----------------------------------------------------
 *     space             the next screen
 *     return, n         the next line
 *     c                 the rest of this command's line without asking again
 *     q, Ctrl-C, end    ends the command
 *     a                 ends the command, and those behind it on the line
 *
 * It counts rows of the screen, not lines: a line that the terminal folds takes several.  It knows no terminal;
 * who makes one says how large the screen is, and hands over keys.
 */

import { width } from '../../base/table.ts';

export const MORE = '>> More [<space>, <cr>, q, n, c, a] ? ';

export interface Screen {
  readonly rows: number;
  readonly columns: number;
  write(text: string): boolean | Promise<boolean>;
  /** the next key that is pressed; undefined when there will be none */
  key(): Promise<string | undefined>;
}

export class Pager {
  private readonly screen: Screen;
  /** rows that were written since the last stop */
  private rows = 0;
  private isSingle = false;
  private isFree = false;
  private isAborted = false;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  /** A new line of commands begins on a prompt. */
  begin(): void {
    this.rows = 0;
    this.isSingle = false;
    this.isFree = false;
    this.isAborted = false;
  }

  /** Whole lines.  @returns false when no more is wanted */
  async write(text: string): Promise<boolean> {
    if (this.isAborted) return false;
    for (const line of text.replace(/\n$/, '').split('\n')) {
      const { columns, rows } = this.screen;
      const folded = Math.max(1, Math.ceil(width(line) / Math.max(1, columns)));
      const isFull = this.rows > 0 && this.rows + folded > Math.max(2, rows) - 1;
      if (!this.isFree && (this.isSingle || isFull)) {
        this.rows = 0;
        if (!(await this.ask())) return false;
      }
      this.rows += folded;
      if (!(await this.screen.write(`${line}\n`))) return false;
    }
    return true;
  }

  private async ask(): Promise<boolean> {
    const { screen } = this;
    await screen.write(MORE);
    try {
      for (;;) {
        const key = await screen.key();
        this.isSingle = false;
        switch (key?.toLowerCase()) {
          case ' ':
            return true;
          case '\r':
          case '\n':
          case 'n':
            this.isSingle = true;
            return true;
          case 'c':
            this.isFree = true;
            return true;
          case 'a':
            this.isAborted = true;
            return false;
          case undefined:
          case 'q':
          case '\u0003':
          case '\u0004':
          case '\u001c':
            return false;
          default:
        }
      }
    } finally {
      await screen.write(`\r${' '.repeat(MORE.length)}\r`);
    }
  }
}
