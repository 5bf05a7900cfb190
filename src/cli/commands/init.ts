/*
 * gridlock init: a template for a CI or a cluster, which runs shards and merges them; or a workload or a lock to start from.
 *
 * Printed, or written where -o says.  A file that is there is somebody's: it is replaced only when --force
 * says so, and the write itself refuses, so nobody's file is lost between a look and a write.
 *
 * What stands behind -- is what each shard runs instead of soak: `gridlock init slurm -- run ./mine.js -n 1000`.  A soak is given
 * --duration, from which the job's limit is made as well; for anything else --duration only says how long it takes.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CommandModule } from 'yargs';
import type { Template, TemplateOptions } from '../templates/template.ts';

interface Args {
  template: string;
  duration: string;
  shards: number;
  name: string;
  cpus: number;
  image: string;
  output: string | undefined;
  force: boolean;
  _: (string | number)[];
}

/** Jobs of one array; GitHub's limit of a matrix is the lowest there is. */
const SHARDS_MAX = 256;
/** A DNS label, with room for what is added to it: what Kubernetes takes, and everybody else. */
const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;
/** A name of an image may have a registry, a port, a tag and a digest; never a space, a quote or a dollar. */
const IMAGE = /^[\w./:@-]+$/;

export const initCommand: CommandModule<object, Args> = {
  command: 'init <template>',
  describe: 'a template: github, gitlab, kubernetes, slurm, or a workload or a lock of your own',
  builder: (yargs) =>
    yargs
      .positional('template', { type: 'string', demandOption: true, describe: 'which' })
      .option('duration', {
        alias: 'd',
        type: 'string',
        default: '10m',
        requiresArg: true,
        describe: 'of a shard; the job may take longer, by what it needs besides',
      })
      .option('shards', {
        type: 'number',
        default: 4,
        requiresArg: true,
        describe: 'jobs that share the work',
      })
      .option('name', {
        type: 'string',
        default: 'gridlock',
        requiresArg: true,
        describe: 'of the jobs and of what they leave, or of the workload or lock',
      })
      .option('cpus', {
        type: 'number',
        default: 4,
        requiresArg: true,
        describe: 'kubernetes, slurm: processors of a shard',
      })
      .option('image', {
        type: 'string',
        default: 'gridlock',
        requiresArg: true,
        describe: 'kubernetes: an image with the project in its working directory, after npm ci',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'a file to write it to; without, stdout',
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'with -o: replace the file that is there',
      })
      .example('$0 init github -o .github/workflows/gridlock.yml', '')
      .example('$0 init gitlab --shards 8 -d 1h -- soak ./mine.js --load 4', '')
      .example('$0 init lock --name my-lock -o my-lock.js', ''),
  handler: async (args) => {
    const template = await templateOf(args.template);
    const text = template.print(await optionsOf(args));
    if (args.output === undefined) {
      process.stdout.write(text);
      return;
    }
    await write(args.output, text, args.force);
    process.stderr.write(`${args.output}: ${template.describe}\n`);
  },
};

async function templateOf(name: string): Promise<Template> {
  const { templates } = await import('../templates/index.ts');
  const found = templates.find((template) => template.engine === name);
  if (found !== undefined) return found;
  const { fail } = await import('../../base/fail.ts');
  const { suggest } = await import('../../base/suggest.ts');
  const names = templates.map((template) => template.engine);
  const meant = suggest(name, names);
  const known = `there are ${names.join(', ')}`;
  throw fail('USAGE', {
    what: `no template is named ${name}; ${meant === undefined ? known : `did you mean ${meant}?`}`,
    command: 'init',
  });
}

async function optionsOf(args: Args): Promise<TemplateOptions> {
  const { parseDuration } = await import('../../base/duration.ts');
  const { fail } = await import('../../base/fail.ts');
  const { quoted } = await import('../templates/template.ts');
  const { countOf } = await import('../options.ts');
  const usage = (what: string) => fail('USAGE', { what, command: 'init' });
  const shards = countOf('--shards', args.shards, 1);
  if (shards > SHARDS_MAX) throw usage(`--shards ${shards} is more than ${SHARDS_MAX}`);
  if (!NAME.test(args.name))
    throw usage(
      `--name ${args.name}: letters a to z, digits and dashes, at most 40, a letter first`,
    );
  if (!IMAGE.test(args.image)) throw usage(`--image ${args.image} is not the name of an image`);
  const given = args._.slice(1).map(String);
  if (given.some((word) => /\p{Cc}/u.test(word)))
    throw usage('a command of a shard is one line of text');
  const words = given.length === 0 ? ['soak'] : given;
  const durationMs = parseDuration(args.duration, '--duration');
  const isTimed = words[0] !== 'soak' || words.some((word) => /^(-d|--duration)/.test(word));
  return {
    name: args.name,
    shards,
    durationMs,
    cpus: countOf('--cpus', args.cpus, 1),
    image: args.image,
    command: quoted(isTimed ? words : [...words, '--duration', args.duration]),
  };
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  const { fail } = await import('../../base/fail.ts');
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      code === 'EEXIST'
        ? `${file} is there already; --force replaces it`
        : `cannot write ${file}: ${message}`;
    throw fail('USAGE', { what, command: 'init' }, { cause: error });
  }
}
