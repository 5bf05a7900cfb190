/*
 * Whether a soak in shards, some of them killed, and the merge of what they left, counts every trial once.
 *
 * Nothing of gridlock reads here but the length of a block: journals are lines of JSON, and trials are intervals of indices.
 *
 *     a record            tells of the trials
 *     ----------------    ----------------------------------------------------------------------------------
 *     trial               index
 *     series              first … first + passed + given_up - 1; those that were given up are none
 *     verdict             the same as a trial, and a series before it; but nothing where its trial is there too
 *
 *   (1) No index is there twice, of one workload, variant and strategy: not in a shard, and not in two of them.
 *   (2) Each is where it belongs: that of a free run in shard index mod n + 1, that of a block in shard number mod n + 1.
 *   (3) Between two turns none is lost: those of a turn follow each other, from the first that is its own.
 *   (4) Whatever a shard printed as finished is in its journal, though it was killed.
 *   (5) The merge has the same indices, no more and no less, and its sums, by verdict, are those of the journals.
 *   (6) The exit code of the merge is that of what is there: 1 if anything was graded forbidden or grew, else 5 if a shard
 *       came to no end, else 0.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK } from '../../dist/src/run/control.js';

/** Records of a journal, and how many of its lines were torn. */
export function journalOf(directory) {
  const lines = readFileSync(join(directory, 'journal.ndjson'), 'utf8').split('\n');
  const records = [];
  let torn = 0;
  for (const line of lines.filter((each) => each !== '')) {
    try {
      records.push(JSON.parse(line));
    } catch {
      torn++;
    }
  }
  return { records, torn };
}

/** What a journal tells of: stretches of indices, each with what it came to. */
export function stretchesOf(records) {
  const full = new Set(records.filter(({ type }) => type === 'trial').map(nameOfTrial));
  return records.flatMap((record) => {
    const { type, index, verdict } = record;
    if (type === 'trial') return [stretch(record, index, 1, { [verdict]: 1 })];
    if (type === 'series') {
      const { first, passed, given_up: givenUp } = record;
      return [stretch(record, first, passed + givenUp, { pass: passed })];
    }
    if (type !== 'verdict' || full.has(nameOfTrial(record))) return [];
    const { trials = 0, givenUp = 0 } = record.before ?? {};
    return [
      ...(trials > 0 ? [stretch(record, index - trials, trials, { pass: trials - givenUp })] : []),
      stretch(record, index, 1, { [verdict]: 1 }),
    ];
  });
}

function stretch({ workload, variant, strategy, schedule, type }, first, length, verdicts) {
  const key = [workload, variant, strategy].join(' ');
  const inBlocks = type === 'series' || !['free', 'noise'].includes(strategy);
  return { key, first, length, verdicts, inBlocks, given: schedule?.givenUp === true };
}

function nameOfTrial({ workload, variant, strategy, index }) {
  return [workload, variant, strategy, index].join(' ');
}

/**
 * What is wrong with the journals of the shards, a line each.
 * @param shards of each: its number, the records and torn lines of its journal, what it printed, how often it was cut
 */
export function faultsOfShards(shards, total) {
  const faults = [];
  const all = shards.flatMap(({ number, records }) =>
    stretchesOf(records).map((each) => ({ ...each, number })),
  );
  for (const rows of byKey(all).values()) {
    let before;
    for (const each of rows) {
      if (before !== undefined && each.first < endOf(before))
        faults.push(
          `${nameOf(each)} of shard ${each.number} is also in ${nameOf(before)} of shard ${before.number}`,
        );
      if (before === undefined || endOf(each) > endOf(before)) before = each;
    }
  }
  for (const each of all) {
    const places = [each.first, endOf(each) - 1].map((index) => placeOf(index, each, total));
    if (places.some((place) => place !== each.number))
      faults.push(`${nameOf(each)} belongs to shard ${places[0]}, and is in ${each.number}`);
  }
  for (const { number, records, torn, printed, cuts } of shards) {
    const who = `shard ${number}`;
    if (torn > cuts) faults.push(`${who}: ${torn} torn lines, and it was cut ${cuts} times`);
    const mine = covered(stretchesOf(records));
    for (const each of stretchesOf(printed))
      if (!(mine.get(each.key) ?? []).some(([from, to]) => each.first >= from && endOf(each) <= to))
        faults.push(`${who}: ${nameOf(each)} was printed, and is not in its journal`);
    faults.push(...holesOf(records, number, total).map((line) => `${who}: ${line}`));
  }
  return faults;
}

function endOf({ first, length }) {
  return first + length;
}

function nameOf(each) {
  return `${each.key} ${each.first}${each.length === 1 ? '' : `-${endOf(each) - 1}`}`;
}

/** The shard that an index is of. */
function placeOf(index, { inBlocks }, total) {
  return ((inBlocks ? Math.floor(index / BLOCK) : index) % total) + 1;
}

/** Stretches of each campaign, by their first index. */
function byKey(stretches) {
  const rows = new Map();
  for (const each of stretches.toSorted((a, b) => a.first - b.first)) {
    const mine = rows.get(each.key) ?? [];
    rows.set(each.key, mine);
    mine.push(each);
  }
  return rows;
}

