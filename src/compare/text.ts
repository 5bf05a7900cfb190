/*
 * A comparison as people read it: like Go's benchstat, whose readers are many.
 *
 *     A  results/20261122T005602   10 processes
 *     B  results/20261122T011530   10 processes
 *     node: A 20.20.2, B 22.12.0
 *
 *     lock-pair
 *       FIGURE   PARAMS  UNIT        A    ±      B    ±  B/A-95%         DELTA
 *       mutex    -       ×floor  1.102  ±1%  1.157  ±2%  +3.9%..+6.0%    +4.99% (p=0.000 n=10) WORSE
 *       futex    -       ×floor  0.951  ±1%  0.950  ±1%  -0.9%..+1.0%    ~ (p=0.739 n=10)
 *       geomean                                                          +2.40%
 *
 * ± is half of the median's interval of 95%, as a share of it, and ∞ where there are too few samples to have one.  DELTA is
 * `~` where no difference was found; WORSE and better stand at those to act on (compare.ts).
 *
 * Above the tables is what differs beside what is compared; below them what a reader should know before believing them.
 */

import { formatDuration } from '../base/duration.ts';
import { percent } from '../base/interval.ts';
import { table, type Cell } from '../base/table.ts';
import { printable } from '../base/text.ts';
import type { Comparison, Row } from './compare.ts';
import { ALPHA, type Middle } from './rows.ts';
import type { Side } from './side.ts';

