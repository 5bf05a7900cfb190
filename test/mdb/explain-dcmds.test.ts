/*
 * Goal: ::deadlock, ::victims, ::locks, ::events, ::locals and ::why say what is in the dump, and survive what
 * is wrong in one.
 *
 * Method: what they print of golden dumps is compared with the dump's own data, worked out here in another way.
 * Then the same dumps are spoiled: names that hold escape sequences, ids and addresses of nothing, bytes of the
 * image flipped.  Whatever a command makes of that, it must be text that fits a terminal or an error of its own.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Dump, DumpThread } from '../../src/dump/format.ts';
import { DumpFile } from '../../src/dump/read.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import type { Session } from '../../src/mdb/session.ts';
import { Target } from '../../src/mdb/target/target.ts';
import dtraceDeadlock from '../../workloads/dtrace-deadlock/dmod.ts';
import kstatRace from '../../workloads/kstat-race/dmod.ts';
import { dumpPath, openGolden, say } from './session.ts';

const DEADLOCK = 'dtrace-deadlock.wstub';

async function out(session: Session, line: string): Promise<string[]> {
  const said = await say(session, line);
  expect(said.error).toBe('');
  return said.out.trimEnd().split('\n');
}

/** The rows of a command as data. */
async function data(session: Session, line: string): Promise<Record<string, unknown>[]> {
  const lines = await out(session, `${line} | ::json`);
  return lines.map((each) => JSON.parse(each) as Record<string, unknown>);
}

describe('::why', () => {
  test('goes round the cycle and says so', async () => {
    const session = await openGolden(DEADLOCK);
    const steps = await data(session, 'mod_lock::why');
    expect(steps.map(({ name, ends }) => [name, ends ?? null])).toEqual([
      ['mod_lock', null],
      ['callout taskq/1', null],
      ['dtrace -Cs', null],
      ['dtrace -n', null],
      ['callout taskq/1', 'circle'],
    ]);
  });

  test('ends at a thread that is in nobody’s way', async () => {
    const session = await openGolden('kstat-race.unlocked-clear');
    const steps = await data(session, 'kstat_chain_lock::why');
    expect(steps.map(({ name, ends }) => [name, ends ?? null])).toEqual([
      ['kstat_chain_lock', null],
      ['marlin agent', 'running'],
    ]);
    expect((await out(session, 'kstat_chain_lock::why')).at(-1)).toContain('it panicked, in ');
  });

  test('ends at a condvar without a known owner, with who signalled it', async () => {
    const session = await openGolden('dtrace-deadlock.undeclared');
    const lines = await out(session, '<thread::why');
    expect(lines.at(-1)).toMatch(
      /waits for pr_pid_cv\[2\].*; a condvar has no owner; dtrace -n signalled it last$/,
    );
    // The control: declared, the same chain goes on.
    const declared = await out(await openGolden(DEADLOCK), '<thread::why');
    expect(declared.at(-1)).toContain('a circle');
  });

  test('follows every reader of a rwlock, indented, and none twice', async () => {
    const { dump } = (await openGolden(DEADLOCK)).target;
    const target = await targetOf(DEADLOCK, (threads) =>
      threads.map((thread, i) =>
        i === 0 && thread.wants !== null
          ? { ...thread, wants: { ...thread.wants, kind: 'rwlock', owners: [4, 5, 4] } }
          : thread,
      ),
    );
    const lines = await out(sessionOf(target), `${dump.threads[0]!.address}::why`);
    expect(lines.filter((line) => /[0-9a-f]{16} {3}dtrace -/.test(line))).toHaveLength(5);
    expect(lines.filter((line) => line.endsWith(': see above'))).toHaveLength(2);
  });
});

describe('::victims', () => {
  test('are those of the dump, the longest wait first', async () => {
    const session = await openGolden(DEADLOCK);
    const { head, threads } = session.target.dump;
    const rows = await data(session, '::victims');
    const waited = rows.map(({ wants }) => (wants as { waited_ms: number }).waited_ms);
    expect(waited).toEqual(waited.toSorted((a, b) => b - a));
    const names = threads.filter(({ id }) => head.victims.includes(id)).map(({ name }) => name);
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(names));
  });

  test('nobody, where there is no hang', async () => {
    const session = await openGolden('mixed.twin');
    expect(await out(session, '::victims')).toEqual([
      'nobody waits behind anybody: there is no hang',
    ]);
  });
});

