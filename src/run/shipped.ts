/*
 * The shipped workloads: which there are, and where their files lie.
 *
 *     workloads/<name>/workload.ts      <name>              with what belongs to it: a README, commands for the debugger
 *     workloads/gallery/<name>.ts       gallery/<name>      a program of one file and a few steps; only run when named
 *
 * Apart from the catalog, which checks what it loads with a library that takes its time to load: the debugger asks
 * for a file of a workload and runs nothing of it.
 */

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const GALLERY = 'gallery';

/** Where they are, in the build. */
function directory(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'workloads');
}

/** Those with a folder of their own. */
export function shippedNames(): string[] {
  const root = directory();
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'workload.js')))
    .map((entry) => entry.name)
    .toSorted();
}

/** The programs of the gallery. */
export function galleryNames(): string[] {
  const root = join(directory(), GALLERY);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((file) => file.endsWith('.js'))
    .map((file) => `${GALLERY}/${file.slice(0, -'.js'.length)}`)
    .toSorted();
}

/** The URL of a file of a shipped workload. */
export function shippedUrl(workload: string, file: string): string {
  return pathToFileURL(join(directory(), workload, file)).href;
}

/** The URL of a program of the gallery. */
export function galleryUrl(name: string): string {
  return pathToFileURL(join(directory(), `${name}.js`)).href;
}

/** A file of a shipped workload; undefined where there is no such workload, or it has no such file. */
export function shippedFile(workload: string, file: string): string | undefined {
  if (!shippedNames().includes(workload)) return undefined;
  const url = shippedUrl(workload, file);
  return existsSync(fileURLToPath(url)) ? url : undefined;
}
