/*
 * How long until it fails, when not everything was watched until it failed: Kaplan and Meier (1958).
 *
 * An observation is a length: of schedules, of seconds.  It ends with a failure, or it is cut off because
 * the watching stopped (censored): then all we know is that it is longer.  To drop the cut ones, or to take
 * them for failures, makes things look worse than they are, and the more so the rarer the failure.
 *
 *     S(t) = product over failures at u <= t of (1 - d/r)     d failed at u, r were watched up to u
 *
 * One that is cut at u still counts as watched at u.  The interval is Greenwood's (1926), on the scale of
 * log(-log S), where it stays between 0 and 1 (Kalbfleisch and Prentice 1980; in R conf.type="log-log").
 * Where S is 0 that scale ends, and there is no interval: null.
 *
 * A quantile is where S comes down to 1 - q.  Where S is exactly that for a while, it is the middle of the
 * while, as the median of an even number is, and as R has it; where S never comes down so far, it is not
 * known: null.
 */

/** S after the failures at one length. */
export interface Step {
  readonly at: number;
  /** observations that were watched up to here */
  readonly watched: number;
  readonly failed: number;
  readonly survival: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Curve {
  /** one for each length at which something failed, in order */
  readonly steps: readonly Step[];
  /** the longest observation; 0: there is none */
  readonly longest: number;
}

const Z_95 = 1.959963984540054; //  the 0.975 quantile of the normal distribution

// What is lost by multiplying a few thousand factors, and far less than one observation of millions.
const ROUNDING = 1e-10;

/** The curve of what failed after so long, and of what was cut off after so long. */
export function kaplanMeier(failed: Iterable<number>, cut: Iterable<number>): Curve {
  const ends = Float64Array.from(failed).sort();
  const cuts = Float64Array.from(cut).sort();
  const steps: Step[] = [];
  let survival = 1;
  let greenwood = 0;
  let cutBefore = 0;
  for (let i = 0; i < ends.length;) {
    const at = ends[i]!;
    while (cutBefore < cuts.length && cuts[cutBefore]! < at) cutBefore++;
    const watched = ends.length - i + (cuts.length - cutBefore);
    const from = i;
    while (i < ends.length && ends[i] === at) i++;
    const here = i - from;
    survival *= (watched - here) / watched;
    greenwood += here / (watched * (watched - here));
    steps.push({ at, watched, failed: here, survival, ...logLog(survival, greenwood) });
  }
  return { steps, longest: Math.max(0, ends.at(-1) ?? 0, cuts.at(-1) ?? 0) };
}

/** The length that a share q does not survive; null: the curve does not come down so far. */
export function survivalQuantile({ steps, longest }: Curve, q: number): number | null {
  const level = 1 - q;
  const first = steps.findIndex(({ survival }) => survival <= level + ROUNDING);
  const step = steps[first];
  if (step === undefined) return null;
  if (step.survival < level - ROUNDING || step.survival === 0) return step.at;
  return (step.at + (steps[first + 1]?.at ?? longest)) / 2;
}

function logLog(survival: number, greenwood: number): { low: number | null; high: number | null } {
  if (survival === 0) return { low: null, high: null };
  const spread = Math.exp((Z_95 * Math.sqrt(greenwood)) / -Math.log(survival));
  return { low: survival ** spread, high: survival ** (1 / spread) };
}
