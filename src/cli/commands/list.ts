/*
 * gridlock list: what there is to run.
 *
 * Shipped workloads, or the ones named, with their variants, the verdicts these declare, and every param
 * with its default and range.  The programs of the gallery are a table of one line each; name one to see
 * all of it.
 */

import type { CommandModule } from 'yargs';

interface Args {
  workload: string[] | undefined;
  json: boolean;
  strategies: boolean;
}

export const listCommand: CommandModule<object, Args> = {
  command: 'list [workload..]',
  describe: 'what there is to run: workloads, variants, params',
  builder: (yargs) =>
    yargs
      .positional('workload', {
        type: 'string',
        array: true,
        describe: 'names or paths; all that are shipped by default',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a workload' })
      .option('strategies', {
        type: 'boolean',
        default: false,
        describe: 'who can decide which thread runs, instead',
      }),
  handler: async ({ workload: given = [], json, strategies }) => {
    if (strategies) return listStrategies(json);
    const { loadWorkload } = await import('../../run/catalog.ts');
    const { galleryNames, shippedNames } = await import('../../run/shipped.ts');
    const { table } = await import('../../base/table.ts');
    const isAll = given.length === 0;
    const gallery = isAll ? galleryNames() : [];
    const inFull = isAll ? shippedNames() : given;
    for (const name of json ? [...inFull, ...gallery] : inFull) {
      const { workload } = await loadWorkload(name);
      if (json) {
        const { variants, params = {}, outcomes = {}, roles } = workload;
        const record = {
          type: 'workload',
          name: workload.name,
          given: name,
          title: workload.title,
          variants,
          params,
          outcomes,
          roles: roles.map((role) => role.name),
        };
        process.stdout.write(`${JSON.stringify(record)}\n`);
        continue;
      }
      const variants = Object.entries(workload.variants).map(([variant, { verdict, title }]) => [
        variant,
        verdict,
        title,
      ]);
      process.stdout.write(
        `${workload.name}: ${workload.title}\n\n${table(['variant', 'declares', 'what it is'], variants, { indent: 2 })}\n`,
      );
      const params = Object.entries(workload.params ?? {}).map(([param, p]) => [
        param,
        p.controlled === undefined ? String(p.default) : `${p.default}; -s ${p.controlled}`,
        p.type === 'int'
          ? `${p.min}..${p.max}`
          : p.type === 'choice'
            ? p.choices.join('|')
            : 'on|off',
        p.title,
      ]);
      if (params.length > 0)
        process.stdout.write(
          `\n${table(['param', 'default', 'range', 'what it is'], params, { indent: 2 })}\n`,
        );
      process.stdout.write('\n');
    }
    if (json || gallery.length === 0) return;
    const programs = await Promise.all(
      gallery.map(async (name) => {
        const { title, variants } = (await loadWorkload(name)).workload;
        return [name, Object.values(variants)[0]?.verdict, title];
      }),
    );
    process.stdout.write(
      `gallery: programs of a few steps, each with its bug (planted) and without (fixed), for run -s\n\n` +
        `${table(['program', 'planted', 'what it is'], programs, { indent: 2 })}\n`,
    );
  },
};

/** What -s takes, and what each does. */
async function listStrategies(json: boolean): Promise<void> {
  const { STRATEGIES } = await import('../../sched/strategies.ts');
  const { table } = await import('../../base/table.ts');
  const all = [
    ['free', 'the operating system decides'],
    ['noise', 'it decides, and threads stand still for a moment where it matters'],
    ...STRATEGIES.filter(({ name }) => name !== 'replay').map(({ name, says }) => [name, says]),
  ];
  const lines = all.map(([name, says]) => JSON.stringify({ type: 'strategy', name, says }));
  process.stdout.write(
    json ? `${lines.join('\n')}\n` : `${table(['strategy', 'what it does'], all)}\n`,
  );
}
