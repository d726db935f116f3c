import { z } from 'zod';
import {
  booksDatasets,
  booksOf,
  booksQuery,
  dayBooksQuery,
  type Books,
  type BooksDataset,
} from './books.ts';
import type { Frontier } from '../feeds/freshness.ts';
import { frontierOf } from '../feeds/frontier-rows.ts';
import { countOf, onlyRow, textOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Days whose books are listed. */
const DAYS = 400;
/** Lists of reasons that are read, over all datasets. */
const REASONS = 200;
const VERIFICATIONS = 20;

/** What `careplus verify` found last. */
interface LastVerification {
  readonly verifiedAtMs: number;
  readonly ok: boolean;
  /** Null when the kept result does not say. */
  readonly differences: number | null;
}

/** What the warehouse knows of one dataset's way through the pipeline. */
export interface DatasetFigures {
  readonly books: Books;
  /** The newest first; `unknown` where the row's own day is none. */
  readonly days: readonly (Books & { readonly day: string })[];
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly frontiers: readonly Frontier[];
  readonly verification: LastVerification | null;
}

export type PipelineFigures = Readonly<Record<BooksDataset, DatasetFigures>>;

const quarantineQuery =
  `SELECT dataset, reasons, CAST(COUNT(*) AS BIGINT) AS set_aside FROM reporting.quarantine ` +
  `GROUP BY dataset, reasons ORDER BY set_aside DESC, reasons LIMIT ${REASONS}`;

const frontiersQuery =
  `SELECT dataset, source, epoch, seq, committed_ms FROM reporting.freshness ` +
  `ORDER BY dataset, source`;

const verificationsQuery =
  `SELECT dataset, CAST(EXTRACT(EPOCH FROM verified_at) AS BIGINT) AS verified_s, ok, books ` +
  `FROM reporting.verifications ORDER BY verified_at DESC LIMIT ${VERIFICATIONS}`;

/** The whole query set of the pipeline page. */
export function pipelineQueries(): readonly string[] {
  return [
    quarantineQuery,
    frontiersQuery,
    verificationsQuery,
    ...booksDatasets.flatMap((name) => [booksQuery(name), dayBooksQuery(name, DAYS)]),
  ];
}

/**
 * Reads the rows that {@link pipelineQueries} gave, in the same order.
 *
 * @throws {PipelineError} WH_5001 when a value is not what was asked for.
 */
export function assemblePipeline(results: readonly (readonly WarehouseRow[])[]): PipelineFigures {
  const [quarantine = [], frontiers = [], verifications = [], ...books] = results;
  const figures = booksDatasets.map((name, index): [BooksDataset, DatasetFigures] => {
    const ofDataset = (row: WarehouseRow) => row['dataset'] === name;
    const verification = verifications.find(ofDataset);
    return [
      name,
      {
        books: booksOf(onlyRow(books[index * 2] ?? [], `books of ${name}`)),
        days: (books[index * 2 + 1] ?? []).map((row) => ({
          day: textOf(row, 'book_day') ?? 'unknown',
          ...booksOf(row),
        })),
        quarantine: quarantine.filter(ofDataset).map((row) => ({
          reasons: textOf(row, 'reasons') ?? '',
          count: countOf(row, 'set_aside') ?? 0,
        })),
        frontiers: frontiers.filter(ofDataset).map(frontierOf),
        verification: verification ? verificationOf(verification) : null,
      },
    ];
  });
  return Object.fromEntries(figures) as PipelineFigures;
}

/** What is read of the document that `careplus verify` keeps. */
const keptResult = z.looseObject({ differences_total: z.number().int() });

function verificationOf(row: WarehouseRow): LastVerification {
  return {
    verifiedAtMs: (countOf(row, 'verified_s') ?? 0) * 1_000,
    ok: countOf(row, 'ok') === 1,
    differences: differencesIn(textOf(row, 'books') ?? ''),
  };
}

function differencesIn(text: string): number | null {
  try {
    return keptResult.parse(JSON.parse(text)).differences_total;
  } catch {
    return null;
  }
}
