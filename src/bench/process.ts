/*
 * A process that answers one question and ends: started by bench/processes.ts, which says what goes in and what comes out.
 */

import { toFail } from '../base/fail.ts';
import { answer } from './bench.ts';
import type { Asked } from './figure.ts';

interface Order {
  readonly question: string;
  readonly asked: Asked;
}

function tell(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

const { question, asked } = JSON.parse(process.argv.at(-1)!) as Order;
try {
  for (const each of await answer(question, asked)) tell(each);
} catch (thrown) {
  const { code, values, exit } = toFail(thrown);
  tell({ type: 'fail', code, values });
  process.exitCode = exit;
}
