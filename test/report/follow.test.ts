/*
 * Goal: whoever follows a run hears each record once, when it is whole, and is let go when the run is over.
 * Method: a journal that the test writes.  follow() is waited for by what it hears, never by time.
 */

import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { follow, Tail, Teller } from '../../src/report/follow.ts';

const root = mkdtempSync(join(tmpdir(), 'gridlock-follow-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directory = '';
let journal = '';
beforeEach(() => {
  directory = mkdtempSync(join(root, 'run-'));
  journal = join(directory, 'journal.ndjson');
});

test('a line is heard once, when it is whole, wherever it was cut', () => {
  const heard: string[] = [];
  const tail = new Tail(journal);
  const read = (): void => tail.read((line) => heard.push(line));
  read();
  const bytes = Buffer.from('{"a":"ü"}\n{"b":2}\n');
  for (const byte of bytes) {
    appendFileSync(journal, Buffer.of(byte));
    read();
  }
  expect(heard).toEqual(['{"a":"ü"}', '{"b":2}']);
  appendFileSync(journal, `${'x'.repeat(200_000)}\nlast`);
  read();
  expect(heard.slice(2).map(({ length }) => length)).toEqual([200_000]);
});

test('a run that goes on is followed to its end, and no further', async () => {
  const heard: string[] = [];
  writeFileSync(journal, '1\n');
  const followed = follow(
    directory,
    (line) => {
      heard.push(line);
      if (line === '1') appendFileSync(journal, '2\n');
      if (line !== '2') return;
      appendFileSync(journal, '3\n');
      writeFileSync(join(directory, 'done.json'), '{}');
    },
    new AbortController().signal,
  );
  await followed;
  expect(heard).toEqual(['1', '2', '3']);
});

test('what cannot be read is said, and not waited for', async () => {
  mkdirSync(journal);
  const forever = new AbortController();
  await expect(follow(directory, () => undefined, forever.signal)).rejects.toThrow(/EISDIR/);
});

test('who has seen enough is let go, though the run goes on', async () => {
  const enough = new AbortController();
  const heard: string[] = [];
  writeFileSync(journal, '1\n');
  const hear = (line: string): void => {
    heard.push(line);
    enough.abort();
  };
  await follow(directory, hear, enough.signal);
  expect(heard).toEqual(['1']);
  await expect(follow(directory, hear, AbortSignal.abort())).resolves.toBeUndefined();
});

test('records in words: the first failure of a kind, and what changed', () => {
  const said: string[] = [];
  const teller = new Teller((line) => said.push(line), 0);
  const hear = (record: object, now = 0): void => teller.hear(JSON.stringify(record), now);
  const key = { workload: 'once', variant: 'split', strategy: 'auto' };
  const trial = { type: 'trial', ...key, verdict: 'panic', signature: 's', dump: 'dumps/a.dump' };
  const summary = { type: 'summary', ...key, grade: 'expected', verdicts: { panic: 1 }, trials: 1 };
  hear({ type: 'header', gridlock: '1.0', seed: 7 });
  hear({ type: 'turn', position: 3, cell: 'once split, auto', at_s: 12.4 });
  hear({ ...trial, index: 4, message: 'balance\u001b[2J' });
  hear({ ...trial, index: 5, message: 'balance' });
  hear(summary);
  hear({ ...summary, verdicts: { panic: 2 } });
  hear({ type: 'series', ...key, passed: 1_200 });
  hear({ type: 'series', ...key, passed: 300 }, 10_000);
  teller.hear('{"type":"tri', 10_000);
  hear({ type: 'end', exit: 0 }, 10_000);
  expect(said).toEqual([
    'gridlock 1.0, seed 7',
    '12 s, turn 4: once split, auto',
    'once split, auto: panic in trial 4: balance\\x1b[2J',
    '  dump dumps/a.dump',
    'once split, auto: panic in 1, expected',
    '1,500 more passed',
    'ended with exit code 0',
  ]);
});
