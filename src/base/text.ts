/*
 * Text from outside, made fit for a terminal.
 *
 * Names of threads, workloads and files come from people and from dumps that strangers send us.  A
 * name that holds an escape sequence could move the cursor, recolour the screen or rewrite the line
 * above it; one with a newline could forge a record of ours; one with a bidirectional override could
 * show its letters in another order than they have.  printable() spells such characters out, so that
 * what is on the screen is what is in the bytes.
 *
 * The backslash itself is left alone: paths stay readable, and the result is for eyes, not parsers.
 *
 * A command that we print is pasted into a shell, so what comes from outside is one word there: shellWord() quotes what would
 * be more, or something else.  The quotes are those of sh, fish and PowerShell; cmd knows none that are safe.
 */

// Control characters, format characters (bidi, zero-width), line separators, lone surrogates.
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

// What means itself to a shell; a backslash only where it separates directories.
const PLAIN_WORD = process.platform === 'win32' ? /^[\w./\\:@%+=-]+$/ : /^[\w./:@%+=-]+$/;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every character that would not print as itself spelled out: \n, \x1b, \u{202e}. */
export function printable(text: string): string {
  return text.replace(UNFIT, (char) => SHORT[char] ?? spellOut(char.codePointAt(0) ?? 0));
}

/** The text as one word of a shell, printable. */
export function shellWord(text: string): string {
  const word = printable(text);
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function spellOut(code: number): string {
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
