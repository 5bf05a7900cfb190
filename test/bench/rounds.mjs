/*
 * Runs rounds of an arena and tells what each lane came to: a process of its own, for machines are started from the build.
 *
 * argv: the spec of the arena and the order of the rounds, as JSON.
 */

import { Arena } from '../../dist/src/bench/arena.js';

const { spec, order } = JSON.parse(process.argv[2]);
const arena = new Arena(spec);
try {
  const lanes = await arena.rounds(order, ({ outcomes }) => outcomes);
  process.stdout.write(
    JSON.stringify(
      lanes.map(({ contender, rounds, failure }) => ({ name: contender.name, rounds, failure })),
    ),
  );
} finally {
  arena.stop();
}
