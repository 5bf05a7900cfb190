/*
 * Goal: live buffers never overlap and keep what was put in them; behind an oversize buffer is a page
 * that is not mapped, and a copy that runs into one stops at its first byte, exactly; an overrun inside
 * the last page is silent; none left is NULL; a bad free panics.
 *
 * Method: random allocations and frees against a model that knows only addresses and sizes, on the boot
 * thread.  Copies against an oracle that looks at each byte's page.  What panics is played by an actor.
 */

import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import {
  bcopy,
  kmem_alloc,
  kmem_free,
  kmem_mapped,
  KMEM_OVERSIZE,
  kmem_zalloc,
} from '../../src/kernel/kmem.ts';
import { kernel_boot } from '../../src/kernel/startup.ts';
import { header, image_header, PAGE } from '../../src/layout/records.ts';
import { fillBytes, get, peek8, poke8 } from '../../src/layout/word.ts';
import { openCast, play, returned, type Call } from './scene.ts';

const PAGES = 400;
const cast = openCast(2, PAGES * PAGE);
afterAll(async () => cast.close());

const boot = (): void => kernel_boot({ seed: 1, track: 'held', panicOnCycle: false });
const heap = (boot(), get(header, image_header.heap));
const END = heap + PAGES * PAGE;
const HEADER = 184; //  of a kstat, FACTS A.1
const hex = (at: number): string => at.toString(16);

interface Buffer {
  readonly at: number;
  readonly size: number;
  readonly mark: number;
}

/** What a buffer takes up: its size class is not ours to know, but its bytes are, and its guard page. */
function endOf({ at, size }: Buffer): number {
  if (size <= 2048) return at + size;
  return at + Math.ceil(size / PAGE) * PAGE + (size > KMEM_OVERSIZE ? PAGE : 0);
}

describe('live buffers', () => {
  beforeEach(boot);

  const size = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 2048 }) },
    { weight: 3, arbitrary: fc.integer({ min: 2049, max: KMEM_OVERSIZE }) },
    { weight: 2, arbitrary: fc.integer({ min: KMEM_OVERSIZE + 1, max: 2 * KMEM_OVERSIZE }) },
  );
  const steps = fc.array(
    fc.oneof(
      size,
      fc.nat(100).map((i) => -1 - i),
    ),
    { maxLength: 60 },
  );

  test('never overlap, keep what is in them, and are all of the heap that is in use', () => {
    fc.assert(
      fc.property(steps, (list) => {
        boot();
        const live: Buffer[] = [];
        for (const step of list) {
          if (step > 0) allocate(live, step);
          else if (live.length > 0) release(live, -step % live.length);
        }
        while (live.length > 0) release(live, 0);
      }),
      { numRuns: 60 },
    );
  });

  function allocate(live: Buffer[], size: number): void {
    const at = kmem_alloc(size);
    if (at === 0) return; // none is a valid answer, checked below
    const buffer = { at, size, mark: (live.length * 37 + size) & 0xff };
    expect(at >= heap && endOf(buffer) <= END).toBe(true);
    for (const other of live) expect(endOf(buffer) <= other.at || at >= endOf(other)).toBe(true);
    expect(kmem_mapped(at) && kmem_mapped(at + size - 1)).toBe(true);
    if (size > KMEM_OVERSIZE) expect(kmem_mapped(endOf(buffer) - PAGE)).toBe(false);
    fillBytes(at, size, buffer.mark);
    live.push(buffer);
  }

  function release(live: Buffer[], i: number): void {
    const [buffer] = live.splice(i, 1);
    const { at, size, mark } = buffer!;
    for (const offset of [0, size >> 1, size - 1]) expect(peek8(at + offset)).toBe(mark);
    kmem_free(at, size);
    if (size > 2048) expect(kmem_mapped(at)).toBe(false);
  }

  test('are zero when asked for so, whatever was there', () => {
    for (const size of [1, 32, 2048, 2049, PAGE, KMEM_OVERSIZE, KMEM_OVERSIZE + 1]) {
      const dirty = kmem_alloc(size);
      fillBytes(dirty, size, 0xff);
      kmem_free(dirty, size);
      const at = kmem_zalloc(size);
      expect(at).toBe(dirty);
      let sum = 0;
      for (let i = 0; i < size; i++) sum += peek8(at + i);
      expect(sum).toBe(0);
      kmem_free(at, size);
    }
  });

  test.for([
    [0, 32],
    [1, 32],
    [32, 32],
    [33, 64],
    [184, 192],
    [2048, 2048],
  ])('of %i bytes are %i apart', ([size, apart]) => {
    const [first, second] = [kmem_alloc(size!), kmem_alloc(size!)];
    expect(second - first).toBe(apart);
  });
});

