/*
 * What a command says when it cannot do what was asked: one line, in mdb's words where mdb has some.
 *
 * The session prints it as `mdb: …` and goes on with the next command.  Anything else that is thrown while a
 * command runs is a fault of ours, not of the dump or of the one who typed.
 */

export class MdbError extends Error {
  override readonly name = 'MdbError';
}

/** `throw oops('failed to dereference symbol', 'unknown symbol name')`: what, and why. */
export function oops(what: string, why?: string): MdbError {
  return new MdbError(why === undefined ? what : `${what}: ${why}`);
}
