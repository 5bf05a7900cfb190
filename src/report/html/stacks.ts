/*
 * The stack of each thread, innermost first, with the line of source that each frame stands in, from the dump itself.
 *
 * Frames of gridlock's own (src/, node:) are how every thread sleeps; they are there, folded.  The first
 * frame that is not is where a person looks, so it has the lines around it, and the values of its locals.
 */

import type { DumpFrame, DumpThread } from '../../dump/format.ts';
import { milliseconds } from '../../dump/cycle.ts';
import { html, lines, markup, type Markup } from './markup.ts';
import { partName } from './timeline.ts';
import { counted, cut, name } from './words.ts';

/** The texts that a dump carries, by file, as lines. */
export type Sources = ReadonlyMap<string, readonly string[]>;

const THREADS_MAX = 64;
const FRAMES_MAX = 60;
const LINE_MAX = 160;
const LOCALS_MAX = 12;
const AROUND = 3;
const BREAK = markup('\n');

export function stacksOf(threads: readonly DumpThread[], sources: Sources): Markup {
  const shown = threads.slice(0, THREADS_MAX);
  const left = threads.length - shown.length;
  return html`${shown.map((thread) => stackOf(thread, sources))}${
    left > 0 ? html`<p>${counted(left, 'more thread')} in the dump.</p>` : undefined
  }`;
}

function stackOf(thread: DumpThread, sources: Sources): Markup {
  const { name: called, psargs, part, stack, unstopped, exit } = thread;
  const frames = stack.slice(0, FRAMES_MAX);
  const own = frames.findIndex((frame) => !isOurs(frame));
  return html`<details class="thread ${part}" ${part === 'cycle' ? html` open` : undefined}>
    <summary>
      <b>${name(called)}</b> <small>${partName(thread)}</small>
      <span class="does">${doing(thread)}</span>
    </summary>
    <p class="args">${name(psargs)}${exit === undefined ? undefined : html` · gone: ${exit}`}</p>
    ${unstopped === undefined ? undefined : html`<p>No stack: ${unstopped}</p>`}
    <ol class="stack">
      ${sleep(frames.slice(0, Math.max(0, own)))}
      ${frames.slice(Math.max(0, own)).map((frame, i) => frameOf(frame, i === 0, sources))}
    </ol>
    ${
      stack.length > frames.length
        ? html`<p>${counted(stack.length - frames.length, 'more frame')}.</p>`
        : undefined
    }
  </details> `;
}

/** The frames of gridlock's own that a thread sleeps in, in one line until they are asked for. */
function sleep(frames: readonly DumpFrame[]): Markup | undefined {
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (first === last) return frameOf(first, false, new Map());
  return html`<li>
    <details>
      <summary>
        ${counted(frames.length, 'frame')}, <code>${cut(last.function)}</code> down to
        <code>${cut(first.function)}</code>
      </summary>
      <ol>
        ${frames.map((frame) => frameOf(frame, false, new Map()))}
      </ol>
    </details>
  </li> `;
}

function frameOf(frame: DumpFrame, isLookedAt: boolean, sources: Sources): Markup {
  const text = sources.get(frame.file);
  const line = text?.[frame.line - 1]?.trim() ?? '';
  const place = frame.line > 0 ? `${frame.file}:${frame.line}` : frame.file;
  return html`<li class="${isOurs(frame) ? 'ours' : 'own'}">
    <code>${cut(frame.function)}</code> <span class="place">${name(place)}</span>${
      isLookedAt && text !== undefined
        ? html`${excerpt(text, frame.line)}${localsOf(frame)}`
        : line === ''
          ? undefined
          : html`<code class="line">${cut(line, LINE_MAX)}</code>`
    }
  </li> `;
}

/** The lines around the one that a frame stands in. */
function excerpt(text: readonly string[], at: number): Markup {
  const from = Math.max(1, at - AROUND);
  const shown = text.slice(from - 1, at + AROUND);
  const indent = Math.min(
    ...shown.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)),
  );
  const wide = String(from + shown.length).length;
  const rows = shown.map((line, i) => {
    const number = String(from + i).padStart(wide);
    const row = lines(`${number}  ${cut(line.slice(Math.max(0, indent)), LINE_MAX)}`);
    return from + i === at ? html`<mark>${row}</mark>` : row;
  });
  return html`<pre class="source" tabindex="0">${rows.flatMap((row) => [row, BREAK])}</pre>`;
}

function localsOf({ locals = [] }: DumpFrame): Markup | undefined {
  if (locals.length === 0) return undefined;
  const shown = locals.slice(0, LOCALS_MAX);
  return html`<p class="locals">
    ${shown.map((each) => html`<span><var>${cut(each.name)}</var> = ${cut(each.value)}</span> `)}
  </p>`;
}

function isOurs({ file }: DumpFrame): boolean {
  return file.startsWith('src/') || file.startsWith('node:') || file === '';
}

function doing({ holds, wants, progress, progress_after: after }: DumpThread): Markup {
  const has =
    holds.length === 0
      ? undefined
      : html`holds ${holds.map((lock, i) => html`${i === 0 ? '' : ', '}${name(lock.name)}`)}`;
  const waits =
    wants === null ? undefined : html`wants ${name(wants.name)}, ${milliseconds(wants.waited_ms)}`;
  if (has !== undefined && waits !== undefined) return html`${has}; ${waits}`;
  return has ?? waits ?? html`progress ${progress}${after > 0 ? `, ${after} more since` : ''}`;
}
