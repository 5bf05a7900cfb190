/*
 * How many of what, as a sentence says it: `1 trial`, `12,000 trials`.
 *
 * For nouns that take an s; English, whatever the locale of the machine, so that a page is the same everywhere.
 */

/** The number with its thousands marked, and the noun in singular or plural. */
export function counted(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}
