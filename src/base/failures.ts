/*
 * The table of failures: all that a person can act on, in one place, so that each can be found, and none is said twice.
 *
 * An entry is a code, the exit code it leads to, a message of one line, and a hint of as many lines as there is
 * advice: first what may have been meant, then the next command to try.  Templates know two marks:
 *
 *     {name}      a value, which fail() must be given
 *     [ … ]       a part that is left out unless all values inside it are given, and not empty
 *
 * A line of a hint that comes out empty is dropped.  To add an error, add an entry; fail.ts does the rest.  It is
 * long, and one thing: cut by topic, nobody would know in which part to look, or that what is wanted is there.
 *
 * The codes are public: scripts and --json see them.  Do not rename one; the message may improve.
 */

import type { ExitName } from './exit.ts';

interface Entry {
  readonly exit: ExitName;
  readonly says: string;
  readonly hint: readonly string[];
}

export const FAILS = {
  // What to run.
  UNKNOWN_WORKLOAD: {
    exit: 'usage',
    says: 'no workload is named {name}',
    hint: [
      '[did you mean {suggestion}?]',
      'gridlock list shows every workload; one of your own is given by its path, ./{name}.js',
    ],
  },
  UNKNOWN_VARIANT: {
    exit: 'usage',
    says: 'workload {workload} has no variant {name}; it has {known}',
    hint: [
      '[did you mean --variant {suggestion}?]',
      'gridlock list shows each variant and the verdict it declares',
    ],
  },
  WORKLOAD_NOT_FOUND: {
    exit: 'usage',
    says: 'there is no file {file}[ in {directory}]',
    hint: ['a shipped workload is given by its bare name: gridlock list shows them'],
  },
  WORKLOAD_IMPORT: {
    exit: 'usage',
    says: '{file} threw while it was imported: {message}[, at {at}]',
    hint: ['see it alone: node {file}'],
  },
  WORKLOAD_SHAPE: {
    exit: 'usage',
    says: '{file} is not a workload: {what}',
    hint: ['gridlock init workload prints a complete one to start from'],
  },
  NOTHING_SELECTED: {
    exit: 'nothing',
    says: 'nothing to run: {why}',
    hint: ['gridlock list shows what can be selected'],
  },

  // With which parameters.
  UNKNOWN_PARAM: {
    exit: 'usage',
    says: 'workload {workload} has no parameter {name}; it has {known}',
    hint: [
      '[did you mean -P {suggestion}=…?]',
      'gridlock list shows each parameter and its default',
    ],
  },
  PARAM_SYNTAX: {
    exit: 'usage',
    says: '-P {text} is not a name and a value',
    hint: ['write -P name=value, once for each parameter: -P threads=8 -P load=2'],
  },
  PARAM_TYPE: {
    exit: 'usage',
    says: 'parameter {name} is {value}, which is not {wanted}',
    hint: ['[write -P {name}={example}]', 'gridlock list shows each parameter and its default'],
  },
  PARAM_RANGE: {
    exit: 'usage',
    says: 'parameter {name} is {value}[ {unit}], outside {min} to {max}[ {unit}]',
    hint: ['gridlock list shows each parameter and its default'],
  },
  STRATEGY_UNKNOWN: {
    exit: 'usage',
    says: 'no strategy is named {name}; there are {known}',
    hint: [
      '[did you mean --strategy {suggestion}?]',
      'gridlock list --strategies says what each does',
    ],
  },

  // What to replay.
  REPLAY_PASSES: {
    exit: 'finding',
    says: 'that schedule comes to {verdict}[, and the program did not follow it at choice {strayed}]',
    hint: [
      'a schedule goes with the code that it was found with: gridlock replay shows what is left of it',
    ],
  },
  NOT_REPEATED: {
    exit: 'finding',
    says: 'one schedule came to {verdict}, and then to {other}: the program decides by what no schedule controls',
    hint: [
      'gridlock replay -n 10 of the token that was given shows where two replays differ first',
    ],
  },
  REPLAY_TOKEN: {
    exit: 'usage',
    says: '{token} is not a whole replay token: {what}',
    hint: [
      'a failure prints it behind gridlock replay, and gridlock analyze shows it for a dump',
      'the .sched file beside the dump is as good: gridlock replay FILE',
    ],
  },
  SCHEDULE_ALONE: {
    exit: 'usage',
    says: '{token} is a schedule, and does not say of which program',
    hint: ['the whole token begins with the workload: gridlock replay WORKLOAD:VARIANT:…:{token}'],
  },
  SCHEDULE_UNREADABLE: {
    exit: 'usage',
    says: '{file} cannot be read as a schedule: {what}',
    hint: ['the dump beside it, or the token in it, is as good: gridlock replay DUMP'],
  },
  NOT_CONTROLLED: {
    exit: 'usage',
    says: '{file} is a dump of a free run: no strategy chose, so there is no schedule to replay',
    hint: ['[what was run is run again, without a promise, by: {again}]'],
  },
  REPLAY_NOTHING: {
    exit: 'usage',
    says: 'there is no file {what}, and it is no replay token',
    hint: ['[the newest dump is {newest}]', 'a token has colons in it, as a failure printed it'],
  },

  // The command line.
  USAGE: {
    exit: 'usage',
    says: '{what}',
    hint: ['gridlock[ {command}] --help shows what it takes'],
  },
  UNKNOWN_OPTION: {
    exit: 'usage',
    says: '[gridlock {command}: ]unknown option {name}',
    hint: ['[did you mean {suggestion}?]', 'gridlock[ {command}] --help shows what it takes'],
  },
  BAD_NUMBER: {
    exit: 'usage',
    says: '[{where}: ]{text} is not {wanted}',
    hint: ['[for example {example}]'],
  },
  DURATION_SYNTAX: {
    exit: 'usage',
    says: '[{where}: ]{text} {reason}',
    hint: ['units are ms, s, m, h and d: 200ms, 60s, 1.5h, 4h30m'],
  },
  BUDGET: {
    exit: 'usage',
    says: '{option} {value} does not fit in --timeout {timeout}',
    hint: ['shorten {option}, or raise --timeout (and the limit of the CI job above it)'],
  },

  // Where it runs.
  ENVIRONMENT: {
    exit: 'environment',
    says: 'not enough {what} here: {have}, and {need} is needed',
    hint: ['gridlock doctor checks this and everything else'],
  },
  RESULTS_UNWRITABLE: {
    exit: 'environment',
    says: 'cannot write to {directory}: {reason}',
    hint: ['name another place: --results DIR'],
  },
  JOURNAL_FULL: {
    exit: 'environment',
    says: '{directory} takes nothing any more, and {mb} MB of its journal wait in memory: the run ends here',
    hint: [
      'what was measured is not lost: its {records} records that are not on the disk are printed at the end',
      'make room, and go on with a soak: gridlock soak --resume {directory}',
    ],
  },
  PORT_TAKEN: {
    exit: 'environment',
    says: 'port {port} of {host} {why}',
    hint: ['[{instead}]'],
  },
  OVERDUE: {
    exit: 'internal',
    says: 'its turn was not over by itself, and was cut off, so as to end within --timeout {timeout}',
    hint: ['what was finished before is kept', 'gridlock doctor checks this machine'],
  },
  MACHINE_LOST: {
    exit: 'internal',
    says: 'lost the machine (process {pid}) {when}: {how}',
    hint: ['[its last words are in {log}]', '[again: {replay}]'],
  },

  RUN_NOT_FOUND: {
    exit: 'usage',
    says: 'there is no run {run}[ in {directory}]',
    hint: ['runs are kept where --results says, in results/ by default'],
  },

  NOT_A_RUN: {
    exit: 'usage',
    says: '{directory} is a bench: it has figures, and no trials',
    hint: ['gridlock show {directory}', 'gridlock compare A={directory} B=OTHER'],
  },
  SCHEMA_UNKNOWN: {
    exit: 'usage',
    says: '{file} is of schema {schema}, and this gridlock reads schema {known}',
    hint: ['read it with the gridlock that wrote it: its manifest.json names the version'],
  },

  // Going on.
  RESUME_OTHER: {
    exit: 'usage',
    says: '{directory} was begun with {what} {one}, and is asked to go on with {other}',
    hint: [
      '[go on with what it had: gridlock soak --resume {directory} {option}]',
      '[go on with what it had, and leave {leave} out: gridlock soak --resume {directory}]',
      'or begin another soak, without --resume',
    ],
  },
  RESUME_CHANGED: {
    exit: 'usage',
    says: '{directory} cannot go on: what it ran is not what there is now[; gone: {gone}][; new: {added}]',
    hint: [
      'go on with the gridlock and the workloads that it was begun with, which its manifest.json names',
      'or begin another soak, without --resume',
    ],
  },

  // Parts of a run on several machines.
  SHARD: {
    exit: 'usage',
    says: '{where}: {what}',
    hint: [
      'say which part this is of how many, counted from 1: --shard 2/4, or GRIDLOCK_SHARD=2/4',
    ],
  },
  SHARD_SEED: {
    exit: 'usage',
    says: 'shard {shard} has no seed that its siblings have, too: neither a commit nor a run id is in the environment',
    hint: ['give all of them the same one: --seed 0x51f0, or GRIDLOCK_SEED=0x51f0'],
  },
  SHARD_WHOLE: {
    exit: 'usage',
    says: 'a search by {strategy} cannot be divided into shards: where it goes next depends on all that it has seen',
    hint: ['run it whole, on one machine; or divide random, pct, pos, surw or rff'],
  },
  MERGE_MIXED: {
    exit: 'usage',
    says: '{first} and {second} are not of one run: the {what} of one is {one}, of the other {other}',
    hint: ['merge those that belong together: gridlock show says of what run each is'],
  },
  MERGE_OUT: {
    exit: 'usage',
    says: '{directory} is there already, and is no merge',
    hint: ['name another place: --out DIR'],
  },

  // Several runtimes.
  MATRIX_AXIS: {
    exit: 'usage',
    says: '--matrix {text}: {what}',
    hint: [
      'an axis and its values, once for each axis: --matrix node=20,22 --matrix v8=default,jitless',
    ],
  },
  MATRIX_SIZE: {
    exit: 'usage',
    says: 'the matrix has {count} configurations, and {most} is the most',
    hint: ['each axis multiplies the others: leave one out, or give it fewer values'],
  },
  NODE_MISSING: {
    exit: 'environment',
    says: 'Node {versions} is not installed here[; what is: {found}]',
    hint: [
      '[install it: {command}]',
      '[{kept} is in it since npm takes away what no package.json asks for]',
      'or name the binary: --matrix node=PATH',
    ],
  },
  NODE_UNUSABLE: {
    exit: 'environment',
    says: '{file} cannot be run as Node: {reason}',
    hint: ['see it alone: {file} --version'],
  },
  UNKNOWN_FLAG: {
    exit: 'usage',
    says: 'the V8 of Node {version} has no flag {flag}',
    hint: ['[did you mean {suggestion}?]', 'node --v8-options lists what there is'],
  },
  CONFIGURATION: {
    exit: 'environment',
    says: 'Node {version} does not start with {flags}: {reason}',
    hint: ['leave it out of the matrix; nothing has run yet'],
  },

  UNKNOWN_REPORTER: {
    exit: 'usage',
    says: 'no reporter is named {name}; there are {known}',
    hint: ['[did you mean --reporter {suggestion}?]'],
  },
  REPORT_UNWRITABLE: {
    exit: 'environment',
    says: 'cannot write the report {reporter} to {file}: {reason}',
    hint: [
      'the run itself is kept; make it again: gridlock report {directory} --reporter {reporter}',
    ],
  },

  UNKNOWN_QUESTION: {
    exit: 'usage',
    says: 'the bench has no question {name}; it has {known}',
    hint: ['[did you mean {suggestion}?]'],
  },
  QUESTION_OPTION: {
    exit: 'usage',
    says: '{question} has no use for {option}: {what}',
    hint: [
      '[{option} goes with {known}]',
      'without any question, those are asked that it goes with, and that do not take minutes',
    ],
  },
  PEER_UNKNOWN: {
    exit: 'usage',
    says: 'no peer is named {name}; there are {known}, and all',
    hint: [
      '[did you mean --against {suggestion}?]',
      'a lock of your own is given by its path: --against ./{name}.js; gridlock init lock prints one',
    ],
  },
  PEER_NOT_FOUND: {
    exit: 'usage',
    says: 'there is no file {file} to measure against',
    hint: ['a peer that gridlock brings is given by its bare name: --against futex'],
  },
  PEER_UNASKED: {
    exit: 'usage',
    says: 'no question that is asked has a use for {peer}: what it has is {kinds}',
    hint: [
      '[asked of these, it is measured: {known}]',
      'gridlock init lock says what else a peer may have',
    ],
  },
  PEER_UNUSABLE: {
    exit: 'usage',
    says: '{peer} cannot be used as a peer: {what}',
    hint: ['gridlock init lock prints one that can, and says what each kind of lock must export'],
  },
  PEER_ABSENT: {
    exit: 'environment',
    says: '{peer} cannot run here: {what}',
    hint: [
      '[npm install {package}, where you call gridlock from]',
      '--against all takes those that can',
    ],
  },
  UNKNOWN_FIGURE: {
    exit: 'usage',
    says: '{question} has no figure {name}; it has {known}',
    hint: ['[did you mean {question}.{suggestion}?]'],
  },
  BENCH_PROCESS: {
    exit: 'internal',
    says: 'the process that was asked {question} ended {how}[: {said}]',
    hint: ['ask it alone, and see: gridlock bench {question}'],
  },
  NO_BENCH: {
    exit: 'usage',
    says: '{root} is no checkout of gridlock that can be measured: {what}',
    hint: ['name the directory of its package.json, and build it first: npm ci'],
  },

  // Comparing, and judging.
  COMPARE_SIDES: {
    exit: 'usage',
    says: 'a comparison has two sides, and {what}',
    hint: [
      'gridlock compare A=DIR B=DIR; several directories of one side have the same label',
      'gridlock compare --run A=CHECKOUT B=CHECKOUT lock-pair measures both in turn',
    ],
  },
  COMPARE_KINDS: {
    exit: 'usage',
    says: '{a} is a {kindA}, and {b} a {kindB}: they have nothing in common',
    hint: ['compare two benches, or two runs: gridlock show says which it is'],
  },
  COMPARE_NOTHING: {
    exit: 'nothing',
    says: 'nothing is in both {a} and {b}',
    hint: ['in {a}: {inA}', 'in {b}: {inB}'],
  },
  COMPARE_EMPTY: {
    exit: 'usage',
    says: '{from} has nothing to compare: {what}',
    hint: ['gridlock show {from} says what it got to'],
  },
  NOT_COMPARABLE: {
    exit: 'usage',
    says: '{from} is neither a results directory nor a baseline: {what}',
    hint: ['a results directory has a manifest.json; a baseline is what --save-baseline wrote'],
  },
  NO_BASELINE: {
    exit: 'usage',
    says: 'there is no baseline {name}[ in {directory}]',
    hint: ['[there are {known}]', 'make it first: --save-baseline {name}'],
  },
  BASELINE_EMPTY: {
    exit: 'usage',
    says: 'the baseline {file} is empty: {what}',
    hint: ['make it again: --save-baseline {name}'],
  },
  NOISE_SYNTAX: {
    exit: 'usage',
    says: '--noise {text} is not a share: a number and a percent sign, 0% to 100%',
    hint: ['for example --noise 1%'],
  },
  THRESHOLD_SYNTAX: {
    exit: 'usage',
    says: '--threshold: in {text}, {what}',
    hint: [
      'a threshold is METRIC: AGGREGATION OPERATOR VALUE, as k6 has them',
      "for example 'lock-pair.mutex: med<1.25', 'boot.cold: p(90)<800ms', 'failures: rate<=1%'",
    ],
  },
  THRESHOLD_METRIC: {
    exit: 'usage',
    says: '--threshold: nothing was measured that is called {name}',
    hint: ['[did you mean {suggestion}?]', 'there is {known}'],
  },
  THRESHOLD_TRACK: {
    exit: 'usage',
    says: '--threshold: {name} needs --track events, and --strategy free: nobody times a lock otherwise',
    hint: ['gridlock {command} --strategy free --track events --threshold {threshold}'],
  },
  EXPORT_UNWRITABLE: {
    exit: 'environment',
    says: 'cannot write {file}: {reason}',
    hint: ['name another place'],
  },

  // Dumps.
  DUMP_NOT_FOUND: {
    exit: 'usage',
    says: 'there is no dump at {file}',
    hint: ['[the newest is {newest}]', 'gridlock show latest names the dumps of the last run'],
  },
  DUMP_UNREADABLE: {
    exit: 'usage',
    says: '{file} cannot be read as a dump: {what}, at {where}',
    hint: ['a dump is a zip archive, so unzip -t {file} tells whether it is whole'],
  },

  // Us.
  INTERNAL: {
    exit: 'internal',
    says: 'gridlock itself is at fault: {what}',
    hint: ['please report it with the stack, gridlock --version and node --version'],
  },
} as const satisfies Readonly<Record<string, Entry>>;
