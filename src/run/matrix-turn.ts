/*
 * A turn of a matrix: the records of one child, as they become ours.
 *
 * A child has a results directory of its own, below ours, and says its records on stdout as it goes.  What becomes of one:
 *
 *     header                  its manifest is there by now: the campaigns that it will run are entered
 *     of a campaign           told with its configuration and the number of the campaign, and counted
 *     summary                 the same; where there are rounds it is that of one, and ours comes when the child has ended
 *     end                     none of ours: ours is written when all have ended
 *     any other               told with its configuration
 *
 * Dumps are linked into our directory, so that it can be sent to somebody without those of the children; where there is no link
 * between two places, they are copied.  A line that runs a trial again says the configuration, too.
 */

import { copyFileSync, existsSync, linkSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CampaignFacts, Summary } from './campaign-records.ts';
import type { Configuration } from './matrix-axes.ts';
import { summaryOf, TurnCount, type MatrixCampaigns, type Place } from './matrix-campaigns.ts';
import type { Came } from './matrix-records.ts';
import type { ResultsDir } from './results.ts';
import type { Fields } from './schema.ts';

export interface TurnOptions {
  readonly configuration: Configuration;
  /** where the child has its results directory */
  readonly root: string;
  /** whether the child's summaries are the last word on its campaigns */
  readonly isOnly: boolean;
  readonly campaigns: MatrixCampaigns;
  readonly results: ResultsDir;
  /** hears each record of ours */
  readonly tell: (record: object) => void;
  /** hears what was asked of the child, when it says that it has begun, and whether a campaign of it is new */
  readonly learned: (asked: readonly object[], isNew: boolean) => void;
}

export class MatrixTurn {
  /** whether the child found that something grew */
  hasGrown = false;
  private readonly options: TurnOptions;
  private readonly counted = new TurnCount();
  private directory: string | undefined;

  constructor(options: TurnOptions) {
    this.options = options;
  }

  /** Whether no record of a campaign came. */
  get isEmpty(): boolean {
    return this.counted.isEmpty;
  }

  get came(): readonly Came[] {
    return this.counted.list();
  }

  /** Enters a line of the child's stdout; what is no record is none. */
  hear(line: string): void {
    const record = parse(line);
    if (record === undefined || record['type'] === 'end') return;
    if (record['type'] === 'header') this.learn();
    if (record['type'] === 'growth') this.hasGrown = true;
    const { configuration, campaigns, isOnly, tell } = this.options;
    const { name } = configuration;
    const place = typeof record['workload'] === 'string' ? campaigns.of(name, record) : undefined;
    if (place === undefined) {
      tell({ ...record, configuration: name });
      return;
    }
    const ours = {
      ...record,
      configuration: name,
      campaign: place.number,
      ...this.adopted(record),
    };
    if (record['type'] === 'summary') {
      place.said = place.last = ours as unknown as Summary;
      if (isOnly) tell(place.last);
      return;
    }
    this.counted.count(place, ours);
    tell(ours);
  }

  /** The child has ended: what its campaigns came to so far. */
  sumUp(): void {
    const { isOnly, tell } = this.options;
    const said: readonly Place[] = this.counted.sumUp();
    if (!isOnly) for (const place of said) tell(summaryOf(place));
  }

  /** What the manifest of the child says of its campaigns becomes part of ours. */
  private learn(): void {
    const { root, configuration, campaigns, learned } = this.options;
    const [id] = readdirSync(root);
    if (id === undefined) return;
    this.directory = join(root, id);
    const manifest = JSON.parse(readFileSync(join(this.directory, 'manifest.json'), 'utf8')) as {
      campaigns?: CampaignFacts[];
      asked?: object[];
    };
    const entered = (manifest.campaigns ?? []).map((facts) =>
      campaigns.enter(configuration.name, facts),
    );
    learned(manifest.asked ?? [], entered.includes(true));
  }

  /** A record of the child as one of ours: its dumps are here, too. */
  private adopted(record: Fields): Fields {
    const { dump, replay, failures } = record;
    return {
      ...record,
      ...(typeof dump === 'string' ? { dump: this.adopt(dump) } : {}),
      ...(typeof replay === 'string' ? { replay: this.configured(replay) } : {}),
      ...(Array.isArray(failures)
        ? { failures: failures.map((each: Fields) => this.adopted(each)) }
        : {}),
    };
  }

  /** A line that runs a trial again, as it was configured; a schedule says all that decides its trial. */
  private configured(replay: string): string {
    if (!replay.startsWith('gridlock run ')) return replay;
    const { settings } = this.options.configuration;
    const axes = Object.entries(settings).map(([axis, value]) => `--matrix ${axis}=${value}`);
    return [replay, ...axes].join(' ');
  }

  /** Links a dump, and the schedule beside it.  @returns its name here; null where it is not there */
  private adopt(dump: string): string | null {
    const { directory } = this;
    const { root, results } = this.options;
    if (directory === undefined) return null;
    const name = `dumps/${basename(root)}-${basename(dump)}`;
    const [from, to] = [join(directory, dump), join(results.directory, name)];
    if (existsSync(to)) return name;
    if (!results.attempt(to, () => linkOrCopy(from, to))) return null;
    const [schedule, here] = [from, to].map((file) => file.replace(/\.dump$/, '.sched'));
    if (existsSync(schedule!)) results.attempt(here!, () => linkOrCopy(schedule!, here!));
    return name;
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function parse(line: string): Fields | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? (record as Fields) : undefined;
  } catch {
    return undefined;
  }
}
