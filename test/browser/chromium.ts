/*
 * Where Chromium is.  It is installed where that takes nothing but apt-get and the right to call it; else who runs the
 * tests is told what is missing.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const INSTALL_MS = 500_000;

/** The program; undefined where there is none, and none can be installed. */
export function chromium(): string | undefined {
  const found = search();
  if (found !== undefined) return found;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || find('apt-get') === undefined)
    return undefined;
  try {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      timeout: INSTALL_MS,
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  return search();
}

function search(): string | undefined {
  const { CHROMIUM: named } = process.env;
  if (named !== undefined && existsSync(named)) return named;
  return NAMES.map(find).find((file) => file !== undefined);
}

function find(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}
