/*
 * What a hostile name must not do to a report, format by format: checks that say what is wrong, as readers of the format see it.
 *
 *     format       read as                                                a name is broken out of if
 *     ----------   ----------------------------------------------------   ----------------------------------------------
 *     json, ndjson JSON; a record a line                                  it does not parse, or is another name
 *     junit        XML, by libxml2, and against the schema                the same
 *     sarif        JSON, and against the schema                           the same
 *     markdown     blocks as CommonMark has them, cells as GFM does       a line, a cell or an element is not ours
 *     github       lines, as the runner of GitHub Actions reads them      a command is not ours, or says another thing
 *     html         as a browser does, by parse5                           an element or a handler is not ours
 *     trace        JSON, and by the rules of the format                   a rule is broken
 *     terminal     characters                                             one acts on the terminal, a line is forged
 */

import { parse, parseFragment, type DefaultTreeAdapterTypes } from 'parse5';

import { printable } from '../../src/base/text.ts';
import { spelled } from '../../src/report/html/markup.ts';
import { faultsOfTrace } from '../../src/report/trace-rules.ts';
import { faultOfJunit, faultOfSarif, textsIn } from './schemas.ts';

/** What names of a run are, wherever it has one. */
export interface Names {
  readonly workload: string;
  readonly variant: string;
  readonly strategy: string;
  readonly outcome: string;
  readonly message: string;
}

/** A name ends with this, behind a line break: whoever does not escape lines shows one that begins with it. */
export const FORGED = 'FORGED';

export function faultsOfJson(text: string, names: Names): string[] {
  return parsed(text, (page: { campaigns: Named[]; findings: Named[] }) => {
    const [campaign] = page.campaigns;
    const [finding] = page.findings;
    return [
      ...differs('workload', campaign?.workload, names.workload),
      ...differs('variant', finding?.variant, names.variant),
      ...differs('strategy', finding?.strategy, names.strategy),
      ...differs('message', finding?.message, names.message),
      ...differs('outcome', Object.keys(campaign?.outcomes ?? {})[0], names.outcome),
    ];
  });
}

type Named = Names & { readonly outcomes?: Readonly<Record<string, number>> };

export function faultsOfNdjson(text: string, names: Names): string[] {
  const lines = text.trimEnd().split('\n');
  return lines.flatMap((line) =>
    parsed(line, (record: Named & { type: string }) =>
      record.type === 'trial'
        ? [
            ...differs('workload', record.workload, names.workload),
            ...differs('message', record.message, names.message),
          ]
        : [],
    ),
  );
}

