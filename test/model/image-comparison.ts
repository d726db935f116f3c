import { expect } from 'vitest';
import type pg from 'pg';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { holesQuery, imageTables } from '../../warehouse-loader/image-statements.ts';
import { deliver, LAST_VERSION, sideBySide, type Delivery } from './delivery.ts';
import { warehouseOf, type SourceState } from './multiset-model.ts';
import {
  identityOf,
  publish,
  type History,
  type PublishedHistory,
  type PublishedImage,
  type SourceRow,
} from './source-history.ts';
import type { LakeRow } from './warehouse-database.ts';

/** Compares what a warehouse holds with the model, and with the source tables themselves. */

export const dataset = supportTickets;
const t = imageTables(dataset);

/** Several histories side by side, each a source of its own. */
export type Scenario = readonly (readonly [History, Delivery])[];

/** A history on its way into the warehouse. */
export interface Played {
  readonly published: PublishedHistory;
  /** The newest time of the source that was shown. */
  shownTime: number;
}

/** Publishes the histories; each batch holds one of every history that still has one. */
export function playOut(scenario: Scenario): {
  readonly played: readonly Played[];
  readonly batches: readonly (readonly PublishedImage[])[];
} {
  const played = scenario.map(([past], index): Played => {
    return { published: publish(`server.db.t${index}`, past), shownTime: -1 };
  });
  const ofEach = played.map(({ published }, index) => {
    const how = scenario[index]?.[1];
    return how ? deliver(published, how) : [];
  });
  return { played, batches: sideBySide(ofEach) };
}

/** The rules of the test: pure, and different by version. */
function accepts(version: number, { value }: SourceRow): boolean {
  return version === 1 ? value % 3 !== 0 : value % 4 !== 1;
}

export function lakeRow(image: PublishedImage): LakeRow {
  const { source, epoch, seq, kind, key, rank, rulesVersion, row } = image;
  return {
    ...{ source, epoch, seq, kind, rank, tx_end: image.txEnd ? 1 : 0 },
    ...{ key_hash: key, image_id: image.image, rules_version: rulesVersion },
    accepted: row && rulesVersion > 0 && accepts(rulesVersion, row) ? 1 : 0,
    ticket_id: row?.key ?? null,
    num_interactions: row?.value ?? null,
    created_at_ms: image.time * 1000,
    committed_ms: image.time * 1000,
    ...{ kafka_partition: 0, kafka_offset: seq },
  };
}

interface StateRecord {
  readonly source: string;
  readonly epoch: number;
  readonly key_hash: string;
  readonly image_id: string;
  readonly copies: number;
  readonly is_latest: number;
  readonly event_seq: number;
  readonly rules_version: number;
  readonly accepted: number;
  readonly num_interactions: number | null;
}

/** What is in the warehouse, as plain values. */
export interface Warehouse {
  readonly frontier: readonly {
    readonly source: string;
    readonly epoch: number;
    readonly seq: number;
    readonly shown: number;
  }[];
  readonly state: readonly StateRecord[];
  readonly shownImages: readonly { readonly source: string; readonly image_id: string }[];
  readonly quarantined: readonly { readonly source: string; readonly image_id: string }[];
  readonly history: readonly { readonly source: string; readonly numbers: readonly string[] }[];
  readonly pending: readonly { readonly source: string; readonly numbers: readonly string[] }[];
  readonly holes: readonly {
    readonly source: string;
    readonly epoch: number;
    readonly missing_from: number;
    readonly missing_to: number;
  }[];
  readonly ledger: readonly LedgerRow[];
}

/** An object of the lake, as the ledger has it. */
export interface LedgerRow {
  readonly key: string;
  readonly outcome: string;
}

/** One statement, hence one moment: state and ledger are of the same transactions. */

export async function readWarehouse(client: pg.Client): Promise<Warehouse> {
  const numbers = `json_agg(concat(x.epoch, '/', x.seq) ORDER BY x.epoch, x.seq) AS numbers`;
  const parts = {
    frontier: `SELECT source, epoch, seq, shown FROM ${t.frontier} WHERE live = 1 ORDER BY source, epoch`,
    state: `SELECT source, epoch, key_hash, image_id, copies, is_latest, event_seq, rules_version, accepted, num_interactions
      FROM ${t.state} ORDER BY source, epoch, key_hash, image_id`,
    shownImages: 'SELECT source, image_id FROM careplus.tickets ORDER BY source, image_id',
    quarantined: 'SELECT source, image_id FROM careplus.quarantine ORDER BY source, image_id',
    history: `SELECT x.source, ${numbers} FROM ${t.changes} x JOIN ${t.frontier} f
      ON f.source = x.source AND f.epoch = x.epoch AND f.live = 1 GROUP BY x.source`,
    pending: `SELECT x.source, ${numbers} FROM ${t.pending} x GROUP BY x.source`,
    holes: holesQuery(dataset),
    ledger: `SELECT object_key AS key, outcome FROM ${t.ledger} ORDER BY object_key`,
  };
  const columns = Object.entries(parts).map(
    ([name, sql]) => `(SELECT coalesce(json_agg(q), '[]') FROM (${sql}) q) AS "${name}"`,
  );
  const { rows } = await client.query<Warehouse>(`SELECT ${columns.join(', ')}`);
  const [warehouse] = rows;
  if (!warehouse) throw new TypeError('the warehouse gave no row');
  return warehouse;
}

