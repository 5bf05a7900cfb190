/*
 * Goal: readers share, writers are alone; whoever leaves last passes the lock on, to readers after a
 * writer and to a writer after readers; nobody is left in line, by a time-out neither; misuse panics.
 *
 * Method: every schedule of two or three threads with few preemptions, and scripts for the races that
 * have a name.  What is guarded is a pair of words that only a lock keeps equal.  Twins with one mistake
 * must show it.
 */

import { afterAll, describe, expect, test } from 'vitest';

import { RW_READER, RW_WRITER, rw_init } from '../../src/kernel/rwlock.ts';
import { krwlock, kthread, turnstile } from '../../src/layout/records.ts';
import { get, load, peek } from '../../src/layout/word.ts';
import { ends, expires, sleeps, until, untilHere } from '../threads.ts';
import {
  haveBadLuck,
  openCast,
  play,
  returned,
  unrest,
  WOKEN_TOO_LATE,
  type Call,
} from './scene.ts';

const cast = openCast(4);
afterAll(async () => cast.close());

const rw = cast.line<'krwlock'>(0);
const [x, y] = [cast.line<string>(1), cast.line<string>(2)];
const [inside, most] = [cast.line<string>(3), cast.line<string>(4)];
const threads = [0, 1, 2, 3].map((i) => cast.thread(i));
const boot = (): void => rw_init(rw, 'lock');
const observe = (results: readonly unknown[]): string =>
  `${returned(results)} ${unrest(rw, threads)}`.trimEnd();

const reader: Call[] = [
  ['rw_enter', rw, RW_READER],
  ['rw_exit', rw],
];
const writer: Call[] = [
  ['rw_enter', rw, RW_WRITER],
  ['rw_exit', rw],
];
const reads: Call[] = [
  ['rw_enter', rw, RW_READER],
  ['both', x, y],
  ['rw_exit', rw],
];
const writes: Call[] = [
  ['rw_enter', rw, RW_WRITER],
  ['set_both', x, y, 1],
  ['rw_exit', rw],
];
const within = (type: number, mark = 1): Call[] => [
  ['rw_enter', rw, type],
  ['here', mark],
  ['rw_exit', rw],
];
const timedWriter: Call[] = [['if', ['rw_enter_timed', rw, RW_WRITER, 10], [['rw_exit', rw]]]];
const timedReader: Call[] = [['if', ['rw_enter_timed', rw, RW_READER, 10], [['rw_exit', rw]]]];

describe('exclusion', () => {
  const both = { '0 0|': 'read before', '1 1|': 'read after' };

  test('a reader sees all of a write or nothing', () => {
    expect(cast.surprises(play([reads, writes], { boot, observe }), both)).toEqual([]);
    const probed = { ...play([reads, writes], { boot, observe }), probes: true };
    expect(cast.surprises(probed, both)).toEqual([]);
  });

  test('control: without a lock it sees half', () => {
    const table = { ...both, '0 1|': 'the old x', '1 0|': 'the old y' };
    expect(cast.surprises(play([reads, writes], { boot, observe }, 'none'), table)).toEqual([]);
  });

  test('writers lose nothing of each other', () => {
    const adds: Call[] = [
      ['rw_enter', rw, RW_WRITER],
      ['bump', x],
      ['rw_exit', rw],
    ];
    const count = (): string => `${peek(x)} ${unrest(rw, threads)}`.trimEnd();
    expect(cast.surprises(play([adds, adds], { boot, observe: count }), { 2: '' })).toEqual([]);
    expect(
      cast.surprises(play([adds, adds], { boot, observe: count }, 'none'), { 2: '', 1: '' }),
    ).toEqual([]);
  });

  test('readers are inside together', () => {
    const enters: Call[] = [
      ['rw_enter', rw, RW_READER],
      ['inside', inside, most],
      ['rw_exit', rw],
    ];
    const scene = play([enters, enters], {
      boot,
      observe: () => `${peek(most)} ${unrest(rw, threads)}`.trimEnd(),
    });
    expect(cast.surprises(scene, { 1: 'one after the other', 2: 'together' })).toEqual([]);
  });
});

