/*
 * Help, in the order in which it is read: what it is, examples, the verbs by what they are for, options by what they
 * decide, and last what a script needs to know.
 *
 * yargs has one order, in which verbs are one list and examples come last; so its page is taken apart at the blank lines, and
 * put together again.  A block that is not known stays where it was among the options: what is new must not be lost.
 */

import { EXIT, EXIT_MEANS } from '../base/exit.ts';

/** Verbs by what they are for; one that is in no row is shown behind them. */
const VERBS: readonly (readonly [group: string, verbs: readonly string[]])[] = [
  ['RUN', ['run', 'soak', 'replay', 'shrink']],
  ['LOOK INTO A FAILURE', ['mdb', 'analyze', 'trace', 'attach']],
  ['RESULTS', ['show', 'report', 'merge']],
  ['MEASURE', ['bench', 'compare']],
  ['SET UP', ['list', 'init', 'doctor', 'completion']],
];

export const EXAMPLES: readonly (readonly [command: string, does: string])[] = [
  ['$0 run', 'every shipped workload and variant'],
  ['$0 run dtrace-deadlock --variant wstub', 'one bug, until it shows or the time is up'],
  ['$0 run ./my-workload.js -n 100 -x', 'your own, a hundred trials, stop at the first failure'],
  [
    '$0 run kstat-race --matrix node=20,22 --matrix v8=default,jitless',
    'does it come there, too, and as often?',
  ],
  ['$0 soak -d 4h --timeout 5h', 'everything in turn, in a CI job of five hours'],
  ['$0 report latest --reporter junit,html', 'what it came to, for the CI and for people'],
  ['$0 merge shard-*/', 'several machines’ results as one'],
  ['$0 compare A=results/ID B=latest', 'is it slower, or does it fail more often?'],
  ['$0 analyze latest', 'who holds what, who waits, where, in the newest dump'],
  ['$0 mdb latest', 'the debugger, over it'],
  ['$0 replay latest', 'its schedule again, if a strategy chose it'],
];

/** The end of every page. */
function closing(): string[] {
  const exits = Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_MEANS[name as keyof typeof EXIT]}`,
  );
  return [
    ['EXIT CODES', ...exits].join('\n'),
    [
      'ENVIRONMENT',
      '  GRIDLOCK_<OPTION>  any option of run and soak: GRIDLOCK_HANG_TIMEOUT=30s',
      '  GRIDLOCK_SHARD=2/4, or GRIDLOCK_SHARD_TOTAL=4 where an engine tells the index alone',
      '  NO_COLOR, FORCE_COLOR',
    ].join('\n'),
  ];
}

/** A page of yargs in our order. */
export function arranged(page: string): string {
  const blocks = page.trimEnd().split(/\n{2,}/);
  const isOf = (head: string) => (block: string) => block.startsWith(`${head}:\n`);
  const first = blocks.findIndex((block) => HEAD.test(block));
  const about = first < 0 ? blocks : blocks.slice(0, first);
  const others = first < 0 ? [] : blocks.slice(first);
  const last = ['Judging', 'Several runtimes', 'Output', 'Options'];
  const known = ['Examples', 'Commands', 'Positionals', ...last];
  const of = (head: string): string[] => others.filter(isOf(head));
  return [
    ...about,
    ...of('Examples').map(headed),
    ...of('Commands').flatMap(verbs),
    ...of('Positionals').map(headed),
    ...others.filter((block) => !known.some((head) => isOf(head)(block))).map(headed),
    ...last.flatMap(of).map(headed),
    ...closing(),
    '',
  ].join('\n\n');
}

const HEAD = /^[A-Z][\w ]*:\n/;

/** `What to run:` as `WHAT TO RUN`. */
function headed(block: string): string {
  return block.replace(HEAD, (head) => `${head.slice(0, -2).toUpperCase()}\n`);
}

function verbs(block: string): string[] {
  // A verb is a line that names it, and those that its description goes on in.
  const entries = block.split(/\n(?= {2}gridlock )/).slice(1);
  const verbOf = (entry: string): string => /^ {2}gridlock (\S+)/.exec(entry)![1]!;
  const all = new Set(VERBS.flatMap(([, names]) => names));
  const groups = [
    ...VERBS,
    ['OTHERS', entries.map(verbOf).filter((verb) => !all.has(verb))] as const,
  ];
  return groups.flatMap(([group, names]) => {
    const own = entries.filter((entry) => names.includes(verbOf(entry)));
    return own.length === 0 ? [] : [[group, ...own].join('\n')];
  });
}
