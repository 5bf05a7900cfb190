/*
 * gridlock doctor: whether this machine can run what gridlock does, and what it must do without.
 */

import type { CommandModule } from 'yargs';

export const doctorCommand: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'whether this machine can run it, and what is missing',
  builder: (yargs) =>
    yargs.option('json', { type: 'boolean', default: false, describe: 'one JSON object a check' }),
  handler: async ({ json }) => {
    const { examine } = await import('../../run/doctor.ts');
    const { table } = await import('../../base/table.ts');
    const { EXIT } = await import('../../base/exit.ts');
    const checks = await examine();
    if (json)
      for (const check of checks)
        process.stdout.write(`${JSON.stringify({ type: 'check', ...check })}\n`);
    else
      process.stdout.write(
        `${table(
          ['check', 'state', 'what was found'],
          checks.map((c) => [c.name, c.state, c.found]),
        )}\n`,
      );
    if (checks.some(({ state }) => state === 'broken')) process.exitCode = EXIT.environment;
  },
};
