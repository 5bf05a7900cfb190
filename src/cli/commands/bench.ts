/*
 * gridlock bench: how fast it is, each figure beside its floor of the same run.
 */

import type { CommandModule } from 'yargs';
import {
  attempt,
  judgeFor,
  refuseWithMatrix,
  sayRecord,
  withExports,
  withJudging,
  type ExportArgs,
  type JudgeArgs,
} from '../judging.ts';
import { withMatrix, type Asked as Options, type MatrixArgs } from '../matrix.ts';
import type { Asked } from '../../bench/figure.ts';

interface Args extends JudgeArgs, ExportArgs, MatrixArgs {
  question: string[] | undefined;
  json: boolean;
  quick: boolean;
  against: string[];
  threads: string[] | undefined;
  pin: boolean;
  processes: number | undefined;
  results: string;
}

/** Samples that find a few hundredths: what a baseline is worth making of. */
const PROCESSES_OF_BASELINE = 10;
const PROCESSES_MAX = 1_000;

export const benchCommand: CommandModule<object, Args> = {
  command: 'bench [question..]',
  describe: 'how fast it is: locks, detection, dumps',
  builder: (yargs) =>
    withMatrix(withExports(withJudging(yargs)))
      .positional('question', {
        type: 'string',
        array: true,
        describe:
          'which questions, or a figure of one, lock-pair.mutex; by default all that do not take minutes',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a figure' })
      .option('quick', {
        type: 'boolean',
        default: false,
        describe: 'shorter runs, wider intervals',
      })
      .option('against', {
        type: 'string',
        array: true,
        default: [],
        describe:
          'measure these beside ours: names of peers, all of them, or a file of your own (gridlock init lock prints one)',
      })
      .option('threads', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'numbers of threads, 2,4,8, in place of those that a question has itself',
      })
      .option('pin', {
        type: 'boolean',
        default: true,
        describe: 'pin the threads of machines to CPUs, as run does',
      })
      .option('processes', {
        type: 'number',
        requiresArg: true,
        describe: `ask each question of so many, one after the other: what a comparison needs; ${PROCESSES_OF_BASELINE} where there is a baseline, else 1`,
      })
      .option('results', {
        type: 'string',
        default: 'results',
        requiresArg: true,
        describe: 'where the figures are kept',
      })
      .example('$0 bench lock-contended --quick --against ./my-lock.js --against v8', '')
      .example('$0 bench probe-cost --matrix node=20,22', '')
      .example('$0 bench rwlock --matrix threads=2,4,8 --matrix pin=on,off', ''),
  handler: async (args) => {
    const { question = [], json, quick, against, threads, pin } = args;
    if (args.matrix !== undefined) {
      refuseWithMatrix(args, 'bench');
      const { benchMatrix } = await import('../matrix.ts');
      const options = { quick, against, threads, pin };
      await benchMatrix(args, question, options, args.results, json, async (each) => {
        const { checkAsked } = await import('../../bench/bench.ts');
        await checkAsked(question, await askedOf(each));
      });
      return;
    }
    const { bench, exitOf } = await import('../../bench/bench.ts');
    const { wantedOf } = await import('../../bench/asking.ts');
    const { exportFigures } = await import('../../compare/export.ts');
    const { sideOfFigures } = await import('../../compare/side.ts');
    const { metricsOfFigures } = await import('../../compare/metrics.ts');
    const { EXIT, worstExit } = await import('../../base/exit.ts');
    const { countOf } = await import('../options.ts');
    const { endOnSignals } = await import('../signals.ts');
    const isCompared = args.baseline !== undefined || args['save-baseline'] !== undefined;
    const processes = args.processes ?? (isCompared ? PROCESSES_OF_BASELINE : 1);
    const asked = await askedOf({ quick, against, threads, pin });
    const names = wantedOf(question, asked).map((each) => `${each.question}.`);
    const judge = await judgeFor(args, args.results, 'bench', names);
    const { write, say, onCell } = await tellersOf(json);
    endOnSignals();
    const { header, figures, results } = await bench(question, {
      ...asked,
      json,
      write,
      say,
      onCell,
      processes: countOf('--processes', processes, 1, PROCESSES_MAX),
      resultsRoot: args.results,
    });
    const exported = await attempt(() => {
      exportFigures(
        { json: args['export-json'], markdown: args['export-markdown'], csv: args['export-csv'] },
        header,
        figures,
      );
      return EXIT.ok;
    });
    const kept = results?.isWhole === false ? EXIT.environment : EXIT.ok;
    const came = worstExit([kept, exported, exitOf(figures)]);
    const exit = await judge.judge(
      () => ({
        side: () => sideOfFigures('now', results?.id ?? '', header, figures),
        metrics: () => metricsOfFigures(figures),
      }),
      came,
      json ? { people: () => {}, machine: sayRecord } : { people: write },
    );
    if (json) sayRecord({ type: 'end', exit });
    process.exitCode = exit;
  },
};

/** Where its words go: on a terminal, which cell is measured is a line below them, as it may take a while. */
async function tellersOf(json: boolean) {
  const { isInteractive } = await import('../../base/color.ts');
  const { Overdrawn } = await import('../../report/overdrawn.ts');
  const { stdout, stderr } = process;
  const line = new Overdrawn(stderr);
  const isShown = !json && isInteractive(stderr);
  return {
    write: (text: string): void => {
      line.erase();
      stdout.write(text);
    },
    say: (text: string): void => {
      line.erase();
      stderr.write(`${text}\n`);
    },
    onCell: (text: string): void => {
      if (isShown) line.draw([text]);
    },
  };
}

/** How the bench is asked, of the values of its options or of those that a matrix has in their place.  @throws Fail BAD_NUMBER */
async function askedOf({ quick, against, threads, pin }: Options): Promise<Asked> {
  const { threadsOf } = await import('../options.ts');
  return {
    quick: quick === true,
    against: (against ?? []) as readonly string[],
    pin: pin !== false,
    ...(threads === undefined ? {} : { threads: threadsOf([threads].flat().map(String)) }),
  };
}