export function comparisonText(comparison: Comparison): string {
  const { a, b, rows } = comparison;
  const groups = [...new Set(rows.map(({ group }) => group))];
  const blocks = [
    [sideLine(a), sideLine(b), ...differLines(comparison)].join('\n'),
    ...groups.map((group) => `${printable(group)}\n${groupTable(comparison, group)}`),
    notesOf(comparison).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

export function differLines({ a, b, differs }: Comparison): string[] {
  return differs.map((each) =>
    printable(`${each.what}: ${a.label} ${each.a}, ${b.label} ${each.b}`),
  );
}

function sideLine({ label, from, kind, figures, campaigns }: Side): string {
  const processes = Math.max(0, ...figures.map(({ values }) => values.length));
  const trials = campaigns.reduce((sum, each) => sum + each.trials, 0);
  const size =
    kind === 'bench'
      ? `${processes} ${processes === 1 ? 'sample' : 'samples'} of a figure`
      : `${trials.toLocaleString('en')} trials`;
  return printable(`${label}  ${from.join(', ')}  ${size}`);
}

function groupTable({ a, b, rows, geomeans }: Comparison, group: string): string {
  const heads = ['figure', 'params', 'unit', a.label, '±', b.label, '±', 'b/a-95%', 'delta'];
  const cells: Cell[][] = rows
    .filter((row) => row.group === group)
    .map((row) => [
      word(row.name),
      word(paramsText(row)) || null,
      row.unit === '' ? null : row.unit,
      middleText(row.a, row),
      spreadText(row.a),
      middleText(row.b, row),
      spreadText(row.b),
      intervalText(row),
      `${deltaText(row)}${row.past ? ` ${row.verdict === 'worse' ? 'WORSE' : row.verdict}` : ''}`,
    ]);
  const mean = geomeans[group];
  if (mean !== undefined)
    cells.push(['geomean', null, null, null, null, null, null, null, changeText(mean)]);
  return table(heads, cells, { indent: 2 });
}

/** '-17.20% (p=0.000 n=10)', '~ (p=0.529 n=10+9)', or what came out where nothing was tested. */
export function deltaText(row: Row): string {
  const { verdict, ratio, p, a, b, test } = row;
  if (test === null) return 'untested: nothing was drawn';
  const n = a.n === b.n ? `n=${a.n}` : `n=${a.n}+${b.n}`;
  if (Number.isNaN(p)) return `untested (${n})`;
  const change = verdict === 'same' ? '~' : changeText(ratio);
  return `${change} (p=${p.toFixed(3)} ${n})`;
}

/** 0.828 → '-17.20%'. */
export function changeText(ratio: number): string {
  if (ratio === Infinity) return '+∞%';
  return `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(2)}%`;
}

export function paramsText({ params }: Pick<Row, 'params'>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(',');
}

function middleText({ middle }: Middle, { unit, test, name }: Row): string | null {
  if (Number.isNaN(middle)) return null;
  if (unit === 'of-trials') return percent(middle);
  if (test === 'log-rank' && unit === 's') return formatDuration(middle * 1000);
  return name === 'trial-seconds' ? formatDuration(middle * 1000) : digits(middle);
}

function spreadText({ middle, interval }: Middle): string | null {
  if (Number.isNaN(middle)) return null;
  if (interval === null) return '±∞';
  const half = Math.max(interval.high - middle, middle - interval.low);
  if (half === 0) return '±0%';
  return middle === 0 ? '±∞' : `±${Math.ceil((half / middle) * 100)}%`;
}

function intervalText({ low, high }: Row): string | null {
  if (Number.isNaN(low) || Number.isNaN(high)) return null;
  const end = (ratio: number): string =>
    ratio === Infinity ? '+∞' : `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)}%`;
  return `${end(low)}..${end(high)}`;
}

/** What a reader should know before believing it. */
export function notesOf(comparison: Comparison): string[] {
  const { a, b, rows, onlyA, onlyB, failedA, failedB, noise, differs, regressions, needed } =
    comparison;
  const { broken } = comparison;
  const tested = rows.filter(({ p }) => !Number.isNaN(p));
  const found = tested.filter(({ verdict }) => verdict !== 'same').length;
  const tooFew = rows.filter((row) => row.tooFew);
  const isOtherMachine = differs.some(({ what }) => ['cpu', 'cpus', 'os', 'arch'].includes(what));
  const bare = rows.filter(({ unit, test }) => test === 'mann-whitney' && unit !== '×floor');
  const past = rows.filter((row) => row.past);
  const byChance = tested.length * ALPHA;
  return [
    `${found} of ${tested.length} differ at p<${ALPHA}${found === 0 ? '' : `, where chance alone makes ${byChance < 1 ? 'less than 1' : `about ${Math.round(byChance)}`}`}; ${past.length} past ${percent(noise)} with all rows in view, ${regressions.length} for the worse`,
    rows.some(({ unit }) => unit === '×floor')
      ? '×floor: over the floor of the same rounds and the same process, so the machine’s speed cancels'
      : '',
    tooFew.length > 0
      ? `${tooFew.length} of ${rows.length} could not have been told apart, whatever they are: ${a.label} and ${b.label} need four samples each, and ten to find a few hundredths; a sample is a process (--processes 10), or a run`
      : '',
    needed !== null && tooFew.length < rows.length
      ? `none of ${tested.length} could have been past, however far apart: that needs ${needed} samples a side in a table so long (--processes ${needed})`
      : '',
    isOtherMachine && bare.length > 0
      ? `${bare.length} have no floor, and the machines differ: that is compared, too`
      : '',
    failedA.length > 0 ? `failed in ${a.label}: ${failedA.join('; ')}` : '',
    failedB.length > 0 ? `failed in ${b.label}: ${failedB.join('; ')}` : '',
    broken.length > 0
      ? `WORSE: ${broken.join('; ')} failed in every sample of ${b.label}, and in none of ${a.label}`
      : '',
    onlyA.length > 0 ? `only in ${a.label}: ${onlyA.join('; ')}` : '',
    onlyB.length > 0 ? `only in ${b.label}: ${onlyB.join('; ')}` : '',
  ]
    .filter((note) => note !== '')
    .map(printable);
}

/** Without a space, so that a column stays one. */
function word(text: string): string {
  return printable(text).replaceAll(' ', '_');
}

/** Four significant digits: two sides that print alike should be alike. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  const decimals = value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}
