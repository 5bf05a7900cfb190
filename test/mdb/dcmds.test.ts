/*
 * Goal: the dcmds print what mdb prints, to the column, and doubt what they read.
 *
 * Method: what a golden dump shows is pinned by the golden test, whoever reads it; here is what must be so, on
 * images made by hand, each with its counterpart: the lock that agrees with its holder and the one that does
 * not, the address that is a thing and the one beside it.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/base/log-linear.ts';
import { histogram } from '../../src/layout/histogram.ts';
import { structTable } from '../../src/layout/struct.ts';
import { Made, partsOf, THREADS, type Parts } from './made.ts';
import { openGolden, say } from './session.ts';

let parts: Parts;
beforeAll(async () => {
  parts = await partsOf('dtrace-deadlock.wstub');
});

async function out(made: Made, line: string): Promise<string> {
  const { out: text, error } = await say(made.session(), line);
  return text + error;
}

describe('::rwlock', () => {
  const HEAD = '            ADDR      OWNER/COUNT FLAGS          WAITERS\n';

  test('one that is read, and wanted to write: a line for each flag, a waiter at the end of each', async () => {
    const made = new Made(parts);
    const lock = made.lock(0, 'rwlock', 8 | 2 | 1);
    const [reader, writer, queued] = [made.thread(0), made.thread(1), made.thread(2)];
    made
      .line(lock, writer, queued)
      .put('kthread', writer, 'wait_flags', 2)
      .held(reader, 0, lock, 1);
    expect(await out(made, '2000::rwlock')).toBe(
      `${HEAD}            2000        READERS=1  B011            41a00 (W)
                                     ||            41f00 (R)
                 WRITE_WANTED -------+|
                  HAS_WAITERS --------+
`,
    );
    expect(await out(made, '2000::rwlock -v')).toContain(
      '\n         HELD BY            41500 (R) thread/0\n',
    );
  });

  test('more waiters than flags', async () => {
    const made = new Made(parts);
    const writer = made.thread(0);
    const lock = made.lock(0, 'rwlock', writer | 4 | 1);
    made.line(lock, made.thread(1), made.thread(2), made.thread(3), made.thread(4), made.thread(5));
    expect(await out(made, '2000::rwlock')).toBe(
      `${HEAD}            2000            41500  B101            41a00 (R)
                                    | |            41f00 (R)
                 WRITE_LOCKED ------+ |            42400 (R)
                  HAS_WAITERS --------+            42900 (R)
                                                   42e00 (R)
`,
    );
  });

  test.for([
    ['free', 0, '            2000                -  B000\n'],
    [
      'destroyed',
      0xc,
      `            2000                1  B100
                                |   |
                    DESTROYED --+---+
`,
    ],
  ] as const)('%s', async ([, word, expected]) => {
    const made = new Made(parts);
    made.lock(0, 'rwlock', word);
    expect(await out(made, '2000::rwlock')).toBe(HEAD + expected);
  });

  test('what is none is refused, unless forced', async () => {
    const made = new Made(parts);
    made.lock(0, 'mutex');
    const refused =
      'mdb: 0x2000: invalid readers/writer lock (-f to dump anyway): it is no rwlock\n';
    expect(await out(made, '2000::rwlock')).toBe(refused);
    expect(await out(made, '2000::rwlock -f')).toBe(
      `${HEAD}            2000                -  B000\n`,
    );
  });

  test('a line that bites its own tail ends', async () => {
    const made = new Made(parts);
    const [a, b] = [made.thread(0), made.thread(1)];
    made.line(made.lock(0, 'rwlock', 9), a, b).put('kthread', b, 'park_next', a);
    expect((await out(made, '2000::rwlock')).match(/\(R\)/g)).toHaveLength(2);
  });
});

describe('::findlocks', () => {
  test('the word of the lock rules over the held stack', async () => {
    const made = new Made(parts);
    const [a, b] = [made.thread(0), made.thread(1)];
    made.put('image_header', 0, 'clock', 150);
    made
      .held(a, 0, made.lock(0, 'mutex', a), 0, 100)
      .held(a, 1, made.lock(1, 'mutex', b | 1), 0, 100);
    made.held(a, 2, made.lock(2, 'resource'), 0, 100);
    expect(await out(made, '41500::findlocks')).toBe(
      '0000000000002000 (mutex 0x2000) is owned by 41500 for 5.0 ms\n',
    );
    expect(await out(made, '41500::findlocks -v')).toBe(
      `0000000000002000 (mutex 0x2000) is owned by 41500 for 5.0 ms
0000000000002040 (mutex 0x2040) is owned by 41500 as it says, but its own word says 41a00
0000000000002080 (resource 0x2080) is owned by 41500 as it says, but its own word says that it is free
`,
    );
    // b took it, and has not written it down yet.
    expect(await out(made, '41a00::findlocks')).toBe(
      '0000000000002040 (mutex 0x2040) is owned by 41a00, which was just taking it\n',
    );
  });

  test('a slot says how only where there is more than one way', async () => {
    const made = new Made(parts);
    const a = made.thread(0);
    made.held(a, 0, made.lock(0, 'mutex', a), 2).held(a, 1, made.lock(1, 'rwlock', a | 4), 2);
    made.held(a, 2, made.lock(2, 'rwlock', 8), 1);
    expect((await out(made, '::findlocks')).match(/is \w+ by/g)).toEqual([
      'is owned by',
      'is written by',
      'is read by',
    ]);
  });

  test('one that holds nothing', async () => {
    const made = new Made(parts);
    made.thread(0);
    expect(await out(made, '41500::findlocks')).toBe(
      'findlocks: nothing appears to be owned by 41500\n',
    );
    expect(await out(made, '::findlocks')).toBe('');
  });
});

describe('::wchaninfo', () => {
  test('condvars and semaphores, with their waiters in a column; never locks', async () => {
    const made = new Made(parts);
    const [a, b, c, d] = [made.thread(0), made.thread(1), made.thread(2), made.thread(3)];
    made
      .line(made.lock(0, 'cv'), a, b)
      .line(made.lock(1, 'sema'), c)
      .line(made.lock(2, 'mutex'), d);
    for (const [thread, kind] of [
      [a, 3],
      [b, 3],
      [c, 4],
      [d, 1],
    ] as const) {
      made.put('kthread', thread, 'wait_kind', kind);
    }
    expect(await out(made, '::wchaninfo')).toBe(
      `ADDR             TYPE NWAITERS
0000000000002000 cond        2
0000000000002040 sema        1
`,
    );
    expect(await out(made, '::wchaninfo -v')).toBe(
      `ADDR             TYPE NWAITERS   THREAD           PROC
0000000000002000 cond        2:  0000000000041500 thread
                                 0000000000041a00 thread
0000000000002040 sema        1:  0000000000041f00 thread
`,
    );
    expect(await out(made, '2080::wchaninfo')).toContain('is a mutex');
  });
});

describe('::turnstile', () => {
  test('is part of its object, there and back', async () => {
    const made = new Made(parts);
    made.line(made.lock(0, 'mutex'), made.thread(0), made.thread(1));
    expect(await out(made, '2000::sobj2ts')).toBe('2010\n');
    expect(await out(made, '2000::sobj2ts | ::turnstile')).toBe(
      `            ADDR             SOBJ  WTRS EPRI             ITOR          PRIOINV
0000000000002010             2000     2    -                0                0
`,
    );
    expect(await out(made, '2000::turnstile')).toBe(
      'mdb: 0x2000 is no turnstile: it is an object: 2000::sobj2ts has its own\n',
    );
    expect(await out(made, '2010::sobj2ts')).toContain('is no synchronization object');
    expect(await out(made, '::walk turnstile_cache')).toBe('2010\n');
  });
});

describe('::cpuinfo', () => {
  const HEAD = ' ID ADDR             FLG NRUN BSPL PRI RNRN KRNRN SWITCH THREAD           PROC\n';
  const os = (state: string, cpu: number) => ({
    state,
    cpu,
    voluntary: 0,
    involuntary: 0,
    doing: 'on-cpu',
  });

  test('who panicked, then who the host saw run; the rest stands in line', async () => {
    const made = new Made(parts);
    made.thread(0, { os: os('S', 0) }, 'ONPROC');
    made.thread(1, { os: os('R', 0) }, 'ONPROC');
    made.thread(2, { os: os('R', 0) });
    made.thread(3, { os: os('S', 0) });
    expect(await out(made, '0::cpuinfo -v')).toBe(
      `${HEAD}  0 -                 1b    2    -   -    -     - -      0000000000041a00 thread
                       |    |
            RUNNING <--+    +-->  PRI THREAD           PROC
              READY                 - 0000000000041500 thread
             EXISTS                 - 0000000000041f00 thread
             ENABLE

`,
    );
    made.put('kthread', THREADS + 4 * 1280, 'flags', 2);
    expect(await out(made, '0::cpuinfo')).toContain(' 0000000000042400 thread\n');
  });

  test('nobody there, and nobody knows where', async () => {
    const made = new Made(parts);
    made.thread(0, { cpu: -1 }, 'ONPROC');
    expect(await out(made, '::cpuinfo')).toBe(
      `${HEAD} -1 -                  1    0    -   -    -     - -      0000000000041500 thread
  0 -                 1a    0    -   -    -     - -      -                -
  1 -                 1a    0    -   -    -     - -      -                -
`,
    );
    expect(await out(made, '7::cpuinfo')).toBe('mdb: 7 is no CPU: they have the numbers -1 0 1\n');
  });
});

describe('::dump', () => {
  const made = (): Made => {
    const image = new Made(parts);
    for (let i = 0; i < 48; i++) image.bytes[0x2000 + i] = 0x40 + i;
    return image;
  };

  test('a line begins at a multiple of 16, and the byte that is meant is marked', async () => {
    expect(await out(made(), '2004::dump')).toBe(
      `        0 1 2 3 \\/ 5 6 7  8 9 a b  c d e f  0123v56789abcdef
2000:  40414243 44454647 48494a4b 4c4d4e4f  @ABCDEFGHIJKLMNO
`,
    );
  });

  test('-t the bytes that are meant, -r from 0, -g in groups, -q without letters', async () => {
    expect(await out(made(), '200e,4::dump -t')).toBe(
      `        0 1 2 3  4 5 6 7  8 9 a b  c d\\/ f  0123456789abcdvf
2000:                                 4e4f                NO
2010:  5051                                 PQ
`,
    );
    expect(await out(made(), '2001,2::dump -rtq -g 1')).toBe(
      `    \\/  1  2  3  4  5  6  7   8  9  a  b  c  d  e  f
0:  41 42
`,
    );
  });

  test('-s says once that a line is repeated, and never leaves the last one out', async () => {
    expect((await out(made(), '3000,40::dump -sq')).split('\n').slice(1)).toEqual([
      '3000:  00000000 00000000 00000000 00000000',
      '*',
      '3030:  00000000 00000000 00000000 00000000',
      '',
    ]);
  });

  test('dot is behind it', async () => {
    const session = made().session();
    await say(session, '2000,20::dump');
    expect((await say(session, '.=K')).out.trim()).toBe('2020');
  });

  test.for([
    ['80000::dump', 'failed to read a byte at 80000: no mapping for address'],
    ['0::dump -g 3', 'a group of 3 bytes: one of 1 2 4 8 16'],
    ['0::dump -w 0', '0 paragraphs in a line: from 1 to 16'],
    ['0,1000001::dump', '16777217 bytes are too many: at most 16777216'],
  ])('%s', async ([line, error]) => {
    expect(await out(made(), line!)).toBe(`mdb: ${error}\n`);
  });
});

describe('::whatis', () => {
  test.for([
    ['41500', 'allocated as a thread structure (callout taskq/0)'],
    ['41510', '41500+10, allocated as a thread structure (callout taskq/0)'],
    ['mod_lock+8', 'mod_lock+8, a kmutex in the data segment'],
    ['pr_pid_cv+c8', '3b00+8, the cv pr_pid_cv[3]'],
    ['mutex_enter+10', "mutex_enter+0x10, in mutex's text segment (src/kernel/mutex.ts:116)"],
    ['72194', '72190+4, in the string table: "callout taskq/0"'],
    ['0', 'in the header of the image'],
    ['99f000', 'unknown'],
  ])('%s', async ([address, what]) => {
    const session = await openGolden('dtrace-deadlock.wstub');
    const { out: text } = await say(session, `${address}::whatis`);
    expect(text.replace(/^\w+ is /, '')).toBe(`${what}\n`);
  });

  test('the guard page, and the buffer before it', async () => {
    const session = await openGolden('kstat-race.unlocked-clear');
    const { out: text } = await say(session, '35b000::whatis; 35afff::whatis');
    expect(text).toBe(
      `35b000 is unmapped: the guard page behind an oversize buffer
35afff is 25b000+fffff, allocated: in a run of whole pages, 0x100000 bytes, with a guard page behind it
`,
    );
  });
});

describe('processes', () => {
  test('are found by threads and by tables, and have flags', async () => {
    const session = await openGolden('dtrace-deadlock.undeclared');
    const { out: flags } = await say(session, '2::pid2proc | ::pflags');
    expect(flags).toBe(
      `ca300 [pid 2]:
        p_flag:      00000000 <>
        p_proc_flag: 00000008 <P_PR_LOCK>
`,
    );
    const { out: found } = await say(session, '::pgrep -x dtrace | ::print proc_t p_user.u_psargs');
    expect(found).toMatch(
      /^p_user.u_psargs = \[ "dtrace -n .*" \]\np_user.u_psargs = \[ "dtrace -Cs .*" \]\n$/,
    );
    const { out: threads } = await say(session, '0t5::pid2proc | ::walk thread');
    expect(threads).toBe('42900\n');
    expect((await say(session, '1::walk thread')).error).toContain('1 is not a process');
    expect((await say(session, '1::pflags')).error).toBe(
      'mdb: 1 is not a process: ::ps lists them\n',
    );
  });

  test('a workload without any shows its threads, and says so where a process is meant', async () => {
    const session = await openGolden('read-hold.planted');
    const { out: list } = await say(session, '::ps -f');
    expect(list).toBe(
      `S    PID   PPID   PGID    SID    UID      FLAGS             ADDR NAME
S  21234      -      -      -      - 0x00000000 0000000000041500 lookup
S  21235      -      -      -      - 0x00000000 0000000000041a00 update
`,
    );
    expect((await say(session, '41500::pflags')).error).toContain('has no processes');
  });
});

describe('::panicinfo', () => {
  test('is from before the panic, as the registers are', async () => {
    const session = await openGolden('kstat-race.unlocked-clear');
    const { out: info } = await say(session, '::panicinfo');
    const rip = /rip +(\w+)\n/.exec(info)?.[1];
    expect((await say(session, `${rip}::nm -p; <rip=K`)).out).toMatch(
      new RegExp(`T bcopy\\n +${rip} `),
    );
    expect(info).toMatch(/^ {13}cpu {16}0\n {10}thread {12}41500\n {9}message BAD TRAP: /);
    expect(info).toMatch(/\n {13}cr2 {11}35b000\n$/);
  });

  test('no panic, no information', async () => {
    const session = await openGolden('mixed.twin');
    expect((await say(session, '::panicinfo')).error).toBe(
      'mdb: this dump is not of a panic: it is of a requested: ::status\n',
    );
  });
});

describe('::msgbuf', () => {
  test('remarks and ends by their times, then the verdict', async () => {
    const made = new Made(parts);
    const [a, b] = [made.thread(0), made.thread(1)];
    const string = (at: number, text: string): number => {
      new DataView(made.bytes.buffer).setUint32(at, text.length, true);
      made.bytes.set(new TextEncoder().encode(text), at + 4);
      return at;
    };
    made.put('image_header', 0, 'threads', THREADS).put('image_header', 0, 'thread_count', 3);
    made.put('image_header', 0, 'thread_rows', 3);
    const note = (thread: number, ring: number, n: number, time: number, text: number): void => {
      made.put('kthread', thread, 'ring', ring).put('kthread', thread, 'ring_next', n + 1);
      const at = ring + n * 32;
      made
        .put('kevent', at, 'seq', time)
        .put('kevent', at, 'time', time)
        .put('kevent', at, 'arg', text);
      made.put('kevent', at, 'kind', 13);
    };
    note(a, 0x50000, 0, 20, string(0x3000, 'second'));
    note(b, 0x50040, 0, 10, string(0x3100, 'first\x1b[31m'));
    // The third remark of a ring of two: the first is gone.
    note(a, 0x50000, 1, 30, string(0x3200, 'third'));
    made.put('kthread', b, 'exit_reason', 2).put('kthread', b, 'exit_time', 25);
    made.put('kthread', b, 'exit_message', string(0x3300, 'a bug'));
    made
      .put('kthread', a, 'name', string(0x3400, 'a'))
      .put('kthread', b, 'name', string(0x3500, 'b'));
    const lines = (await out(made, '::msgbuf -v')).split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '       TIMESTAMP           LOGCTL MESSAGE',
      '             1.0 0000000000050040 b: first\\x1b[31m',
      '             2.0 0000000000050000 a: second',
      '             2.5 0000000000041a00 b: threw: a bug',
      '             3.0 0000000000050020 a: third',
    ]);
    expect(lines[5]).toMatch(/^ {15}- {16}- gridlock: deadlock after /);
  });
});

describe('types', () => {
  test.for([
    ['::sizeof kthread_t', 'sizeof (kthread_t) = 0x500\n'],
    ['::sizeof struct kmutex', 'sizeof (kmutex) = 0x40\n'],
    [
      '::sizeof kmutx',
      'mdb: failed to look up type kmutx: no symbol table data available for it in this dump (is it kmutex?)\n',
    ],
    [
      '::offsetof kmutex ts.waiters',
      'offsetof (kmutex, ts.waiters) = 0x1c, sizeof (ts.waiters) = 0x4\n',
    ],
    ['::offsetof kmutex owner', 'offsetof (kmutex, owner) = 0, sizeof (owner) = 0x4\n'],
  ])('%s', async ([line, expected]) => {
    const session = await openGolden('dtrace-deadlock.wstub');
    const { out: text, error } = await say(session, line!);
    expect(text + error).toBe(expected);
  });

  test('::list follows the link, and ends where it comes back', async () => {
    const made = new Made(parts);
    const [a, b, c] = [made.thread(0), made.thread(1), made.thread(2)];
    made.line(made.lock(0, 'cv'), a, b, c);
    expect(await out(made, '41500::list kthread park_next')).toBe('41500\n41a00\n41f00\n');
    made.put('kthread', c, 'park_next', a);
    expect(await out(made, '41500::list kthread park_next')).toBe('41500\n41a00\n41f00\n');
    made.put('kthread', c, 'park_next', 0xffff_fff0);
    expect(await out(made, '41500::list kthread park_next')).toMatch(/41f00\nmdb: failed to read/);
  });
});

describe('::acquires', () => {
  const AT = 0x60000;
  const HEAD = '            ADDR       COUNT     P50     P99   P99.9     MAX NAME\n';

  /** A thread that took 98 locks in 103 ns, one in 1 us, one in 51,230 ns. */
  function timed(): Made {
    const made = new Made({ ...parts, types: structTable() });
    const [busy, idle] = [made.thread(0), made.thread(1)];
    const size = histogram.$.size;
    made.put('kthread', busy, 'acquires', AT).put('kthread', idle, 'acquires', AT + size);
    made.put('histogram', AT, 'max', 51_230);
    for (const [ns, n] of [
      [103, 98],
      [1000, 1],
      [51_230, 1],
    ] as const)
      made.put('histogram_count', AT + histogram.counts + bucketOf(ns) * 4, 'n', n);
    return made;
  }

  test('a row for each thread that took any', async () => {
    const row = '0000000000041500         100   103ns     1us    51us    51us thread/0\n';
    expect(await out(timed(), '::acquires')).toBe(HEAD + row);
    expect(await out(timed(), '41500::acquires')).toBe(HEAD + row);
    expect(await out(timed(), '41a00::acquires')).toBe(
      `${HEAD}0000000000041a00           0       -       -       -       - thread/1\n`,
    );
    expect(JSON.parse(await out(timed(), '41500::acquires | ::json'))).toEqual({
      thread: '41500',
      name: 'thread/0',
      count: 100,
      p50: 103,
      p99: 1023,
      p999: 51_230,
      max: 51_230,
      counts: [
        [103, 98],
        [1023, 1],
        [53_247, 1],
      ],
    });
  });

  test('and as quantize() has it', async () => {
    expect(await out(timed(), '41500::acquires -v')).toContain(
      `           value  ------------- Distribution ------------- count
              32 |                                         0
              64 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@  98
             128 |                                         0
             256 |                                         0
             512 |                                         1
            1024 |                                         0
            2048 |                                         0
            4096 |                                         0
            8192 |                                         0
           16384 |                                         0
           32768 |                                         1
           65536 |                                         0
`,
    );
  });

  test('of a dump without, or with another kind, it says so', async () => {
    const none = new Made(parts);
    none.thread(0);
    expect(await out(none, '::acquires')).toMatch(/no acquires were timed/);
    const other = structTable().map((type) =>
      type.name === 'histogram'
        ? {
            ...type,
            fields: type.fields.map((f) => (f.name === 'counts' ? { ...f, count: 9 } : f)),
          }
        : type,
    );
    const made = new Made({ ...parts, types: other });
    made.put('kthread', made.thread(0), 'acquires', AT);
    expect(await out(made, '::acquires')).toMatch(/a histogram of 9 buckets/);
    const far = new Made({ ...parts, types: structTable() });
    far.put('kthread', far.thread(0), 'acquires', 0x7fff_0000);
    expect(await out(far, '::acquires')).toMatch(/failed to read histogram at 7fff0000/);
  });
});
