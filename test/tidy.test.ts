/*
 * Goal: the house rules of ARCHITECTURE.md and test/tidy/rules.ts hold in every file.
 *
 * Method: the tree is read and checked as a whole.  A check that never finds anything may be a check
 * that looks at nothing, so every rule also has a broken twin, which must be reported, and the same
 * twin where the rule makes an exception, which must not.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { faultsOf, ruleFaults, subjectsOfRules } from './tidy/check.ts';
import { BANS, MAY_IMPORT, NOT_USED, ONLY_IN, PURE } from './tidy/rules.ts';
import { blank } from '../src/base/blank.ts';
import { importsOf, readTree, sourceOf } from './tidy/source.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
  dependencies: Record<string, string>;
};
const dependencies = new Set(Object.keys(manifest.dependencies));
const HEADER = '/* A file made up for this test, in order to be wrong. */\n';

function faults(path: string, text: string): string[] {
  return faultsOf(sourceOf(path, HEADER + text), dependencies);
}

test('the tree is tidy', () => {
  const tree = readTree(root);
  expect(tree.map(({ path }) => path)).toContain('test/tidy.test.ts');
  expect(tree.flatMap((source) => faultsOf(source, dependencies)).join('\n')).toBe('');
});

describe('a rule is about what is there', () => {
  const paths = readTree(root).map(({ path }) => path);
  const { folders, prefixes } = subjectsOfRules();

  test('all of them', () => {
    expect(folders.length * prefixes.length).toBeGreaterThan(0);
    expect(ruleFaults({ folders, prefixes }, paths)).toEqual([]);
  });

  test.for([
    ['a row of the import table', [...folders, 'attic'], prefixes, 'attic'],
    ['an exception of a ban', folders, [...prefixes, 'src/attic/'], 'src/attic/'],
  ] as const)('twin: %s', ([, named, beginnings, absent]) => {
    expect(ruleFaults({ folders: named, prefixes: beginnings }, paths)).toEqual([
      `test/tidy/rules.ts: a rule about ${absent} is banned, use what is in the tree`,
    ]);
  });
});

describe('each ban', () => {
  test.for(BANS)('$ban', ({ ban, use, holds, except, within, twin }) => {
    const home = holds.find((prefix) => prefix !== '') ?? '';
    const reported = `${home}twin.ts:2: ${ban} is banned, use ${use}`;
    expect(faults(`${home}twin.ts`, twin)).toContain(reported);
    expect(faults(`${home}twin.ts`, `// ${twin}`)).toHaveLength(within === 'text' ? 1 : 0);
    for (const prefix of except ?? []) {
      const path = prefix.endsWith('.ts') ? prefix : `${prefix}twin.ts`;
      expect(faults(path, twin)).toEqual([]);
    }
  });
});

describe('the import table', () => {
  const folders = Object.keys(MAY_IMPORT);

  test('leads downwards: a folder never comes back to itself', () => {
    function reach(folder: string, path: readonly string[]): void {
      expect(path).not.toContain(folder);
      for (const next of MAY_IMPORT[folder] ?? []) reach(next, [...path, folder]);
    }
    for (const folder of folders) reach(folder, []);
  });

  test.for(folders)('%s may import its row, and nothing else', (from) => {
    const row = MAY_IMPORT[from] ?? [];
    for (const to of folders) {
      const found = faults(pathIn(from, 'here'), `import { f } from '${between(from, to)}';`);
      const isAllowed = from === to || row.includes('*') || row.includes(to);
      expect(found, `${from} → ${to}`).toHaveLength(isAllowed ? 0 : 1);
    }
  });

  test('the message names the row', () => {
    expect(faults('src/kernel/a.ts', "import { b } from '../run/b.ts';")).toEqual([
      'src/kernel/a.ts:2: kernel importing run is banned, use layout, base',
    ]);
    expect(faults('src/attic/a.ts', "import { b } from '../run/b.ts';")).toEqual([
      'src/attic/a.ts:2: attic importing run is banned, use a folder of the table in test/tidy/rules.ts, not attic',
    ]);
  });

  test('holds for every way to import', () => {
    const ways = [
      "import '../run/b.ts';",
      "import type { B } from '../run/b.ts';",
      "import {\n  a,\n  b,\n} from '../run/b.ts';",
      "export * from '../run/b.ts';",
      "const b = await import('../run/b.ts');",
      "type B = import('../run/b.ts').B;",
      "new Worker(new URL('../run/b.js', import.meta.url));",
    ];
    for (const way of ways) expect(faults('src/kernel/a.ts', way), way).toHaveLength(1);
    const prose = "// import { b } from '../run/b.ts';\nexport const s = \"import '../run/b.ts'\";";
    expect(faults('src/kernel/a.ts', prose)).toEqual([]);
  });

  test('one workload does not know another', () => {
    expect(faults('workloads/a/roles.ts', "import { f } from '../b/roles.ts';")).toHaveLength(1);
    expect(faults('workloads/a/roles.ts', "import { f } from './model.ts';")).toEqual([]);
    expect(faults('workloads/a/roles.ts', "import { struct } from 'gridlock';")).toEqual([]);
    expect(faults('src/kernel/a.ts', "import { struct } from 'gridlock';")).toHaveLength(1);
  });

  test.for(PURE)('%s imports no module of Node', (folder) => {
    expect(faults(`src/${folder}/a.ts`, "import { readFileSync } from 'node:fs';")).toHaveLength(1);
  });

  function pathIn(folder: string, file: string): string {
    if (folder === 'index') return 'src/index.ts';
    return folder === 'workload' ? `workloads/one/${file}.ts` : `src/${folder}/${file}.ts`;
  }

  function between(from: string, to: string): string {
    const up = from === 'index' ? '..' : '../..';
    return `${up}/${pathIn(to, 'there')}`;
  }
});

