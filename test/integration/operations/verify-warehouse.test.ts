import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkArchivedHistory } from '../../../operations/verify/archived-history.ts';
import { createDifferenceList } from '../../../operations/verify/differences.ts';
import type { ArchivedImage } from '../../../operations/verify/raw-history.ts';
import { emptyBooks } from '../../../operations/verify/books.ts';
import { readSource } from '../../../operations/verify/source-reading.ts';
import { recordVerification } from '../../../operations/verify/verification.ts';
import { verifyDataset, type DatasetSides } from '../../../operations/verify/verify-dataset.ts';
import {
  findLastInside,
  readFrontier,
  readWarehouse,
} from '../../../operations/verify/warehouse-reading.ts';
import type { ReaderCheckpoint } from '../../../schemas/checkpoint.ts';
import type { RawImage } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { ticket } from '../../unit/operations/verify/readings.ts';
import { startLocalWarehouse, type LocalWarehouse } from '../dashboard/local-warehouse.ts';
import {
  COMMITTED_MS,
  EPOCH,
  insertRows,
  loadImages,
  SOURCE,
  type LoadedImage,
} from './loaded-warehouse.ts';

const scope = { dataset: supportTickets, source: SOURCE };
const { signal } = new AbortController();
let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
});
afterAll(() => warehouse.close());

// T1 twice; T2 first open, then resolved; T3 with a fault; T4 came and went.
const first = ticket();
const open = ticket({ ticket_id: 'T2' });
const resolved = ticket({
  ticket_id: 'T2',
  resolved_at: '2025-07-02 09:00:00',
  status: 'Resolved',
  agent: "O'Neil \\ ä",
});
const faulty = ticket({ ticket_id: 'T3', num_interactions: '1e3' });
const gone = ticket({ ticket_id: 'T4' });
const history: LoadedImage[] = [
  { kind: '+', raw: first, gtid: null },
  { kind: '+', raw: first, gtid: null },
  { kind: '+', raw: gone, gtid: null },
  { kind: '+', raw: open, gtid: '0-1-10' },
  { kind: '+', raw: faulty, gtid: '0-1-11', ends: false },
  { kind: '-', raw: gone, gtid: '0-1-11' },
  { kind: '-', raw: open, gtid: '0-1-12', ends: false },
  { kind: '+', raw: resolved, gtid: '0-1-12' },
];
const source = [first, resolved, first, faulty];
const goodBooks = { ...emptyBooks, read: 4, shown: 2, repeats: 1, quarantined: 1 };

/** The warehouse as it is, against rows of a source that are given. */
async function verified(rows: readonly RawImage[] = source, gtid = '0-1-12') {
  const sides: DatasetSides = {
    source: SOURCE,
    checkArchive: async () => 0,
    knownSources: async () => new Set([SOURCE, 'test.other.tickets']),
    shownEpoch: async () => (await readFrontier(warehouse.api, scope, signal))?.epoch,
    readSource: async () => ({ gtid, reading: await readSource(supportTickets, rows) }),
    waitUntilCovered: async () => ({
      covered: true,
      frontier: (await readFrontier(warehouse.api, scope, signal)) ?? { epoch: 0, seq: 0 },
      checkpoint: {} as ReaderCheckpoint,
    }),
    findLastInside: (frontier, wanted) =>
      findLastInside(warehouse.api, scope, frontier, wanted, signal),
    readWarehouse: (place) => readWarehouse(warehouse.api, scope, { ...place, signal }),
  };
  return verifyDataset(supportTickets, sides);
}

