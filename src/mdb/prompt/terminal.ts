/*
 * The terminal's input, shared by three who want it at different times.
 *
 *     mode      who gets what is typed                       the terminal
 *     -------   ------------------------------------------   ---------------------------------
 *     edit      node:readline, which edits the line          raw
 *     busy      nobody: kept for the next prompt             cooked, so Ctrl-C is a signal
 *     key       the pager, one key                           raw
 *
 * A readline that is paused still swallows what the pager should get, so it does not read the terminal itself:
 * it reads `lines`, into which this passes on what is typed in its time.
 */

import { PassThrough } from 'node:stream';

type Mode = 'edit' | 'busy' | 'key';

export interface Keyboard extends NodeJS.ReadableStream {
  readonly isRaw?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  /** keeps the process alive, or not */
  ref?(): unknown;
  unref?(): unknown;
}

export class Terminal {
  /** what readline reads */
  readonly lines = new PassThrough();
  private readonly input: Keyboard;
  private mode: Mode = 'busy';
  /** typed while nobody wanted it */
  private ahead: string[] = [];
  private wanted: ((key: string | undefined) => void) | undefined;
  private isEnded = false;
  private readonly onData: (data: Buffer | string) => void;
  private readonly onEnd: () => void;

  constructor(input: Keyboard) {
    this.input = input;
    this.onData = (data) => this.typed(data.toString());
    this.onEnd = () => this.end();
    input.on('data', this.onData);
    input.once('end', this.onEnd);
    input.once('error', this.onEnd);
  }

  /** @param prompt shows it; only then does what was typed ahead come */
  edit(prompt: () => void): void {
    // Raw before the prompt is seen: a Ctrl-C that answers it is a key, not a signal.
    this.enter('edit');
    prompt();
    const { ahead } = this;
    this.ahead = [];
    if (ahead.length > 0) this.lines.write(ahead.join(''));
    if (this.isEnded) this.lines.end();
  }

  /** A command runs. */
  busy(): void {
    this.enter('busy');
  }

  /** The next key; undefined at the end. */
  async key(): Promise<string | undefined> {
    if (this.isEnded) return undefined;
    this.enter('key');
    const key = await new Promise<string | undefined>((resolve) => {
      this.wanted = resolve;
    });
    this.wanted = undefined;
    if (this.mode === 'key') this.enter('busy');
    return key;
  }

  close(): void {
    this.input.off('data', this.onData);
    this.input.off('end', this.onEnd);
    this.setRaw(false);
    this.input.pause();
    this.lines.end();
  }

  private typed(text: string): void {
    if (this.mode === 'edit') {
      this.lines.write(text);
      return;
    }
    if (this.wanted === undefined) {
      this.ahead.push(text);
      return;
    }
    // What follows the key is for whoever is next.
    const [key = '', ...rest] = text;
    if (rest.length > 0) this.ahead.push(rest.join(''));
    this.wanted(key);
  }

  private end(): void {
    this.isEnded = true;
    this.wanted?.(undefined);
    if (this.mode === 'edit') this.lines.end();
  }

  private enter(mode: Mode): void {
    this.mode = mode;
    this.setRaw(mode !== 'busy');
  }

  private setRaw(isRaw: boolean): void {
    if (!this.isEnded) this.input.setRawMode?.(isRaw);
  }
}
