/*
 * A peer must block its thread.
 *
 * One that answers with a promise has taken nothing yet when its call returns.  Its sections would overlap, and be
 * reported as lost updates, which is true and no help.  So the first call of each thread is looked at.
 */

/** @param took what the call returned  @throws TypeError when it is a promise */
export function mustBlock(took: unknown, call: string): void {
  if (took instanceof Promise)
    throw new TypeError(`${call} came back before it had the lock: a peer must block its thread`);
}
