/*
 * The page of a bench: a section a question, with its curves and all of its figures.
 *
 * What is a curve is found in the figures, and not declared:
 *
 *     a param that is a number, with three values or more     how it scales over them, a line for each setting of the others
 *     names that end in _p50, _p99, _p99.9, _max               how the latency rises, a line for each setting
 *
 * Figures of several processes are one row, whose value is the median of theirs.  What was promised is said beside the
 * figure; whether rounds agree can be seen in the small line of them.
 */

import { median } from '../../base/stats.ts';
import { figureKey, type FigureRecord, type FiguresRead } from '../../run/figures.ts';
import { chartOf, sparkOf, type Line } from './chart.ts';
import { html, type Markup } from './markup.ts';
import { documentOf } from './page.ts';
import { count, counted, cut, isNumber, name, NOTHING, said } from './words.ts';

/** Values of a param that are worth a curve. */
const POSITIONS_MIN = 3;
const CHARTS_MAX = 12;
const ROWS_MAX = 500;
const QUANTILE = /^(.+)_(p\d+(?:\.\d+)?|max)$/;

/** A figure of all processes. */
interface Row {
  readonly question: string;
  readonly name: string;
  readonly params: FigureRecord['params'];
  readonly unit: string;
  readonly value: number;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly low: number;
  readonly high: number;
  readonly rounds: readonly number[];
  readonly processes: number;
  readonly goal: number | null;
}

/** A bench, as its directory has it. */
export interface BenchPage extends FiguresRead {
  readonly id: string;
  readonly isDone: boolean;
}

/** The whole document. */
export function benchPage(bench: BenchPage): string {
  const rows = rowsOf(bench.figures);
  const questions = [...new Set([...rows, ...bench.failed].map(({ question }) => question))];
  const title = `${counted(rows.length, 'figure')} of ${counted(questions.length, 'question')}`;
  return documentOf({
    title: `${title} – gridlock ${cut(said(bench.id))}`,
    header: html`<span class="mark">gridlock</span>
      <h1>${title}</h1>
      <p class="facts">${factsOf(bench).map((fact) => html`<span>${fact}</span>`)}</p>`,
    main:
      questions.length === 0
        ? html`<p>The journal has no figure.</p>`
        : html`${questions.map((question, i) => sectionOf(question, rows, bench, `q${i + 1}`))}`,
    footer: html`<p>
      Made of the journal of this bench, and of nothing else. A value is the median of its rounds;
      the floor, or the peer, was measured in the same rounds, and the ratio is the median of
      theirs.
    </p>`,
  });
}

function factsOf({ id, header, isDone, isCut }: BenchPage): Markup[] {
  const ended = isDone ? 'done' : `cut off${isCut ? ' in the middle of a record' : ''}`;
  const { gridlock, commit, node, os, cpus, cpu } = header ?? {};
  const told = (label: string, value: unknown): Markup[] =>
    said(value) === '' ? [] : [html`${label}${name(value)}`];
  return [
    ...told('bench ', id),
    html`${ended}`,
    ...told('gridlock ', gridlock),
    ...told('commit ', commit),
    ...told('Node ', node),
    ...told('', os),
    ...(isNumber(cpus) ? [html`${counted(cpus, 'CPU')}`] : []),
    ...told('', cpu),
  ];
}

function sectionOf(
  question: string,
  all: readonly Row[],
  { failed }: BenchPage,
  id: string,
): Markup {
  const rows = all.filter((row) => row.question === question);
  const charts = [...scaling(rows), ...latency(rows)].slice(0, CHARTS_MAX);
  const broken = failed.filter((each) => each.question === question);
  return html`<section class="campaign" aria-labelledby="${id}">
    <h2 id="${id}">${name(question)}</h2>
    ${broken.map(({ message }) => html`<p class="message">It broke off: ${said(message)}</p>`)}
    ${charts.length === 0 ? undefined : html`<div class="charts">${charts}</div>`}
    ${rows.length === 0 ? undefined : tableOf(rows, question)}
  </section> `;
}

/** Over each param that is a number: a chart a figure. */
function scaling(rows: readonly Row[]): Markup[] {
  const params = [...new Set(rows.flatMap(({ params: own }) => Object.keys(own)))];
  const names = [...new Set(rows.map((row) => row.name))];
  return params.flatMap((param) =>
    names.flatMap((figure) => {
      const own = rows.filter((row) => row.name === figure && isNumber(row.params[param]));
      const positions = [...new Set(own.map((row) => row.params[param] as number))].toSorted(
        (a, b) => a - b,
      );
      if (positions.length < POSITIONS_MIN) return [];
      const lines = linesOf(
        own,
        (row) => settingOf(row, param),
        positions.map((at) => (row: Row) => row.params[param] === at),
      );
      const { unit } = own[0]!;
      const chart = chartOf({
        caption: `${figure} over ${param}`,
        unit,
        positions: positions.map(count),
        lines,
      });
      return chart === undefined ? [] : [chart];
    }),
  );
}

