/*
 * Anything thrown, as text.
 *
 * What is thrown need not be an error, and an error need not say much.  Two forms, since two kinds of readers ask:
 *
 *     saysOf       `TypeError: x is no function`.  What a thread leaves in the image and in a dump: as short as the
 *                  error, and what cannot be told apart in it is told apart nowhere
 *     saysAllOf    what an AggregateError gathers, too, and no colon where there is nothing on one side of it.  A pool that
 *                  lost several threads at once says nothing by itself, and all that it knows in its errors
 *
 * Not here: the stack, which is for dumps, and the hint, which is a Fail's (fail.ts).
 */

/** An error's name and message. */
export function saysOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

/** What an error says, however little it says by itself. */
export function saysAllOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const causes =
    thrown instanceof AggregateError
      ? (thrown.errors as unknown[]).map((each) => saysAllOf(each)).join('; ')
      : '';
  return [thrown.name, thrown.message, causes].filter((part) => part !== '').join(': ');
}
