import fc from 'fast-check';
import { expect } from 'vitest';
import { balance, TableImages } from './binlog-images.ts';
import type { Source } from './servers.ts';

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const anyDate = fc.oneof(
  fc.constantFrom('0000-00-00', '2025-02-00', '2025-00-10', '9999-12-31', '1000-01-01'),
  fc.date({ min: new Date(0), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
);
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(
    ([hours, minutes, seconds, micros]) =>
      `${hours}:${minutes}:${seconds}.${String(micros).padStart(6, '0')}`,
  );
const time = fc
  .tuple(fc.boolean(), fc.nat(838), fc.nat(59), fc.constantFrom(0, 0, 1, 59), fc.nat(999_999))
  .map(
    ([negative, hours, minutes, seconds, micros]) =>
      `${negative ? '-' : ''}${hours}:${minutes}:${seconds}.${String(micros).padStart(6, '0')}`,
  );
const wholeTime = time.map((text) => text.slice(0, text.indexOf('.')));
const decimal = (whole: number, scale: number) =>
  fc
    .tuple(fc.boolean(), digits(whole), digits(scale))
    .map(([negative, units, fraction]) => `${negative ? '-' : ''}${units}.${fraction}`);
const integer = (min: bigint, max: bigint) =>
  fc.oneof(fc.bigInt(min, max), fc.constantFrom(min, max, 0n)).map(String);
const signed = (bits: bigint) => integer(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
const unsigned = (bits: bigint) => integer(0n, 2n ** bits - 1n);
const text = (max: number) => fc.string({ unit: 'grapheme', maxLength: max });
const latin = (max: number) =>
  fc.string({ unit: fc.constantFrom('a', ' ', 'é', '€', 'ß', "'", '\\'), maxLength: max });
const binary = (max: number) =>
  fc.uint8Array({ maxLength: max }).map((bytes) => Buffer.from(bytes));
const single = fc.float({ noNaN: true, noDefaultInfinity: true });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const hexGroups = (groups: number, zeros: number) =>
  fc
    .array(fc.oneof({ weight: zeros, arbitrary: fc.constant(0) }, fc.nat(0xffff)), {
      minLength: groups,
      maxLength: groups,
    })
    .map((values) => values.map((value) => value.toString(16).padStart(4, '0')));
const uuid = hexGroups(8, 1).map(
  ([a = '', b = '', c = '', d = '', e = '', ...rest]) => `${a}${b}-${c}-${d}-${e}-${rest.join('')}`,
);

/** Types of columns by name, with values that reach their borders. */
type TypedColumns = Readonly<
  Record<string, readonly [type: string, values: fc.Arbitrary<unknown>]>
>;

/** Types that both servers have. */
const commonColumns: TypedColumns = {
  t1: ['TINYINT', signed(8n)],
  t1u: ['TINYINT UNSIGNED ZEROFILL', unsigned(8n)],
  t2: ['SMALLINT', signed(16n)],
  t3: ['MEDIUMINT', signed(24n)],
  t3u: ['MEDIUMINT UNSIGNED', unsigned(24n)],
  t4: ['INT', signed(32n)],
  t4u: ['INT UNSIGNED ZEROFILL', unsigned(32n)],
  t8: ['BIGINT', signed(64n)],
  t8u: ['BIGINT UNSIGNED', unsigned(64n)],
  truth: ['BOOLEAN', fc.constantFrom('0', '1')],
  de: ['DECIMAL(10,2)', decimal(8, 2)],
  dez: ['DECIMAL(12,4) UNSIGNED ZEROFILL', decimal(8, 4)],
  de65: ['DECIMAL(65,30)', decimal(35, 30)],
  de0: ['DECIMAL(20)', decimal(20, 1)],
  f: ['FLOAT', single],
  fmd: ['FLOAT(9,3)', decimal(5, 5)],
  d: ['DOUBLE', double],
  dmd: ['DOUBLE(15,4)', decimal(10, 6)],
  bit1: ['BIT(1)', fc.constantFrom(0, 1)],
  bit33: ['BIT(33)', fc.nat()],
  y: ['YEAR', fc.oneof(fc.integer({ min: 1901, max: 2155 }), fc.constant(0)).map(String)],
  da: ['DATE', anyDate],
  dt: ['DATETIME', fc.tuple(anyDate, clock).map((parts) => parts.join(' '))],
  dt3: ['DATETIME(3)', fc.tuple(anyDate, clock).map((parts) => parts.join(' '))],
  dt6: ['DATETIME(6)', fc.tuple(anyDate, clock).map((parts) => parts.join(' '))],
  ts: [
    'TIMESTAMP NULL',
    fc.oneof(
      fc.constantFrom('0000-00-00 00:00:00', '1970-01-01 00:00:01', '2038-01-19 03:14:07'),
      fc
        .tuple(fc.constantFrom('2025-03-30', '2025-10-26', '1999-12-31'), clock)
        .map((p) => p.join(' ')),
    ),
  ],
  ts6: [
    'TIMESTAMP(6) NULL',
    fc.tuple(fc.constantFrom('2025-03-30', '1970-01-02'), clock).map((p) => p.join(' ')),
  ],
  ti: ['TIME', wholeTime],
  ti1: ['TIME(1)', time],
  ti6: ['TIME(6)', time],
  c: ['CHAR(20)', text(10)],
  cl: ['CHAR(20) CHARACTER SET latin1', latin(20)],
  v: ['VARCHAR(300)', text(100)],
  v3: ['VARCHAR(20) CHARACTER SET utf8mb3', latin(20)],
  v2: ['VARCHAR(20) CHARACTER SET ucs2', latin(20)],
  v32: ['VARCHAR(20) CHARACTER SET utf32', text(5)],
  te: ['TEXT', text(200)],
  bi: ['BINARY(6)', binary(6)],
  vb: ['VARBINARY(20)', binary(20)],
  bl: ['BLOB', binary(50)],
  e: ["ENUM('a','it''s','ü','')", fc.constantFrom('a', "it's", 'ü', '', 'invalid')],
  e32: ["ENUM('Ω','b') CHARACTER SET utf32", fc.constantFrom('Ω', 'b')],
  elat2: ["SET('é','b') CHARACTER SET latin2", fc.constantFrom('é', 'é,b', '')],
  vhp: ['VARCHAR(20) CHARACTER SET hp8', fc.constantFrom('é', ' b ', '')],
  s: ["SET('a','b','ö')", fc.subarray(['a', 'b', 'ö']).map((members) => members.join(','))],
  s64: [
    `SET(${Array.from({ length: 64 }, (_, index) => `'m${index}'`).join(',')})`,
    fc.subarray(['m0', 'm31', 'm32', 'm63']).map((members) => members.join(',')),
  ],
  g: ['INT GENERATED ALWAYS AS (t1 + 1) VIRTUAL', fc.constant(undefined)],
  inv: ['TEXT INVISIBLE DEFAULT NULL', text(5)],
};

/** MariaDB's own types, and its collations that MySQL does not know. */
export const mariadbColumns: TypedColumns = {
  ...commonColumns,
  vl: ['VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_nopad_ci', latin(20)],
  v16: ['VARCHAR(20) CHARACTER SET utf16 COLLATE utf16_uca1400_ai_ci', latin(20)],
  vc: ['VARCHAR(300) COMPRESSED', text(100)],
  tel: ['MEDIUMTEXT CHARACTER SET latin1 COLLATE latin1_nopad_bin', latin(50)],
  tec: ['TEXT COMPRESSED', text(100)],
  js: ['JSON', fc.json()],
  uu: ['UUID', uuid],
  i4: ['INET4', fc.ipV4()],
  el: [
    "ENUM('ä','b') CHARACTER SET latin1 COLLATE latin1_nopad_bin",
    fc.constantFrom('ä', 'b', 'x'),
  ],
  e16: [
    "ENUM('é','b') CHARACTER SET utf16 COLLATE utf16_nopad_bin",
    fc.constantFrom('é', 'b', 'x'),
  ],
  i6: [
    'INET6',
    fc.oneof(
      hexGroups(8, 4).map((groups) => groups.join(':')),
      fc.ipV4().map((ip) => `::ffff:${ip}`),
      fc.ipV4().map((ip) => `::${ip}`),
    ),
  ],
};

/** MySQL's own: JSON there is binary. */
export const mysqlColumns: TypedColumns = {
  ...commonColumns,
  js: ['JSON', fc.json()],
  v9: ['VARCHAR(20) COLLATE utf8mb4_0900_ai_ci', text(20)],
  tel: ['MEDIUMTEXT CHARACTER SET latin1 COLLATE latin1_german1_ci', latin(50)],
  e16: ["ENUM('é','b') CHARACTER SET utf16", fc.constantFrom('é', 'b', 'x')],
};

/**
 * Puts rows at random into a table of all these types, deletes them again, and expects that every
 * image that a snapshot or an insert brought is taken away by its delete.
 */
export async function expectCancelled(source: Source, columns: TypedColumns): Promise<void> {
  const settable = Object.entries(columns).filter(([, [type]]) => !type.includes('GENERATED'));
  const row = fc.record(
    Object.fromEntries(
      settable.map(([name, [, values]]) => [name, fc.option(values, { freq: 8 })]),
    ),
  );
  const seed = Math.floor(Math.random() * 2 ** 31);
  const sample = fc.sample(row, { numRuns: ROWS, seed });
  const definitions = Object.entries(columns).map(([name, [type]]) => `\`${name}\` ${type}`);
  await source.sql("SET sql_mode = '', time_zone = '+00:00'");
  await source.sql(`CREATE TABLE typed (${definitions.join(', ')}) ENGINE=InnoDB`);
  const table = new TableImages(source, 'typed', Object.keys(columns));
  const { gtidSet } = await table.snapshot();
  for (const values of sample) await source.sql('INSERT INTO typed SET ?', [values]);
  const full = await table.snapshot();
  await source.sql('DELETE FROM typed');
  const { added, removed, shape } = await table.stream(gtidSet);
  expect(full.images, `seed ${seed}`).toHaveLength(ROWS);
  expect(balance(full.images, removed), `seed ${seed}`).toEqual([]);
  expect(balance(added, removed), `seed ${seed}`).toEqual([]);
  expect(shape?.columns).toEqual(full.shape.columns);
}

const ROWS = process.env['CAREPLUS_LONG'] === '1' ? 5_000 : 400;
