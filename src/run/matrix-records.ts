/*
 * What a matrix leaves behind, beside the records of its children: in its manifest, and in its journal.
 *
 * Records of children are in the journal as they came, each with its configuration and the number of its campaign, as in a
 * merge (report/model.ts).  Between them there is one more for each child that ended:
 *
 *     {"type":"configuration","configuration":"node=22.23.3","round":1,"exit":0,"signal":null,"seconds":4.1,
 *      "message":null,"came":[{"workload","variant","strategy","trials","verdicts"}]}
 *
 * `came` is what that one turn came to, which the summaries of several rounds no longer tell apart.
 */

import type { Summary } from './campaign-records.ts';
import type { Axis, Configuration } from './matrix-axes.ts';

export type MatrixCommand = 'run' | 'soak' | 'bench';

/** A child that ended. */
export interface TurnEnd {
  readonly type: 'configuration';
  readonly configuration: string;
  readonly round: number;
  readonly exit: number | null;
  readonly signal: string | null;
  readonly seconds: number;
  /** what it said last, where it failed */
  readonly message: string | null;
  readonly came: readonly Came[];
}

/** What a campaign came to in one turn. */
export type Came = Pick<Summary, 'workload' | 'variant' | 'strategy' | 'trials' | 'verdicts'>;

/** What a manifest says of a matrix. */
export interface MatrixFacts {
  readonly command: MatrixCommand;
  readonly rounds: number;
  readonly axes: readonly Axis[];
  readonly configurations: readonly Pick<Configuration, 'name' | 'settings'>[];
}
