/*
 * The wait-for graph: who wants what, and who has it.
 *
 * Threads are boxes, what they want is round.  An arrow from a thread to a lock means: wants; from a lock to a thread: is held
 * by.  So a cycle of arrows is a deadlock, and reads as the sentence does.  A lock that nobody wants is no part of any
 * wait; it stands in its holder's box.
 *
 * The text is Graphviz's own language, so that it can be copied and drawn elsewhere.  Here Graphviz draws it when the
 * report is made: cycles are nothing special to it, as they are to layouts for trees.  Its SVG goes into the page, so
 * it is looked at first: no element that is not a shape, a text or a group.  Where it cannot be drawn there is the
 * picture that a terminal gets (dump/cycle.ts).
 */

import { milliseconds, drawHang } from '../../dump/cycle.ts';
import type { Dump, DumpThread, WantedLock } from '../../dump/format.ts';
import { html, lines, markup, spelled, type Markup } from './markup.ts';
import { cut } from './words.ts';

/** Draws a graph as SVG. */
export type Draw = (dot: string) => Promise<string>;

const THREADS_MAX = 40;
const LABEL_MAX = 40;
const HELD_MAX = 3;
const ELEMENTS = new Set(['svg', 'g', 'polygon', 'ellipse', 'path', 'polyline', 'text']);

/** The graph of a dump in Graphviz's language; undefined where nobody waits for what a thread has. */
export function dotOf(
  { head, threads }: Pick<Dump, 'head' | 'threads'>,
  id: string,
): string | undefined {
  const those = concerned(head.cycle, head.victims, threads);
  const byId = new Map(those.map((thread) => [thread.id, thread]));
  const cycle = new Set(head.cycle);
  const wanted = new Map<string, WantedLock>();
  for (const { wants } of those) if (wants !== null) wanted.set(wants.address, wants);
  const numbers = new Map([...wanted.keys()].map((address, i) => [address, i]));
  const isOfCycle = (address: string): boolean =>
    those.some((thread) => cycle.has(thread.id) && thread.wants?.address === address);
  const nodes: string[] = [];
  const edges: string[] = [];
  for (const thread of those) {
    const { id: at, wants, part } = thread;
    const inCycle = cycle.has(at);
    nodes.push(
      `  t${at} [id="${id}-t${at}" class="thread ${inCycle ? 'hot' : 'by'}" label=${quoted(boxText(thread, wanted))}];`,
    );
    if (wants === null) continue;
    const hot = inCycle && part === 'cycle' ? ' hot' : '';
    edges.push(
      `  t${at} -> l${numbers.get(wants.address)} [class="wants${hot}" style=dashed label=${quoted(`  wants, ${milliseconds(wants.waited_ms)}  `)}];`,
    );
  }
  for (const [address, lock] of wanted) {
    const n = numbers.get(address)!;
    const hot = isOfCycle(address) ? 'hot' : 'by';
    nodes.push(
      `  l${n} [id="${id}-l${n}" class="lock ${hot}" shape=ellipse label=${quoted(lockText(lock))}];`,
    );
    for (const owner of new Set(lock.owners)) {
      if (!byId.has(owner)) continue;
      edges.push(
        `  l${n} -> t${owner} [class="held${hot === 'hot' && cycle.has(owner) ? ' hot' : ''}" label="  held by  "];`,
      );
    }
  }
  if (!edges.some((edge) => edge.startsWith('  l'))) return undefined;
  return [
    'digraph waits {',
    `  graph [id="${id}" bgcolor=transparent rankdir=TB nodesep=0.3 ranksep=0.35 pad=0.1];`,
    '  node [shape=box style=rounded fontname=Helvetica fontsize=10 margin="0.16,0.07" height=0.25];',
    '  edge [fontname=Helvetica fontsize=9 arrowsize=0.6];',
    ...nodes,
    ...edges,
    '}',
    '',
  ].join('\n');
}

