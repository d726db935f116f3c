import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { emptyBooks, type Books } from './books.ts';
import { createComparison } from './comparison.ts';
import type { Coverage } from './coverage.ts';
import { createDifferenceList, type DifferenceList } from './differences.ts';
import { checkEvidence } from './evidence.ts';
import { eventColumns } from './evidence-statements.ts';
import { checkHistory } from './history.ts';
import { judgedImage } from './judged-row.ts';
import type { SourceReading } from './source-reading.ts';
import type { Frontier, WarehouseReading } from './warehouse-reading.ts';

/** The two sides of one dataset, and the waiting between them. */
export interface DatasetSides {
  /** Id of the source. */
  readonly source: string;
  /** Every source of which a reader has ever written. */
  knownSources(): Promise<ReadonlySet<string>>;
  /** The epoch that the warehouse shows; undefined before the first is shown. */
  shownEpoch(): Promise<number | undefined>;
  /** Reads the source in a snapshot of its own. */
  readSource(): Promise<{ readonly gtid: string; readonly reading: SourceReading }>;
  /** Compares the history with the raw archive, where that is asked for. @returns how many rows are wrong. */
  checkArchive(differences: DifferenceList): Promise<number>;
  waitUntilCovered(gtid: string): Promise<Coverage>;
  /** The last number of this frontier's epoch whose source transaction is inside the GTID. */
  findLastInside(frontier: Frontier, gtid: string): Promise<number>;
  /** Undefined when another epoch is shown by now. */
  readWarehouse(options: {
    readonly epoch: number;
    readonly above: number;
    readonly expectedImages: number;
    readonly expectedEvents: number;
  }): Promise<WarehouseReading | undefined>;
}

export interface DatasetResult {
  readonly books: Books;
  readonly days: ReadonlyMap<string, Books>;
  readonly differences: DifferenceList;
  readonly gtid: string;
  /** Epoch that was compared; null when the warehouse shows none. */
  readonly epoch: number | null;
  /** Number at which source and warehouse were compared. */
  readonly seq: number;
  readonly frontier: number;
  readonly attempts: number;
}

const ATTEMPTS = 5;

/**
 * Verifies one dataset. Rows whose key changed after the source was read cannot be compared where
 * they are shown; so the source is read again, up to five times, for a moment without such rows,
 * and also when the warehouse went over to another epoch meanwhile.
 */
export async function verifyDataset(
  dataset: TableDataset,
  sides: DatasetSides,
): Promise<DatasetResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { result, settled } = await attemptOnce(dataset, sides);
    if (!settled && attempt < ATTEMPTS) continue;
    const wrong = await sides.checkArchive(result.differences);
    const books = { ...result.books, unexplained: result.books.unexplained + wrong };
    return { ...result, books, attempts: attempt };
  }
}

interface Attempt {
  readonly result: Omit<DatasetResult, 'attempts'>;
  /** Another attempt would bring nothing better. */
  readonly settled: boolean;
}

async function attemptOnce(dataset: TableDataset, sides: DatasetSides): Promise<Attempt> {
  const epochBefore = await sides.shownEpoch();
  const { gtid, reading: source } = await sides.readSource();
  const coverage = await sides.waitUntilCovered(gtid);
  const differences = createDifferenceList();
  if (!coverage.covered) {
    const { hop: key, wanted: expected, found } = coverage;
    differences.add({ kind: 'behind', key, expected, found });
  }
  const { frontier } = coverage;
  const above = frontier && (await sides.findLastInside(frontier, gtid));
  const warehouse =
    frontier &&
    (await sides.readWarehouse({
      epoch: frontier.epoch,
      above: above ?? 0,
      expectedImages: source.images.size,
      expectedEvents: frontier.seq,
    }));
  if (!frontier || !warehouse) {
    const books = { ...emptyBooks, read: source.rows, unexplained: source.rows };
    if (coverage.covered) {
      const expected = frontier?.epoch ?? null;
      differences.add({ kind: 'wrong-frontier', key: 'epoch', expected, found: null });
    }
    const result = { books, days: new Map(), differences, gtid, epoch: null, seq: 0, frontier: 0 };
    return { result, settled: !coverage.covered };
  }
  const judged = judgedImage(dataset);
  const comparison = createComparison({
    tables: {
      state: `careplus.${dataset.entity}_state`,
      shown: `careplus.${dataset.entity}s`,
      quarantine: `careplus.${dataset.entity}_quarantine`,
    },
    cleanColumns: dataset.cleanColumns,
    judged,
    rulesVersion: dataset.rulesVersion,
    source,
    later: warehouse.later,
    unreadable: warehouse.unreadable,
    differences,
  });
  for await (const part of warehouse.parts()) await comparison.add(part);
  const { books, days } = comparison.finish();
  const unlike = checkEvidence(
    warehouse.evidence,
    {
      ...{ source: sides.source, epoch: frontier.epoch, entity: dataset.entity },
      ...{ eventColumns: eventColumns(dataset), judged, rulesVersion: dataset.rulesVersion },
      images: source.images,
    },
    differences,
  );
  const strange = await checkSources(warehouse.otherSources, sides, dataset, differences);
  const untrue = await warehouse.checkLives(differences);
  const unproved = await sides.checkArchive(differences);
  const wrong = checkHistory(warehouse.history, differences) + unlike + strange + untrue + unproved;
  return {
    result: {
      books: { ...books, unexplained: books.unexplained + wrong },
      days,
      differences,
      gtid,
      epoch: frontier.epoch,
      seq: above ?? 0,
      frontier: warehouse.frontier.seq,
    },
    settled:
      !coverage.covered ||
      (epochBefore === frontier.epoch &&
        warehouse.later.keys.size === 0 &&
        !warehouse.later.barrier),
  };
}

/** @returns how many sources are shown that are none. */
async function checkSources(
  shown: readonly string[],
  sides: DatasetSides,
  { entity }: TableDataset,
  differences: DifferenceList,
): Promise<number> {
  const known = shown.length === 0 ? new Set() : await sides.knownSources();
  const strange = shown.filter((source) => !known.has(source));
  for (const source of strange) {
    const table = `ops.${entity}_frontier`;
    differences.add({ kind: 'unknown-source', key: source, expected: null, found: source, table });
  }
  return strange.length;
}