describe('::locks', () => {
  test('-a has every lock of the dump, in its order; without, those of interest', async () => {
    const session = await openGolden(DEADLOCK);
    const { locks } = session.target.dump;
    const all = await data(session, '::locks -a');
    expect(all.map(({ address }) => address)).toEqual(locks.map(({ address }) => address));
    const few = await data(session, '::locks');
    expect(few.length).toBeLessThan(all.length);
    const silent = all.filter((lock) => !few.some(({ address }) => address === lock['address']));
    for (const lock of silent)
      expect(lock).toMatchObject({ contended: 0, blocked: 0, owners: [], waiters: [] });
  });

  test('-k takes a kind, -n so many', async () => {
    const session = await openGolden(DEADLOCK);
    const kinds = new Set((await data(session, '::locks -k cv')).map(({ kind }) => kind));
    expect([...kinds]).toEqual(['cv']);
    expect(await data(session, '::locks -n 3')).toHaveLength(3);
  });
});

describe('::events', () => {
  test('are in the order of their numbers, and end with the wait of each thread of the cycle', async () => {
    const session = await openGolden(DEADLOCK);
    const rows = await data(session, '::events -a');
    const seqs = rows.map(({ seq }) => seq as number);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    for (const [name, text] of [
      ['callout taskq/1', 'block dtrace_lock (dtrace -Cs)'],
      ['dtrace -Cs', 'block pr_pid_cv[3]'],
      ['dtrace -n', 'block mod_lock (callout taskq/1)'],
    ]) {
      expect(rows.findLast(({ thread }) => thread === name)).toMatchObject({ text });
    }
  });

  test('say from where on they are whole, when a ring wrapped', async () => {
    const session = await openGolden('mixed.twin');
    const [first] = await out(session, '::events -a');
    const from =
      /^A ring holds 256 events, and wrapped for .*: before (\d+) some of theirs are gone\.$/.exec(
        first!,
      );
    expect(Number(from?.[1])).toBeGreaterThan(0);
    // The control: what is shown of the end is whole.
    expect((await out(session, '::events -n 8'))[0]).not.toContain('wrapped');
  });

  test('of one thread, of one lock', async () => {
    const session = await openGolden(DEADLOCK);
    const own = await data(session, '::events -a -t shell');
    expect(new Set(own.map(({ thread }) => thread))).toEqual(new Set(['shell']));
    const on = await data(session, 'mod_lock::events -a');
    expect(new Set(on.map(({ name }) => name))).toEqual(new Set(['mod_lock']));
    expect(new Set(on.map(({ thread }) => thread)).size).toBeGreaterThan(1);
  });
});

test('::locals has the values of the dump, and names what they are the address of', async () => {
  const session = await openGolden('kstat-race.arguments');
  const lines = await out(session, '<thread::locals header_kstat_snapshot');
  expect(lines).toContain('    ksp = 4352 (0x1100, kstat_headers)');
  expect(lines).toContain('    copied = 5698 (0x1642)');
  const frame = session.target.representative!.stack.find((each) => each.function === 'bcopy');
  const rows = await data(session, '<thread::locals bcopy');
  expect(rows[0]!['locals']).toEqual(frame!.locals);
});

describe('a dump that is spoiled', () => {
  const LINES = [
    '::deadlock',
    '::victims',
    '::locks',
    '::locks -a -n 5',
    '::events -n 20',
    '::events -c',
    '<thread::why',
    '<thread::locals',
    '::walk lock | ::why',
    '::walk thread | ::why',
    '::modinfo',
    '::stubs',
    '::kbuf',
    '::kstat -n zone_zfs -v',
    '::walk proc',
  ];
  // oxlint-disable-next-line no-control-regex -- what must not be there
  const UNFIT = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

  async function isWell(session: Session): Promise<void> {
    for (const line of LINES) {
      const said = await say(session, line);
      expect(UNFIT.test(said.out + said.error), line).toBe(false);
    }
  }

  test('names that are escape sequences', async () => {
    const evil = '\u001b[31mred\u202e\r\nmdb: forged\u0007';
    const target = await targetOf(DEADLOCK, (threads) =>
      threads.map((thread) => ({
        ...thread,
        name: evil,
        holds: thread.holds.map((each) => ({ ...each, name: evil })),
        wants: thread.wants && { ...thread.wants, name: evil, via: evil },
        stack: thread.stack.map((frame) => ({ ...frame, function: evil, file: evil })),
      })),
    );
    const session = sessionOf(target, { dmods: [dtraceDeadlock] });
    await isWell(session);
    expect((await say(session, '::deadlock')).out).toContain(
      '\\x1b[31mred\\u{202e}\\r\\nmdb: forged',
    );
  });

  test.for([DEADLOCK, 'kstat-race.unlocked-clear'])(
    '%s: numbers of nothing, bytes flipped',
    async (name) => {
      const dmods = [name === DEADLOCK ? dtraceDeadlock : kstatRace];
      const parts = await partsOf(name);
      const ids = fc.array(fc.integer({ min: -2, max: 40 }), { maxLength: 6 });
      const spoil = fc.record({
        cycle: ids,
        victims: ids,
        owners: ids,
        at: fc.array(
          fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })),
          {
            minLength: 1,
            maxLength: 200,
          },
        ),
      });
      await fc.assert(
        fc.asyncProperty(spoil, async ({ cycle, victims, owners, at }) => {
          const image = Uint8Array.from(parts.image);
          // The first pages have what everything else hangs from.
          for (const [where, byte] of at) image[Math.floor(where ** 4 * (image.length - 1))] = byte;
          const dump: Dump = {
            ...parts.dump,
            head: { ...parts.dump.head, cycle, victims },
            threads: parts.dump.threads.map((thread) => ({
              ...thread,
              wants: thread.wants && { ...thread.wants, owners },
            })),
          };
          const target = new Target('x.dump', dump, parts.types, image, parts.sources);
          await isWell(sessionOf(target, { dmods }));
        }),
        { numRuns: 12, seed: 9056 },
      );
    },
  );
});

