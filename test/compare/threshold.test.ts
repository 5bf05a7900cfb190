/*
 * Goal: thresholds are read as k6 reads them, what is wrong with one is said exactly, and what there is decides.
 *
 * Method: k6's own examples and its BNF, drawn from by fast-check; a table of mistakes; known figures and runs.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkMetric,
  checkTracked,
  judge,
  metricsOfFigures,
  metricsOfRun,
  RUN_METRICS,
  type Metric,
} from '../../src/compare/metrics.ts';
import {
  AGGREGATIONS,
  OPERATORS,
  parseThreshold,
  UNITS,
  type Threshold,
} from '../../src/compare/threshold.ts';
import { readRun } from '../../src/report/model.ts';
import type { Times } from '../../src/run/times.ts';
import { inScratch } from '../cli/gridlock.ts';
import { failedIn, processesOf, runDirectory } from './made.ts';

test('what k6 documents, and what is ours', () => {
  expect(parseThreshold('http_req_duration: p(95)<200')).toMatchObject({
    metric: 'http_req_duration',
    aggregation: 'p(N)',
    percentile: 95,
    operator: '<',
    value: 200,
    unit: null,
  });
  expect(parseThreshold(' a{type:html, n=2} :  p( 99.9 ) <= 1.5ms ')).toMatchObject({
    metric: 'a',
    tags: new Map([
      ['type', 'html'],
      ['n', '2'],
    ]),
    percentile: 99.9,
    operator: '<=',
    value: 1.5,
    unit: 'ms',
  });
  expect(parseThreshold('schedules.at 30,000 a second: med===33')).toMatchObject({
    metric: 'schedules.at 30,000 a second',
    operator: '===',
  });
});

test('all of the grammar, with spaces or without', () => {
  const space = fc.constantFrom('', ' ', '  ');
  const aggregation = fc.constantFrom(...AGGREGATIONS.map((each) => each.replace('N', '99.5')));
  const parts = fc.tuple(
    fc.constantFrom('lock-pair.mutex', 'verdicts.deadlock', 'a b'),
    fc.constantFrom('', '{a=1}', '{a:1,b=x y}'),
    aggregation,
    fc.constantFrom(...OPERATORS),
    fc.constantFrom('0', '12', '0.25', '1e3'),
    fc.constantFrom('', ...UNITS),
    space,
  );
  fc.assert(
    fc.property(parts, ([metric, tags, kind, operator, value, unit, gap]) => {
      const text = [`${metric}${tags}`, ':', kind, operator, `${value}${unit}`].join(gap);
      const read = parseThreshold(text);
      expect(read).toMatchObject({ text, metric, operator, value: Number(value) });
      expect(read.unit ?? '').toBe(unit);
      expect(read.aggregation).toBe(kind.startsWith('p(') ? 'p(N)' : kind);
    }),
  );
});

test.for([
  ['lock-pair.mutex med<1', /no colon is between a metric/],
  [': med<1', /no metric is before the colon/],
  ['a:', /nothing is behind the colon/],
  ['a: <1', /no aggregation is before the operator/],
  ['a: mde<1', /there is no aggregation mde; did you mean med\?/],
  ['a: p95<1', /there is no aggregation p95; did you mean p\(95\)\?/],
  ['a: p(101)<1', /p\(101\) is no percentile/],
  ['a: p(x)<1', /p\(x\) is no percentile/],
  ['a: med', /no operator is behind med; there are <= < >=/],
  ['a: med=1', /=1 does not begin with an operator behind med/],
  ['a: med<', /no value is behind the operator/],
  ['a: med<fast', /fast is no number/],
  ['a: med<1.5sec', /sec is no unit; there are ns, us/],
  ['a: med<1 && max<2', /one assertion: give --threshold twice/],
  ['a{b: med<1', /no colon is between/],
  ['a{b}: med<1', /b is no tag, which is name=value/],
  ['a{}: med<1', /\{\} is no tag/],
] as const)('%s', ([text, says]) => {
  expect(() => parseThreshold(text)).toThrow(
    expect.objectContaining({
      code: 'THRESHOLD_SYNTAX',
      exit: 2,
      message: expect.stringMatching(says) as string,
    }),
  );
});

test('whatever is given, it is read or refused by name', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(parseThreshold(text).text).toBe(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'THRESHOLD_SYNTAX' });
      }
    }),
  );
});

function judged(text: string, metrics: readonly Metric[]): (readonly [string, boolean])[] {
  return judge(parseThreshold(text), metrics).map(({ seen, isKept }) => [seen, isKept]);
}

test('of figures: over the floor without a unit, the time itself with one', () => {
  const metrics = metricsOfFigures([
    ...processesOf([10, 12, 14], { name: 'a' }, 10),
    ...processesOf([10, 20], { name: 'b', unit: 'ms', params: { threads: 2 } }),
    ...processesOf([90], { name: 'b', unit: 'ms', params: { threads: 4 } }),
    ...processesOf([5], { name: 'share', unit: '%' }),
  ]);
  expect(judged('q.a: med<=1.2', metrics)).toEqual([['1.200×floor', true]]);
  expect(judged('q.a: med<12ns', metrics)).toEqual([['12ns', false]]);
  expect(judged('q.a: max<0.02us', metrics)).toEqual([['0.01400us', true]]);
  expect(judged('q.a: count==9', metrics)).toEqual([['9', true]]);
  expect(judged('q.b{threads=2}: avg<16', metrics)).toEqual([['15ms', true]]);
  expect(judged('q.share: med<6%', metrics)).toEqual([['5%', true]]);
  // Each of them must keep it.
  expect(judged('q.b: max<50ms', metrics)).toEqual([
    ['20ms', true],
    ['90ms', false],
  ]);
});

test('a name alone is the figure without params, where there is one beside others', () => {
  const metrics = metricsOfFigures([
    ...processesOf([11], { name: 'mutex' }, 10),
    ...processesOf([90], { name: 'mutex', params: { lock: 'x', track: 'all' } }, 10),
    ...processesOf([13], { name: 'mutex', params: { lock: 'y' } }, 10),
  ]);
  expect(judged('q.mutex: med<1.25', metrics)).toEqual([['1.100×floor', true]]);
  expect(judged('q.mutex{lock=y}: med<1.25', metrics)).toEqual([['1.300×floor', false]]);
  // The control: without it, all of them.
  expect(judged('q.mutex: med<1.25', metrics.slice(1))).toEqual([
    ['9.000×floor', false],
    ['1.300×floor', false],
  ]);
});

test('what failed keeps nothing, in whichever process', () => {
  const metrics = metricsOfFigures([
    ...processesOf([10], { name: 'a' }, 10),
    failedIn(1, 'hung', { name: 'a' }),
    ...processesOf([10], { name: 'b' }),
  ]);
  expect(judged('q.a: med<9000', metrics)).toEqual([['hung', false]]);
  expect(judged('q.a: med!=1', metrics)).toEqual([['hung', false]]);
  expect(judged('q.b: med<9000', metrics)).toEqual([['10ns', true]]);
});

test.for([
  ['q.a: med<1%', /% does not fit: med of q\.a has the unit ns/],
  ['q.a: rate<1', /q\.a has no rate; it has avg, min, max, med, p\(N\), count/],
  ['q.a: count<1ms', /ms does not fit: count of q\.a has no unit/],
] as const)('%s cannot be asked', ([text, says]) => {
  const metrics = metricsOfFigures(processesOf([10], { name: 'a' }));
  expect(() => judge(parseThreshold(text), metrics)).toThrow(says);
});

test('an unknown metric: what was meant, and what there is', () => {
  const metrics = metricsOfFigures(processesOf([10], { name: 'mutex', params: { threads: 2 } }));
  const refused = (text: string): unknown => {
    try {
      return judge(parseThreshold(text), metrics);
    } catch (error) {
      return error;
    }
  };
  expect(refused('q.mutx: med<1')).toMatchObject({
    code: 'THRESHOLD_METRIC',
    exit: 2,
    hint: 'did you mean q.mutex?\nthere is q.mutex',
  });
  expect(refused('q.mutex{threads=3}: med<1')).toMatchObject({
    hint: expect.stringContaining('there is q.mutex{threads=2}') as string,
  });
});

test('of a run, what there can be is known before', () => {
  const check = (metric: string) => () => checkMetric({ metric } as Threshold, RUN_METRICS);
  expect(check('failures')).not.toThrow();
  expect(check('verdicts.deadlock')).not.toThrow();
  expect(check('outcomes.anything')).not.toThrow();
  expect(check('outcomes.')).toThrow(/nothing was measured that is called outcomes\./);
  expect(check('verdicts.deadlok')).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/verdicts\.deadlock\?/) as string }),
  );
});

test('of a run: counts, rates, and lengths of which some were cut off', () => {
  inScratch((root) => {
    const given = { name: 'r', failures: [1, 3, 5], passed: 88, outcomes: { hit: 4 } };
    const metrics = metricsOfRun(readRun(runDirectory(root, given)));
    expect(judged('failures: rate<=3%', metrics)).toEqual([['3.0%', true]]);
    expect(judged('failures: rate<0.03', metrics)).toEqual([['3.0%', false]]);
    expect(judged('verdicts.panic: count==0', metrics)).toEqual([['0', true]]);
    expect(judged('verdicts.deadlock: count>=3', metrics)).toEqual([['3', true]]);
    expect(judged('outcomes.hit: count>10', metrics)).toEqual([['16', true]]);
    expect(judged('schedules_to_failure: min==2', metrics)).toEqual([['2', true]]);
    expect(judged('schedules_to_failure: p(25)<5', metrics)).toEqual([['3', true]]);
    expect(judged('time_to_failure: p(25)<1s', metrics)[0]).toMatchObject([/s$/, true]);
    expect(judged('trial_seconds: value<2ms', metrics)[0]![1]).toBe(true);
    expect(() => judged('schedules_to_failure: avg<5', metrics)).toThrow(/has no avg; it has min/);
    // Nothing failed: longer than any number.
    const clean = metricsOfRun(readRun(runDirectory(root, { name: 'c', failures: [], passed: 9 })));
    expect(judged('schedules_to_failure: med>1000000', clean)).toEqual([['∞', true]]);
    expect(judged('schedules_to_failure: min<10', clean)).toEqual([['∞', false]]);
  });
});

test('of a run that was timed: all acquires of all trials, in nanoseconds', () => {
  inScratch((root) => {
    const given = { failures: [0, 0], passed: 0 };
    const metrics = (name: string, acquire_ns: Times): Metric[] =>
      metricsOfRun(readRun(runDirectory(root, { ...given, name, times: { acquire_ns } })));
    // Twice 50 acquires, of which one is slow.
    const counts = [
      [103, 49],
      [53_247, 1],
    ] as const;
    const timed = metrics('timed', { max: 51_230, counts });
    expect(judged('acquire_ns: p(99)<50us', timed)).toEqual([['51.23us', false]]);
    expect(judged('acquire_ns: p(98)<50us', timed)).toEqual([['0.1030us', true]]);
    expect(judged('acquire_ns: med<=103', timed)).toEqual([['103ns', true]]);
    expect(judged('acquire_ns: max<0.06ms', timed)[0]![1]).toBe(true);
    expect(judged('acquire_ns: min>100ns', timed)[0]![1]).toBe(true);
    expect(judged('acquire_ns: avg<2us', timed)).toEqual([['1.126us', true]]);
    expect(judged('acquire_ns: count==100', timed)).toEqual([['100', true]]);
    expect(judged('acquire_ns{workload=made-up}: count==100', timed)[0]![1]).toBe(true);
    expect(() => judged('acquire_ns: rate<1', timed)).toThrow(/acquire_ns has no rate; it has avg/);
    // The twin, without its slow ones.
    const quick = metrics('quick', { max: 101, counts: [[103, 50]] });
    expect(judged('acquire_ns: p(99)<50us', quick)).toEqual([['0.1010us', true]]);
    // To have acquired nothing is not to have acquired fast, nor slowly.
    const none = metrics('none', { max: 0, counts: [] });
    for (const threshold of ['p(99)<50us', 'max>=0', 'count==0'])
      expect(judged(`acquire_ns: ${threshold}`, none)[0]![1]).toBe(false);
    const untimed = metricsOfRun(readRun(runDirectory(root, { ...given, name: 'untimed' })));
    expect(() => judged('acquire_ns: max<1', untimed)).toThrow(/called acquire_ns/);
  });
});

test('what is not timed is refused before, with the command that would', () => {
  const check = (text: string, track: string) => () => {
    const threshold = parseThreshold(text);
    checkMetric(threshold, RUN_METRICS);
    checkTracked(threshold, track, 'run x.js');
  };
  expect(check('acquire_ns: p(99)<50us', 'events')).not.toThrow();
  expect(check('failures: count<1', 'held')).not.toThrow();
  expect(check('acquire_ns: p(99)<50us', 'held')).toThrow(
    expect.objectContaining({
      code: 'THRESHOLD_TRACK',
      exit: 2,
      message: expect.stringContaining('acquire_ns needs --track events') as string,
      hint: "gridlock run x.js --strategy free --track events --threshold 'acquire_ns: p(99)<50us'",
    }),
  );
  expect(check('acquire_nss: max<1', 'held')).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/did you mean acquire_ns\?/) as string }),
  );
});
