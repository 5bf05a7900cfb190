/*
 * Files of a results directory, by the names that its journal has for them.
 *
 * A journal may come from anywhere, and be merged or reported on by somebody who trusts it with nothing.  So a name in it is
 * followed within the directory only: not up, not from a root, not to another drive or a device, whichever system wrote it.
 */

import { statSync } from 'node:fs';
import { join, normalize } from 'node:path';

const LEADS_OUT = /^(?:\.\.?(?:\/|$)|\/|[a-z]:)/i;
// What Windows takes for a device, in any directory and with any suffix.
const DEVICE = /(?:^|\/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.[^/]*)?(?:\/|$)/i;

/** Where it is; undefined for a name that leads elsewhere. */
export function within(directory: string, name: string): string | undefined {
  const plain = normalize(name.replaceAll('\\', '/')).replaceAll('\\', '/');
  if (LEADS_OUT.test(plain) || DEVICE.test(plain) || name.includes('\0')) return undefined;
  return join(directory, name);
}

/** The same, if it is a file. */
export function fileWithin(directory: string, name: string): string | undefined {
  const file = within(directory, name);
  if (file === undefined) return undefined;
  try {
    return statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined; //  none, or a name that no file can have
  }
}
