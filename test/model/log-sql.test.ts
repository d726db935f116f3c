import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { supportLogs as dataset } from '../../schemas/datasets/support-logs/index.ts';
import type { LoadStatement } from '../../warehouse-loader/load-statement.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { logHolesQuery, logTables } from '../../warehouse-loader/log-statements.ts';
import { LAST_VERSION, randomFrom } from './delivery.ts';
import { blocksOf, deliverLogs, logScenario, type LogScenario } from './log-history.ts';
import { logStateOf, type LogRange, type LogState } from './log-model.ts';
import { openWarehouse, type LakeRow, type WarehouseDatabase } from './warehouse-database.ts';

const long = process.env['CAREPLUS_LONG'] === '1';
const t = logTables(dataset);
const TOKEN = 'model';
/** Share of batches that are first broken off after a random statement. */
const ROLLBACKS = 0.25;

type Mutation = (statements: LoadStatement[]) => LoadStatement[];

let database: WarehouseDatabase;

beforeAll(async () => {
  database = await openWarehouse(dataset);
});

afterAll(async () => {
  await database.close();
});

/** The rules of the test: pure, and different by version. */
function accepts(version: number, entryId: string): boolean {
  return entryId.charCodeAt(1) % (version + 2) !== 0;
}

function lakeRow(range: LogRange): LakeRow {
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

function statementsOf(round: number): LoadStatement[] {
  const object = { key: `o${round}`, etag: 'e', bytes: 1, modifiedMs: 0 };
  return loadStatements(
    { dataset, batchId: `b${round}`, objects: [object] },
    { token: TOKEN, manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/copy' },
  );
}

interface Books {
  readonly copies_read: number;
  readonly shown: number;
  readonly repeats: number;
  readonly quarantined: number;
  readonly quarantined_repeats: number;
  readonly dead_lettered: number;
}

interface Warehouse extends LogState {
  readonly accepted: readonly string[];
  readonly shown: readonly string[];
  readonly quarantined: readonly string[];
  readonly holes: readonly { readonly missing_from: number; readonly missing_to: number }[];
  readonly books: Books;
}

async function readWarehouse(): Promise<Warehouse> {
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
  const { rows } = await database.client.query<Warehouse>(`SELECT ${columns.join(', ')}`);
  const [warehouse] = rows;
  if (!warehouse) throw new TypeError('the warehouse gave no row');
  return warehouse;
}

function compare(warehouse: Warehouse, model: LogState): void {
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
  // Something waits behind the first missing byte of its file, and only then.
  const waiting = model.files.filter(({ pending }) => pending.length > 0);
  for (const { upto } of waiting) {
    expect(warehouse.holes.map(({ missing_from: from }) => from)).toContain(upto);
  }
}

async function compareWithModel(
  scenario: LogScenario,
  mutate: Mutation = (statements) => statements,
): Promise<void> {
  await reset();
  const random = randomFrom(scenario.how.seed + 1);
  const arrived: LogRange[] = [];
  let before = await readWarehouse();
  for (const [round, batch] of deliverLogs(scenario).entries()) {
    const statements = mutate(statementsOf(round));
    const rows = batch.map(lakeRow);
    if (random() < ROLLBACKS) {
      await database.load(statements, rows, Math.floor(random() * statements.length));
      expect(await readWarehouse()).toEqual(before);
    }
    await database.load(statements, rows);
    arrived.push(...batch);
    before = await readWarehouse();
    compare(before, logStateOf(arrived));
  }
  compareEnd(before, scenario);
}

/** After the replay: every byte is covered and readable, every verdict is the last version's. */
function compareEnd(warehouse: Warehouse, { files }: LogScenario): void {
  const ends = files.map((file, index) => {
    const last = blocksOf(file, index).at(-1)?.at(-1);
    return [last?.host, last?.generation, (last?.pos ?? 0) + (last?.len ?? 0)] as const;
  });
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

async function reset(): Promise<void> {
  const tables = [t.pending, t.arrivals, t.unreadable, t.entry, t.frontier, t.ledger, t.batches];
  await database.client.query(
    [
      ...[...tables, 'ops.loader'].map((table) => `DELETE FROM ${table}`),
      `INSERT INTO ops.loader VALUES ('${dataset.name}', '${TOKEN}', getdate())`,
    ].join('; '),
  );
}

test(
  'the loader’s SQL does with logs what the model says, batch by batch',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(logScenario, async (scenario) => compareWithModel(scenario)),
      // Shrinking plays hundreds of histories: only where there is time for it.
      { numRuns: long ? 600 : 10, endOnFailure: !long },
    );
  },
);

/** Replaces a text in one statement; the text must be there. */
function change(step: string, from: string, to: string): Mutation {
  return (statements) =>
    statements.map((statement) => {
      if (statement.step !== step) return statement;
      if (!statement.sql.includes(from)) throw new TypeError(`${step} has no ${from}`);
      return { step, sql: statement.sql.replace(from, () => to) };
    });
}

/** Leaves a statement out. */
function without(step: string): Mutation {
  return (statements) => {
    if (!statements.some((statement) => statement.step === step)) throw new TypeError(`no ${step}`);
    return statements.filter((statement) => statement.step !== step);
  };
}

const mutations: Readonly<Record<string, Mutation>> = {
  'repeats inside a batch': change('stage', 'WHERE q.rn = 1', ''),
  'a block beside its first range': change(
    'stage',
    "CASE WHEN c.kind = 'X' THEN c.len ELSE 0 END",
    '0',
  ),
  'repeats below the frontier': change('arrive', 's.pos >= f.upto OR', '1 = 1 OR'),
  'repeats of what waits': change('arrive', 'AND p.pos IS NULL ', ''),
  'the repair of a block': change('arrive', ' OR r.pos IS NOT NULL', ''),
  'a repair that came before': change('find repairs', ' AND a.pos IS NULL', ''),
  'a block that cannot be read': without('note unreadable'),
  'a block that comes twice': change('note unreadable', ' AND u.pos IS NULL', ''),
  'a hole': change('reach', 'z.gaps = 0 AND', ''),
  'the reach of unreadable blocks': change(
    'reach',
    'UNION ALL SELECT host, generation, pos, pos + len AS till FROM careplus.log_unreadable',
    '',
  ),
  'what was reached': without('write arrivals'),
  'what no longer waits': without('drop reached pending'),
  'a block that is whole again': without('drop repaired'),
  'a block that is whole only in part': change('find repaired', ' HAVING sum(z.part) = z.len', ''),
  'repeats of an entry': without('count repeats'),
  'the newest verdict': change('renew', ' OR j.rules_version > k.rules_version', ''),
  'the newest verdict of a batch': change('judge', 's.rules_version DESC', 's.rules_version'),
  'the copies of an entry with a new verdict': change(
    'renew',
    'CASE WHEN k.copies IS NULL THEN 0 ELSE k.copies END +',
    '0 +',
  ),
  'the old verdict': without('drop renewed'),
  'what is no entry': change('count', "WHERE kind = 'E' ", ''),
};

describe('the comparison is sharp: with logs it sees the loss of', () => {
  test.each(Object.keys(mutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(logScenario, async (scenario) =>
        compareWithModel(scenario, mutations[name]),
      ),
      { numRuns: 40, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    // Seen by the comparison or by the statements' own check, not by a statement that is no SQL.
    expect(String(outcome.errorInstance)).toMatch(/AssertionError|division by zero/);
  });
});
