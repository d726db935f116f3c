import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BinlogDecoder } from '../../../cdc-reader/binlog-decoder.ts';
import type { BinlogEvent } from '../../../cdc-reader/binlog-events.ts';
import { readBinlog } from '../../../cdc-reader/binlog-stream.ts';
import { openSnapshot } from '../../../cdc-reader/snapshot.ts';
import { openSource } from '../../../cdc-reader/source-connection.ts';
import { loadCatalog } from '../../../cdc-reader/table-catalog.ts';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { startSource, type Source } from './servers.ts';

let source: Source;
beforeAll(async () => {
  source = await startSource();
});
afterAll(() => source.stop());

type Image = string;
const imageOf = (row: object): Image => JSON.stringify(row);

function datasetOf(columns: readonly string[]): TableDataset {
  const mapping = columns.map((column) => ({ field: column, column }));
  return { ...supportTickets, keyField: columns[0] ?? '', mapping };
}

async function snapshot(table: string, columns: readonly string[]) {
  const signal = AbortSignal.timeout(20_000);
  await using connection = await openSource(source.login, signal);
  const dataset = datasetOf(columns);
  const view = await openSnapshot(connection, { dataset, database: 'careplus', table });
  const images: Image[] = [];
  for await (const row of view.rows()) images.push(imageOf(row));
  return { images, gtidSet: view.gtidSet, shape: view.shape };
}

/** All row events of a table behind a position, up to now. */
async function stream(table: string, columns: readonly string[], gtidSet: string) {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]);
  await using connection = await openSource(source.login, signal);
  const catalog = await loadCatalog(connection, 'careplus', table);
  const events: (BinlogEvent & { kind: 'rows' })[] = [];
  const binlog = readBinlog(
    {
      login: source.login,
      serverId: 7002,
      database: 'careplus',
      table,
      gtidSet,
      heartbeatMs: 200,
      decoder: new BinlogDecoder(datasetOf(columns), catalog, connection.flavour),
    },
    signal,
  );
  for await (const batch of binlog) {
    for (const event of batch) if (event.kind === 'rows') events.push(event);
    // A heartbeat: the source has sent everything.
    if (batch.some(({ kind }) => kind === 'heartbeat')) break;
  }
  return events;
}

/** Copies by image that are left when the deleted ones are taken from the others. */
function balance(added: readonly Image[], removed: readonly Image[]): [Image, number][] {
  const counts = new Map<Image, number>();
  for (const image of added) counts.set(image, (counts.get(image) ?? 0) + 1);
  for (const image of removed) counts.set(image, (counts.get(image) ?? 0) - 1);
  return [...counts].filter(([, count]) => count !== 0);
}

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

/** Every type that a column may have, with values that reach its borders. */
const columns: Readonly<Record<string, readonly [type: string, values: fc.Arbitrary<unknown>]>> = {
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
  vl: ['VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_nopad_ci', latin(20)],
  v16: ['VARCHAR(20) CHARACTER SET utf16 COLLATE utf16_uca1400_ai_ci', latin(20)],
  v2: ['VARCHAR(20) CHARACTER SET ucs2', latin(20)],
  v32: ['VARCHAR(20) CHARACTER SET utf32', text(5)],
  vc: ['VARCHAR(300) COMPRESSED', text(100)],
  te: ['TEXT', text(200)],
  tel: ['MEDIUMTEXT CHARACTER SET latin1 COLLATE latin1_nopad_bin', latin(50)],
  tec: ['TEXT COMPRESSED', text(100)],
  js: ['JSON', fc.json()],
  bi: ['BINARY(6)', binary(6)],
  vb: ['VARBINARY(20)', binary(20)],
  bl: ['BLOB', binary(50)],
  e: ["ENUM('a','it''s','ü','')", fc.constantFrom('a', "it's", 'ü', '', 'invalid')],
  el: [
    "ENUM('ä','b') CHARACTER SET latin1 COLLATE latin1_nopad_bin",
    fc.constantFrom('ä', 'b', 'x'),
  ],
  e16: [
    "ENUM('é','b') CHARACTER SET utf16 COLLATE utf16_nopad_bin",
    fc.constantFrom('é', 'b', 'x'),
  ],
  e32: ["ENUM('Ω','b') CHARACTER SET utf32", fc.constantFrom('Ω', 'b')],
  elat2: ["SET('é','b') CHARACTER SET latin2", fc.constantFrom('é', 'é,b', '')],
  vhp: ['VARCHAR(20) CHARACTER SET hp8', fc.constantFrom('é', ' b ', '')],
  s: ["SET('a','b','ö')", fc.subarray(['a', 'b', 'ö']).map((members) => members.join(','))],
  s64: [
    `SET(${Array.from({ length: 64 }, (_, index) => `'m${index}'`).join(',')})`,
    fc.subarray(['m0', 'm31', 'm32', 'm63']).map((members) => members.join(',')),
  ],
  uu: ['UUID', uuid],
  i4: ['INET4', fc.ipV4()],
  i6: [
    'INET6',
    fc.oneof(
      hexGroups(8, 4).map((groups) => groups.join(':')),
      fc.ipV4().map((ip) => `::ffff:${ip}`),
      fc.ipV4().map((ip) => `::${ip}`),
    ),
  ],
  g: ['INT GENERATED ALWAYS AS (t1 + 1) VIRTUAL', fc.constant(undefined)],
  inv: ['TEXT INVISIBLE DEFAULT NULL', text(5)],
};