type Parts = {
  dump: Dump;
  types: Awaited<ReturnType<DumpFile['types']>>;
  image: Uint8Array;
  sources: ReadonlyMap<string, string>;
};

async function partsOf(name: string): Promise<Parts> {
  const file = await DumpFile.open(dumpPath(name));
  const parts = {
    dump: await file.dump(),
    types: await file.types(),
    image: await file.image(),
    sources: await file.sources(),
  };
  file.close();
  return parts;
}

/** A golden dump with its threads changed. */
async function targetOf(
  name: string,
  change: (threads: readonly DumpThread[]) => readonly DumpThread[],
): Promise<Target> {
  const { dump, types, image, sources } = await partsOf(name);
  return new Target('x.dump', { ...dump, threads: change(dump.threads) }, types, image, sources);
}

describe('where a lock was taken', () => {
  test('is the call that names it, before the place where the thread stands', async () => {
    const [row] = await data(await openGolden(DEADLOCK), '::deadlock');
    const threads = row!['threads'] as {
      name: string;
      taken: { place: string; line: number } | null;
    }[];
    const { text } = (await openGolden(DEADLOCK)).target;
    const lines = threads.map(({ name, taken }) => {
      const object = taken === null ? undefined : text.lookup(taken.place.split('+')[0]!)?.object;
      return [name, object?.lineText(taken?.line ?? 0)?.trim()];
    });
    expect(lines).toEqual([
      ['callout taskq/1', 'mutex_enter(mod_lock);'],
      ['dtrace -Cs', 'mutex_enter(dtrace_lock);'],
      // Its function has returned, and the text of those that are left does not name it.
      ['dtrace -n', undefined],
    ]);
  });

  test('is not said where the text does not', async () => {
    const parts = await partsOf(DEADLOCK);
    const target = new Target('x', parts.dump, parts.types, parts.image, new Map());
    const [row] = await data(sessionOf(target), '::deadlock');
    expect((row!['threads'] as { taken: unknown }[]).map(({ taken }) => taken)).toEqual([
      null,
      null,
      null,
    ]);
  });
});

test('a circle of 64 is told in a few words', async () => {
  const some = await partsOf(DEADLOCK);
  const [one] = some.dump.threads;
  const ring = Array.from({ length: 64 }, (_, i) => {
    const [mine, next] = [`fork[${i}]`, `fork[${(i + 1) % 64}]`];
    const lock = (name: string) => ({ name, kind: 'mutex', address: name });
    return {
      ...one!,
      id: i,
      name: `p/${i}`,
      address: (0x40000 + i * 0x500).toString(16),
      holds: [{ ...lock(mine), held_ms: 1 }],
      wants: { ...lock(next), waited_ms: 1, owners: [(i + 1) % 64] },
    };
  });
  const head = { ...some.dump.head, cycle: ring.map(({ id }) => id), victims: [] };
  const target = new Target(
    'x',
    { ...some.dump, head, threads: ring },
    some.types,
    some.image,
    some.sources,
  );
  const [row] = await data(sessionOf(target), '::deadlock');
  const [story = ''] = row!['story'] as string[];
  expect(story).toBe(
    'p/0 has fork[0] and waits for fork[1], which p/1 has; that one waits for fork[2], which p/2 has; ' +
      'that one waits for fork[3], which p/3 has; that one waits for fork[4], which p/4 has; ' +
      'and so on over 59 more; the last one waits for fork[0], which p/0 has. None of them can go on.',
  );
});
