/*
 * Goal: the codes are the published ones, and several results come to the worst of them.
 */

import { expect, test } from 'vitest';

import { EXIT, EXIT_MEANS, worstExit } from '../../src/base/exit.ts';

test('the codes are those that scripts rely on', () => {
  expect(EXIT).toEqual({
    ok: 0,
    finding: 1,
    usage: 2,
    environment: 3,
    nothing: 4,
    incomplete: 5,
    internal: 70,
    regression: 99,
    sigint: 130,
    sigterm: 143,
  });
  expect(Object.keys(EXIT_MEANS)).toEqual(Object.keys(EXIT));
});

test('of two codes the worse one remains, whichever came first', () => {
  const published = [1, 70, 3, 99, 5, 0] as const; //  as `merge` documents it
  for (const [i, worse] of published.entries()) {
    for (const better of published.slice(i)) {
      expect(worstExit([worse, better])).toBe(worse);
      expect(worstExit([better, worse])).toBe(worse);
    }
  }
});

test('an empty shard is never a silent green, and neither is no result at all', () => {
  expect(worstExit([EXIT.ok, EXIT.nothing])).toBe(EXIT.nothing);
  expect(worstExit([])).toBe(EXIT.nothing);
});

test.for(Object.entries(EXIT))('%s alone remains itself', ([, code]) => {
  expect(worstExit([code])).toBe(code);
});