describe('the canonical text of a value', () => {
  it('is the same from a snapshot, an insert and a delete, for every type', async () => {
    const names = Object.keys(columns);
    const settable = Object.entries(columns).filter(([, [type]]) => !type.includes('GENERATED'));
    const row = fc.record(
      Object.fromEntries(
        settable.map(([name, [, values]]) => [name, fc.option(values, { freq: 8 })]),
      ),
    );
    const seed = Math.floor(Math.random() * 2 ** 31);
    const sample = fc.sample(row, { numRuns: 400, seed });
    await source.sql("SET sql_mode = '', time_zone = '+00:00'");
    const definitions = Object.entries(columns).map(([name, [type]]) => `\`${name}\` ${type}`);
    await source.sql(`CREATE TABLE typed (${definitions.join(', ')}) ENGINE=InnoDB`);
    const before = await snapshot('typed', names);
    for (const values of sample) await source.sql('INSERT INTO typed SET ?', [values]);
    const full = await snapshot('typed', names);
    await source.sql('DELETE FROM typed');

    const events = await stream('typed', names, before.gtidSet);
    const images = (op: string) =>
      events
        .filter((event) => event.op === op)
        .flatMap(({ rows }) => rows.map(({ before: old, after }) => imageOf(old ?? after ?? {})));
    expect(full.images, `seed ${seed}`).toHaveLength(400);
    expect(balance(full.images, images('d')), `seed ${seed}`).toEqual([]);
    expect(balance(images('c'), images('d')), `seed ${seed}`).toEqual([]);
    expect(events[0]?.shape.columns).toEqual(full.shape.columns);
  });

  it('is the server’s own for every code of every single-byte character set', async () => {
    const charsets = await source.rows(
      "SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS WHERE MAXLEN = 1 AND CHARACTER_SET_NAME <> 'binary'",
    );
    expect(charsets.length).toBeGreaterThan(20);
    const names = charsets.map(({ name }) => String(name));
    const definitions = names.map((name) => `${name} VARCHAR(1) CHARACTER SET ${name}`);
    await source.sql(`CREATE TABLE codes (code INT, ${definitions.join(', ')})`);
    const { gtidSet } = await snapshot('codes', names);
    const codes = Array.from({ length: 256 }, (_, code) => {
      const hex = code.toString(16).padStart(2, '0');
      return `(${[code, ...names.map((name) => `_${name} X'${hex}'`)].join(', ')})`;
    });
    await source.sql(`INSERT IGNORE INTO codes VALUES ${codes.join(', ')}`);
    const { images } = await snapshot('codes', names);
    const events = await stream('codes', names, gtidSet);
    const inserted = events.flatMap(({ rows }) => rows.map(({ after }) => imageOf(after ?? {})));
    expect(inserted).toEqual(images);
    expect(inserted).toHaveLength(256);
  });
});