describe('verify on a warehouse', () => {
  beforeEach(() => loadImages(warehouse.database, history));

  it('finds a faultless one equal to its source', async () => {
    const { books, differences, seq, frontier, attempts } = await verified();
    expect(differences.first).toEqual([]);
    expect(books).toEqual(goodBooks);
    expect({ seq, frontier, attempts }).toEqual({ seq: 8, frontier: 8, attempts: 1 });
  });

  it('compares at the number that belongs to the source’s position', async () => {
    const { books, differences, seq, frontier } = await verified(
      [first, first, open, faulty],
      '0-1-11',
    );
    expect(differences.first).toEqual([]);
    expect({ seq, frontier }).toEqual({ seq: 6, frontier: 8 });
    expect(books).toEqual({ ...goodBooks, shown: 1, in_flight: 1 });
  });

  it('counts an unreadable record for the row that is missing', async () => {
    const { database } = warehouse;
    await database.query("DELETE FROM careplus.ticket_state WHERE ticket_id = 'T2'");
    await database.query(
      `UPDATE careplus.ticket_changes SET kind = 'X', image_id = 'x:8', rules_version = 0,
       accepted = 0, gtid = NULL, reasons = 'record:unreadable' WHERE seq = 8`,
    );
    const { rows } = await database.query<object>(
      'SELECT *, 1 AS copies, 1 AS is_latest, seq AS event_seq FROM careplus.ticket_changes WHERE seq = 8',
    );
    await insertRows(database, 'careplus.ticket_state', rows);
    const { books, differences } = await verified();
    expect(differences.first).toEqual([]);
    expect(books).toEqual({ ...goodBooks, shown: 1, dead_lettered: 1 });
  });

  const where = `source = '${SOURCE}'`;
  const ofTicket = (id: string) => `careplus.ticket_state WHERE ticket_id = '${id}'`;
  const change = (set: string, id: string) =>
    `UPDATE careplus.ticket_state SET ${set} WHERE ticket_id = '${id}'`;
  const repeat = (table: string, rows: string) => `INSERT INTO ${table} SELECT * FROM ${rows}`;

  it.each([
    ['a lost row', `DELETE FROM ${ofTicket('T2')}`, 'missing-row', 'T2'],
    ['a row counted twice', change('copies = 3', 'T1'), 'surplus-row', 'T1'],
    ['a state row twice', repeat('careplus.ticket_state', ofTicket('T2')), 'state-row-twice', 'T2'],
    ['a changed cell', change("agent = 'Eve'", 'T1'), 'changed-cell', 'T1'],
    [
      'a second too much',
      change('created_at_ms = created_at_ms + 1000', 'T1'),
      'changed-cell',
      'T1',
    ],
    ['other reasons', change("reasons = 'x'", 'T3'), 'changed-reasons', 'T3'],
    ['another original', change("original = 'x'", 'T3'), 'changed-column', 'T3'],
    ['another day', change("book_day = '1999-01-01'", 'T1'), 'changed-column', 'T1'],
    ['another rank', change('rank = 1', 'T1'), 'changed-column', 'T1'],
    ['a cell of what is set aside', change("agent = 'Eve'", 'T3'), 'changed-column', 'T3'],
    ['an old verdict', change('rules_version = 0', 'T1'), 'rules-version', 'T1'],
    ['a ticket that is hidden', change('is_latest = 0', 'T1'), 'not-shown', 'T1'],
    ['another GTID of a shown row', change("gtid = '0-1-99'", 'T2'), 'changed-column', 'T2'],
    ['another event of a row', change('event_seq = 2', 'T3'), 'changed-column', 'T3'],
    [
      'a cell of one of two images in the history',
      "UPDATE careplus.ticket_changes SET agent = 'Eve' WHERE seq = 2",
      'changed-column',
      'T1',
    ],
    [
      'a cell of an image that is gone',
      "UPDATE careplus.ticket_changes SET agent = 'Eve' WHERE seq = 3",
      'changed-column',
      'T4',
    ],
    [
      'a row of the history of another kind',
      "UPDATE careplus.ticket_changes SET kind = 'X' WHERE seq = 5",
      'odd-row',
      'seq 5',
    ],
    [
      'two transactions where there was one',
      "UPDATE careplus.ticket_changes SET gtid = '0-1-10' WHERE seq = 6",
      'broken-transaction',
      'seq 6',
    ],
    [
      'another time of a commit',
      'UPDATE careplus.ticket_changes SET committed_ms = 1 WHERE seq = 6',
      'broken-transaction',
      'seq 6',
    ],
    [
      'a frontier that claims to be newer',
      'UPDATE ops.ticket_frontier SET committed_ms = committed_ms + 1000',
      'wrong-frontier',
      'committed_ms',
    ],
    [
      'a source of which no reader has written',
      `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
       VALUES ('forged', 1, 1, 1, 1, 1, 0)`,
      'unknown-source',
      'forged',
    ],
    [
      'half a transaction',
      `UPDATE ops.ticket_frontier SET seq = 7 WHERE ${where}`,
      'half-transaction',
      'seq 7',
    ],
    [
      'a hole',
      'DELETE FROM careplus.ticket_changes WHERE seq IN (3, 4)',
      'missing-number',
      'seq 3–4',
    ],
    ['a lost tail', 'DELETE FROM careplus.ticket_changes WHERE seq = 8', 'missing-number', 'seq 8'],
    [
      'a number twice',
      repeat('careplus.ticket_changes', 'careplus.ticket_changes WHERE seq = 2'),
      'number-twice',
      'seq 2',
    ],
    [
      'two frontiers',
      repeat('ops.ticket_frontier', `ops.ticket_frontier WHERE ${where}`),
      'wrong-frontier',
      'frontier',
    ],
  ])('finds and names %s', async (_, sql, kind, key) => {
    await warehouse.database.query(sql);
    const { books, differences } = await verified();
    expect(differences.first).toContainEqual(expect.objectContaining({ kind, key }));
    expect(books.unexplained).toBeGreaterThan(0);
  });

  it('names the history where the source says that the state is right', async () => {
    await warehouse.database.query(
      "UPDATE careplus.ticket_changes SET agent = 'Eve' WHERE seq = 5",
    );
    expect((await verified()).differences.first).toEqual([
      {
        ...{ kind: 'changed-column', table: 'careplus.ticket_changes', key: 'T3' },
        ...{ expected: { agent: null }, found: { agent: 'Eve' }, event: `${SOURCE}:${EPOCH}:5` },
      },
    ]);
  });

  it('names both rows where either may be the wrong one, and the wrong one where it is known', async () => {
    const { database } = warehouse;
    await database.query("UPDATE careplus.ticket_changes SET agent = 'Eve' WHERE seq IN (2, 6)");
    const { differences } = await verified();
    const place = `${SOURCE}:${EPOCH}`;
    const shared = { kind: 'changed-column', table: 'careplus.ticket_changes' };
    expect(differences.first).toContainEqual({
      ...{ ...shared, key: 'T1', event: `${place}:2` },
      ...{ expected: { agent: 'Ann' }, found: { agent: 'Eve' } },
    });
    expect(differences.first.filter(({ key }) => key === 'T4')).toEqual([
      {
        ...{ ...shared, key: 'T4', event: `${place}:6 or ${place}:3` },
        ...{ expected: { agent: 'Ann' }, found: { agent: 'Eve' } },
      },
    ]);
  });

  it('finds what only the raw archive tells: an old image, changed wherever the history has it', async () => {
    const images = history.map(({ kind, raw, gtid }, index): ArchivedImage => ({
      ...{ epoch: EPOCH, seq: index + 1, kind, raw, gtid, committedMs: COMMITTED_MS },
    }));
    const check = async () => {
      const differences = createDifferenceList();
      const archived = (async function* () {
        yield images;
      })();
      const context = { api: warehouse.api, signal, differences };
      const result = await checkArchivedHistory(scope, archived, context);
      return { ...result, found: differences.first };
    };
    expect(await check()).toEqual({ compared: 8, wrong: 0, found: [] });
    const change = (set: string, where: string) =>
      warehouse.database.query(`UPDATE careplus.ticket_changes SET ${set} WHERE ${where}`);
    await change("agent = 'Eve'", "ticket_id = 'T4'");
    await change("gtid = '0-1-9', committed_ms = 1", 'seq = 4');
    await change("agent = 'Eve', rules_version = 0, rank = 1", 'seq = 1');
    expect((await verified()).differences.first.filter(({ key }) => key === 'T4')).toEqual([]);
    const place = `${SOURCE}:${EPOCH}`;
    const shared = { kind: 'changed-column', table: 'careplus.ticket_changes' };
    expect((await check()).found).toEqual(
      [
        {
          ...{ ...shared, key: 'T1', event: `${place}:1` },
          // Cells of other rules are theirs.
          ...{ expected: { rank: String(supportTickets.rank(first)) }, found: { rank: '1' } },
        },
        ...[3, 6].map((seq) => ({
          ...{ ...shared, key: 'T4', event: `${place}:${seq}` },
          ...{ expected: { agent: 'Ann' }, found: { agent: 'Eve' } },
        })),
        {
          ...{ ...shared, key: 'T2', event: `${place}:4` },
          expected: { gtid: '0-1-10', committed_ms: String(COMMITTED_MS) },
          found: { gtid: '0-1-9', committed_ms: '1' },
        },
      ].toSorted((a, b) => (a.event < b.event ? -1 : 1)),
    );
  });

  it('takes a source of another reader for what it is', async () => {
    await warehouse.database.query(
      `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
       VALUES ('test.other.tickets', 1, 1, 1, 1, 1, 0)`,
    );
    expect((await verified()).differences.first).toEqual([]);
  });

  it('notices that the history does not add up to the state', async () => {
    await warehouse.database.query("UPDATE careplus.ticket_changes SET kind = '+' WHERE seq = 6");
    const { differences } = await verified();
    expect(new Set(differences.first.map(({ kind }) => kind))).toEqual(new Set(['history-drift']));
  });

  it('keeps its result where the page finds it', async () => {
    const result = {
      ok: true,
      verified_at: '2025-07-01T10:00:00.000Z',
      datasets: [
        {
          ...goodBooks,
          dataset: 'tickets',
          ok: true,
          source: SOURCE,
          gtid: '0-1-12',
          epoch: EPOCH,
          seq: 8,
          frontier: 8,
          rules_version: 1,
          attempts: 1,
          differences_total: 0,
        },
      ],
      days: [],
      differences: [],
      differences_total: 0,
    };
    await recordVerification(warehouse.api, result, signal);
    const { rows } = await warehouse.database.query<Record<string, unknown>>(
      'SELECT dataset, CAST(verified_at AS TEXT) AS at, ok, books FROM ops.verifications',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ dataset: 'tickets', at: '2025-07-01 10:00:00', ok: 1 });
    expect(JSON.parse(String(rows[0]?.['books']))).toMatchObject(goodBooks);
  });
});
