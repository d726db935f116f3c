import { booksDatasets, type BooksDataset } from '../figures/books.ts';
import { explainReasons, type ReasonMeaning } from './reason-meaning.ts';
import { countOf, onlyRow, textOf } from '../figures/row-values.ts';
import type { QueryParameters, Warehouse, WarehouseRow } from '../figures/warehouse.ts';

/** Rows of one page. */
const PAGE_SIZE = 10;
/** Beyond it a person filters rather than turns pages, and the warehouse need not count that far. */
const LAST_PAGE = 1_000;
/** Pages that are kept until the next batch, so that turning back asks nobody. */
const KEPT_PAGES = 50;

/** What is asked for; both filters may be left open. */
export interface QuarantineFilter {
  readonly dataset: BooksDataset | null;
  /** One reason, such as `num_interactions:negative-count`, among those of a row. */
  readonly reason: string | null;
  /** From 1. */
  readonly page: number;
}

interface QuarantinedRow {
  readonly dataset: string;
  readonly event_id: string | null;
  readonly ticket_id: string | null;
  readonly reasons: string;
  readonly meaning: readonly ReasonMeaning[];
  readonly copies: number;
  /** As it stood at the source; null when it could not be read. */
  readonly original: string | null;
  readonly original_encoding: string | null;
  /** Length in bytes of the whole; `original` may be only its beginning. */
  readonly original_bytes: number | null;
  readonly raw_pointer: string | null;
  readonly rules_version: number;
  /** `YYYY-MM-DD HH:MM:SS`, UTC. */
  readonly quarantined_at: string | null;
}

export interface QuarantinePage {
  readonly page: number;
  readonly page_size: number;
  /** Rows that the filter leaves. */
  readonly total: number;
  /** The newest first. */
  readonly rows: readonly QuarantinedRow[];
}

/**
 * Reads the filter of an address.
 *
 * @returns undefined when it asks for what cannot be: nothing of it ever reaches SQL unchecked.
 */
export function parseQuarantineFilter(query: URLSearchParams): QuarantineFilter | undefined {
  const dataset = query.get('dataset') ?? '';
  const reason = query.get('reason') ?? '';
  const page = query.get('page') ?? '1';
  const known = booksDatasets.find((name) => name === dataset);
  if (dataset !== '' && known === undefined) return undefined;
  if (!/^([A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?)?$/.test(reason) || reason.length > 200)
    return undefined;
  if (!/^[1-9][0-9]{0,3}$/.test(page) || Number(page) > LAST_PAGE) return undefined;
  return {
    dataset: known ?? null,
    reason: reason === '' ? null : reason,
    page: Number(page),
  };
}

export interface QuarantinePages {
  /**
   * One page of what is set aside now. The warehouse is asked once per page and batch.
   *
   * @param state names the warehouse state that is shown: in another one nothing kept counts.
   * @throws {PipelineError} WH_5001 or WH_5003.
   */
  read(
    filter: QuarantineFilter,
    options: { readonly state: string; readonly signal: AbortSignal },
  ): Promise<QuarantinePage>;
}

export function createQuarantinePages(warehouse: Warehouse): QuarantinePages {
  let keptFor = '';
  const kept = new Map<string, Promise<QuarantinePage>>();
  return {
    read(filter, { state, signal }) {
      if (state !== keptFor || kept.size >= KEPT_PAGES) kept.clear();
      keptFor = state;
      const name = JSON.stringify(filter);
      const known = kept.get(name);
      if (known) return known;
      const asked = readPage(warehouse, filter, signal);
      kept.set(name, asked);
      asked.catch(() => kept.delete(name));
      return asked;
    },
  };
}

async function readPage(
  warehouse: Warehouse,
  filter: QuarantineFilter,
  signal: AbortSignal,
): Promise<QuarantinePage> {
  const { queries, parameters } = quarantineQueries(filter);
  const [counts = [], rows = []] = await warehouse.readTogether(queries, { parameters, signal });
  return {
    page: filter.page,
    page_size: PAGE_SIZE,
    total: countOf(onlyRow(counts, 'quarantine'), 'total') ?? 0,
    rows: rows.map(rowOf),
  };
}

/** How many rows the filter leaves, and those of its page. */
export function quarantineQueries({ dataset, reason, page }: QuarantineFilter): {
  readonly queries: readonly [string, string];
  readonly parameters: QueryParameters;
} {
  const conditions = [
    ...(dataset === null ? [] : ['dataset = CAST(:dataset AS VARCHAR(64))']),
    // The whole reason in the list, not a part of a longer one.
    ...(reason === null
      ? []
      : [`STRPOS(',' || reasons || ',', ',' || CAST(:reason AS VARCHAR(2048)) || ',') > 0`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return {
    queries: [
      `SELECT CAST(COUNT(*) AS BIGINT) AS total FROM reporting.quarantine${where}`,
      `SELECT dataset, event_id, ticket_id, reasons, copies, original, original_encoding, ` +
        `original_bytes, raw_pointer, rules_version, CAST(quarantined_at AS VARCHAR(19)) AS quarantined_at ` +
        `FROM reporting.quarantine${where} ` +
        `ORDER BY quarantined_at DESC, dataset, event_id LIMIT ${PAGE_SIZE} OFFSET ${(page - 1) * PAGE_SIZE}`,
    ],
    parameters: {
      ...(dataset === null ? {} : { dataset }),
      ...(reason === null ? {} : { reason }),
    },
  };
}

function rowOf(row: WarehouseRow): QuarantinedRow {
  const reasons = textOf(row, 'reasons') ?? '';
  return {
    dataset: textOf(row, 'dataset') ?? '',
    event_id: textOf(row, 'event_id'),
    ticket_id: textOf(row, 'ticket_id'),
    reasons,
    meaning: explainReasons(reasons),
    copies: countOf(row, 'copies') ?? 0,
    original: textOf(row, 'original'),
    original_encoding: textOf(row, 'original_encoding'),
    original_bytes: countOf(row, 'original_bytes'),
    raw_pointer: textOf(row, 'raw_pointer'),
    rules_version: countOf(row, 'rules_version') ?? 0,
    quarantined_at: textOf(row, 'quarantined_at'),
  };
}
