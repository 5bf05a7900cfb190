/*
 * How much memory and time a merge of a million trials takes: `npm run measure:merge`.  Eight shards are made up, a trial a
 * line, one failure in a thousand, and merged in a process of its own.
 */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TRIALS = Number(process.argv[2] ?? 1_000_000);
const SHARDS = 8;
const MODULE = fileURLToPath(new URL('../../dist/src/report/merge.js', import.meta.url));

const root = mkdtempSync(join(tmpdir(), 'gridlock-merge-'));
try {
  const names = { workload: 'made-up', variant: 'planted', strategy: 'free' };
  let bytes = 0;
  const directories = Array.from({ length: SHARDS }, (_, i) => {
    const directory = join(root, `s${i}`);
    mkdirSync(directory);
    const shard = `${i + 1}/${SHARDS}`;
    const campaigns = [
      { ...names, params: {}, settings: {}, declared: 'deadlock', trials: TRIALS },
    ];
    const header = { schema: 1, node: '20', os: 'x', cpus: 2, memory_mb: 1, seed: 7, shard };
    writeFileSync(
      join(directory, 'manifest.json'),
      JSON.stringify({ ...header, id: `s${i}`, campaigns }),
    );
    const fd = openSync(join(directory, 'journal.ndjson'), 'w');
    let lines = [JSON.stringify({ type: 'header', ...header })];
    for (let index = i; index < TRIALS; index += SHARDS) {
      const verdict = index % 1000 === 0 ? 'deadlock' : 'pass';
      lines.push(
        JSON.stringify({
          type: 'trial',
          ...names,
          index,
          seed: index,
          verdict,
          grade: 'expected',
          seconds: 1.25,
          progress: { pager: 1_000, reaper: 2_000 },
          outcomes: {},
          dump: null,
          replay: null,
          message: verdict === 'pass' ? null : 'a wants b, which b holds',
          because: [],
          exact: true,
          signature: verdict,
          dump_ms: null,
          dump_error: null,
          schedule: null,
        }),
      );
      if (lines.length >= 4096) {
        writeSync(fd, `${lines.join('\n')}\n`);
        lines = [];
      }
    }
    writeSync(fd, `${lines.join('\n')}\n`);
    closeSync(fd);
    writeFileSync(join(directory, 'done.json'), '{"exit":0}');
    bytes += statSync(join(directory, 'journal.ndjson')).size;
    return directory;
  });
  const script = `
    const { mergeRuns } = await import(${JSON.stringify(MODULE)});
    const before = process.resourceUsage().maxRSS;
    const begin = performance.now();
    const { summaries, exit } = mergeRuns(${JSON.stringify({ directories, root, out: join(root, 'merged') })});
    console.log(JSON.stringify({
      trials: summaries[0].trials, exit, seconds: Math.round((performance.now() - begin) / 100) / 10,
      rss_mb_before: Math.round(before / 1024), rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    }));`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  process.stdout.write(`${JSON.stringify({ journals_mb: Math.round(bytes / 2 ** 20) })} ${said}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
