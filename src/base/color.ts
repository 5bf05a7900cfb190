/*
 * Colour, and whether there is any: --color, then NO_COLOR and FORCE_COLOR, then the terminal.
 */

import picocolors from 'picocolors';
import { isCI } from 'std-env';

export type ColorChoice = 'auto' | 'always' | 'never';
export type Colors = ReturnType<typeof picocolors.createColors>;

export function colorsFor(choice: ColorChoice, stream: { readonly isTTY?: boolean }): Colors {
  if (choice !== 'auto') return picocolors.createColors(choice === 'always');
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if ((NO_COLOR ?? '') !== '' || FORCE_COLOR === '0') return picocolors.createColors(false);
  if ((FORCE_COLOR ?? '') !== '') return picocolors.createColors(true);
  return picocolors.createColors(stream.isTTY === true);
}

/** Whether a stream can take a status block that is drawn over itself. */
export function isInteractive(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !isCI && process.env['TERM'] !== 'dumb';
}
