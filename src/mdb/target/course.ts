/*
 * The course of a controlled run, read from the log in the image (kbaton, kchoice).
 *
 * An object of a lock operation is a lock, and has a name of its own.  What is read or written is a field: the global
 * that it lies in, and the path of the field there, `purse.balance`, as far as the dump has the type.
 */

import { endingOf, type Course, type Step } from '../../dump/course.ts';
import type { StructInfo } from '../../dump/format.ts';
import { choicesIn } from '../../dump/rings.ts';
import { lockName } from './lockname.ts';
import { oops } from '../error.ts';
import { record, type Record } from './record.ts';
import { eyesOf } from './rings.ts';
import type { Target } from './target.ts';

const CHOICES_MAX = 1 << 24;
/** Steps that a page is made from: there is no room for more. */
const PAGE_STEPS = 2_000;
const FIELDS: ReadonlySet<string> = new Set(['read', 'write']);

/** Of a controlled run that ended: its last steps.  Undefined for a free run. */
export function courseOf(target: Target): Course | undefined {
  if (!isControlled(target)) return undefined;
  const baton = batonOf(target);
  const choices = Math.min(baton.number('step'), CHOICES_MAX);
  return {
    choices,
    preemptions: baton.number('preemptions'),
    steps: stepsOf(target, Math.max(0, choices - PAGE_STEPS)),
    ending: endingOf(target.dump),
  };
}

/** The choices from one on.  @throws MdbError for a dump of a free run */
export function stepsOf(target: Target, from = 0): Step[] {
  const count = Math.min(batonOf(target).number('step'), CHOICES_MAX);
  const choices = choicesIn(eyesOf(target), from, count) ?? [];
  return choices.map(({ choice, thread, op, object }) => {
    const name = FIELDS.has(op) ? fieldName(target, object) : lockName(target, object);
    return {
      choice,
      thread,
      name: target.threads[thread]?.name ?? `#${thread}`,
      text: object === 0 ? op : `${op} ${name}`,
    };
  });
}

function isControlled(target: Target): boolean {
  if (target.types.find('kbaton') === undefined) return false;
  return record(target, 'image_header', 0n).big('baton') !== 0n;
}

function batonOf(target: Target): Record {
  if (!isControlled(target)) {
    throw oops(
      'this is a dump of a free run: no strategy chose',
      '::events has what the threads did',
    );
  }
  return record(target, 'kbaton', record(target, 'image_header', 0n).big('baton'));
}

/** The field of a global at an address, by its path; what else has a name, by that. */
function fieldName(target: Target, address: number): string {
  const data = target.dataAt(address);
  const struct = data && target.types.find(data.type);
  if (data === undefined || struct === undefined) return target.symbolic(BigInt(address));
  const row = Math.floor((address - data.address) / Math.max(1, struct.size));
  const isOne = data.size <= struct.size;
  const path = pathTo(target, struct, address - data.address - row * struct.size);
  return `${data.name}${isOne ? '' : `[${row}]`}${path}`;
}

/** `.account.balance`, `.slots[3]`; a struct inside a struct is smaller than that, so this ends. */
function pathTo(target: Target, struct: StructInfo, offset: number): string {
  const field = struct.fields.find(
    (each) => offset >= each.offset && offset < each.offset + each.size,
  );
  if (field === undefined) return offset === 0 ? '' : `+0x${offset.toString(16)}`;
  const size = Math.max(1, field.size / (field.count ?? 1));
  const index = Math.floor((offset - field.offset) / size);
  const name = `.${field.name}${field.count === undefined ? '' : `[${index}]`}`;
  const inner = field.kind === 'ref' ? undefined : target.types.find(field.target ?? '');
  if (inner === undefined || inner.size >= struct.size) return name;
  return name + pathTo(target, inner, offset - field.offset - index * size);
}
