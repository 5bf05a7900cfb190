/*
 * Goal: the dmods of the workloads say what is in a dump, and what they conclude from it is right.
 *
 * Method: the audit of stubs is held against the fix itself: what -w lists of the dump before must be what the
 * dump with the fix has otherwise.  Then the text that it reads is changed, or taken away, and the conclusion must
 * follow.  Tables are counted against the words of the image, rings and chains are led astray.
 */

import { beforeAll, describe, expect, test } from 'vitest';

import { DumpFile } from '../../src/dump/read.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import type { Session } from '../../src/mdb/session.ts';
import { Target } from '../../src/mdb/target/target.ts';
import dtraceDeadlock from '../../workloads/dtrace-deadlock/dmod.ts';
import kstatRace from '../../workloads/kstat-race/dmod.ts';
import { gridlock } from '../cli/gridlock.ts';
import { dumpPath, GOLDEN, openGolden, say } from './session.ts';

const BEFORE = 'dtrace-deadlock.wstub';
const FIXED = 'dtrace-deadlock.no-unload-wstub';
const RACE = 'kstat-race.unlocked-clear';

interface Changes {
  readonly sources?: (file: string, text: string) => string | undefined;
  readonly image?: (image: DataView) => void;
}

/** A session over a dump with some of it changed. */
async function changed(name: string, { sources, image }: Changes): Promise<Session> {
  const file = await DumpFile.open(dumpPath(name));
  const bytes = Uint8Array.from(await file.image());
  image?.(new DataView(bytes.buffer));
  const texts = [...(await file.sources())].flatMap(([path, text]) => {
    const now = sources === undefined ? text : sources(path, text);
    return now === undefined ? [] : [[path, now] as const];
  });
  const target = new Target('x', await file.dump(), await file.types(), bytes, new Map(texts));
  file.close();
  return sessionOf(target, { dmods: [name.startsWith('kstat') ? kstatRace : dtraceDeadlock] });
}

async function rows(session: Session, line: string): Promise<Record<string, unknown>[]> {
  const { out, error } = await say(session, `${line} | ::json`);
  expect(error).toBe('');
  return out === ''
    ? []
    : out
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each) as Record<string, unknown>);
}

/** A word of the image, through the debugger. */
async function word(session: Session, expression: string): Promise<number> {
  const { out } = await say(session, `${expression}=E`);
  return Number(out.trim());
}

describe('::stubs', () => {
  test('-w lists exactly what the fix of 9057 changed', async () => {
    const wrong = await rows(await openGolden(BEFORE), '::stubs -w');
    const before = await rows(await openGolden(BEFORE), '::stubs');
    const since = await rows(await openGolden(FIXED), '::stubs');
    const differ = before.filter(({ kind }, i) => kind !== since[i]?.['kind']);
    expect(wrong.map(({ name }) => name)).toEqual(differ.map(({ name }) => name));
    expect(wrong.map(({ name }) => name)).toContain('shmgetid');
    expect(wrong.length).toBeLessThan(before.length);
    expect(await rows(await openGolden(FIXED), '::stubs -w')).toEqual([]);
  });

  async function judged(sources: Changes['sources']): Promise<Record<string, unknown> | undefined> {
    const session = await changed(BEFORE, sources === undefined ? {} : { sources });
    return (await rows(session, '::stubs')).find(({ name }) => name === 'shmgetid');
  }

  /** The text of shm.ts with another _fini. */
  function returning(what: string): Changes['sources'] {
    return (file, text) =>
      file.endsWith('/shm.ts') ? text.replace('return EBUSY;', `return ${what};`) : text;
  }

  test.for([
    ['EBUSY', 'EBUSY', true, false],
    ['0', '0', false, true],
    ['ENOENT', 'ENOENT', true, false],
    ['shm_nattch(0)', 'more than a constant', false, null],
    ['ELSE', 'ELSE, of unknown value', false, null],
  ] as const)('a _fini that returns %s', async ([returned, fini, wrong, unloads]) => {
    expect(await judged(returning(returned))).toMatchObject({ fini, wrong, unloads });
  });

  test('does not judge without the text', async () => {
    const session = await changed(BEFORE, { sources: () => undefined });
    const all = await rows(session, '::stubs');
    expect(all.map(({ unloads }) => unloads)).toEqual(all.map(() => null));
    expect((await say(session, '::stubs')).out).toContain(
      'not judged: shmsys, whose _fini is not in this dump',
    );
  });

  test('a module without a _fini never unloads: none of doorfs is in its table', async () => {
    const all = await rows(await openGolden(BEFORE), '::stubs');
    expect(all.filter(({ module }) => module === 'doorfs').map(({ fini }) => fini)).toEqual([
      'none',
      'none',
      'none',
    ]);
  });
});

