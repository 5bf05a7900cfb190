/*
 * Frames: what the inspector says of a stopped thread, in words of our own.
 *
 * A place is 1-based, and of the JavaScript that runs, not of the TypeScript it came from: the dump
 * keeps what was seen, and whoever prints it looks at the source map.  Node's own frames are kept,
 * since "asleep under fs.readSync" is an answer; their url begins with "node:".
 *
 * V8 leaves CallFrame.url empty and calls it deprecated (so it is, on 20, 22, 24 and 26), so the url
 * comes from the scripts announced by Debugger.scriptParsed.  Node 26 does not announce all of its own;
 * a frame of those has no url.
 *
 * Locals.  A frame's scopes are listed innermost first: blocks, then 'local' with arguments and
 * function-wide variables, then what encloses the function.  We read up to 'local' and no further;
 * closures and modules are large, shared by every thread of the role, and mostly functions.  At the
 * top level of a module there is no 'local', and its blocks are read.
 *
 * Values are shortened here.  A thread that is stopped must not be asked to make text: toString() may
 * be its own code, and it may take the very lock that it hangs on.  So we print what V8 describes
 * without running anything, and never evaluate.
 */

import type { Debugger, Runtime } from 'node:inspector';

/** Where in the executed JavaScript.  Lines and columns begin at 1. */
export interface Place {
  function: string;
  url: string;
  line: number;
  column: number;
}

export interface LocalValue {
  name: string;
  /** Short text: numbers as decimals, strings quoted, objects as V8 describes them. */
  value: string;
}

export interface Frame extends Place {
  locals?: LocalValue[];
}

const LOCALS_MAX = 16;
const TEXT_CHARS_MAX = 80;
const FUNCTION_NAME = /^(?:async\s+)?(?:function\b|class\b)?[\s*]*([\w$]+)/;
const SCOPES_READ = new Set(['block', 'catch', 'local', 'eval']);

export function toFrame(frame: Debugger.CallFrame, urls: ReadonlyMap<string, string>): Frame {
  const { scriptId, lineNumber, columnNumber } = frame.location;
  const isFunction = frame.scopeChain.some((scope) => scope.type === 'local');
  return {
    function: frame.functionName || (isFunction ? '(anonymous)' : '(top level)'),
    url: frame.url || (urls.get(scriptId) ?? ''),
    line: lineNumber + 1,
    column: (columnNumber ?? 0) + 1,
  };
}

/** The scope objects whose properties are the frame's own variables, innermost first. */
export function ownScopes(frame: Debugger.CallFrame): string[] {
  const local = frame.scopeChain.findIndex((scope) => scope.type === 'local');
  return frame.scopeChain
    .slice(0, local < 0 ? undefined : local + 1)
    .filter((scope) => SCOPES_READ.has(scope.type))
    .flatMap((scope) => scope.object.objectId ?? []);
}

/** Adds a scope's variables to what inner scopes gave; an inner name hides an outer one. */
export function addLocals(
  locals: LocalValue[],
  scope: readonly Runtime.PropertyDescriptor[],
): void {
  for (const { name, value } of scope) {
    if (locals.length >= LOCALS_MAX) return;
    if (value === undefined || locals.some((known) => known.name === name)) continue;
    locals.push({ name, value: valueText(value) });
  }
}

export function valueText(value: Runtime.RemoteObject): string {
  if (value.subtype === 'null') return 'null';
  switch (value.type) {
    case 'undefined':
      return 'undefined';
    case 'string':
      return JSON.stringify(clip(String(value.value)));
    case 'function':
      return `function ${FUNCTION_NAME.exec(value.description ?? '')?.[1] ?? '(anonymous)'}`;
    case 'object':
      return clip((value.description ?? value.className ?? 'Object').split('\n', 1)[0] ?? '');
    default: // number, bigint, boolean, symbol
      return clip(String(value.unserializableValue ?? value.value ?? value.description));
  }
}

function clip(text: string): string {
  return text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX - 1)}…`;
}
