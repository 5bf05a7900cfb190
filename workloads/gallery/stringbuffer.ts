/*
 * stringbuffer: append(sb) of JDK 1.4, which asks sb for its length and later for its characters.
 *
 *     appender    length of sb: 3              eraser    erases sb
 *                 characters 0 to 3 of sb                appends three to it
 *
 * From SCTBench (CB/stringbuffer-jdk1.4).  Each method of a StringBuffer holds the buffer's lock; append() holds that
 * of its own buffer, and takes the other's twice, once for each question.  What it heard first need not be so any
 * more.  In Java that was a StringIndexOutOfBoundsException.
 *
 *     median schedules to the first bug    POS 8, PCT3 146, RFF 8
 *
 * The twin takes the other's lock once, for both questions.
 */

import {
  char,
  defineWorkload,
  embed,
  get,
  getText,
  global,
  kmutex,
  mutex_enter,
  mutex_exit,
  mutex_init,
  panic,
  put,
  putText,
  shared,
  struct,
  sub,
  u32,
  type Ref,
  type RoleContext,
} from '../../src/index.ts';

const CHARS = 16;
const stringbuffer = shared(
  struct('stringbuffer', { lock: embed(kmutex), count: u32, value: char(CHARS) }),
);
type StringBuffer = Ref<'stringbuffer'>;

const buffer = global('buffer', stringbuffer);
const sb = global('sb', stringbuffer);

function synchronized<T>(at: StringBuffer, body: () => T): T {
  mutex_enter(sub(at, stringbuffer.lock));
  const result = body();
  mutex_exit(sub(at, stringbuffer.lock));
  return result;
}

function length(at: StringBuffer): number {
  return get(at, stringbuffer.count);
}

function get_chars(at: StringBuffer, begin: number, end: number): string {
  if (end > get(at, stringbuffer.count)) panic('stringbuffer: get_chars beyond the end');
  return getText(at, stringbuffer.value, CHARS).slice(begin, end);
}

function append_text(at: StringBuffer, text: string): void {
  const value = getText(at, stringbuffer.value, CHARS).slice(0, length(at)) + text;
  putText(at, stringbuffer.value, CHARS, value);
  put(at, stringbuffer.count, value.length);
}

function append_buffer({ variant }: RoleContext): void {
  synchronized(sb, () => {
    if (variant === 'fixed') {
      append_text(
        sb,
        synchronized(buffer, () => get_chars(buffer, 0, length(buffer))),
      );
      return;
    }
    const len = synchronized(buffer, () => length(buffer));
    append_text(
      sb,
      synchronized(buffer, () => get_chars(buffer, 0, len)),
    );
  });
}

function erase_and_append(): void {
  synchronized(buffer, () => put(buffer, stringbuffer.count, 0));
  synchronized(buffer, () => append_text(buffer, 'abc'));
}

export default defineWorkload({
  name: 'stringbuffer',
  title: 'append() asks another buffer for its length, and later for its characters',
  variants: {
    planted: { title: 'under two holds of its lock: JDK 1.4', verdict: 'panic' },
    fixed: { title: 'under one', verdict: 'pass' },
  },
  roles: [
    { name: 'appender', psargs: 'appender', run: append_buffer },
    { name: 'eraser', psargs: 'eraser', run: erase_and_append },
  ],
  boot() {
    mutex_init(sub(buffer, stringbuffer.lock), 'buffer.lock');
    mutex_init(sub(sb, stringbuffer.lock), 'sb.lock');
    append_text(buffer, 'abc');
  },
});
