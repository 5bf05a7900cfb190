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
import { withMatrix, type MatrixArgs } from '../matrix.ts';

interface Args extends JudgeArgs, ExportArgs, MatrixArgs {
  question: string[] | undefined;
  json: boolean;
  quick: boolean;
  against: string[];
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
      .example('$0 bench probe-cost --matrix node=20,22', ''),
  handler: async (args) => {
    const { question = [], json, quick, against } = args;
    if (args.matrix !== undefined) {
      refuseWithMatrix(args, 'bench');
      const { benchMatrix } = await import('../matrix.ts');
      await benchMatrix(args, question, { quick, against }, args.results, json);
      return;
    }
    const { bench, exitOf, headerOf, wantedOf } = await import('../../bench/bench.ts');
    const { exportFigures } = await import('../../compare/export.ts');
    const { sideOfFigures } = await import('../../compare/side.ts');
    const { metricsOfFigures } = await import('../../compare/metrics.ts');
    const { EXIT, worstExit } = await import('../../base/exit.ts');
    const { countOf } = await import('../options.ts');
    const { endOnSignals } = await import('../signals.ts');
    const isCompared = args.baseline !== undefined || args['save-baseline'] !== undefined;
    const processes = args.processes ?? (isCompared ? PROCESSES_OF_BASELINE : 1);
    const names = wantedOf(question).map((each) => `${each.question}.`);
    const judge = await judgeFor(args, args.results, 'bench', names);
    const write = (text: string): void => void process.stdout.write(text);
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    endOnSignals();
    const { figures, results } = await bench(question, {
      quick,
      against,
      json,
      write,
      say,
      processes: countOf('--processes', processes, 1, PROCESSES_MAX),
      resultsRoot: args.results,
    });
    const header = headerOf({ quick, against });
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
