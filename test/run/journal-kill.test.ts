/*
 * Goal: what a run has told is on the disk, though its processes are killed with SIGKILL; and on a disk that is full a run
 * goes on, says what it could not write, and ends with the exit code for that.
 *
 * Method: the command line as it is, its machine killed first and then itself, and then its directory read.
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { readRun } from '../../src/report/model.ts';
import { readJournal } from '../../src/run/results.ts';
import { gridlock, inScratch, MAIN, records } from '../cli/gridlock.ts';

const TWIN = ['run', 'test/planted/cycle.js', '--variant', 'twin', '-d', '20ms', '--json'];

test(
  'kill -9 of a machine costs its trial, of the run the trial in flight',
  { timeout: 60_000 },
  async () => {
    const told: { index: number; verdict: string }[] = [];
    const root = mkdtempSync(join(tmpdir(), 'gridlock-kill-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const child = spawn(process.execPath, [MAIN, ...TWIN, '-n', '1000', '--results', root], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const machines: number[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      const pid = /^ *machine (\d+):/.exec(line)?.[1];
      if (pid !== undefined) machines.push(Number(pid));
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const record = JSON.parse(line) as { type: string; index: number; verdict: string };
      if (record.type !== 'trial') continue;
      told.push(record);
      if (told.length === 2) process.kill(machines[0]!, 'SIGKILL');
      const crash = told.findIndex(({ verdict }) => verdict === 'crash');
      if (crash >= 0 && told.length === crash + 3) child.kill('SIGKILL');
    }
    expect(machines).toHaveLength(2);
    const directory = join(root, readdirSync(root)[0]!);
    const model = readRun(directory);
    expect(model.isDone).toBe(false);
    expect(model.campaigns[0]?.verdicts['crash']).toBe(1);
    const { records: journal } = readJournal(join(directory, 'journal.ndjson'));
    const written = journal.filter(({ type }) => type === 'trial').map(({ index }) => index);
    expect(written.slice(0, told.length)).toEqual(told.map(({ index }) => index));
    expect(model.campaigns[0]?.trials).toBe(written.length);
  },
);

test(
  'a full disk: the run goes on, says what it could not write, exits with 3',
  { timeout: 60_000 },
  ({ skip }) => {
    const mounted = inScratch((scratch) => {
      const disk = join(scratch, 'disk');
      mkdirSync(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], {
          stdio: 'ignore',
        });
      } catch {
        return false;
      }
      try {
        // A page for the manifest, and two for the journal.
        writeFileSync(join(disk, 'filler'), new Uint8Array(52 * 1024));
        const ran = gridlock(...TWIN, '-n', '30', '--results', disk);
        const all = records(ran).filter(({ type }) => type === 'trial');
        expect(all, ran.stderr).toHaveLength(30);
        expect(ran.exit).toBe(3);
        expect(ran.stderr.match(/cannot write to .*ENOSPC/g)).toHaveLength(1);
        const run = readdirSync(disk).find((name) => name !== 'filler')!;
        const { records: journal } = readJournal(join(disk, run, 'journal.ndjson'));
        const lost = ran.stderr.split('\n').filter((line) => line.startsWith('{"type":"trial"'));
        const written = journal.filter(({ type }) => type === 'trial').map(({ index }) => index);
        const only = lost.map((line) => (JSON.parse(line) as { index: number }).index);
        expect(written.length).toBeGreaterThan(0);
        expect(only.length).toBeGreaterThan(0);
        expect([...written, ...only]).toEqual(all.map(({ index }) => index));
        expect(readRun(join(disk, run)).isDone).toBe(false);
      } finally {
        execFileSync('umount', [disk]);
      }
      return true;
    });
    if (!mounted) skip('this user may not mount a tmpfs');
  },
);
