/*
 * Goal: a declaration gives each field the offset that it should have, refuses what cannot be laid out,
 * and keeps a field of one struct away from an address of another; the table that dumps carry says the
 * same as the offsets.
 *
 * Method: examples that were worked out by hand, the kernel's own foreign struct among them; random
 * declarations against a model that knows only alignment; types by the compiler (`npm run types`).
 */

import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';

import {
  array,
  at,
  bits,
  char,
  embed,
  enumeration,
  i32,
  ref,
  ref64,
  struct,
  structTable,
  text,
  time,
  u16,
  u32,
  u64,
  u8,
} from '../../src/layout/struct.ts';
import type { Field, Kind, Ref } from '../../src/layout/struct.ts';
import { get, get64, get8, getText, load, put, sub } from '../../src/layout/word.ts';

let serial = 0;
/** A name that no other struct has. */
const fresh = (): string => `example_${serial++}`;

const pair = struct('pair', { first: u32, second: ref('pair') });

describe('offsets', () => {
  test('follow one another at their alignment', () => {
    const mixed = struct('mixed', {
      a: u8,
      b: u16,
      c: u8,
      d: u32,
      e: char(5),
      f: u64,
      g: embed(pair),
      h: array(pair, 3),
      i: u8,
    });
    const { a, b, c, d, e, f, g, h, i } = mixed;
    expect([a, b, c, d, e, f, g, h, i]).toEqual([0, 2, 4, 8, 12, 20, 28, 36, 60]);
    expect(mixed.$.size).toBe(64);
  });

  test('are where at() puts them, and then follow on', () => {
    const placed = struct('placed', { a: u8, b: at(16, u32), c: u32, d: at(64, u8) }, 128);
    expect([placed.a, placed.b, placed.c, placed.d, placed.$.size]).toEqual([0, 16, 20, 64, 128]);
  });

  // FACTS A.1, from sys/kstat.h on LP64.
  test('of a kstat are the kernel’s', () => {
    const kstat = struct(
      'kstat_example',
      {
        ks_crtime: u64,
        ks_next: ref64('kstat_example'),
        ks_kid: i32,
        ks_module: char(31),
        ks_resv: u8,
        ks_instance: i32,
        ks_name: char(31),
        ks_type: u8,
        ks_class: char(31),
        ks_flags: bits({ 1: 'VIRTUAL', 32: 'INVALID' }, u8),
        ks_data: ref64('void'),
        ks_ndata: u32,
        ks_data_size: at(136, u64),
        ks_snaptime: u64,
        ks_update: u64,
        ks_private: u64,
        ks_snapshot: u64,
        ks_lock: ref64('kmutex'),
      },
      184,
    );
    const { ks_kid, ks_module, ks_resv, ks_instance, ks_name, ks_type, ks_class, ks_flags } = kstat;
    const small = [ks_kid, ks_module, ks_resv, ks_instance, ks_name, ks_type, ks_class, ks_flags];
    expect(small).toEqual([16, 20, 51, 52, 56, 87, 88, 119]);
    const { ks_data, ks_ndata, ks_data_size, ks_snaptime, ks_lock } = kstat;
    expect([ks_data, ks_ndata, ks_data_size, ks_snaptime, ks_lock]).toEqual([
      120, 128, 136, 144, 176,
    ]);
  });

  type Given = readonly [kind: Kind, gap: number];
  const kind = fc.constantFrom<Kind>(u8, u16, u32, u64, time, char(3), embed(pair), array(pair, 2));
  const given = fc.array(fc.tuple(kind, fc.nat(3)), { minLength: 1, maxLength: 12 });
  const up = (value: number, to: number): number => Math.ceil(value / to) * to;

  test('never overlap, whatever is declared: as a model has them', () => {
    fc.assert(
      fc.property(given, fc.nat(8), (list, spare) => {
        let end = 0;
        const expected: number[] = [];
        const definition: Record<string, Kind> = {};
        for (const [i, [each, gap]] of (list as readonly Given[]).entries()) {
          const offset = up(end, each.align) + gap * each.align;
          definition[`f${i}`] = gap === 0 ? each : at(offset, each);
          expected.push(offset);
          end = offset + each.size;
        }
        const size = up(end, 4) + 4 * spare;
        const made = struct(fresh(), definition, spare === 0 ? undefined : size);
        expect(made.$.fields.map((field) => field.offset)).toEqual(expected);
        expect(expected).toEqual(Object.keys(definition).map((name) => made[name]));
        expect(made.$.size).toBe(size);
      }),
    );
  });
});