/** The indices of each campaign, as intervals that do not touch. */
function covered(stretches) {
  const all = new Map();
  for (const [key, rows] of byKey(stretches)) {
    const mine = [];
    for (const each of rows) {
      const last = mine.at(-1);
      if (last !== undefined && each.first <= last[1]) last[1] = Math.max(last[1], endOf(each));
      else mine.push([each.first, endOf(each)]);
    }
    all.set(key, mine);
  }
  return all;
}

/** (3): a turn is of one campaign, so what lies between two turns is one row. */
function holesOf(records, number, total) {
  const faults = [];
  let turn = [];
  const close = (first) => {
    const rows = turn.toSorted((a, b) => a.first - b.first);
    let next = first;
    for (const { key, first: from, length, inBlocks } of rows) {
      if (next === undefined) continue;
      const expected = inBlocks ? ownBlock(next, number, total) : ownIndex(next, number, total);
      if (from !== expected)
        faults.push(`${key}: behind ${next - 1} comes ${from}, not ${expected}`);
      next = from + length;
    }
    turn = [];
  };
  let first;
  for (const record of records) {
    if (record.type === 'turn') {
      close(first);
      ({ first } = record);
    } else turn.push(...stretchesOf([record]).filter(() => record.type !== 'verdict'));
  }
  close(first);
  return faults;
}

function ownIndex(from, number, total) {
  return from + ((((number - 1 - from) % total) + total) % total);
}

function ownBlock(from, number, total) {
  const block = Math.floor(from / BLOCK);
  const own = ownIndex(block, number, total);
  return own === block ? from : own * BLOCK;
}

/** What is wrong with a merge of these shards, a line each.  @param exit that it ended with */
export function faultsOfMerge(shards, merged, exit) {
  const faults = [];
  const { records } = journalOf(merged);
  const stretches = stretchesOf(records);
  const [here, there] = [stretches, shards.flatMap((shard) => stretchesOf(shard.records))].map(
    (each) => covered(each),
  );
  for (const key of new Set([...here.keys(), ...there.keys()])) {
    const [one, other] = [here, there].map((each) => (each.get(key) ?? []).map(String));
    const at = one.findIndex((each, i) => each !== other[i]);
    const differs = at >= 0 ? at : one.length === other.length ? -1 : one.length;
    if (differs >= 0)
      faults.push(`${key}: the merge has ${one[differs]}, the journals ${other[differs]}`);
  }
  for (const rows of byKey(stretches).values())
    for (const [i, each] of rows.entries())
      if (i > 0 && each.first < endOf(rows[i - 1]))
        faults.push(`the merge has ${nameOf(each)} twice`);

  const { summaries } = JSON.parse(readFileSync(join(merged, 'run.json'), 'utf8'));
  const said = new Map();
  for (const { workload, variant, strategy, trials, verdicts } of summaries) {
    said.set([workload, variant, strategy].join(' '), verdicts);
    const sum = Object.values(verdicts).reduce((all, n) => all + n, 0);
    if (sum !== trials) faults.push(`${workload} ${variant}: ${trials} trials, ${sum} by verdict`);
  }
  const wanted = sums(shards.flatMap(({ records: each }) => stretchesOf(each)));
  for (const key of new Set([...said.keys(), ...wanted.keys()])) {
    const [one, other] = [said.get(key), wanted.get(key)].map((each) => inOrder(each ?? {}));
    if (one !== other) faults.push(`${key}: the merge says ${one}, the journals ${other}`);
  }
  const due = exitDue(shards);
  if (exit !== due) faults.push(`the merge ended with ${exit}, not ${due}`);
  const { exit: written } = JSON.parse(readFileSync(join(merged, 'done.json'), 'utf8'));
  if (written !== exit) faults.push(`the merge ended with ${exit}, and wrote ${written}`);
  return faults;
}

function exitDue(shards) {
  if (alarmsOf(shards).length > 0) return 1;
  return shards.every(({ records }) => records.some(({ type }) => type === 'end')) ? 0 : 5;
}

/**
 * Whatever the shards say is wrong with what they ran.  Of what is shipped nothing is: it declares what it comes to.  So these are
 * false alarms, until somebody has looked.
 */
export function alarmsOf(shards) {
  return shards.flatMap(({ number, directory, records }) =>
    records
      .filter(({ type, grade }) => type !== 'summary' && grade === 'forbidden')
      .map((record) => {
        const { type, workload, variant, strategy, index, verdict, message, dump } = record;
        if (type === 'growth') return `shard ${number}: ${JSON.stringify(record)}`;
        const name = [workload, variant, strategy, index].join(' ');
        const because = (record.because ?? []).join('; ');
        const file = dump === null || dump === undefined ? '' : ` ${join(directory, dump)}`;
        return `shard ${number}: ${name}: ${verdict}: ${message} (${because})${file}`;
      }),
  );
}

/** By campaign and verdict. */
function sums(stretches) {
  const all = new Map();
  for (const { key, verdicts, given } of stretches) {
    if (given) continue;
    const mine = all.get(key) ?? {};
    for (const [verdict, n] of Object.entries(verdicts))
      if (n > 0) mine[verdict] = (mine[verdict] ?? 0) + n;
    all.set(key, mine);
  }
  return all;
}

function inOrder(verdicts) {
  return JSON.stringify(Object.entries(verdicts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
