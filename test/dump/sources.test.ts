/*
 * Goal: a frame names the source that people wrote, by a path that says nothing of the machine, and the
 * dump carries that text; whatever a URL or a map may hold, there is a frame, and no exception.
 *
 * Method: small packages in a temporary directory, with maps as compilers write them; then a dump with
 * frames of all of them, every byte of which is searched for paths of this machine.
 */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { DumpFile } from '../../src/dump/read.ts';
import { Sources } from '../../src/dump/sources.ts';
import { sampleDump, sampleImage, writeDump } from './sample.ts';

const root = mkdtempSync(join(tmpdir(), 'gridlock-sources-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

// What `tsc` makes of the two lines below, and the map that leads back to them.
const TYPED = 'export const add = (a: number): number =>\n  a + 1;\n';
const BUILT = 'export const add = (a) => a + 1;\n//# sourceMappingURL=add.js.map\n';
const MAPPINGS = 'AAAA,MAAM,CAAC,MAAM,GAAG,GAAG,CAAC,CAAS,EAAU,EAAE,CACvC,CAAC,GAAG,CAAC,CAAC';

function map(change: object = {}): string {
  return JSON.stringify({
    version: 3,
    file: 'add.js',
    sourceRoot: '',
    sources: ['../src/add.ts'],
    sourcesContent: [TYPED],
    names: [],
    mappings: MAPPINGS,
    ...change,
  });
}

/** A package with a build, and its map. */
function pack(name: string, mapText: string | undefined, withSource = true): string {
  put(`${name}/package.json`, `{"name":"${name}"}`);
  if (withSource) put(`${name}/src/add.ts`, TYPED);
  if (mapText !== undefined) put(`${name}/dist/add.js.map`, mapText);
  return put(`${name}/dist/add.js`, BUILT);
}

const frame = (url: string, line = 1, column = 27, name = 'add') => ({
  function: name,
  url,
  line,
  column,
});
let sources: Sources;
beforeEach(() => {
  sources = new Sources();
});

describe('a frame of built code', () => {
  test('is one of its source', () => {
    const url = pack('mapped', map());
    expect(sources.resolve(frame(url))).toEqual({
      function: 'add',
      file: 'src/add.ts',
      line: 2,
      column: 3,
    });
    expect(sources.texts).toEqual(new Map([['src/add.ts', TYPED]]));
  });

  test('has the text of the map, where the source is not installed', () => {
    const url = pack('bare', map(), false);
    expect(sources.resolve(frame(url)).file).toBe('src/add.ts');
    expect(sources.texts.get('src/add.ts')).toBe(TYPED);
  });

  test('has the text of the file, where the map has none', () => {
    const url = pack('slim', map({ sourcesContent: undefined }));
    expect(sources.resolve(frame(url)).file).toBe('src/add.ts');
    expect(sources.texts.get('src/add.ts')).toBe(TYPED);
  });

  test('has no text, where there is none anywhere', () => {
    const url = pack('lost', map({ sourcesContent: undefined }), false);
    expect(sources.resolve(frame(url)).file).toBe('src/add.ts');
    expect(sources.texts.get('src/add.ts')).toBe('');
  });

  test('finds the text of a map with a root', () => {
    const url = pack('rooted', map({ sourceRoot: '../src/', sources: ['add.ts'] }), false);
    expect(sources.resolve(frame(url))).toMatchObject({ file: 'src/add.ts', line: 2 });
    expect(sources.texts.get('src/add.ts')).toBe(TYPED);
  });

  test('keeps its locals, and has a name even if the function has none', () => {
    const locals = [{ name: 'a', value: '1' }];
    const url = pack('locals', map());
    expect(sources.resolve({ ...frame(url), locals })).toMatchObject({ function: 'add', locals });
    expect(sources.resolve(frame(url, 1, 27, '')).function).toBe('(anonymous)');
  });

  test('that the map does not know is one of the build', () => {
    const url = pack('beyond', map());
    expect(sources.resolve(frame(url, 99, 1))).toMatchObject({
      file: 'dist/add.js',
      line: 99,
      column: 1,
    });
    expect(sources.texts.get('dist/add.js')).toBe(BUILT);
  });
});

describe('a frame of plain code', () => {
  test('is what it is', () => {
    put('plain/package.json', '{}');
    const url = put('plain/lib/load.js', 'export function load() {}\n');
    expect(sources.resolve(frame(url, 3, 4))).toMatchObject({
      file: 'lib/load.js',
      line: 3,
      column: 4,
    });
    expect(sources.texts.get('lib/load.js')).toBe('export function load() {}\n');
  });

  test('of the runtime’s own keeps its name', () => {
    expect(sources.resolve(frame('node:internal/main/worker_thread'))).toMatchObject({
      file: 'node:internal/main/worker_thread',
    });
    expect(sources.texts.size).toBe(0);
  });

  test('is asked for once, whatever it is asked for', () => {
    const url = pack('once', map());
    sources.resolve(frame(url));
    rmSync(join(root, 'once'), { recursive: true });
    expect(sources.resolve(frame(url))).toMatchObject({ file: 'src/add.ts', line: 2 });
  });

  test('with a query is the file', () => {
    const url = pack('query', map());
    expect(sources.resolve(frame(`${url}?t=1#x`)).file).toBe('src/add.ts');
  });

  test('that is very long is cut', () => {
    put('long/package.json', '{}');
    const url = put('long/big.js', 'x'.repeat(2 << 20));
    sources.resolve(frame(url));
    expect(sources.texts.get('big.js')).toHaveLength(512 * 1024);
  });
});

describe('no frame says where on a disk it was', () => {
  /** Frames of everything odd that a URL or a map may hold. */
  const odd: readonly (readonly [string, () => string])[] = [
    ['a package', () => pack('a', map())],
    ['a script with no package above it', () => put('deep/er/still/role.js', 'x\n')],
    ['a map that is broken', () => pack('broken', '{"version":3,')],
    ['a map that is no map', () => pack('nomap', '[]')],
    ['a map that is empty', () => pack('emptymap', '')],
    [
      'a map with an absolute source',
      () => pack('absolute', map({ sources: [join(root, 'absolute/src/add.ts')] })),
    ],
    [
      'a map with the URL of a file',
      () => pack('url', map({ sources: [pathToFileURL(join(root, 'url/src/add.ts')).href] })),
    ],
    [
      'a map with the URL of another machine’s file',
      () => pack('foreign', map({ sources: [`file://${homedir()}/elsewhere/add.ts`] })),
    ],
    [
      'a map whose root is the URL of a directory',
      () =>
        pack(
          'rooturl',
          map({ sourceRoot: pathToFileURL(join(root, 'rooturl/src')).href, sources: ['add.ts'] }),
        ),
    ],
    ['a map of a bundler', () => pack('bundled', map({ sources: ['webpack://app/./src/add.ts'] }))],
    [
      'a map whose source is far away',
      () => pack('far', map({ sources: ['../../../../../../../../../add.ts'] })),
    ],
    ['a map without sources', () => pack('none', map({ sources: [], mappings: '' }))],
    ['a path that is no URL', () => fileURLToPath(pack('path', map()))],
    [
      'a path with no package above it',
      () => fileURLToPath(put('deep/er/still/script.cjs', 'x\n')),
    ],
    ['a file that is not there', () => pathToFileURL(join(root, 'gone/away.js')).href],
    ['a path that is not there', () => join(root, 'gone/nowhere.js')],
    ['a URL that is none', () => 'file://%'],
    ['code from a string', () => 'evalmachine.<anonymous>'],
    ['nothing', () => ''],
    ['a name with odd characters', () => put('odd/na\\me :*?"<>|\u202e.js', 'x\n')],
    [
      'code in the URL itself',
      () => `data:text/javascript,${encodeURIComponent(`import '${root}/x.js'`)}`,
    ],
  ];

  const isPrivate = (text: string): boolean =>
    [root, homedir(), process.cwd()].some((path) => path.length > 1 && text.includes(path)) ||
    /(^|[^\w.:/])\/(?:tmp|home|root|Users|work)\//.test(text) || // a path from the root of a disk
    text.includes('gridlock-sources-');

  test.for(odd)('%s', ([, make]) => {
    const { file } = sources.resolve(frame(make()));
    expect(isPrivate(file)).toBe(false);
    expect(file.startsWith('/')).toBe(false);
    for (const name of sources.texts.keys()) expect(isPrivate(name)).toBe(false);
  });

  test('nor does any byte of a dump with all of them', async () => {
    symlinkSync(join(root, 'a'), join(root, 'link'));
    const stack = odd.map(([, make]) => sources.resolve(frame(make())));
    stack.push(sources.resolve(frame(pathToFileURL(join(root, 'link/dist/add.js')).href)));
    const image = sampleImage();
    const dump = sampleDump(image);
    const [pager, ...others] = dump.threads;
    const file = join(root, 'all.dump');
    await writeDump(
      file,
      { ...dump, threads: [{ ...pager!, stack }, ...others] },
      image,
      sources.texts,
    );

    const read = await DumpFile.open(file);
    expect(await read.sources()).toEqual(sources.texts);
    const parts = [
      read.head,
      await read.threads(),
      await read.locks(),
      await read.types(),
      await read.symbols(),
    ];
    const all = [
      ...parts.map((part) => JSON.stringify(part)),
      ...sources.texts.keys(),
      (await read.image()).toString('latin1'),
    ];
    expect(all.filter((text) => isPrivate(text)).map((text) => text.slice(0, 200))).toEqual([]);
    read.close();
  });

  test('the search finds what there is to find', () => {
    expect([root, `at ${root}/x.js:1`, homedir()].map((text) => isPrivate(text))).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      ['src/kernel/mutex.ts', 'node:internal/main', '(anonymous)'].map((text) => isPrivate(text)),
    ).toEqual([false, false, false]);
  });
});

test('any URL and any place in it is a frame', () => {
  const known = pack('any', map());
  const url = fc.oneof(
    fc.constant(known),
    fc.webUrl(),
    fc.string(),
    fc.webUrl().map((each) => each.replace(/^https?/, 'file')),
  );
  fc.assert(
    fc.property(url, fc.integer(), fc.integer(), (each, line, column) => {
      const resolved = sources.resolve(frame(each, line, column));
      expect(typeof resolved.file).toBe('string');
    }),
  );
});
