/*
 * The signature of a failure: failures that have the same one are the same failure, seen again.
 *
 * By it they are counted together, one dump is kept for all of them, a shrunk schedule must come to the one it began
 * with, and tomorrow's run knows today's.  So it is made of what does not change from trial to trial:
 *
 *     found by       signature                          where
 *     ------------   --------------------------------   ------------------------------------------------------------
 *     the watchdog   verdict : said : waits             waits: of each thread of the cycle, its name without a number
 *                                                       and what it wants, `philosopher>fork_1`, in the order of
 *                                                       the alphabet, since any of a cycle may be found first
 *     the main       verdict : said                     nobody waits: all threads are out
 *       thread
 *
 * What was said tells one panic or crash from another; numbers of four and more hexadecimal digits in it are addresses, most
 * of them, and differ by chance.  What else the watchdog says of a hang has times in it, and no part in this.
 *
 * The strings are in people's journals, and are the fingerprints of a SARIF file: do not change them.
 */

import { objectName, threadName, waitOf } from '../dump/census.ts';
import type { Finding } from '../nmi/findings.ts';

/** Of what the watchdog found.  Who waits for what is read from the image, so before the machine is halted. */
export function signatureOf({
  verdict,
  message,
  cycle,
}: Pick<Finding, 'verdict' | 'message' | 'cycle'>): string {
  const waits = cycle.map((t) => {
    const wait = waitOf(t);
    return `${threadName(t).replace(/\/\d+$/, '')}>${wait === undefined ? '' : objectName(wait.wanted)}`;
  });
  const said = verdict === 'panic' || verdict === 'crash' ? withoutAddresses(message) : '';
  return `${verdict}:${said}:${waits.toSorted().join(',')}`;
}

/** Of what the main thread came to, when all threads were out. */
export function signatureOfEnd(verdict: string, message: string): string {
  return `${verdict}:${withoutAddresses(message)}`;
}

function withoutAddresses(message: string): string {
  return message.replaceAll(/\b[0-9a-f]{4,}\b/g, '#');
}
