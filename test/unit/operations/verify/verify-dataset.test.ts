import { describe, expect, it } from 'vitest';
import { emptyBooks } from '../../../../operations/verify/books.ts';
import type { Coverage } from '../../../../operations/verify/coverage.ts';
import { readSource } from '../../../../operations/verify/source-reading.ts';
import { verifyDataset, type DatasetSides } from '../../../../operations/verify/verify-dataset.ts';
import type { WarehouseReading } from '../../../../operations/verify/warehouse-reading.ts';
import type { ReaderCheckpoint } from '../../../../schemas/checkpoint.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import {
  allReadable,
  cleanTicket,
  idOf,
  keyOf,
  noDetails,
  nothingLater,
  stateOf,
  ticket,
} from './readings.ts';

const EPOCH = 1000;
const frontier = { epoch: EPOCH, seq: 2 };

const covered: Coverage = { covered: true, frontier, checkpoint: {} as ReaderCheckpoint };

/** A warehouse that holds one ticket, as it should. */
const reading: WarehouseReading = {
  frontier,
  later: nothingLater,
  unreadable: allReadable,
  history: {
    shownFrontiers: 1,
    frontier: 2,
    frontierRow: { ready: 1, live: 1, committed_ms: 5 },
    expectedRow: { ready: 1, live: 1, committed_ms: 5 },
    last: 2,
    transactionEnds: true,
    missingNumbers: [],
    doubledNumbers: [],
    drift: [],
  },
  checkLives: async () => 0,
  otherSources: [],
  evidence: { unlikeEvents: [], imageRows: [], oddRows: [], brokenTransactions: [] },
  async *parts() {
    yield {
      state: [stateOf(ticket())],
      shown: [{ imageId: idOf(ticket()), copies: 1, cells: cleanTicket }],
      quarantine: [],
      details: noDetails,
    };
  },
};

const moving: WarehouseReading = {
  ...reading,
  later: { copies: new Map([['other', 1]]), keys: new Set([keyOf(ticket())]), barrier: false },
};

function sides(overrides: Partial<DatasetSides> = {}): DatasetSides {
  return {
    source: 's',
    knownSources: async () => new Set(['s']),
    checkArchive: async () => 0,
    shownEpoch: async () => EPOCH,
    readSource: async () => ({
      gtid: '0-1-5',
      reading: await readSource(supportTickets, [ticket()]),
    }),
    waitUntilCovered: async () => covered,
    findLastInside: async () => 2,
    readWarehouse: async () => reading,
    ...overrides,
  };
}

/** Gives the readings one after the other, then the last one for ever. */
function inTurn<T>(...values: [T, ...T[]]): () => Promise<T> {
  const waiting = [...values];
  return async () => (waiting.length > 1 ? waiting.shift() : waiting[0]) as T;
}

describe('verification of a dataset', () => {
  it('closes the books at the source’s position', async () => {
    const result = await verifyDataset(supportTickets, sides());
    expect(result).toMatchObject({ gtid: '0-1-5', epoch: EPOCH, seq: 2, frontier: 2, attempts: 1 });
    expect(result.books).toEqual({ ...emptyBooks, read: 1, shown: 1 });
    expect(result.differences.total).toBe(0);
  });

  it('reads the source again until no key is in flight', async () => {
    const readWarehouse = inTurn<WarehouseReading | undefined>(moving, moving, reading);
    const { books, attempts } = await verifyDataset(supportTickets, sides({ readWarehouse }));
    expect(attempts).toBe(3);
    expect(books).toEqual({ ...emptyBooks, read: 1, shown: 1 });
  });

  it('counts rows as in flight when no moment is quiet', async () => {
    const readWarehouse = inTurn<WarehouseReading | undefined>(moving);
    const { books, attempts } = await verifyDataset(supportTickets, sides({ readWarehouse }));
    expect(attempts).toBe(5);
    expect(books).toEqual({ ...emptyBooks, read: 1, in_flight: 1 });
  });

  it('begins anew when the warehouse goes over to another epoch meanwhile', async () => {
    const shownEpoch = inTurn<number | undefined>(undefined, EPOCH);
    const first = await verifyDataset(supportTickets, sides({ shownEpoch }));
    expect(first.attempts).toBe(2);
    const readWarehouse = inTurn<WarehouseReading | undefined>(undefined, reading);
    const second = await verifyDataset(supportTickets, sides({ readWarehouse }));
    expect(second.attempts).toBe(2);
    expect(second.differences.total).toBe(0);
  });

  it('names the hop when the warehouse stays behind, and still tells what differs', async () => {
    const result = await verifyDataset(
      supportTickets,
      sides({
        waitUntilCovered: async () => ({
          covered: false,
          frontier,
          hop: 'hole',
          wanted: 'epoch 1000 up to 9',
          found: 'epoch 1000 up to 2',
        }),
        readSource: async () => ({
          gtid: '0-1-9',
          reading: await readSource(supportTickets, [ticket(), ticket({ ticket_id: 'T2' })]),
        }),
      }),
    );
    expect(result.attempts).toBe(1);
    expect(result.differences.first).toEqual([
      {
        kind: 'behind',
        key: 'hole',
        expected: 'epoch 1000 up to 9',
        found: 'epoch 1000 up to 2',
      },
      {
        ...{ kind: 'missing-row', key: 'T2', expected: 1, found: 0 },
        table: 'careplus.ticket_state',
      },
    ]);
    expect(result.books).toEqual({ ...emptyBooks, read: 2, shown: 1, unexplained: 1 });
  });

  it('explains nothing while nothing is shown', async () => {
    const waitUntilCovered = async (): Promise<Coverage> => ({
      covered: false,
      frontier: undefined,
      hop: 'delivery',
      wanted: 'epoch 1000 up to 9',
      found: 'nothing is shown',
    });
    const { books, differences, epoch } = await verifyDataset(
      supportTickets,
      sides({ waitUntilCovered }),
    );
    expect(epoch).toBeNull();
    expect(books).toEqual({ ...emptyBooks, read: 1, unexplained: 1 });
    expect(differences.first.map(({ kind }) => kind)).toEqual(['behind']);
  });

  it('counts faults of the history as unexplained', async () => {
    const half = { ...reading, history: { ...reading.history, transactionEnds: false } };
    const { books, differences } = await verifyDataset(
      supportTickets,
      sides({ readWarehouse: async () => half }),
    );
    expect(books.unexplained).toBe(1);
    expect(differences.first[0]?.kind).toBe('half-transaction');
  });
});
