/*
 * Goal: gridlock trace writes the trace of a dump or of a run where it should, and says what it could not do.
 *
 * Method: the built command, over golden dumps and a results directory made of them.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/base/exit.ts';
import { faultsOfTrace } from '../../src/report/trace-rules.ts';
import type { Trace } from '../../src/report/trace.ts';
import { gridlock, inScratch } from '../cli/gridlock.ts';
import { dumpPath } from '../mdb/session.ts';

const TRIAL = { type: 'trial', strategy: 'free', seed: 1, grade: 'expected', schedule: null };

function traceIn(file: string): Trace {
  const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
  expect(faultsOfTrace(trace)).toEqual([]);
  return trace;
}

function processes({ traceEvents }: Trace): unknown[] {
  const named = traceEvents.filter(({ name }) => name === 'process_name');
  return named.map(({ args }) => args?.['name']);
}

test('a dump', () => {
  inScratch((directory) => {
    const file = join(directory, 'a.json');
    const ran = gridlock('trace', dumpPath('once.opposite'), '-o', file);
    expect(ran).toEqual({
      exit: EXIT.ok,
      stdout: `${file}: open it in https://ui.perfetto.dev\n`,
      stderr: '',
    });
    expect(processes(traceIn(file))).toEqual(['once opposite, trial 4: deadlock']);
    const piped = gridlock('trace', dumpPath('once.opposite'), '-o', '-');
    expect(piped.stdout).toBe(readFileSync(file, 'utf8'));
  });
});

test('a run: a process for each distinct failure that left a dump', () => {
  inScratch((root) => {
    const run = join(root, 'one');
    mkdirSync(join(run, 'dumps'), { recursive: true });
    const trials = ['once.opposite', 'read-hold.planted', 'gone'].map((name, index) => {
      const [workload, variant = ''] = name.split('.');
      const dump = `dumps/${name}.dump`;
      if (name !== 'gone') copyFileSync(dumpPath(name), join(run, dump));
      return { ...TRIAL, workload, variant, index, verdict: 'deadlock', signature: name, dump };
    });
    writeFileSync(join(run, 'manifest.json'), '{"schema":1,"id":"one"}');
    const lines = trials.map(
      (trial) => `${JSON.stringify({ ...trial, seconds: 1, outcomes: {} })}\n`,
    );
    writeFileSync(join(run, 'journal.ndjson'), lines.join(''));
    const ran = gridlock('trace', 'one', '--results', root);
    expect(ran).toMatchObject({ exit: EXIT.ok, stderr: 'dumps/gone.dump cannot be read\n' });
    const trace = traceIn(join(run, 'trace.json'));
    expect(processes(trace)).toHaveLength(2);
    expect(trace.otherData).toMatchObject({ run: 'one', unreadable: ['dumps/gone.dump'] });
    // No path of this machine goes into what a run leaves behind.
    expect(readFileSync(join(run, 'trace.json'), 'utf8')).not.toContain(root);
  });
});

test('what cannot be done is said', () => {
  inScratch((root) => {
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'empty', 'manifest.json'), '{"schema":1,"id":"empty"}');
    const says = (...args: string[]): string => {
      const { exit, stderr } = gridlock('trace', ...args, '--results', root);
      expect(exit).toBe(EXIT.usage);
      return stderr;
    };
    expect(says('empty')).toContain('has no dump that could be drawn');
    expect(says('open')).toContain('say what to open');
    expect(says('one', 'two')).toContain('one trace at a time');
  });
});