/** @param arrived what has arrived so far, in any order. @throws at the first difference. */
export function compare(
  warehouse: Warehouse,
  played: readonly Played[],
  arrived: readonly PublishedImage[],
): void {
  const bySource = Map.groupBy(arrived, ({ source }) => source);
  for (const one of played) {
    const { source } = one.published;
    const images = bySource.get(source) ?? [];
    const model = warehouseOf(images).get(source) ?? { shown: undefined, live: [] };
    const ofSource = <T extends { readonly source: string }>(rows: readonly T[]) =>
      rows.filter((row) => row.source === source);

    expect(ofSource(warehouse.frontier)).toEqual(
      model.live.map(({ epoch, frontier }) => ({
        ...{ source, epoch, seq: frontier },
        shown: epoch === model.shown?.epoch ? 1 : 0,
      })),
    );
    const state = ofSource(warehouse.state);
    compareState(state, model, images);
    compareViews(warehouse, source, state, model);
    compareNumbers(warehouse, source, model);
    compareWithSource(one, model);
  }
}

function compareState(
  state: readonly StateRecord[],
  model: SourceState,
  arrived: readonly PublishedImage[],
): void {
  const expected = model.live
    .flatMap(({ epoch, state: rows }) => rows.map((row) => ({ epoch, ...row })))
    .sort((a, b) => a.epoch - b.epoch || order(a.key, b.key) || order(a.image, b.image));
  expect(
    state.map((row) => [row.epoch, row.key_hash, row.image_id, row.copies, row.is_latest]),
  ).toEqual(
    expected.map((row) => [row.epoch, row.key, row.image, row.copies, row.isLatest ? 1 : 0]),
  );
  const allReadable = !arrived.some(({ kind }) => kind === 'X');
  for (const [index, row] of state.entries()) {
    const want = expected[index];
    if (!want) continue;
    // Which of two versions judged a content that went away and came back depends on the batches.
    // While an image is unreadable its content may cancel out, to come back with the repair.
    if (allReadable) expect(row.rules_version).toBeGreaterThanOrEqual(want.rulesVersion);
    if (allReadable && want.highestVersion <= 1) expect(row.event_seq).toBe(want.eventSeq);
    expect(row.rules_version).toBeLessThanOrEqual(want.highestVersion);
    if (want.unreadable) expect(row.accepted).toBe(0);
    else {
      const content = { key: null, value: row.num_interactions ?? -1 };
      expect(row.accepted).toBe(accepts(row.rules_version, content) ? 1 : 0);
    }
  }
}

/** Tickets: the one latest image of each key, if accepted. Quarantine: every image that is not. */
function compareViews(
  warehouse: Warehouse,
  source: string,
  state: readonly StateRecord[],
  model: SourceState,
): void {
  const shown = state.filter(({ epoch, copies }) => epoch === model.shown?.epoch && copies > 0);
  const images = (rows: readonly { source: string; image_id: string }[]) =>
    rows.filter((row) => row.source === source).map(({ image_id }) => image_id);
  const ids = (rows: readonly StateRecord[]) => rows.map(({ image_id }) => image_id).sort(order);
  expect(images(warehouse.shownImages)).toEqual(
    ids(shown.filter(({ is_latest, accepted }) => is_latest === 1 && accepted === 1)),
  );
  expect(images(warehouse.quarantined)).toEqual(
    ids(shown.filter(({ accepted }) => accepted === 0)),
  );
}

/** History holds each number up to the frontier once, pending each number above it once, and the rest is missing. */
function compareNumbers(warehouse: Warehouse, source: string, model: SourceState): void {
  const numbers = (rows: Warehouse['history']) =>
    rows.find((row) => row.source === source)?.numbers ?? [];
  expect(numbers(warehouse.history)).toEqual(
    model.live.flatMap(({ epoch, frontier }) =>
      Array.from({ length: frontier }, (_, index) => `${epoch}/${index + 1}`),
    ),
  );
  expect(numbers(warehouse.pending)).toEqual(
    model.live.flatMap(({ epoch, pending }) => pending.map((seq) => `${epoch}/${seq}`)),
  );
  expect(warehouse.holes.filter((hole) => hole.source === source)).toEqual(
    model.live.flatMap(({ epoch, holes }) =>
      holes.map(([from, to]) => ({ source, epoch, missing_from: from, missing_to: to })),
    ),
  );
}

/** What is shown was true at the source at one moment, and that moment never moves back. */
function compareWithSource(one: Played, { shown }: SourceState): void {
  if (!shown) return;
  const truth = one.published.boundaries.get(`${shown.epoch}/${shown.frontier}`);
  if (!truth) throw new Error(`half a transaction at ${shown.epoch}/${shown.frontier}`);
  expect(truth.time).toBeGreaterThanOrEqual(one.shownTime);
  one.shownTime = truth.time;
  if (shown.state.some(({ unreadable }) => unreadable)) return;
  const expanded = shown.state.flatMap(({ key, image, copies }) =>
    Array.from({ length: copies }, () => `${key}/${image}`),
  );
  const rows = truth.rows
    .map((row) => identityOf(row, truth.shape))
    .map(({ key, image }) => `${key}/${image}`);
  expect(expanded.sort()).toEqual(rows.sort());
}

/** After the replay: everything arrived, nothing waits, every verdict is the last version's. */
export function compareEnd(warehouse: Warehouse, played: readonly Played[]): void {
  for (const { published } of played) {
    const { source, end } = published;
    expect(warehouse.frontier.filter((row) => row.source === source && row.shown === 1)).toEqual([
      { source, ...end, shown: 1 },
    ]);
    for (const row of warehouse.state.filter((each) => each.source === source)) {
      expect(row.rules_version).toBe(LAST_VERSION);
      // The number names an image of this very content.
      const named = published.images.find(
        ({ epoch, seq }) => epoch === row.epoch && seq === row.event_seq,
      );
      expect(named?.image).toBe(row.image_id);
    }
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
