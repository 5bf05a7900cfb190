/*
 * The campaigns of a matrix: what each came to in one configuration, over all rounds.
 *
 * A round is a shard of the trials (shard.ts), run by a process of its own, which says a summary of its own.  Here the
 * records are added up (ledger.ts), so that the rounds of a campaign come to what one run of all its trials would have.
 *
 * Grades are given anew from all rounds: a declared bug must have shown in one of them, and not in each.  Anything else that
 * was forbidden in a round stays so.  Where there is one round, what the child says of itself is taken as it is, for it
 * knows more than its records do: coverage, a digest, whether a search was exhausted.
 */

import type { CampaignFacts, SeriesRecord, Summary, TrialRecord } from './campaign-records.ts';
import { Ledger } from './ledger.ts';
import type { Came } from './matrix-records.ts';
import type { Fields } from './schema.ts';

/** A summary as the journal has it. */
export type Placed = Summary & { readonly campaign: number; readonly configuration: string };

/** A campaign in one configuration. */
export interface Place {
  readonly number: number;
  readonly facts: CampaignFacts & { readonly configuration: string };
  readonly ledger: Ledger;
  /** the last that the child of this turn said of it */
  said: Summary | undefined;
  /** the last that any did */
  last: Summary | undefined;
  /** grades of its turns */
  readonly grades: Set<string>;
}

export class MatrixCampaigns {
  private readonly places = new Map<string, Place>();

  /** Of all, in the order of their numbers; for the manifest. */
  get facts(): readonly CampaignFacts[] {
    return [...this.places.values()].map(({ facts }) => facts);
  }

  /** Those that had a trial. */
  get ran(): readonly Place[] {
    return [...this.places.values()].filter(({ ledger }) => ledger.trials > 0);
  }

  /** The campaign that a record of this configuration is of. */
  of(configuration: string, record: Fields): Place | undefined {
    return this.places.get(keyOf(configuration, record));
  }

  /** Enters a campaign that a child says it has.  @returns whether it is new */
  enter(configuration: string, facts: CampaignFacts): boolean {
    const key = keyOf(configuration, { ...facts });
    if (this.places.has(key)) return false;
    this.places.set(key, {
      number: this.places.size,
      facts: { ...facts, settings: { ...facts.settings, configuration }, configuration },
      ledger: new Ledger(facts, facts.declared),
      said: undefined,
      last: undefined,
      grades: new Set(),
    });
    return true;
  }
}

/** What the campaigns came to in one turn. */
export class TurnCount {
  private readonly came = new Map<Place, { trials: number; verdicts: Record<string, number> }>();

  get isEmpty(): boolean {
    return this.came.size === 0;
  }

  /** A record of one of them, which enters into its ledger, too. */
  count(place: Place, record: Fields): void {
    const came = this.came.get(place) ?? { trials: 0, verdicts: {} };
    this.came.set(place, came);
    const add = (verdict: string, trials: number): void => {
      came.trials += trials;
      came.verdicts[verdict] = (came.verdicts[verdict] ?? 0) + trials;
    };
    if (record['type'] === 'trial') {
      place.ledger.trial(record as unknown as TrialRecord);
      add(String(record['verdict']), 1);
    } else if (record['type'] === 'series') {
      const series = record as unknown as SeriesRecord;
      place.ledger.passed(series);
      if (series.passed > 0) add('pass', series.passed);
    }
  }

  /** The turn is over.  @returns the campaigns of which its child said what they came to */
  sumUp(): Place[] {
    return [...this.came.keys()].filter((place) => {
      const { said } = place;
      if (said === undefined) return false;
      place.said = undefined;
      place.grades.add(said.grade);
      place.ledger.turn(said);
      return true;
    });
  }

  list(): Came[] {
    return [...this.came].map(([{ facts }, { trials, verdicts }]) => {
      const { workload, variant, strategy } = facts;
      return { workload, variant, strategy, trials, verdicts };
    });
  }
}

/** All turns of a campaign so far. */
export function summaryOf({ ledger, facts, number }: Place): Placed {
  const { configuration } = facts;
  return { ...ledger.summary(), campaign: number, configuration };
}

/** The last word on a campaign. */
export function judged(place: Place): Summary {
  const summary = summaryOf(place);
  return isForbidden(place) ? { ...summary, grade: 'forbidden' } : summary;
}

/** Whether it came to what it must not: in a round, or by not coming to what it declares in any. */
export function isForbidden({ ledger, facts, grades }: Place): boolean {
  const isUnshown = facts.declared !== 'pass' && !ledger.showed && grades.has('forbidden');
  return isUnshown || ledger.summary().grade === 'forbidden';
}

function keyOf(configuration: string, { workload, variant, strategy }: Fields): string {
  return [configuration, workload, variant, strategy].join('\n');
}
