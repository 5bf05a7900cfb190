/*
 * The twins of shards-check.mjs: what its checks must see, or they proved nothing.  Each is the real thing with one fault, and is
 * to be seen by the check that is for it, and not by some other alone.
 *
 *     twin                                 is seen by
 *     ---------------------------------    -----------------------------
 *     a trial twice in a journal           (1)
 *     a trial in two shards                (1)
 *     a trial of another shard             (2)
 *     a trial that was lost in a turn      (3)
 *     the last one, lost                   (4)
 *     a merge without a shard              (5) the indices; (5) the sums
 *     a merged journal with one more       (5) twice
 *     another exit code                    (6)
 */

import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK } from '../../dist/src/run/control.js';
import { faultsOfMerge, faultsOfShards, stretchesOf } from './shards-check.mjs';

/** @returns {Promise<string[]>} the names of the twins that passed for sound */
export async function twins({ read, merged, total, root, merge }) {
  const number = read.findIndex(({ records }) => inATurn(records) !== undefined);
  if (number < 0) return ['anything: no shard had two trials in one turn'];
  const { records } = read[number];
  const trial = inATurn(records);
  const last = records.findLast(({ type }) => type === 'trial');
  const after = (n, changed) =>
    faultsOfShards(
      read.map((each, i) => (i === n ? { ...each, records: changed } : each)),
      total,
    );
  const other = (number + 1) % total;
  const [{ inBlocks }] = stretchesOf([trial]);
  const strayed = { ...trial, index: trial.index + 1000 * total * BLOCK + (inBlocks ? BLOCK : 1) };

  const without = join(root, 'without');
  const rest = read.filter((_, i) => i !== number).map(({ directory }) => directory);
  const lacking = await merge(rest, without);
  const ofLacking = faultsOfMerge(read, lacking.directory, lacking.exit);
  const more = join(root, 'more');
  cpSync(merged.directory, more, { recursive: true });
  const file = join(more, 'journal.ndjson');
  writeFileSync(file, `${readFileSync(file, 'utf8')}${JSON.stringify(trial)}\n`);

  const seen = [
    ['a trial twice', after(number, [...records, trial]), /is also in/],
    ['a trial in two shards', after(other, [...read[other].records, trial]), /is also in/],
    ['a trial of another shard', after(number, [...records, strayed]), /belongs to shard/],
    ['a trial lost in a turn', after(number, less(records, trial)), /behind .* comes/],
    ['the last trial, lost', after(number, less(records, last)), /not in its journal/],
    ['a merge without a shard, by its indices', ofLacking, /the merge has .*, the journals/],
    ['a merge without a shard, by its sums', ofLacking, /the merge says/],
    ['one more in the merge', faultsOfMerge(read, more, merged.exit), / twice$/],
    ['another exit code', faultsOfMerge(read, merged.directory, merged.exit + 1), /ended with/],
  ];
  for (const each of [without, more]) rmSync(each, { recursive: true, force: true });
  const blind = seen.flatMap(([name, faults, by]) => {
    return /** @type {string[]} */ (faults).some((fault) => by.test(fault)) ? [] : [name];
  });
  // Incomplete, unless there is a finding: never green.
  const isTold = [1, 5].includes(lacking.exit);
  return [...blind, ...(isTold ? [] : ['a shard that is missing: merge'])];
}

/** A trial that others follow in its turn. */
function inATurn(records) {
  return records.find((each, i) => {
    if (each.type !== 'trial') return false;
    const next = records
      .slice(i + 1)
      .find(({ type }) => ['trial', 'series', 'turn'].includes(type));
    return next !== undefined && next.type !== 'turn';
  });
}

/** Without a trial, and without the verdict that would stand for it. */
function less(records, { workload, variant, strategy, index }) {
  return records.filter(
    (each) =>
      !['trial', 'verdict'].includes(each.type) ||
      each.index !== index ||
      each.workload !== workload ||
      each.variant !== variant ||
      each.strategy !== strategy,
  );
}