describe('memory', () => {
  beforeEach(boot);

  test('that is not there is NULL, and comes back', () => {
    const taken: number[] = [];
    for (let at = kmem_alloc(PAGE); at !== 0; at = kmem_alloc(PAGE)) taken.push(at);
    expect(taken).toHaveLength(PAGES);
    expect([kmem_alloc(1), kmem_alloc(PAGE), kmem_zalloc(KMEM_OVERSIZE + 1)]).toEqual([0, 0, 0]);
    for (const at of taken.slice(10, 13)) kmem_free(at, PAGE);
    expect(kmem_alloc(3 * PAGE)).toBe(taken[10]);
    expect(kmem_alloc(PAGE)).toBe(0);
  });

  test('needs room for the guard page too', () => {
    const most = (PAGES - 1) * PAGE;
    expect(kmem_alloc(most + 1)).toBe(0);
    expect(kmem_alloc(most)).toBe(heap);
    expect(kmem_mapped(END - PAGE)).toBe(false);
  });

  test.for([[-1], [-4096], [-(2 ** 31)], [NaN], [2 ** 40], [Infinity]])(
    'of %d bytes is none',
    ([size]) => {
      const before = peek8(0);
      expect(kmem_alloc(size!)).toBe(0);
      expect(kmem_alloc(32)).toBe(heap);
      expect(peek8(0)).toBe(before);
    },
  );

  test('is as new after a boot', () => {
    const first = [kmem_alloc(100), kmem_alloc(5 * PAGE), kmem_alloc(KMEM_OVERSIZE + 1)];
    fillBytes(first[1]!, 5 * PAGE, 0xaa);
    boot();
    expect(kmem_mapped(first[1]!)).toBe(false);
    expect([kmem_alloc(100), kmem_alloc(5 * PAGE), kmem_alloc(KMEM_OVERSIZE + 1)]).toEqual(first);
    expect(peek8(first[1]!)).toBe(0);
  });
});