describe('nobody is left in line', () => {
  test('the last reader leaves while a writer comes, and another reader', () => {
    const scene = play([reader, writer, reader], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });

  test('two writers and a reader', () => {
    const scene = play([writer, reader, writer], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });

  test('control: rwlock: decides once', () => {
    const { counts } = cast.explore(
      play([reader, writer], { boot, observe }, 'rwlock: decides once'),
    );
    expect([...counts.keys()].toSorted()).toEqual(['stuck: t0 ended, t1 sleeps on line 0', '|']);
  });

  test('two readers leave at once: the one that finds itself last passes the lock on', () => {
    const scene = play([within(RW_READER), within(RW_READER), writer], { boot, observe });
    const story = [untilHere(0, 1), untilHere(1, 1), sleeps(2), until(0, 'cas', rw, krwlock.wwwh)];
    expect(cast.script(scene, [...story, ends(1), ends(0), ends(2)])).toBe('||');
  });

  test('the last reader is on its way to the chain; the writer gives up, and another reader comes', () => {
    const scene = play([within(RW_READER), timedWriter, within(RW_READER)], { boot, observe });
    const chain = krwlock.ts + turnstile.chain;
    const story = [
      untilHere(0, 1),
      sleeps(1),
      until(0, 'cas', rw, chain),
      expires(1),
      ends(1),
      untilHere(2, 1),
    ];
    expect(cast.script(scene, [...story, ends(0), ends(2)])).toBe('|false|');
  });
});

describe('who is next', () => {
  test('after a writer, all readers that wait; then the writer that waited before them', () => {
    const scene = play([within(RW_WRITER), writer, within(RW_READER), within(RW_READER)], {
      boot,
      observe,
    });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(2),
      sleeps(3),
      ends(0),
      untilHere(2, 1),
      untilHere(3, 1),
    ];
    expect(cast.script(scene, [...story, ends(2), ends(3), ends(1)])).toBe('|||');
  });

  test('after readers, the writer that waits, not the reader that came behind it', () => {
    const scene = play([within(RW_READER), within(RW_WRITER), reader], { boot, observe });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(2),
      ends(0),
      untilHere(1, 1),
      ends(1),
      ends(2),
    ];
    expect(cast.script(scene, story)).toBe('||');
  });

  test('of two writers, the one that came first', () => {
    const scene = play([within(RW_WRITER), writer, writer], { boot, observe });
    expect(
      cast.script(scene, [untilHere(0, 1), sleeps(2), sleeps(1), ends(0), ends(2), ends(1)]),
    ).toBe('||');
  });

  test('a reader does not pass a writer that waits, and says so when it only tries', () => {
    const tries: Call[] = [['rw_tryenter', rw, RW_READER]];
    const scene = play([within(RW_READER), writer, tries], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), ends(2), ends(0), ends(1)])).toBe(
      '||false',
    );
    const alone = play([within(RW_READER), [], tries], { boot, observe });
    expect(cast.script(alone, [untilHere(0, 1), ends(2)])).toContain('||true');
  });
});

