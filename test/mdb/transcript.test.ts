/*
 * Goal: everything that the two bug reports typed works here, and the READMEs show what it prints.
 *
 * Method: workloads/<name>/transcript.mdb has the report's commands in the report's order, and story.mdb a
 * shorter way to the same cause.  Both are typed at a golden dump, and what comes of it must be what stands in
 * the README between markers; `npm run golden` writes it there.  A README without markers would compare equal to
 * anything, so they are counted, as is what a transcript is made of.  Below that, what FACTS F asks of each
 * command is asked of the output itself.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { openGolden, say } from './session.ts';

const WORKLOADS = fileURLToPath(new URL('../../workloads/', import.meta.url));
const WIDTH = 100;
const BLOCK = /<!-- ([\w.]+\.mdb) -->\n[^]*?<!-- end -->/g;

const ROWS = [
  { workload: 'dtrace-deadlock', dump: 'dtrace-deadlock.wstub', most: 10 },
  { workload: 'kstat-race', dump: 'kstat-race.arguments', most: 10 },
] as const;

interface Typed {
  readonly line: string;
  readonly out: string;
  readonly error: string;
}

/** The lines of a script that are commands. */
function commandsOf(workload: string, script: string): string[] {
  const text = readFileSync(`${WORKLOADS}${workload}/${script}`, 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
}

/** Types a script at a dump. */
async function typed(workload: string, dump: string, script: string): Promise<Typed[]> {
  const session = await openGolden(dump, { width: () => WIDTH });
  const all: Typed[] = [];
  for (const line of commandsOf(workload, script)) {
    const { out, error } = await say(session, line);
    all.push({ line, out: out.replaceAll(/\S*\/test\/dumps\//g, ''), error });
  }
  return all;
}

describe.for(ROWS)('$workload', ({ workload, dump, most }) => {
  test('its README shows what the scripts print', async () => {
    const file = `${WORKLOADS}${workload}/README.md`;
    const text = readFileSync(file, 'utf8');
    const scripts = [...text.matchAll(BLOCK)].map(([, script = '']) => script);
    expect(scripts).toEqual(['story.mdb', 'transcript.mdb']);
    let rebuilt = text;
    for (const script of scripts) {
      const all = await typed(workload, dump, script);
      const page = all.map(({ line, out }) => `> ${line}\n${out}`).join('');
      const block = `<!-- ${script} -->\n\n\`\`\`\n${page}\`\`\`\n\n<!-- end -->`;
      rebuilt = rebuilt.replace(BLOCK, (whole, name) => (name === script ? block : whole));
    }
    await expect(rebuilt).toMatchFileSnapshot(file);
  });

  test.for(['story.mdb', 'transcript.mdb'])('%s has no error', async (script) => {
    const all = await typed(workload, dump, script);
    expect(all.filter(({ error }) => error !== '')).toEqual([]);
    expect(all.length).toBeGreaterThan(4);
  });

  test('the story takes at most ten commands', () => {
    const story = commandsOf(workload, 'story.mdb');
    expect(story[0]).toBe('::status');
    expect(story.length).toBeLessThanOrEqual(most);
  });
});

/** The functions of a stack, as they are printed: without their offsets and objects. */
function functionsOf(stack: string): string[] {
  return [...stack.matchAll(/^[ [ ]*[0-9a-f]{16} (?:[\w-]+`)?(\w+)/gm)].map(
    ([, name = '']) => name,
  );
}

/** Whether some names come in an order, with others between them. */
function inOrder(names: readonly string[], all: readonly string[]): string[] {
  let from = 0;
  return names.filter((name) => {
    const at = all.indexOf(name, from);
    if (at < 0) return true;
    from = at + 1;
    return false;
  });
}

const FIRST =
  '_resume_from_idle swtch turnstile_block mutex_vector_enter dtrace_unregister fasttrap_pid_cleanup_cb ' +
  'callout_list_expire callout_expire callout_execute taskq_thread thread_start';
const SECOND =
  '_resume_from_idle swtch cv_wait sprwaitlock_proc sprlock_zone sprlock fasttrap_pid_disable dtrace_ecb_disable ' +
  'dtrace_state_destroy dtrace_close dev_close device_close spec_close fop_close closef closeandsetf close sys_syscall';
const THIRD =
  '_resume_from_idle swtch turnstile_block mutex_vector_enter mod_hold_stub stubs_common_code prgetmap ' +
  'pr_read_map_common pr_read_map prread fop_read pread sys_syscall';
const PANICKED =
  'bcopy read_kstat_data kstat_ioctl cdev_ioctl spec_ioctl fop_ioctl ioctl _sys_sysenter_post_swapgs';
const RACER =
  'mutex_vector_enter kstat_rele kstat_install zone_zfs_kstat_create zone_kstat_create zone_create zone sys_syscall';

describe('what the report of 9056 shows', async () => {
  const all = await typed('dtrace-deadlock', 'dtrace-deadlock.wstub', 'transcript.mdb');
  const out = (line: string): string => all.find((each) => each.line === line)?.out ?? '';

  test.for([
    ['mod_lock::mutex', '<first'],
    ['dtrace_lock::mutex', '<second'],
  ])('%s names its owner, and that threads wait', async ([line, owner]) => {
    const [head, row = ''] = out(line!).split('\n');
    expect(head).toBe('            ADDR  TYPE             HELD MINSPL OLDSPL WAITERS');
    expect(row).toMatch(/^[0-9a-f]{16} adapt [0-9a-f]{16} {6}- {6}- {5}yes$/);
    const held = row.split(' ')[2]!.replace(/^0+/, '');
    expect(out(`${owner}::findstack`)).toContain(`stack pointer for thread ${held}: `);
  });

  test.for([
    ['<first::findstack', FIRST],
    ['<second::findstack', SECOND],
    ['<third::findstack', THIRD],
  ])('%s has the functions of the report, in its order', ([line, names]) => {
    const stack = functionsOf(out(line!));
    expect(inOrder(names!.split(' '), stack)).toEqual([]);
    // The control: the report's other stacks are not this one.
    for (const other of [FIRST, SECOND, THIRD]) {
      if (other !== names) expect(inOrder(other.split(' '), stack)).not.toEqual([]);
    }
    expect(out(line!)).toMatch(/^\[ [0-9a-f]{16} _resume_from_idle\+0x[0-9a-f]+\(\) \]$/m);
  });

  test('the arguments of both consumers', () => {
    const psargs = 't_procp->p_user.u_psargs';
    expect(out(`<second::print kthread_t ${psargs}`)).toBe(
      `${psargs} = [ "dtrace -Cs /var/tmp/pgtxtimes.35726" ]\n`,
    );
    expect(out(`<third::print kthread_t ${psargs}`)).toBe(
      `${psargs} = [ "dtrace -n buffer-read-done{@[ustack()] = count()} " ]\n`,
    );
  });

  test('the call of a stub is named, and marked where the third thread stands', () => {
    const marked = out('prgetmap+30c::dis')
      .split('\n')
      .filter((line) => line.includes('> '));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toMatch(
      /^prgetmap\+0x[0-9a-f]+: +> .*jump\(stub\.shmgetid\)\(p, base\); +<unix`shmgetid>$/,
    );
    expect(out('<third::findstack')).toContain(' prgetmap+0x30c()');
  });

  test('_fini of shmsys is shown whole', () => {
    const lines = out('shmsys`_fini::dis').trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^_fini\+0x[0-9a-f]+: +return EBUSY;$/);
  });
});

describe('what the report of 4997 shows', async () => {
  const all = await typed('kstat-race', 'kstat-race.arguments', 'transcript.mdb');
  const out = (line: string): string => all.find((each) => each.line === line)?.out ?? '';

  test('$C: from the copy to the system call', () => {
    const stack = functionsOf(out('$C'));
    expect(inOrder(PANICKED.split(' '), stack)).toEqual([]);
    expect(inOrder(RACER.split(' '), stack)).not.toEqual([]);
  });

  test('$C: with what the report has of arguments: the device, the command, the flags', () => {
    for (const name of ['kstat_ioctl', 'cdev_ioctl']) {
      const args = new RegExp(` ${name}\\+0x[0-9a-f]+\\((.*)\\)$`, 'm').exec(out('$C'))?.[1];
      expect(args?.split(', '), name).toEqual([
        '200000000',
        '4b02',
        expect.stringMatching(/^[0-9a-f]+$/),
        '100001',
        'Object',
      ]);
    }
  });

  test('the headers: 18 fields, and the size that the report has', () => {
    const lines = out('kstat_headers::print kstat_t').trimEnd().split('\n');
    expect([lines[0], lines.at(-1)]).toEqual(['{', '}']);
    expect(lines.slice(1, -1)).toHaveLength(18);
    for (const line of [
      'ks_name = [ "kstat_headers" ]',
      'ks_flags = 0x3',
      'ks_ndata = 0x1642',
      'ks_data_size = 0xfff70',
      'ks_update = header_kstat_update',
      'ks_snapshot = header_kstat_snapshot',
      'ks_lock = kstat_chain_lock',
    ]) {
      expect(lines).toContain(`    ${line}`);
    }
  });

  test('kstat_chain_lock/K: its word, which is the thread that panicked', async () => {
    const [label, row = ''] = out('kstat_chain_lock/K').split('\n');
    expect(label).toBe('kstat_chain_lock:');
    expect(row).toMatch(/^kstat_chain_lock: {15}[0-9a-f]+ +$/);
    const session = await openGolden('kstat-race.arguments');
    const owner = BigInt(`0x${row.slice(32).trim()}`) & ~7n;
    expect(owner).toBe(session.evaluate('<thread'));
  });

  test('the racer, caught between the clearing and the lock', () => {
    const stack = functionsOf(out('<racer::findstack'));
    expect(inOrder(RACER.split(' '), stack)).toEqual([]);
    expect(inOrder(PANICKED.split(' '), stack)).not.toEqual([]);
  });
});