/** The drawing, and under it the text that it is made of. */
export async function graphOf(
  dump: Pick<Dump, 'head' | 'threads'>,
  id: string,
  draw: Draw = graphviz,
): Promise<Markup> {
  const picture = drawHang(dump).join('\n');
  const dot = dotOf(dump, id);
  if (dot === undefined)
    return picture === ''
      ? html``
      : html`<pre class="picture" tabindex="0">${lines(picture)}</pre>`;
  const svg = await drawn(dot, draw);
  const said = `Wait-for graph: ${dump.head.cycle.length > 1 ? 'a cycle of waits' : 'who waits for whom'}; the text beside it says the same.`;
  const words = html`<pre class="picture" tabindex="0">${lines(picture)}</pre>`;
  return html`${
      svg === undefined
        ? words
        : html`<div class="waits">
            <div class="graph" role="group" tabindex="0" aria-label="${said}">${svg}</div>
            ${words}
          </div>`
    }
    <details>
      <summary>Graphviz source</summary>
      <div class="copyable"><pre>${lines(dot)}</pre></div>
    </details>`;
}

async function drawn(dot: string, draw: Draw): Promise<Markup | undefined> {
  let svg: string;
  try {
    svg = await draw(dot);
  } catch {
    return undefined;
  }
  return drawingIn(svg);
}

/** The drawing without what only a file of its own needs; undefined where it is more than a drawing. */
export function drawingIn(svg: string): Markup | undefined {
  const text = svg
    .slice(svg.indexOf('<svg'))
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<title>[^<]*<\/title>\s*/g, '')
    .replace(/ xmlns:xlink="[^"]*"/, '')
    .replace(/<svg /, '<svg aria-hidden="true" focusable="false" ')
    .trim();
  const isDrawing =
    text.startsWith('<svg') &&
    [...text.matchAll(/<\/?([^\s/>]*)/g)].every(([, element]) => ELEMENTS.has(element!)) &&
    !/<[^>]*\s(?:on\w+|href|style)\s*=/i.test(text);
  return isDrawing ? markup(text) : undefined;
}

async function graphviz(dot: string): Promise<string> {
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz');
  try {
    return (await Graphviz.load()).dot(dot);
  } catch (error) {
    // Characters that it has no widths for made it run off its tables: its memory is not trusted with the next graph.
    Graphviz.unload();
    throw error;
  }
}

/** Who is in the cycle or behind it; who waits for what another has; and those that have it. */
function concerned(
  cycle: readonly number[],
  victims: readonly number[],
  threads: readonly DumpThread[],
): readonly DumpThread[] {
  const byId = new Map(threads.map((thread) => [thread.id, thread]));
  const waiting = threads.filter(({ wants }) => (wants?.owners.length ?? 0) > 0);
  const ids = new Set([
    ...cycle,
    ...victims,
    ...waiting.map(({ id }) => id),
    ...waiting.flatMap(({ wants }) => wants?.owners ?? []),
  ]);
  return [...ids].flatMap((id) => byId.get(id) ?? []).slice(0, THREADS_MAX);
}

function boxText({ name, holds }: DumpThread, wanted: ReadonlyMap<string, unknown>): string {
  const others = holds
    .filter(({ address }) => !wanted.has(address))
    .map((lock) => cut(lock.name, LABEL_MAX));
  if (others.length === 0) return cut(name, LABEL_MAX);
  const more = others.length - HELD_MAX;
  const held = [...others.slice(0, HELD_MAX), ...(more > 0 ? [`${more} more`] : [])];
  return [cut(name, LABEL_MAX), ...held.map((lock, i) => (i === 0 ? `holds ${lock}` : lock))].join(
    '\n',
  );
}

function lockText({ name, via, mode }: WantedLock): string {
  const how = mode === undefined ? '' : ` (${mode})`;
  return (
    cut(name, LABEL_MAX) + how + (via === undefined ? '' : `\nasleep on ${cut(via, LABEL_MAX)}`)
  );
}

/** A label: Graphviz reads references, and backslashes before letters. */
function quoted(text: string): string {
  const whole = text
    .split('\n')
    .map((line) =>
      spelled(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;'),
    );
  return `"${whole.join('\\n')}"`;
}