describe('the lock is free while the woken one is on its way', () => {
  test('a writer barges in: the woken one goes back in line, and is woken again', () => {
    const scene = play([within(RW_READER), writer, within(RW_WRITER)], { boot, observe });
    const story = [untilHere(0, 1), sleeps(1), ends(0), untilHere(2, 1), sleeps(1)];
    expect(cast.script(scene, [...story, ends(2), ends(1)])).toBe('||');
    expect(get(rw, krwlock.blocked)).toBe(2);
  });

  test('and those who stand in line behind it are woken, too', () => {
    const scene = play([within(RW_WRITER), writer, within(RW_WRITER), writer], { boot, observe });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(3),
      ends(0),
      untilHere(2, 1),
      sleeps(1),
      ends(2),
      ends(1),
      ends(3),
    ];
    expect(cast.script(scene, story)).toBe('|||');
  });

  test('a woken reader does not queue behind the writer that came meanwhile', () => {
    const scene = play([within(RW_WRITER), reader, within(RW_READER), writer], { boot, observe });
    // t2 reads as t1 does; t3 waits for both.
    const story = [untilHere(0, 1), sleeps(1), ends(0), untilHere(2, 1), sleeps(3)];
    expect(cast.script(scene, [...story, ends(1), ends(2), ends(3)])).toBe('|||');
  });

  test('three writers, by every schedule', () => {
    const scene = play([writer, writer, writer], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });

  const unlucky = (): void => {
    boot();
    haveBadLuck(threads[1]!);
  };

  test('who lost too often is handed the lock: nobody can take it on the way', () => {
    for (const type of [RW_READER, RW_WRITER]) {
      const calls = type === RW_READER ? reader : writer;
      const scene = play([within(RW_WRITER), calls, writer], { boot: unlucky, observe });
      const story = [untilHere(0, 1), sleeps(1), ends(0), sleeps(2), ends(1), ends(2)];
      expect(cast.script(scene, story)).toBe('||');
      expect(get(threads[1]!, kthread.failed)).toBe(0);
    }
  });

  test('the unlucky one among others, by every schedule', () => {
    for (const calls of [reader, writer]) {
      const scene = play([writer, calls, reader], { boot: unlucky, observe });
      expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
    }
  });

  const again = [[...within(RW_WRITER), ...within(RW_WRITER)], timedWriter, writer];

  test('one that was woken and gives up passes the wakeup on', () => {
    const scene = play(again, { boot, observe });
    expect(cast.script(scene, WOKEN_TOO_LATE)).toBe('|false|');
    const table = { '|true|': 'it got the lock', '|false|': 'its time was up first' };
    const all = play([[...writer, ...writer], timedWriter, writer], { boot, observe });
    expect(cast.surprises(all, table)).toEqual([]);
  });

  test('one that was woken to write and gives up lets in the readers that queued behind it', () => {
    const scene = play([within(RW_READER), timedWriter, reader, within(RW_READER)], {
      boot,
      observe,
    });
    // t3 comes in while t1 is on its way; t2 need not wait for it any more.
    const story = [untilHere(0, 1), sleeps(1), sleeps(2), ends(0), untilHere(3, 1), expires(1)];
    expect(cast.script(scene, [...story, ends(1), ends(2), ends(3)])).toBe('|false||');
  });

  test('a woken reader that comes in just as the writer behind it gives up leaves no flag', () => {
    const comes: Call[] = [...within(RW_WRITER), ['here', 2], ...reader];
    const scene = play([comes, within(RW_READER), timedWriter, within(RW_READER)], {
      boot,
      observe,
    });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(2),
      untilHere(0, 2),
      untilHere(3, 1),
      until(1, 'cas', rw, krwlock.wwwh), // it has seen t2 in line
      expires(2),
      ends(2),
      untilHere(1, 1),
    ];
    // t0 reads, too: no writer is left that it had to queue behind.
    expect(cast.script(scene, [...story, ends(0), ends(1), ends(3)])).toBe('||false|');
  });

  test('control: rwlock: keeps the wakeup', () => {
    const scene = play(again, { boot, observe }, 'rwlock: keeps the wakeup');
    expect(cast.script(scene, WOKEN_TOO_LATE)).toBe(
      'stuck: t0 ended, t1 ended, t2 sleeps on line 0',
    );
  });
});

describe('time-outs', () => {
  test('a writer gets it or gives up, and the reader behind it comes in at once', () => {
    const scene = play([reader, timedWriter, reader], { boot, observe });
    expect(cast.surprises(scene, { '|true|': 'it got the lock', '|false|': 'it gave up' })).toEqual(
      [],
    );
  });

  const behind = [untilHere(0, 1), sleeps(1), sleeps(2), expires(1), ends(1)];

  test('when the writer gives up, the reader behind it need not wait for the one inside', () => {
    const scene = play([within(RW_READER), timedWriter, reader], { boot, observe });
    expect(cast.script(scene, [...behind, ends(2), ends(0)])).toBe('|false|');
  });

  test('control: rwlock: a ghost writer', () => {
    const scene = play(
      [within(RW_READER), timedWriter, reader],
      { boot, observe },
      'rwlock: a ghost writer',
    );
    expect(() => cast.script(scene, [...behind, ends(2), ends(0)])).toThrow('actor 2 until ends');
  });

  test('the last reader leaves between a writer’s giving up and its taking back what it said', () => {
    const scene = play([within(RW_READER), timedWriter, reader], { boot, observe });
    const chain = krwlock.ts + turnstile.chain;
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(2),
      expires(1),
      until(1, 'cas', rw, chain, 2),
    ];
    expect(cast.script(scene, [...story, ends(0), ends(2), ends(1)])).toBe('|false|');
  });

  test('a hand-off that meets a time-out: it has the lock, and says so', () => {
    for (const [timed, type] of [
      [timedWriter, RW_READER],
      [timedReader, RW_WRITER],
    ] as const) {
      const scene = play([within(type), timed], { boot, observe });
      const chain = krwlock.ts + turnstile.chain;
      const story = [
        untilHere(0, 1),
        sleeps(1),
        until(0, 'swap', rw, chain),
        expires(1),
        sleeps(1),
        ends(0),
        ends(1),
      ];
      expect(cast.script(scene, story)).toBe('|true');
      expect(cast.surprises(scene, { '|true': 'in time', '|false': 'gave up' })).toEqual([]);
    }
  });

  test('a reader that gives up leaves no flag behind', () => {
    const scene = play([within(RW_WRITER), timedReader], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), expires(1), ends(1), ends(0)])).toBe(
      '|false',
    );
    expect(load(rw, krwlock.wwwh)).toBe(0);
  });

  test('a nudge makes one look again, and is no lock', () => {
    const scene = play([writer, writer, [['nudge', cast.thread(1)]]], { boot, observe });
    expect(cast.surprises(scene, { '||': 'one after the other' })).toEqual([]);
  });
});

