/*
 * A process that answers one question and ends: started by bench/processes.ts, which says what goes in and what comes out.
 */

import { toFail } from '../base/fail.ts';
import type { Asked } from './figure.ts';
import type { CellRecord } from './processes.ts';
import { answer } from './question-list.ts';

interface Order {
  readonly question: string;
  readonly asked: Asked;
}

function tell(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

const { question, asked } = JSON.parse(process.argv.at(-1)!) as Order;
try {
  const figures = await answer(question, asked, (cell, nth, of) =>
    tell({ type: 'cell', cell, nth, of } satisfies CellRecord),
  );
  for (const each of figures) tell(each);
} catch (thrown) {
  const { code, values, exit } = toFail(thrown);
  tell({ type: 'fail', code, values });
  process.exitCode = exit;
}