describe('packages', () => {
  test.for(Object.entries(NOT_USED))('%s is not used', ([name, instead]) => {
    const expected = `src/cli/a.ts:2: ${name} is banned, use ${instead}`;
    expect(faults('src/cli/a.ts', `import x from '${name}';`)).toEqual([expected]);
  });

  test.for(Object.entries(ONLY_IN))('%s is used in %s alone', ([name, home]) => {
    expect(dependencies).toContain(name);
    expect(faults(`src/${home}/a.ts`, `import x from '${name}';`)).toEqual([]);
    expect(faults('src/kernel/a.ts', `import x from '${name}';`)).toHaveLength(1);
  });

  test('what a user has not installed is not imported', () => {
    expect(faults('src/run/a.ts', "import fc from 'fast-check';")).toEqual([
      'src/run/a.ts:2: fast-check here is banned, use a package of "dependencies"',
    ]);
    expect(faults('test/run/a.test.ts', "import fc from 'fast-check';")).toEqual([]);
    expect(faults('src/nmi/a.ts', "import x from '@jridgewell/trace-mapping';")).toEqual([]);
  });

  test('extensions and prefixes are written', () => {
    expect(faults('src/run/a.ts', "import { b } from './b.js';")).toEqual([
      'src/run/a.ts:2: the extension of ./b.js is banned, use ./b.ts',
    ]);
    expect(faults('test/run/a.test.ts', "import { b } from './b';")).toHaveLength(1);
    expect(faults('src/run/a.ts', "import { join } from 'path';")).toEqual([
      'src/run/a.ts:2: path is banned, use node:path',
    ]);
  });
});

describe('names', () => {
  const name = (path: string, text: string) => faults(path, `export ${text} {}`);

  test.for([
    ['src/kernel/a.ts', 'function mutexEnter()', 'mutex_enter'],
    ['workloads/a/roles.ts', 'async function readLoop()', 'read_loop'],
    ['src/run/a.ts', 'function boot_machine()', 'bootMachine'],
    ['src/run/a.ts', 'function* Trials()', 'trials'],
  ] as const)('%s: export %s should be %s', ([path, text, use]) => {
    expect(name(path, text)).toEqual([expect.stringMatching(`:2: the name .*, use ${use}$`)]);
  });

  test.for([
    ['src/kernel/a.ts', 'function mutex_enter()'],
    ['src/kernel/a.ts', 'function panic()'],
    ['src/kernel/a.ts', 'class MachineHalt'],
    ['workloads/a/workload.ts', 'function describeLoad()'],
    ['workloads/a/dmod.ts', 'function kstatWalk()'],
    ['src/run/a.ts', 'function bootMachine()'],
    ['test/kernel/a.roles.ts', 'function add_locked()'],
  ] as const)('%s: export %s is fine', ([path, text]) => {
    expect(name(path, text)).toEqual([]);
  });
});

describe('headers', () => {
  test.for(['import x from "./x.ts";\n', '// x\nconst a = 1;\n', '/* */\n', ''])(
    '%j has none',
    (text) => {
      expect(faultsOf(sourceOf('src/run/a.ts', text), dependencies)[0]).toMatch(
        /^src\/run\/a\.ts:1: a file without a header is banned/,
      );
    },
  );

  test.for([
    HEADER,
    '// Two lines that say\n// what this file is for.\n',
    `#!/usr/bin/env node\n${HEADER}`,
  ])('%j is one', (text) => {
    expect(faultsOf(sourceOf('src/run/a.ts', text), dependencies)).toEqual([]);
  });
});

describe('the lexer', () => {
  test.for([
    ["a('it', 's'); // b", "a('  ', ' ');     "],
    ['a /* b */ c', 'a         c'],
    ['x = /[/]"\'/g; y', 'x =         ; y'],
    ['x = a / b / c', 'x = a / b / c'],
    ['f(x) / 2 // y', 'f(x) / 2     '],
    ['`a${b + `c${d}e`}f` + g', '` ${b + ` ${d} `} ` + g'],
    ['`a${{ b: 1 }.b}c`', '` ${{ b: 1 }.b} `'],
    ["return /'/.test(x)", 'return    .test(x)'],
    ['"a\\"b" + c', '"    " + c'],
    ['`\\`${1}`', '`  ${1}`'],
    ["'unclosed\nx", "'unclosed\nx"],
  ] as const)('%j', ([text, code]) => {
    expect(blank(text)).toBe(code);
  });

  test('keeps every line where it was', () => {
    const text = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    const lines = blank(text).split('\n');
    expect(lines).toHaveLength(text.split('\n').length);
    expect(lines.map((line) => line.length)).toEqual(text.split('\n').map((line) => line.length));
  });

  test('finds the imports of this file', () => {
    const text = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    const found = importsOf(sourceOf('test/tidy.test.ts', text)).map(({ specifier }) => specifier);
    expect(found.slice(0, 7)).toEqual([
      'node:fs',
      'node:url',
      'vitest',
      './tidy/check.ts',
      './tidy/rules.ts',
      '../src/base/blank.ts',
      './tidy/source.ts',
    ]);
  });
});