describe('modules', () => {
  test('::modinfo has all of them, and who has mod_lock', async () => {
    const session = await openGolden(BEFORE);
    const all = await rows(session, '::modinfo');
    expect(all.map(({ id }) => id)).toEqual(all.map((_, i) => i));
    expect(all.find(({ name }) => name === 'md5')).toMatchObject({ installed: false, busy: true });
    const { out } = await say(session, '::modinfo');
    expect(out).toContain('mod_lock: callout taskq/1 has it, and 3 wait for it');
    expect((await say(await openGolden(FIXED), '::modinfo')).out).toContain(
      'mod_lock: nobody has it',
    );
  });

  test('a ring that does not come back is an error', async () => {
    const good = await openGolden(BEFORE);
    const first = Number(good.evaluate('modules'));
    const { size } = good.target.types.need('modctl');
    const session = await changed(BEFORE, {
      image: (image) => image.setUint32(first + size, first + size, true),
    });
    expect(await say(session, '::modinfo')).toMatchObject({
      isWell: false,
      error: 'mdb: the ring of modules does not come back: after 4096 of them\n',
    });
  });

  test('object`function means the kernel module', async () => {
    const session = await openGolden(BEFORE);
    expect(session.target.text.lookupIn('shmsys', '_fini')?.object.file).toMatch(/\/shm\.ts$/);
    expect(await say(session, 'md5`_fini::dis')).toMatchObject({ isWell: false });
    expect(await say(session, 'genunix`mod_hold_stub::dis -n 1')).toMatchObject({ isWell: true });
  });

  test('::walk proc: every process that has a slot', async () => {
    const session = await openGolden(BEFORE);
    const all = await rows(session, '::walk proc | ::print proc_t p_pid');
    const state = await rows(session, 'proc_state::print proc_state nproc');
    expect(all).toHaveLength(state[0]!['nproc'] as number);
  });
});

describe('::kstat', () => {
  let session: Session;
  beforeAll(async () => {
    session = await openGolden(RACE);
  });

  test('has as many as the chain counts, in the order of their ids', async () => {
    const all = await rows(session, '::kstat');
    const counted = await rows(session, 'kstat_chain::print kstat_chain count');
    expect(all).toHaveLength(counted[0]!['count'] as number);
    const kids = all.map(({ kid }) => kid as number);
    expect(kids).toEqual(kids.toSorted((a, b) => a - b));
  });

  test('-o names the two that race, and what they have', async () => {
    const owned = await rows(session, '::kstat -o');
    expect(owned.map(({ name, owner, flags }) => [name, owner, flags])).toEqual([
      ['kstat_headers', 'marlin agent', 'VIRTUAL,VAR_SIZE'],
      ['zone1', 'zoneadmd', 'VIRTUAL'],
    ]);
    const fixed = await rows(await openGolden('kstat-race.count-invalid'), '::kstat -o');
    expect(fixed.map(({ flags }) => flags)).toContain('VIRTUAL,INVALID');
  });

  test('-m, -i and -n choose; an address that is none is refused', async () => {
    expect(await rows(session, '::kstat -m zfs -i 3')).toMatchObject([
      { name: 'zfs3', instance: 3 },
    ]);
    expect(await rows(session, '::kstat -n sd7')).toMatchObject([{ module: 'sd', class: 'disk' }]);
    expect(await rows(session, '::kstat -n nothing')).toEqual([]);
    expect(await say(session, 'kstat_chain_lock::kstat')).toMatchObject({ isWell: false });
  });

  test('a chain that does not end is an error', async () => {
    const first = Number(session.evaluate('kstat_headers'));
    const next = session.target.types.need('ekstat').fields.find(({ name }) => name === 'e_next')!;
    const looped = await changed(RACE, {
      image: (image) => image.setUint32(first + next.offset, first, true),
    });
    const said = await say(looped, '::kstat -n nothing');
    expect(said.error).toMatch(/^mdb: the chain of kstats does not end: after \d+ of them\n$/);
  });
});

describe('::kbuf', () => {
  test('the numbers of the report: 0x1642 headers, and the fault at kbuf+0x100000', async () => {
    const session = await openGolden(RACE);
    const { out } = await say(session, '::kbuf');
    expect(out).toContain('counted          1642 headers of b8 bytes\n');
    expect(out).toMatch(/\none more ends +[0-9a-f]{16} {2}kbuf\+0x100028: behind the end\n/);
    expect(out).toMatch(
      /\nfault at +[0-9a-f]{16} {2}kbuf\+0x100000: the first byte that is not there\n/,
    );
    const [row] = await rows(session, '::kbuf');
    expect(await word(session, '0t5698*0t184')).toBe(Number(`0x${row!['size'] as string}`));
  });

  test('without the race as many were copied as counted, and nothing faulted', async () => {
    const { out } = await say(await openGolden('kstat-race.pre-4246'), '::kbuf');
    expect(out).toContain('as many as counted');
    expect(out).not.toContain('fault');
  });
});

test('a dmod is there with its workload alone', async () => {
  for (const name of GOLDEN) {
    const { dcmds } = await openGolden(name);
    expect([dcmds.has('stubs'), dcmds.has('kstat')], name).toEqual([
      name.startsWith('dtrace-deadlock.'),
      name.startsWith('kstat-race.'),
    ]);
  }
});

test('gridlock mdb finds the dmod by the name in the dump', () => {
  const found = gridlock('mdb', dumpPath(BEFORE), '-e', '::stubs -w');
  expect(found.stdout).toContain('8 of 10 stubs hold a module that cannot be unloaded');
  const other = gridlock('mdb', dumpPath('mixed.twin'), '-e', '::stubs -w');
  expect([other.exit, other.stdout]).toEqual([2, '']);
});
