/*
 * ::json: what the command before it in a pipe printed, for a program.
 */

import type { Dcmd, Row } from '../dcmd.ts';
import { oops } from '../error.ts';
import { jsonOf } from '../json.ts';

export const json: Dcmd = {
  name: 'json',
  usage: '',
  address: 'none',
  summary: 'print what comes in as JSON, an object a line',
  help: 'Behind a pipe: ::threadlist | ::json ! jq .name.  With --json, every command is printed so.',
  *takesRows(rows): Iterable<Row> {
    for (const row of rows) {
      const text = jsonOf(row);
      yield text === undefined ? {} : { ...row, text };
    }
  },
  run() {
    throw oops('::json stands behind a pipe', '::threadlist | ::json');
  },
};