/** Figures that are quantiles of one thing: a chart a thing. */
function latency(rows: readonly Row[]): Markup[] {
  const parts = rows.flatMap((row) => {
    const [, of, quantile] = QUANTILE.exec(row.name) ?? [];
    return of === undefined || quantile === undefined ? [] : [{ row, of, quantile }];
  });
  return [...new Set(parts.map(({ of }) => of))].flatMap((of) => {
    const own = parts.filter((part) => part.of === of);
    const quantiles = [...new Set(own.map(({ quantile }) => quantile))].toSorted(
      (a, b) => rankOf(a) - rankOf(b),
    );
    if (quantiles.length < 2) return [];
    const lines = linesOf(
      own.map(({ row }) => row),
      (row) => settingOf(row),
      quantiles.map((quantile) => (row: Row) => row.name === `${of}_${quantile}`),
    );
    const { unit } = own[0]!.row;
    const chart = chartOf({ caption: `${of}, quantiles`, unit, positions: quantiles, lines });
    return chart === undefined ? [] : [chart];
  });
}

/** A line for each setting: its value at each position. */
function linesOf(
  rows: readonly Row[],
  setting: (row: Row) => string,
  positions: readonly ((row: Row) => boolean)[],
): Line[] {
  return [...new Set(rows.map(setting))].map((label) => {
    const own = rows.filter((row) => setting(row) === label);
    return {
      label: label === '' ? 'value' : label,
      points: positions.map((isAt) => own.find(isAt)?.value ?? null),
    };
  });
}

function rankOf(quantile: string): number {
  return quantile === 'max' ? 100 : Number(quantile.slice(1));
}

function settingOf({ params }: Row, except?: string): string {
  return Object.entries(params)
    .filter(([param]) => param !== except)
    .map(([param, value]) => `${param} ${value}`)
    .join(', ');
}

function tableOf(rows: readonly Row[], question: string): Markup {
  const shown = rows.slice(0, ROWS_MAX);
  return html`<div
      class="scroll"
      tabindex="0"
      role="group"
      aria-label="Figures of ${said(question)}"
    >
      <table>
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">params</th>
            <th scope="col" class="n">value</th>
            <th scope="col" class="n">floor</th>
            <th scope="col" class="n">ratio</th>
            <th scope="col" class="n">quartiles</th>
            <th scope="col" class="n">rounds</th>
            <th scope="col">drawn</th>
            <th scope="col">goal</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(rowOf)}
        </tbody>
      </table>
    </div>
    ${rows.length > shown.length ? html`<p class="note">${counted(rows.length - shown.length, 'figure')} more.</p>` : undefined}`;
}

function rowOf(row: Row): Markup {
  const { unit, value, floor, ratio, low, high, rounds, processes, goal } = row;
  const many = processes > 1 ? `${count(processes)} processes` : '';
  return html`<tr>
    <th scope="row">${name(row.name)}</th>
    <td class="params">${settingOf(row) === '' ? NOTHING : name(settingOf(row))}</td>
    <td class="n">${digits(value)}${isNumber(value) ? unit : ''}</td>
    <td class="n">${digits(floor)}${isNumber(floor) ? unit : ''}</td>
    <td class="n">${isNumber(ratio) ? ratio.toFixed(2) : NOTHING}</td>
    <td class="n">${digits(low)} – ${digits(high)}</td>
    <td class="n">
      ${count(rounds.length)}${many === '' ? undefined : html` <small>${many}</small>`}
    </td>
    <td>${sparkOf(rounds)}</td>
    <td>${goalOf(ratio ?? value, goal)}</td>
  </tr> `;
}

function goalOf(reached: number | null, goal: number | null): Markup | string {
  if (!isNumber(goal)) return NOTHING;
  const isMet = isNumber(reached) && reached <= goal;
  return html`≤${digits(goal)}
    <span class="grade ${isMet ? 'expected' : 'interesting'}">${isMet ? 'met' : 'missed'}</span>`;
}

/** Figures of the same name, of whatever process, as one. */
function rowsOf(figures: readonly FigureRecord[]): Row[] {
  const groups = new Map<string, FigureRecord[]>();
  for (const each of figures) {
    // A journal of before says nothing of what was seen, and of rounds.
    const key = figureKey({ ...each, seen: each.seen ?? [] });
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [FigureRecord];
    const { question, name: called, params, unit, goal } = first;
    const middle = (field: 'value' | 'floor' | 'ratio' | 'low' | 'high'): number =>
      median(group.map((each) => each[field]).filter(isNumber));
    const orNull = (n: number): number | null => (isNumber(n) ? n : null);
    return {
      question,
      name: called,
      params,
      unit: said(unit),
      value: middle('value'),
      floor: orNull(middle('floor')),
      ratio: orNull(middle('ratio')),
      low: middle('low'),
      high: middle('high'),
      rounds: group.flatMap((each) => each.values ?? []),
      processes: group.length,
      goal: goal ?? null,
    };
  });
}

function digits(value: number | null): string {
  if (!isNumber(value)) return NOTHING;
  if (value >= 100) return count(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
