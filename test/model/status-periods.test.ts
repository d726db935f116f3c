import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { historyMeasures, measureSql, type Measure } from '../../schemas/measures.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { loadStatements } from '../../warehouse-loader/load-statements.ts';
import { recomputePeriods, stalePeriodsQuery } from '../../warehouse-loader/period-statements.ts';
import { delivery } from './delivery.ts';
import { dataset, playOut, type Scenario } from './image-comparison.ts';
import { periodMutations, type Mutation } from './mutations.ts';
import { history, type PublishedImage, type SourceRow } from './source-history.ts';
import { periodsOf, type PastImage, type Period, type Said } from './status-periods.ts';
import { openWarehouse, type LakeRow, type WarehouseDatabase } from './warehouse-database.ts';

const long = process.env['CAREPLUS_LONG'] === '1';
const HOUR = 3_600_000;
const BASE = Date.UTC(2025, 6, 1);

let database: WarehouseDatabase;

beforeAll(async () => {
  database = await openWarehouse(dataset);
});

afterAll(async () => {
  await database.close();
});

/** What the rows of the random histories say: own times lie between the commits, hours apart. */
const sayings: readonly Said[] = [
  { status: 'Open', createdMs: BASE + 600_000, resolvedMs: null },
  { status: 'Resolved', createdMs: BASE + 600_000, resolvedMs: BASE + 1_800_000 },
  { status: 'Resolved', createdMs: BASE + 600_000, resolvedMs: BASE + 3 * HOUR + 60_000 },
  { status: 'Escalated', createdMs: BASE + 600_000, resolvedMs: BASE + 1_800_000 },
  { status: 'Open', createdMs: BASE + 900_000, resolvedMs: null },
  { status: 'Resolved', createdMs: BASE, resolvedMs: null },
];

/** The rules: each version refuses another value. */
const accepts = (version: number, { key, value }: SourceRow) =>
  version > 0 && key !== null && value !== (version === 1 ? 5 : 4);

const committedMs = ({ time }: PublishedImage) => BASE + time * HOUR;

/** Numbers of the ends of the snapshots, by `source/epoch`. */
type SnapshotEnds = ReadonlyMap<string, number>;

function lakeRow(image: PublishedImage, ends: SnapshotEnds): LakeRow {
  const { source, epoch, seq, kind, rank, rulesVersion, row, time } = image;
  const said = row && accepts(rulesVersion, row) ? sayings[row.value] : undefined;
  return {
    ...{ source, epoch, seq, kind, rank, tx_end: image.txEnd ? 1 : 0 },
    ...{ key_hash: image.key, image_id: image.image, rules_version: rulesVersion },
    ...{ committed_ms: committedMs(image), ticket_id: row?.key ?? null },
    // Rows of a snapshot are of no transaction.
    gtid: seq < (ends.get(`${source}/${epoch}`) ?? Infinity) ? null : `0-1-${time}`,
    accepted: said ? 1 : 0,
    status: said?.status ?? null,
    created_at_ms: said?.createdMs ?? null,
    resolved_at_ms: said?.resolvedMs ?? null,
  };
}

/** The images that stand in history, by epoch, each in its newest form. */
async function pastOf(arrived: readonly PublishedImage[]): Promise<PastImage[][][]> {
  const { rows } = await database.client.query<{ source: string; epoch: string; seq: string }>(
    'SELECT source, epoch, seq FROM ops.ticket_frontier ORDER BY source, epoch',
  );
  const newest = new Map<string, PublishedImage>();
  for (const image of arrived) {
    const id = `${image.source}/${image.epoch}/${image.seq}`;
    if (image.rulesVersion >= (newest.get(id)?.rulesVersion ?? -1)) newest.set(id, image);
  }
  const frontiers = new Map(rows.map((row) => [`${row.source}/${row.epoch}`, Number(row.seq)]));
  const inside = [...newest.values()].filter(
    ({ source, epoch, seq }) => seq <= (frontiers.get(`${source}/${epoch}`) ?? 0),
  );
  const versions = new Map<string, number>();
  for (const { source, image, rulesVersion } of inside) {
    const content = `${source}/${image}`;
    versions.set(content, Math.max(rulesVersion, versions.get(content) ?? 0));
  }
  const past = inside.map((image): PastImage => {
    const version = versions.get(`${image.source}/${image.image}`) ?? 0;
    const accepted =
      image.row && accepts(version, image.row) ? sayings[image.row.value] : undefined;
    return { ...image, said: accepted, committedMs: committedMs(image) };
  });
  return [...Map.groupBy(past, ({ source }) => source).values()].map((ofSource) =>
    [...Map.groupBy(ofSource, ({ epoch }) => epoch)]
      .sort(([a], [b]) => a - b)
      .map(([, images]) => images.sort((a, b) => a.seq - b.seq)),
  );
}

async function storedPeriods(): Promise<Period[]> {
  const { rows } = await database.client.query<Record<string, string | null>>(
    `SELECT source, key_hash, place, status, prior_status, entered_ms, left_ms FROM careplus.ticket_periods`,
  );
  return rows.map((row) => ({
    source: row['source'] ?? '',
    key: row['key_hash'] ?? '',
    place: Number(row['place']),
    status: row['status'] ?? '',
    prior: row['prior_status'] ?? null,
    enteredMs: Number(row['entered_ms']),
    leftMs: row['left_ms'] == null ? null : Number(row['left_ms']),
  }));
}

const sorted = (periods: readonly Period[]) =>
  periods.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
const idOf = ({ source, key, place }: Period) =>
  `${source}/${key}/${String(place).padStart(6, '0')}`;

const scenario: fc.Arbitrary<Scenario> = fc.array(fc.tuple(history, delivery), {
  minLength: 6,
  maxLength: 10,
});

