/*
 * Goal: what a person writes is understood or refused with a reason; nothing is understood wrongly.
 * Method: tables for both, and properties for the way there and back.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  DURATION_MS_MAX,
  exactDuration,
  formatDuration,
  formatNs,
  parseDuration,
} from '../../src/base/duration.ts';

test.for([
  ['200ms', 200],
  ['60s', 60_000],
  ['10m', 600_000],
  ['1.5h', 5_400_000],
  ['1.1h', 3_960_000],
  ['4h30m', 16_200_000],
  ['1h1m1s1ms', 3_661_001],
  ['2d', 172_800_000],
  ['0.5ms', 0.5],
  ['0s', 0],
  ['24d20h', 2_145_600_000],
] as const)('%s is %i ms', ([text, ms]) => {
  expect(parseDuration(text)).toBe(ms);
});

test.for([
  ['60', '60 has no unit, write 60s'],
  ['1.5', '1.5 has no unit, write 1.5s'],
  ['', "'' is not a duration"],
  ['fast', 'fast is not a duration'],
  ['-5s', '-5s is not a duration'],
  ['4h 30m', '4h 30m is not a duration'],
  ['1e3s', '1e3s has the unit e, which is not one'],
  ['5sec', '5sec has the unit sec, which is not one'],
  ['1H', '1H has the unit H, which is not one'],
  ['5constructor', '5constructor has the unit constructor, which is not one'],
  ['30m4h', '30m4h names m before h'],
  ['1m2m', '1m2m names m twice'],
  ['1.5h30m', '1.5h30m goes on after a fraction, 1.5h'],
  ['4h30', '4h30 is not a duration'],
  ['25d', '25d is longer than a timer can wait, 596h31m23s647ms'],
] as const)('%s is refused', ([text, message]) => {
  expect(() => parseDuration(text)).toThrow(message);
});

test('the error names the option', () => {
  expect(() => parseDuration('60', '--duration')).toThrow('--duration: 60 has no unit, write 60s');
});

test.for([
  [0, '0ms'],
  [0.024, '0.024ms'],
  [1.62, '1.6ms'],
  [9.97, '10ms'],
  [99.7, '100ms'],
  [340.2, '340ms'],
  [999.6, '1s'],
  [1234, '1.2s'],
  [59_949, '59.9s'],
  [59_960, '1m'],
  [125_400, '2m5s'],
  [16_200_000, '4h30m'],
  [180_000_000, '50h'],
  [-1234, '-1.2s'],
  [NaN, '-'],
] as const)('%d ms reads %s', ([ms, text]) => {
  expect(formatDuration(ms)).toBe(text);
});

test.for([
  [0, '0ns'],
  [111, '111ns'],
  [999.4, '999ns'],
  [999.6, '1us'],
  [2049, '2us'],
  [2051, '2.1us'],
  [9949, '9.9us'],
  [9951, '10us'],
  [73_727, '74us'],
  [999_600, '1ms'],
  [7_602_175, '7.6ms'],
  [4_294_967_295, '4.3s'],
  [-111, '-111ns'],
  [NaN, '-'],
] as const)('%d ns reads %s', ([ns, text]) => {
  expect(formatNs(ns)).toBe(text);
});

const wholeMs = fc.integer({ min: 0, max: DURATION_MS_MAX });

test('an exact duration parses to the same', () => {
  fc.assert(
    fc.property(wholeMs, (ms) => {
      expect(parseDuration(exactDuration(ms))).toBe(ms);
    }),
  );
});

test('a formatted duration is off by no more than it shows, and formats to itself', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: DURATION_MS_MAX - 1000, noNaN: true }), (ms) => {
      const text = formatDuration(ms);
      const back = parseDuration(text);
      expect(Math.abs(back - ms)).toBeLessThanOrEqual(Math.max(0.05, ms * 0.06));
      expect(formatDuration(back)).toBe(text);
    }),
  );
});

test('any text is a duration or refused as one', () => {
  const looksRight = fc.stringMatching(/^[0-9.hmsd -]{0,12}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), looksRight), (text) => {
      try {
        const ms = parseDuration(text);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(DURATION_MS_MAX);
      } catch (error) {
        expect(error).toMatchObject({ code: 'DURATION_SYNTAX' });
      }
    }),
  );
});