describe('rw_downgrade', () => {
  const downgrades: Call[] = [
    ['rw_enter', rw, RW_WRITER],
    ['set_both', x, y, 2],
    ['rw_downgrade', rw],
    ['both', x, y],
    ['rw_exit', rw],
  ];

  test('there is no gap for another writer', () => {
    const scene = play([downgrades, writes], { boot, observe });
    expect(cast.surprises(scene, { '2 2|': 'nobody wrote in between' })).toEqual([]);
  });

  test('control: to exit and enter again is one', () => {
    const gap = downgrades.flatMap((call): Call[] =>
      call[0] === 'rw_downgrade'
        ? [
            ['rw_exit', rw],
            ['rw_enter', rw, RW_READER],
          ]
        : [call],
    );
    const scene = play([gap, writes], { boot, observe });
    expect(cast.surprises(scene, { '2 2|': 'nobody came', '1 1|': 'somebody wrote' })).toEqual([]);
  });

  test('lets in the readers that wait, and no writer', () => {
    const steps: Call[] = [
      ['rw_enter', rw, RW_WRITER],
      ['here', 1],
      ['rw_downgrade', rw],
      ['here', 2],
      ['rw_exit', rw],
    ];
    const scene = play([steps, writer, within(RW_READER)], { boot, observe });
    const story = [
      untilHere(0, 1),
      sleeps(1),
      sleeps(2),
      untilHere(0, 2),
      untilHere(2, 1),
      ends(0),
      ends(2),
      ends(1),
    ];
    expect(cast.script(scene, story)).toBe('||');
  });

  test('by every schedule', () => {
    const steps: Call[] = [
      ['rw_enter', rw, RW_WRITER],
      ['rw_downgrade', rw],
      ['rw_exit', rw],
    ];
    const scene = play([steps, writer, reader], { boot, observe });
    expect(cast.surprises(scene, { '||': 'all came and went' })).toEqual([]);
  });
});

describe('rw_tryupgrade', () => {
  const upgrades: Call[] = [
    ['rw_enter', rw, RW_READER],
    ['if', ['rw_tryupgrade', rw], [['bump', x]]],
    ['rw_write_held', rw],
    ['rw_exit', rw],
  ];

  test('the only reader becomes the writer, alone', () => {
    const scene = play([upgrades, upgrades], {
      boot,
      observe: (results) => `${observe(results)} ${peek(x)}`,
    });
    const table = {
      'true true|true true 2': 'one after the other',
      'true true|false false 1': 'the first, while the second reads too late or too early',
      'false false|true true 1': 'the same, the other way round',
      'false false|false false 0': 'both read',
    };
    expect(cast.surprises(scene, table, { preemptions: 3 })).toEqual([]);
  });

  test('not when a writer waits', () => {
    const scene = play([[...upgrades.slice(0, 1), ['here', 1], ...upgrades.slice(1)], writer], {
      boot,
      observe,
    });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), ends(0), ends(1)])).toBe('false false|');
  });
});