export function faultsOfJunit(text: string, names: Names): string[] {
  const fault = faultOfJunit(text);
  if (fault !== undefined) return [fault];
  // U+FFFE and U+FFFF are no characters of XML, and spelled out.
  const plain = (name: string): string =>
    printable(name).replaceAll(
      /[\uFFFE\uFFFF]/g,
      (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
    );
  return [
    ...differs('suite', textsIn(text, '//testsuite/@name')[0], plain(names.workload)),
    ...differs(
      'case',
      textsIn(text, '//testcase/@name')[0],
      plain(`${names.variant} (${names.strategy})`),
    ),
    ...differs('message', textsIn(text, '//failure/@message')[0], plain(names.message)),
    ...commandsIn(text),
  ];
}

export function faultsOfSarif(text: string, names: Names): string[] {
  return parsed(text, (log: { runs: { results: { properties: Names }[] }[] }) => {
    const fault = faultOfSarif(text);
    if (fault !== undefined) return [fault];
    const { properties } = log.runs[0]!.results[0]!;
    return [
      ...differs('workload', properties.workload, names.workload),
      ...differs('variant', properties.variant, names.variant),
    ];
  });
}

const COLUMNS = 7;
const BLOCKS = [
  /^$/,
  /^#{3,4} /,
  /^[\d,]+ trials?, seed /,
  /^And [\d,]+ more/,
  /^\|(?:-+:?\|)+$/,
  /^\| .* \|$/,
];

export function faultsOfMarkdown(text: string, names: Names): string[] {
  const faults = commandsIn(text);
  const rows: string[][] = [];
  let fence = '';
  for (const line of text.split('\n')) {
    const ticks = /^ {0,3}(`{3,})/.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (ticks.length >= fence.length && line.trim() === ticks) fence = '';
      continue;
    }
    if (ticks !== '') {
      fence = ticks;
      continue;
    }
    if (!BLOCKS.some((block) => block.test(line))) faults.push(`a line is not ours: ${line}`);
    if (line.startsWith('|')) rows.push(cellsOf(line));
    else faults.push(...elementsBut(['code'], fragmentOf(line)));
  }
  if (fence !== '') faults.push('a fence is not closed');
  for (const cells of rows)
    if (cells.length !== COLUMNS) faults.push(`a row of ${cells.length} cells`);
  const [workload] = (rows[2] ?? []).map((cell) => fragmentOf(cell));
  faults.push(...elementsBut(['code'], workload!));
  // The first of it: what is long is cut.
  const said = textOf(workload!).slice(1, 9).trimEnd();
  faults.push(...differs('workload', said, printable(names.workload).slice(0, said.length)));
  return faults;
}

/** As GFM does: a bar ends a cell wherever it is, unless a backslash is before it. */
function cellsOf(row: string): string[] {
  return row.split(/(?<!\\)\|/).slice(1, -1);
}

/** As the runner reads a step's log: commands of both kinds. */
export function commandsOf(log: string): { command: string; properties: string; data: string }[] {
  return log.split(/\r\n|\n|\r/).flatMap((line) => {
    const [, command, properties, data] =
      /^\s*::([^\s:]+)(?: ([^:]*(?::(?!:)[^:]*)*?))?::(.*)$/.exec(line) ?? [];
    if (command !== undefined) return [{ command, properties: properties ?? '', data: data! }];
    const old = line.indexOf('##[');
    return old < 0 ? [] : [{ command: '##[', properties: '', data: line.slice(old) }];
  });
}

function commandsIn(text: string): string[] {
  return commandsOf(text).map(({ command, data }) => `a command: ${command} ${data}`);
}

const COMMANDS = new Set(['error', 'notice', 'group', 'endgroup']);

export function faultsOfGithub(text: string, names: Names): string[] {
  const faults: string[] = [];
  let data = '';
  for (const each of commandsOf(text)) {
    if (!COMMANDS.has(each.command)) faults.push(`a command is not ours: ${each.command}`);
    if (each.command !== 'error') continue;
    data ||= decoded(each.data);
    const known = each.properties.split(',').map((pair) => pair.split('=')[0]!);
    for (const name of known)
      if (!['file', 'line', 'title'].includes(name)) faults.push(`a property: ${name}`);
    const title = decoded(/title=([^,]*)/.exec(each.properties)?.[1] ?? '');
    const said = `deadlock: ${printable(`${names.workload} ${names.variant} (${names.strategy})`)}`;
    faults.push(...differs('title', title, said));
  }
  if (text.split('\n').some((line) => line.startsWith(FORGED))) faults.push('a line is forged');
  if (!data.startsWith(printable(names.message))) faults.push('the message is another');
  return faults;
}

function decoded(text: string): string {
  return text
    .replaceAll('%2C', ',')
    .replaceAll('%3A', ':')
    .replaceAll('%0A', '\n')
    .replaceAll('%25', '%');
}

type Node = DefaultTreeAdapterTypes.Node;

export function faultsOfHtml(text: string, names: Names): string[] {
  const faults: string[] = [];
  const document = parse(text, { onParseError: ({ code }) => faults.push(code) });
  const elements = elementsIn(document);
  const tags = new Map<string, number>();
  for (const { tagName, attrs } of elements) {
    tags.set(tagName, (tags.get(tagName) ?? 0) + 1);
    for (const { name, value } of attrs) {
      if (name.startsWith('on')) faults.push(`a handler: ${name}`);
      if (name === 'href' && !value.startsWith('#') && !value.startsWith('data:'))
        faults.push(`a link: ${value}`);
    }
  }
  for (const tag of ['img', 'iframe', 'object', 'base', 'form'])
    if (tags.has(tag)) faults.push(`an element: ${tag}`);
  if (tags.get('script') !== 1) faults.push(`${tags.get('script') ?? 0} scripts`);
  const names_ = elements.filter(({ tagName }) => tagName === 'th').map(textOf);
  const said = spelled(names.workload).slice(0, 8);
  if (!names_.some((name) => name.startsWith(said))) faults.push('the workload is not there');
  return faults;
}

export function faultsOfTraceText(text: string): string[] {
  return parsed(text, (trace: unknown) => faultsOfTrace(trace));
}

export function faultsOfTerminal(text: string): string[] {
  const acting = Array.from(text).filter((char) => char !== '\n' && printable(char) !== char);
  return [
    ...acting.map((char) => `U+${char.codePointAt(0)!.toString(16)} acts on the terminal`),
    ...text
      .split('\n')
      .filter((line) => line.startsWith(FORGED))
      .map((line) => `a line is forged: ${line}`),
    ...commandsIn(text),
  ];
}

function parsed(text: string, check: (value: never) => string[]): string[] {
  let value: never;
  try {
    value = JSON.parse(Buffer.from(text).toString()) as never;
  } catch (error) {
    return [(error as Error).message];
  }
  return check(value);
}

function differs(what: string, said: string | undefined, is: string): string[] {
  return said === is ? [] : [`${what} is ${JSON.stringify(said)}`];
}

function fragmentOf(text: string): Node {
  return parseFragment(text);
}

function elementsBut(allowed: readonly string[], node: Node): string[] {
  return elementsIn(node)
    .filter(({ tagName }) => !allowed.includes(tagName))
    .map(({ tagName }) => `an element: ${tagName}`);
}

function elementsIn(node: Node): DefaultTreeAdapterTypes.Element[] {
  const children = 'childNodes' in node ? node.childNodes : [];
  const below = children.flatMap(elementsIn);
  return 'tagName' in node ? [node, ...below] : below;
}

function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}