describe('what cannot be laid out is refused, by name', () => {
  test.for<[string, () => unknown, string]>([
    [
      'an overlap',
      () => struct('s', { a: u32, b: at(2, u16) }),
      'struct s: b at 2 overlaps or is misaligned (free from 4)',
    ],
    [
      'a field out of order',
      () => struct('s', { a: at(8, u32), b: at(4, u32) }),
      'struct s: b at 4 overlaps or is misaligned (free from 12)',
    ],
    [
      'a word at an odd address',
      () => struct('s', { a: at(6, u32) }),
      'struct s: a at 6 overlaps or is misaligned (free from 0)',
    ],
    ['an address before the start', () => struct('s', { a: at(-4, u32) }), 'struct s: a at -4'],
    ['no address', () => struct('s', { a: at(NaN, u8) }), 'struct s: a at NaN'],
    ['half an address', () => struct('s', { a: at(0.5, u8) }), 'struct s: a at 0.5'],
    [
      'a size that is too small',
      () => struct('s', { a: u32, b: u64 }, 8),
      'struct s: fields end at 12, size is 8',
    ],
    [
      'a size that would put the words of the next one in a row at odd addresses',
      () => struct('s', { a: u32, b: u8 }, 5),
      'struct s: size 5 is no multiple of 4',
    ],
  ])('%s', ([, declare, says]) => {
    expect(declare).toThrow(RangeError);
    expect(declare).toThrow(says);
  });

  test('control: the same with a size that fits is not', () => {
    expect(struct(fresh(), { a: u32, b: u8 }, 8).$.size).toBe(8);
    expect(struct(fresh(), { a: at(4, u32), b: at(8, u8) }).$.size).toBe(12);
  });

  test('a struct that is declared again is in the table once', () => {
    struct('pair', { first: u32, second: ref('pair') });
    expect(structTable().filter(({ name }) => name === 'pair')).toEqual([pair.$]);
  });

  test('a declaration cannot be changed', () => {
    expect(Object.isFrozen(pair)).toBe(true);
  });
});

describe('the struct table', () => {
  const states = { 0: 'idle', 1: 'busy' } as const;
  const thing = struct('thing', {
    state: enumeration(states),
    small: enumeration(states, u8),
    flags: bits({ 1: 'A', 2: 'B' }),
    name: text,
    since: time,
    owner: ref('thing'),
    far: ref64('other'),
    label: char(16),
    part: embed(pair),
    parts: array(pair, 4),
  });

  test('says of each field what a reader needs who has no code of ours', () => {
    expect(structTable().find(({ name }) => name === 'thing')).toEqual({
      name: 'thing',
      size: 88,
      align: 4,
      fields: [
        { name: 'state', kind: 'enum', offset: 0, size: 4, names: states },
        { name: 'small', kind: 'enum', offset: 4, size: 1, names: states },
        { name: 'flags', kind: 'bits', offset: 8, size: 4, names: { 1: 'A', 2: 'B' } },
        { name: 'name', kind: 'text', offset: 12, size: 4 },
        { name: 'since', kind: 'time', offset: 16, size: 4 },
        { name: 'owner', kind: 'ref', offset: 20, size: 4, target: 'thing' },
        { name: 'far', kind: 'ref', offset: 24, size: 8, target: 'other' },
        { name: 'label', kind: 'char', offset: 32, size: 16, count: 16 },
        { name: 'part', kind: 'struct', offset: 48, size: 8, target: 'pair' },
        { name: 'parts', kind: 'struct', offset: 56, size: 32, count: 4, target: 'pair' },
      ],
    });
    expect(thing.$.fields).toHaveLength(10);
  });

  test('is plain data', () => {
    const table = structTable();
    expect(JSON.parse(JSON.stringify(table))).toEqual(table);
  });
});

describe('types', () => {
  const other = struct('other_example', { first: u32, wide: u64, tiny: u8, label: char(8) });

  test('a field is of its struct, its width, its value', () => {
    expectTypeOf(pair.first).toEqualTypeOf<Field<'pair', 32, number>>();
    expectTypeOf(pair.second).toEqualTypeOf<Field<'pair', 32, Ref<'pair'>>>();
    expectTypeOf(other.wide).toEqualTypeOf<Field<'other_example', 64, number>>();
    expectTypeOf(other.label).toEqualTypeOf<Field<'other_example', 'char', string>>();
    expectTypeOf(pair.$.name).toEqualTypeOf<'pair'>();
  });

  test('no field, address or number stands for another', () => {
    expectTypeOf(pair.first).not.toExtend<Field<'other_example', 32, number>>();
    expectTypeOf(other.wide).not.toExtend<Field<'other_example', 32, number>>();
    expectTypeOf<Ref<'pair'>>().not.toExtend<Ref<'other_example'>>();
    expectTypeOf<number>().not.toExtend<Ref<'pair'>>();
    expectTypeOf<number>().not.toExtend<Field<'pair', 32, number>>();
    expectTypeOf<Ref<'pair'>>().toExtend<number>();
  });

  test('an access takes a field of the struct at the address, and returns what is in it', () => {
    type At = Ref<'pair'>;
    expectTypeOf(load<'pair', Ref<'pair'>>).parameters.toEqualTypeOf<
      [At, Field<'pair', 32, Ref<'pair'>>]
    >();
    expectTypeOf(get<'pair', Ref<'pair'>>).returns.toEqualTypeOf<Ref<'pair'>>();
    expectTypeOf(put<'pair', Ref<'pair'>>)
      .parameter(2)
      .toEqualTypeOf<Ref<'pair'>>();
    expectTypeOf(get64<'other_example', number>)
      .parameter(1)
      .not.toExtend<Field<'other_example', 32, number>>();
    expectTypeOf(get8<'other_example'>)
      .parameter(1)
      .toEqualTypeOf<Field<'other_example', 8>>();
    expectTypeOf(getText<'other_example'>).returns.toEqualTypeOf<string>();
    expectTypeOf(sub<'holder', 'pair'>).returns.toEqualTypeOf<Ref<'pair'>>();
  });
});
