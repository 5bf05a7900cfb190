/*
 * Exit codes: what a shell, a CI job or a pod failure policy learns from us.
 *
 * A code is a promise to scripts, so each is written here and nowhere else.  The rest of the house
 * says EXIT.finding; a bare number after `process.exitCode =` is a mistake.
 *
 * Several results become one in WORST_FIRST order.  A finding is on top, since a bug that was seen
 * stays seen, whatever else went wrong around it.  Next come the reasons not to trust what a run
 * did not see.  A threshold missed is an opinion about a run that worked.  Just above ok stand the
 * runs that looked at too little: an empty shard is never a silent green.
 */

export const EXIT = {
  ok: 0,
  finding: 1,
  usage: 2,
  environment: 3,
  nothing: 4,
  incomplete: 5,
  internal: 70,
  regression: 99,
  sigint: 130,
  sigterm: 143,
} as const;

export type ExitName = keyof typeof EXIT;
export type ExitCode = (typeof EXIT)[ExitName];

/** One line for each code, for the EXIT CODES block of the help text. */
export const EXIT_MEANS: Readonly<Record<ExitName, string>> = {
  ok: 'every verdict and outcome is what the workload declares',
  finding: 'a forbidden verdict or outcome, or an expected bug that did not show',
  usage: 'bad usage or configuration, or an unknown workload',
  environment: 'this environment cannot run it: memory, cores, a missing part',
  nothing: 'nothing was selected, the shard was empty, nothing ran',
  incomplete: 'a merge lacks a shard, or one is truncated, and there is no finding',
  internal: 'a fault in gridlock itself',
  regression: 'a threshold or a baseline was missed, and nothing else',
  sigint: 'interrupted, after a flush',
  sigterm: 'terminated, after a flush',
};

const WORST_FIRST: readonly ExitName[] = [
  'finding',
  'internal',
  'usage',
  'environment',
  'regression',
  'sigterm',
  'sigint',
  'incomplete',
  'nothing',
  'ok',
];

/** The code that several results come to together; of none at all, `nothing`. */
export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes);
  const worst = WORST_FIRST.find((name) => seen.has(EXIT[name]));
  return EXIT[worst ?? 'nothing'];
}
