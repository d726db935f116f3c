import { expect } from 'vitest';
import type pg from 'pg';
import { supportLogs } from '../../schemas/datasets/support-logs/index.ts';
import { logHolesQuery, logTables } from '../../warehouse-loader/log-statements.ts';
import { LAST_VERSION } from './delivery.ts';
import { logStateOf, type LogRange, type LogState } from './log-model.ts';
import type { LedgerRow } from './image-comparison.ts';
import type { LakeRow } from './warehouse-database.ts';

/** Compares what a warehouse holds of log files with the model. */

export const dataset = supportLogs;
const t = logTables(dataset);

/** The rules of the test: pure, and different by version. */
function accepts(version: number, entryId: string): boolean {
  return entryId.charCodeAt(1) % (version + 2) !== 0;
}

export function lakeRow(range: LogRange): LakeRow {
  const { host, generation, start, pos, len, kind, entryId, rulesVersion } = range;
  const isEntry = kind === 'E';
  return {
    ...{ host, generation, generation_start: start, pos, len, kind },
    ...{ entry_id: entryId, rules_version: rulesVersion, read_at_ms: 1_000 + pos },
    accepted: isEntry && accepts(rulesVersion, entryId) ? 1 : 0,
    // A function of the entry; some have no time.
    sort_ms: isEntry ? entryId.charCodeAt(1) % 4 : 0,
    book_day: isEntry ? `day ${entryId.charCodeAt(1) % 3}` : null,
    ...{ kafka_partition: 0, kafka_offset: pos },
  };
}

interface Books {
  readonly copies_read: number;
  readonly shown: number;
  readonly repeats: number;
  readonly quarantined: number;
  readonly quarantined_repeats: number;
  readonly dead_lettered: number;
}

export interface Warehouse extends Omit<LogState, 'holes'> {
  readonly accepted: readonly string[];
  readonly shown: readonly string[];
  readonly quarantined: readonly string[];
  readonly holes: readonly {
    readonly host: string;
    readonly generation: string;
    readonly missing_from: number;
    readonly missing_to: number;
  }[];
  readonly books: Books;
  readonly ledger: readonly LedgerRow[];
}

export async function readWarehouse(client: pg.Client): Promise<Warehouse> {
  const ofFile = (list: string) =>
    `coalesce((SELECT json_agg(${list} x WHERE x.host = f.host AND x.generation = f.generation), '[]')`;
  const parts = {
    files: `SELECT f.host, f.generation, f.upto,
      ${ofFile(`x.pos ORDER BY x.pos) FROM ${t.arrivals}`)} AS arrived,
      ${ofFile(`x.pos ORDER BY x.pos) FROM ${t.pending}`)} AS pending,
      ${ofFile(`concat(x.pos, '+', x.len) ORDER BY concat(x.pos, '+', x.len) COLLATE "C") FROM ${t.unreadable}`)} AS unreadable
      FROM ${t.frontier} f ORDER BY f.host, f.generation`,
    entries: `SELECT entry_id AS "entryId", copies, rules_version AS "rulesVersion" FROM ${t.entry} ORDER BY entry_id`,
    holes: logHolesQuery(dataset),
    ledger: `SELECT object_key AS key, outcome FROM ${t.ledger} ORDER BY object_key`,
  };
  const lists = {
    accepted: `SELECT entry_id AS x FROM ${t.entry} WHERE accepted = 1`,
    shown: 'SELECT entry_id AS x FROM careplus.log_entries',
    quarantined: `SELECT concat(event_id, ' ', image_id, ' ', copies) AS x FROM careplus.quarantine WHERE dataset = 'logs'`,
  };
  const sums = [
    'copies_read',
    'shown',
    'repeats',
    'quarantined',
    'quarantined_repeats',
    'dead_lettered',
  ];
  const columns = [
    ...Object.entries(parts).map(
      ([name, sql]) => `(SELECT coalesce(json_agg(q), '[]') FROM (${sql}) q) AS "${name}"`,
    ),
    ...Object.entries(lists).map(
      ([name, sql]) =>
        `(SELECT coalesce(json_agg(q.x ORDER BY q.x COLLATE "C"), '[]') FROM (${sql}) q) AS "${name}"`,
    ),
    `(SELECT json_build_object(${sums.map((sum) => `'${sum}', coalesce(sum(${sum}), 0)`).join(', ')}) FROM reporting.log_books) AS books`,
  ];
  const { rows } = await client.query<Warehouse>(`SELECT ${columns.join(', ')}`);
  const [warehouse] = rows;
  if (!warehouse) throw new TypeError('the warehouse gave no row');
  return warehouse;
}

/** @throws at the first difference. */
export function compare(warehouse: Warehouse, arrived: readonly LogRange[]): void {
  const model = logStateOf(arrived);
  expect(warehouse.files).toEqual(model.files);
  expect(warehouse.entries).toEqual(model.entries);
  const shown = model.entries.filter((entry) => accepts(entry.rulesVersion, entry.entryId));
  expect(warehouse.accepted).toEqual(shown.map(({ entryId }) => entryId));
  expect(warehouse.shown).toEqual(warehouse.accepted);
  const aside = model.entries.length - shown.length;
  const unreadable = model.files.reduce((sum, file) => sum + file.unreadable.length, 0);
  expect(warehouse.quarantined).toHaveLength(aside + unreadable);
  const copies = (entries: LogState['entries']) =>
    entries.reduce((sum, entry) => sum + entry.copies, 0);
  expect(warehouse.books).toEqual({
    copies_read: copies(model.entries) + unreadable,
    shown: shown.length,
    repeats: copies(shown) - shown.length,
    quarantined: aside,
    quarantined_repeats: copies(model.entries) - copies(shown) - aside,
    dead_lettered: unreadable,
  });
  expect(warehouse.holes).toEqual(
    model.holes.map(({ host, generation, from, to }) => {
      return { host, generation, missing_from: from, missing_to: to };
    }),
  );
}

/**
 * After the replay: every byte is covered and readable, every verdict is the last version's.
 *
 * @param last the last range of each file.
 */
export function compareEnd(warehouse: Warehouse, last: readonly LogRange[]): void {
  const ends = last.map(({ host, generation, pos, len }) => [host, generation, pos + len] as const);
  expect(
    warehouse.files.map(({ host, generation, upto, pending, unreadable }) => ({
      end: [host, generation, upto],
      left: [...pending, ...unreadable],
    })),
  ).toEqual(
    ends
      .sort((a, b) => (`${a[0]}/${a[1]}` < `${b[0]}/${b[1]}` ? -1 : 1))
      .map((end) => ({ end, left: [] })),
  );
  for (const { rulesVersion } of warehouse.entries) expect(rulesVersion).toBe(LAST_VERSION);
  expect(warehouse.holes).toEqual([]);
}