describe('bcopy', () => {
  beforeEach(boot);

  test('copies, also onto itself, forwards and backwards', () => {
    const at = kmem_alloc(256);
    for (let i = 0; i < 256; i++) poke8(at + i, i);
    bcopy(at, at + 10, 100);
    expect([peek8(at + 9), peek8(at + 10), peek8(at + 109), peek8(at + 110)]).toEqual([
      9, 0, 99, 110,
    ]);
    bcopy(at + 10, at, 100);
    expect([peek8(at), peek8(at + 99)]).toEqual([0, 99]);
    bcopy(at, at + 200, 0);
    expect(peek8(at + 200)).toBe(200);
  });

  /** Plays one copy and says where it trapped, or 'through'. */
  function fault(setup: () => void, from: number, to: number, length: number): string {
    const calls: Call[] = [['bcopy', from, to, length]];
    const detail = (): string =>
      `${hex(get(header, image_header.panic_address))} ${get(header, image_header.faults)}`;
    const outcome = cast.script(
      play([calls], { boot: setup, observe: () => 'through', detail }),
      [],
    );
    return outcome;
  }
  const trap = (addr: number, what = ''): string =>
    `panic: BAD TRAP: type=e (#pf Page fault) rp=${hex(cast.thread(0))} addr=${hex(addr)}${what}; ${hex(addr)} 1`;

  test.for<[string, number, number, number]>([
    ['from the tables', PAGE, heap, PAGE],
    ['to the tables', heap, PAGE + 64, 64],
    ['from the tables into the heap, without a gap', heap - 64, heap + 512, 128],
  ])('reaches all of the image but the first page: %s', ([, from, to, length]) => {
    const one = (): void => expect(kmem_alloc(PAGE)).toBe(heap);
    expect(fault(one, from, to, length)).toBe('through');
  });

  // Bug 4997: a buffer for 0x1642 headers and a byte, and one header more.
  const N = 0x1642;
  const kbuf = heap; // the first fit
  const source = heap + 300 * PAGE;
  const setup = (headers: number) => (): void => {
    expect(kmem_alloc(headers * HEADER + 1)).toBe(kbuf);
    // The page behind the guard page, and so on, up to the one at which the source is to be.
    for (let at = 0; at !== source; expect(at).toBeGreaterThan(kbuf)) at = kmem_alloc(PAGE);
    fillBytes(source, HEADER, 0x5a);
  };

  test('one header too many traps at the first byte of the guard page, after those before it', () => {
    expect(N * HEADER).toBe(0xfff70);
    expect(fault(setup(N), source, kbuf + N * HEADER, HEADER)).toBe(trap(kbuf + 0x100000));
    const written = 0x100000 - 0xfff70;
    expect(written).toBe(144);
    expect([peek8(kbuf + 0xfff70), peek8(kbuf + 0xfffff), peek8(kbuf + 0x100000)]).toEqual([
      0x5a, 0x5a, 0,
    ]);
  });

  test('in the slack of the last page it is silent', () => {
    // (N * 184) mod 4096 leaves room for a header more: 490 of 512 sizes do (FACTS 0.3).
    const silent = N - 5;
    expect(PAGE - ((silent * HEADER) % PAGE)).toBeGreaterThan(HEADER);
    expect(fault(setup(silent), source, kbuf + silent * HEADER, HEADER)).toBe('through');
  });

  test('22 of 512 sizes trap, as the kernel’s do', () => {
    const residues = new Set(Array.from({ length: 512 }, (_, i) => ((713 + i) * HEADER) % PAGE));
    const traps = [...residues].filter((left) => left + HEADER > PAGE || left === 0);
    expect(residues.size).toBe(512);
    expect(traps.filter((left) => left > 0).length).toBe(22);
  });

  test.for<[string, number, number, number, number]>([
    ['into a guard page', source, kbuf + 0x100000 - 1, 2, kbuf + 0x100000],
    ['all in a guard page', source, kbuf + 0x100000 + 8, 1, kbuf + 0x100000 + 8],
    ['out of a guard page', kbuf + 0x100000 - 8, kbuf, 64, kbuf + 0x100000],
    ['into free memory', source, END - 8, 16, END - 8],
    ['out of the image', END - 8, kbuf, 16, END - 8],
    [
      'over a guard page that lies in the middle',
      kbuf,
      kbuf + 0x100000 - PAGE,
      3 * PAGE,
      kbuf + 0x100000,
    ],
    [
      'where both sides fault at once, at the source',
      kbuf + 0x100000 - 4,
      kbuf + 0x100000 - 4,
      8,
      kbuf + 0x100000,
    ],
    [
      'where the source faults first',
      kbuf + 0x100000 - 4,
      kbuf + 0x100000 - 8,
      16,
      kbuf + 0x100000,
    ],
    [
      'from the tables into the heap’s unmapped end',
      heap - 64,
      kbuf,
      64 + 0x100000 + 1,
      kbuf + 0x100000,
    ],
  ])('%s', ([, from, to, length, addr]) => {
    const free = (): void => {
      setup(N)();
      const last = END - PAGE;
      if (kmem_mapped(last)) kmem_free(last, PAGE);
    };
    expect(fault(free, from, to, length)).toBe(trap(addr));
  });

  test.for<[number, number]>([
    [0, 0],
    [8, 8],
    [PAGE - 1, PAGE - 1],
  ])('of the first page is a NULL pointer, %i', ([at, addr]) => {
    const what = ' occurred in module "unix" due to a NULL pointer dereference';
    expect(fault(() => undefined, at, PAGE, 16)).toBe(trap(addr, what));
    expect(fault(() => undefined, PAGE, at, 16)).toBe(trap(addr, what));
  });

  test('of nothing faults nowhere', () => {
    for (const at of [0, 8, kbuf, END, END + PAGE])
      expect(fault(() => undefined, at, at, 0)).toBe('through');
  });

  test('stops where an oracle stops that looks at each byte', () => {
    const near = fc.integer({ min: -3 * PAGE, max: 6 * PAGE }).map((offset) => heap + offset);
    const length = fc.integer({ min: 1, max: 4 * PAGE });
    const layout = (): void => {
      // Mapped, free, mapped and mapped, free, guard and so on.
      const all = [kmem_alloc(PAGE), kmem_alloc(PAGE), kmem_alloc(2 * PAGE), kmem_alloc(PAGE)];
      kmem_free(all[1]!, PAGE);
    };
    const good = (at: number): boolean => (at < heap ? at >= PAGE : kmem_mapped(at));
    fc.assert(
      fc.property(near, near, length, (from, to, n) => {
        boot();
        layout();
        let stop = 0;
        while (stop < n && good(from + stop) && good(to + stop)) stop++;
        const addr = good(from + stop) ? to + stop : from + stop;
        expect(fault(layout, from, to, n)).toBe(stop === n ? 'through' : trap(addr));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a bad free panics', () => {
  const bad = (at: number, size: number): string =>
    `panic: kmem_free: bad address, addr=${hex(at)} size=${size}`;
  const slab = heap;
  const run = heap + PAGE;
  const big = heap + 5 * PAGE;
  const BIG = 2 * KMEM_OVERSIZE;
  const setup = (): void => {
    const all = [kmem_alloc(100), kmem_alloc(3 * PAGE), kmem_alloc(500), kmem_alloc(BIG)];
    expect(all).toEqual([slab, run, run + 3 * PAGE, big]);
  };

  test.for<[string, number, number]>([
    ['nothing', 0, 100],
    ['outside the heap', PAGE, 100],
    ['behind the heap', END, 100],
    ['never allocated', END - PAGE, PAGE],
    ['a run as a small buffer', run, 100],
    ['a small buffer as a run', slab, PAGE],
    ['the middle of a small buffer', slab + 8, 100],
    ['the middle of a page of a run', run + 8, 3 * PAGE],
    ['a run with the next page', run, 4 * PAGE],
    ['a guard page', big + BIG, PAGE],
    ['an oversize buffer, but for its end', big, KMEM_OVERSIZE + 1],
  ])('%s', ([, at, size]) => {
    expect(
      cast.script(play([[['kmem_free', at, size]]], { boot: setup, observe: returned }), []),
    ).toBe(bad(at, size));
  });

  test('twice', () => {
    const calls: Call[] = [
      ['kmem_free', run, 3 * PAGE],
      ['kmem_free', run, 3 * PAGE],
    ];
    expect(cast.script(play([calls], { boot: setup, observe: returned }), [])).toBe(
      bad(run, 3 * PAGE),
    );
  });

  test('control: a good one does not', () => {
    const calls: Call[] = [
      ['kmem_free', slab, 100],
      ['kmem_free', run, 3 * PAGE],
      ['kmem_free', big, BIG],
    ];
    expect(cast.script(play([calls], { boot: setup, observe: () => 'fine' }), [])).toBe('fine');
  });
});

describe('two threads', () => {
  test('never get the same buffer, by every schedule', () => {
    const calls: Call[] = [
      ['kmem_alloc', 64],
      ['kmem_alloc', 3000],
    ];
    const distinct = (results: readonly unknown[]): string => {
      const all = results.flat();
      return new Set(all).size === 4 && !all.includes(0) ? 'four' : all.join(' ');
    };
    expect(
      cast.surprises(play([calls, calls], { observe: distinct }), { four: 'each its own' }),
    ).toEqual([]);
  });
});