async function play(
  histories: Scenario,
  mutate: Mutation = (statements) => statements,
): Promise<readonly Period[]> {
  await reset();
  const arrived: PublishedImage[] = [];
  const { batches } = playOut(histories);
  const ends: SnapshotEnds = new Map(
    batches
      .flat()
      .filter(({ kind }) => kind === 'E')
      .map(({ source, epoch, seq }) => [`${source}/${epoch}`, seq]),
  );
  let expected: readonly Period[] = [];
  for (const [round, images] of batches.entries()) {
    const object = { key: `o${round}`, etag: 'e', bytes: 1, modifiedMs: 0 };
    const target = {
      token: 'model',
      manifestUrl: 's3://b/m',
      copyRoleArn: 'arn:aws:iam::1:role/c',
    };
    const batch = { dataset, batchId: `b${round}`, objects: [object] };
    await database.load(
      mutate(loadStatements(batch, target)),
      images.map((image) => lakeRow(image, ends)),
    );
    arrived.push(...images);
    expected = (await pastOf(arrived)).flatMap(periodsOf);
    // While two versions of the rules meet, the newest verdict of a content depends on the batches.
    const last = round === batches.length - 1;
    const judged = Map.groupBy(
      arrived.filter(({ rulesVersion }) => rulesVersion > 0),
      ({ source }) => source,
    );
    const settled = ({ source }: Period) =>
      last || new Set(judged.get(source)?.map(({ rulesVersion }) => rulesVersion)).size === 1;
    expect(sorted((await storedPeriods()).filter(settled))).toEqual(
      sorted(expected.filter(settled)),
    );
  }
  // Made anew they are the same, and nothing was stale.
  const { lifecycle } = dataset;
  if (!lifecycle) throw new Error('no lifecycle');
  const stale = stalePeriodsQuery(dataset, lifecycle, imageTables(dataset));
  const { rows } = await database.client.query<{ stale: string }>(stale);
  expect(rows).toEqual([{ stale: '0' }]);
  for (const sql of recomputePeriods(dataset, lifecycle, imageTables(dataset))) {
    await database.client.query(sql);
  }
  expect(sorted(await storedPeriods())).toEqual(sorted(expected));
  return expected;
}

async function reset(): Promise<void> {
  const t = imageTables(dataset);
  const tables = [t.pending, t.changes, t.state, t.frontier, t.ledger, t.batches, 'ops.loader'];
  const all = [...tables, 'careplus.ticket_periods'].map((table) => `DELETE FROM ${table}`);
  await database.client.query(
    [...all, `INSERT INTO ops.loader VALUES ('${dataset.name}', 'model', getdate())`].join('; '),
  );
}

test(
  'the periods are those of the images played forward, batch by batch',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (histories) => {
        const periods = await play(histories);
        await compareFigures(periods);
      }),
      { numRuns: long ? 300 : 8, endOnFailure: !long },
    );
  },
);

/** Counts the figures over the periods by brute force and compares their SQL twins. */
async function compareFigures(periods: readonly Period[]): Promise<void> {
  const openings = periods.filter(({ status }) => status === 'Open');
  const closings = openings.filter(({ leftMs }) => leftMs !== null);
  const reopenings = openings.filter(({ place }) => place > 1);
  const left = periods.filter(({ leftMs }) => leftMs !== null);
  const seconds = left.reduce(
    (sum, { enteredMs, leftMs }) => sum + ((leftMs ?? 0) - enteredMs) / 1000,
    0,
  );
  const figures: Readonly<Record<string, readonly [number, number?]>> = {
    tickets_opened: [openings.length],
    tickets_closed: [closings.length],
    tickets_reopened: [new Set(reopenings.map(({ key }) => key)).size],
    reopen_rate: [reopenings.length, closings.length],
    mean_hours_in_status: [seconds, left.length],
  };
  for (const [name, [numerator, denominator]] of Object.entries(figures)) {
    const measure: Measure | undefined = historyMeasures.find((each) => each.name === name);
    if (!measure) throw new Error(`no measure ${name}`);
    const { rows } = await database.client.query<Record<string, string | null>>(
      measureSql(measure),
    );
    expect([name, Number(rows[0]?.['numerator'])]).toEqual([name, numerator]);
    if (denominator !== undefined) expect(Number(rows[0]?.['denominator'])).toBe(denominator);
  }
  const { rows } = await database.client.query<{ hour_ms: string; open_tickets: string }>(
    `SELECT EXTRACT(EPOCH FROM backlog_hour) * 1000 AS hour_ms, open_tickets FROM reporting.ticket_backlog`,
  );
  const hours = new Set(
    [
      ...openings.map(({ enteredMs }) => enteredMs),
      ...closings.map(({ leftMs }) => leftMs ?? 0),
    ].map((ms) => Math.floor(ms / HOUR) * HOUR),
  );
  expect(new Set(rows.map(({ hour_ms }) => Number(hour_ms)))).toEqual(hours);
  for (const { hour_ms, open_tickets } of rows) {
    const end = Number(hour_ms) + HOUR;
    const open = openings.filter(
      ({ enteredMs, leftMs }) => enteredMs < end && (leftMs === null || leftMs >= end),
    );
    expect(Number(open_tickets)).toBe(open.length);
  }
}

describe('the comparison is sharp: it sees the loss of', () => {
  test.each(Object.keys(periodMutations))('%s', async (name) => {
    const outcome = await fc.check(
      fc.asyncProperty(scenario, async (histories) => {
        await play(histories, periodMutations[name]);
      }),
      // It ends at the first failure; some faults show in few histories only.
      { numRuns: 300, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(String(outcome.errorInstance)).toMatch(/AssertionError/);
  });
});
