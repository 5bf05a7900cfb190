/*
 * A row of numbers as a row of bars, for a column of a table: ▁▃▇█, or _:=# where a terminal has no such letters.
 *
 * Bars begin at zero, not at the least: a column of rates that differ by a hundredth must look level.  A number that is
 * none leaves a gap.  Nothing at all, and rows of one, have no picture: there is no course to see in one point.
 *
 * Which letters.  Unicode on a terminal whose locale says UTF-8, and on those of Windows that are known to draw it; elsewhere, in a pipe
 * too, where the reader's font is unknown but his tools are not: blocks are text like any other, so only a
 * locale that says something else is taken for a no.
 */

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const ASCII = ['_', '.', ':', '-', '=', '+', '*', '#'] as const;
const GAP = '·';
const ASCII_GAP = '?';
/** More points than this are thinned out: a column is no plot. */
const POINTS_MAX = 32;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The bars, one a number.
 * @param most what is drawn full; the largest by default
 */
export function sparkline(
  values: readonly number[],
  { most, isUnicode = hasUnicode(process.env, process.platform) }: SparkOptions = {},
): string {
  if (values.length < 2) return '';
  const drawn = thinned(values);
  const full = most ?? Math.max(0, ...drawn.filter(Number.isFinite));
  const letters = isUnicode ? BLOCKS : ASCII;
  return drawn
    .map((value) => {
      if (!Number.isFinite(value)) return isUnicode ? GAP : ASCII_GAP;
      const share = full <= 0 ? 0 : Math.min(1, Math.max(0, value / full));
      return letters[Math.round(share * (letters.length - 1))]!;
    })
    .join('');
}

export interface SparkOptions {
  readonly most?: number;
  readonly isUnicode?: boolean;
}

/** Whether this terminal, or whoever reads the pipe, may be given more than ASCII. */
export function hasUnicode(env: Env, platform: string): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  if (platform === 'win32')
    return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] === 'vscode';
  // An empty one is as good as none, as setlocale(3) has it.
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((each) => each) ?? '';
  return locale === '' || /utf-?8/i.test(locale);
}

/** As many as fit: of each stretch its largest, since a peak that is left out is what was looked for. */
function thinned(values: readonly number[]): number[] {
  if (values.length <= POINTS_MAX) return [...values];
  return Array.from({ length: POINTS_MAX }, (_, i) => {
    const from = Math.floor((i * values.length) / POINTS_MAX);
    const to = Math.floor(((i + 1) * values.length) / POINTS_MAX);
    const there = values.slice(from, to).filter(Number.isFinite);
    return there.length === 0 ? NaN : Math.max(...there);
  });
}
