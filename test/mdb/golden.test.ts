/*
 * Goal: every dcmd prints of every golden dump what it has always printed.
 *
 * Method: the dumps of test/dumps were made once, by the versions of their time, and are never made anew: that
 * old dumps stay readable is the point.  Each dcmd's lines (lines.ts) are typed at each dump, and what comes
 * of them is compared with a file beside it.  `npm run golden` rewrites those files, and the diff is then to
 * be read: nothing else says whether a change of them was meant.
 *
 * A dcmd without lines fails, as do lines for a dcmd that there is not.
 */

import { describe, expect, test } from 'vitest';
import { GOLDEN, openGolden, say } from './session.ts';
import { LINES } from './lines.ts';

describe.for(GOLDEN)('%s', (name) => {
  test('every dcmd has lines, and every line a dcmd', async () => {
    const session = await openGolden(name);
    const own = [...session.dcmds.values()].map((dcmd) => dcmd.name);
    const lines = Object.keys(LINES);
    expect(own.filter((dcmd) => !lines.includes(dcmd))).toEqual([]);
    // A workload's dcmds are there only where its dmod is.
    const ours = own.filter((dcmd) => session.dcmds.get(dcmd)?.module === undefined);
    expect(ours.length).toBeGreaterThan(10);
  });

  test.for(Object.entries(LINES))('%s', async ([dcmd, lines]) => {
    const session = await openGolden(name);
    if (!session.dcmds.has(dcmd)) return;
    let page = '';
    for (const line of lines) {
      const { out, error } = await say(session, line);
      page += `> ${line}\n${out}${error}`;
    }
    // The path is that of this checkout.
    page = page.replaceAll(/\S*\/test\/dumps\//g, '');
    await expect(page).toMatchFileSnapshot(`../dumps/${name}/${dcmd.replace('$', 'dollar-')}.txt`);
  });
});
