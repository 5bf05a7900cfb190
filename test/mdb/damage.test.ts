/*
 * Goal: whatever a dump holds, a dcmd prints something or says what is wrong.  It never throws anything else,
 * never hangs, and never fills the memory.
 *
 * Method: golden dumps with their bytes overwritten at random, seeded, with the pointers that dcmds follow
 * preferred: the header, thread records, locks.  Every line that the golden test types is typed.  The counterpart is
 * the golden test itself: undamaged, the same lines print what they should.
 */

import { describe, expect, test } from 'vitest';
import type { DumpThread } from '../../src/dump/format.ts';
import { sessionOf } from '../../src/mdb/open.ts';
import { Target } from '../../src/mdb/target/target.ts';
import { LINES } from './lines.ts';
import { partsOf, type Parts } from './made.ts';
import { say } from './session.ts';

const ROUNDS = 8;
const OUTPUT_MAX = 16 * 1024 * 1024;
const WILD = [0, 1, 7, 0x7fff_ffff, 0xffff_ffff, 0xffff_fffc, 0x4000, 0x41500, 0x41504];

/** A small generator: the same for the same seed, on every machine. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

function damaged({ dump, types, sources, image }: Parts, seed: number): Target {
  const random = generator(seed);
  const bytes = new Uint8Array(image);
  const view = new DataView(bytes.buffer);
  const wild = (): number => WILD[random(WILD.length)] ?? 0;
  const ranges = [
    [8, 460],
    [0x1000, 0x3000],
    [0x41000, 0x46000],
  ] as const;
  for (let n = 0; n < 400; n++) {
    const [from, to] = ranges[random(ranges.length)]!;
    const at = from + 4 * random((Math.min(to, bytes.length - 4) - from) >> 2);
    view.setUint32(at, random(2) === 0 ? wild() : random(bytes.length), true);
  }
  const threads = dump.threads.map((thread): DumpThread => {
    if (random(4) > 0) return thread;
    return {
      ...thread,
      address: ['', 'zz', '-1', 'ffffffffffffffff', '41501'][random(5)]!,
      state: ['', 'TS_', 'TS_SLEEP', '\x1b[2J'][random(4)]!,
      cpu: [-1, NaN, 1e9, 0.5][random(4)]!,
      psargs: ['', ' ', '\u202e/x'][random(3)]!,
      stack: thread.stack.map((each) => ({ ...each, line: wild(), column: -wild() })),
    };
  });
  const symbols = dump.symbols.map((symbol) =>
    random(8) > 0 ? symbol : { ...symbol, address: -wild() + 0.5, size: wild() },
  );
  const head = { ...dump.head, cpus: [0, 1e9, NaN, -1][random(4)]! };
  return new Target('damaged.dump', { ...dump, head, threads, symbols }, types, bytes, sources);
}

describe.for(['dtrace-deadlock.wstub', 'kstat-race.unlocked-clear', 'read-hold.planted'])(
  '%s',
  (name) => {
    test('every line prints, or says what is wrong', async () => {
      const parts = await partsOf(name);
      let [printed, refused] = [0, 0];
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const session = sessionOf(damaged(parts, seed));
        for (const line of Object.values(LINES).flat()) {
          const { out, error } = await say(session, line).catch((thrown: unknown) => {
            throw new Error(`seed ${seed}: ${line}`, { cause: thrown });
          });
          expect(out.length, `seed ${seed}: ${line}`).toBeLessThan(OUTPUT_MAX);
          // No control character of a dump comes through.
          // eslint-disable-next-line no-control-regex
          expect(/[\x00-\x09\x0b-\x1f\u202e]/.test(out + error), `seed ${seed}: ${line}`).toBe(
            false,
          );
          if (out !== '') printed++;
          if (error !== '') refused++;
        }
      }
      expect(printed).toBeGreaterThan(ROUNDS * 50);
      expect(refused).toBeGreaterThan(ROUNDS * 10);
    });
  },
);