describe('misuse panics', () => {
  const hex = (at: number): string => at.toString(16);
  const [t0, t1] = threads as [(typeof threads)[0], (typeof threads)[0]];
  const says = (what: string, word: number, thread: number): string =>
    `panic: ${what}, lp=${hex(rw)} (lock) wwwh=${hex(word)} thread=${hex(thread)}`;

  test.for<[string, Call[], string]>([
    [
      'entered by its writer to write',
      [
        ['rw_enter', rw, RW_WRITER],
        ['rw_enter', rw, RW_WRITER],
      ],
      says('recursive rw_enter', t0 | 4, t0),
    ],
    [
      'entered by its writer to read',
      [
        ['rw_enter', rw, RW_WRITER],
        ['rw_enter', rw, RW_READER],
      ],
      says('recursive rw_enter', t0 | 4, t0),
    ],
    ['left while free', [['rw_exit', rw]], says('rw_exit: lock not held', 0, t0)],
    [
      'downgraded by a reader',
      [
        ['rw_enter', rw, RW_READER],
        ['rw_downgrade', rw],
      ],
      says('rw_downgrade: not owner', 8, t0),
    ],
    [
      'destroyed while held',
      [
        ['rw_enter', rw, RW_READER],
        ['rw_destroy', rw],
      ],
      says('rw_destroy: lock still active', 8, t0),
    ],
    [
      'entered to write after its end',
      [
        ['rw_destroy', rw],
        ['rw_enter', rw, RW_WRITER],
      ],
      says('rw_enter: bad rwlock', 12, t0),
    ],
    [
      'entered to read after its end',
      [
        ['rw_destroy', rw],
        ['rw_enter', rw, RW_READER],
      ],
      says('rw_enter: bad rwlock', 12, t0),
    ],
    [
      'left after its end',
      [
        ['rw_destroy', rw],
        ['rw_exit', rw],
      ],
      says('rw_exit: not owner', 12, t0),
    ],
    [
      'destroyed twice',
      [
        ['rw_destroy', rw],
        ['rw_destroy', rw],
      ],
      says('rw_destroy: bad rwlock', 12, t0),
    ],
  ])('%s', ([, calls, outcome]) => {
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(outcome);
  });

  test.for<[string, number, number]>([
    ['a writer', RW_WRITER, t0 | 4],
    ['a reader', RW_READER, 8],
  ])('left by a stranger while %s has it', ([, type, word]) => {
    const scene = play([within(type), [['rw_exit', rw]]], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1)])).toBe(
      says('rw_exit: not owner', word, t1),
    );
  });

  test('destroyed while one that was woken is on its way', () => {
    const scene = play([[...within(RW_WRITER), ['rw_destroy', rw]], writer], { boot, observe });
    expect(cast.script(scene, [untilHere(0, 1), sleeps(1), ends(0), sleeps(1)])).toBe(
      says('rw_enter: bad rwlock', 12, t1),
    );
  });

  test('never made', () => {
    const other = cast.line<'krwlock'>(5);
    const calls: Call[] = [
      ['poke', other, t1 | 4],
      ['rw_enter', other, RW_READER],
    ];
    const outcome = `panic: rw_enter: bad rwlock, lp=${hex(other)} (?) wwwh=${hex(t1 | 4)} thread=${hex(t0)}`;
    expect(cast.script(play([calls], { boot, observe }), [])).toBe(outcome);
  });

  test('what the kernel does not notice: a reader that asks to write waits for itself', () => {
    const calls: Call[] = [
      ['rw_enter', rw, RW_READER],
      ['rw_enter', rw, RW_WRITER],
    ];
    expect(cast.script(play([calls], { boot, observe }), [])).toBe('stuck: t0 sleeps on line 0');
    expect(get(rw, krwlock.writers)).toBe(1);
  });

  test('control: proper use does not', () => {
    const calls: Call[] = [
      ...reader,
      ...writer,
      ['rw_enter', rw, RW_READER],
      ['rw_enter', rw, RW_READER],
      ['rw_read_held', rw],
      ['rw_exit', rw],
      ['rw_exit', rw],
      ['rw_read_held', rw],
      ['rw_destroy', rw],
    ];
    expect(cast.script(play([calls], { boot, observe: returned }), [])).toBe('true false');
  });
});
