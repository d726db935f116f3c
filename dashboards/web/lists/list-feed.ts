import { choicesQuery, readChoices, type FilterChoices } from '../figures/filter-choices.ts';
import {
  filterKey,
  filterSql,
  parseFilter,
  whereClause,
  type Filter,
  type FilterSet,
} from '../figures/filters.ts';
import { countOf, onlyRow } from '../figures/row-values.ts';
import type { WarehouseRow } from '../figures/warehouse.ts';
import { createDocumentFeed, type DatasetFreshness } from '../feeds/document-feed.ts';
import { frontierOf, frontierQuery } from '../feeds/frontier-rows.ts';
import type { FeedParts, LiveDocument, LiveFeed } from '../feeds/snapshot-feed.ts';

const PAGE_SIZE = 50;
/** Beyond it a person filters rather than turns pages, and the warehouse need not count that far. */
const LAST_PAGE = 1_000;

/** One page of a filtered list. */
interface ListChoice {
  readonly filter: Filter;
  /** From 1. */
  readonly page: number;
}

/** What is listed, and how. */
export interface ListKind<Row> {
  readonly dataset: 'tickets' | 'logs';
  readonly filters: FilterSet;
  /** @param where ` WHERE …` or nothing. */
  query(where: string, place: { readonly limit: number; readonly offset: number }): string;
  rowOf(row: WarehouseRow): Row;
  /** In the order in which a file has them. */
  readonly columns: readonly (keyof Row & string)[];
}

interface ListDocument<Row> extends LiveDocument {
  readonly dataset: 'tickets' | 'logs';
  readonly filter: Filter;
  readonly page: number;
  readonly page_size: number;
  /** Rows that the filter leaves; null before the warehouse was read. */
  readonly total: number | null;
  readonly rows: readonly Row[];
  readonly choices: FilterChoices | null;
}

/** @returns undefined when the address asks for what cannot be. */
export function parseList(set: FilterSet, query: URLSearchParams): ListChoice | undefined {
  const filter = parseFilter(set, query);
  const page = query.get('page') ?? '1';
  if (!filter || !/^[1-9][0-9]{0,3}$/.test(page) || Number(page) > LAST_PAGE) return undefined;
  return { filter, page: Number(page) };
}

export function listKey({ filter, page }: ListChoice): string {
  return `${page} ${filterKey(filter)}`;
}

/** The query set of one page: how many rows there are, those of the page, and what goes with it. */
export function listQueries<Row>(kind: ListKind<Row>, { filter, page }: ListChoice) {
  const sql = filterSql(kind.filters, filter);
  const where = whereClause(kind.filters.view, sql);
  const place = { limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE };
  return {
    queries: [
      `SELECT CAST(COUNT(*) AS BIGINT) AS total FROM ${kind.filters.view}${where}`,
      kind.query(where, place),
      frontierQuery(kind.dataset),
      choicesQuery(kind.filters),
    ],
    parameters: sql.parameters,
  };
}

/** A list that follows the batches as the figures do. */
export function createListFeed<Row>(
  kind: ListKind<Row>,
  parts: FeedParts & { readonly choice: ListChoice; readonly freshness: DatasetFreshness },
): LiveFeed<ListDocument<Row>> {
  const { filter, page } = parts.choice;
  return createDocumentFeed(parts, {
    ...listQueries(kind, parts.choice),
    assemble: ([counts = [], rows = [], frontiers = [], choices = []]) => ({
      total: countOf(onlyRow(counts, 'list'), 'total') ?? 0,
      rows: rows.map((row) => kind.rowOf(row)),
      frontiers: frontiers.map(frontierOf),
      choices: readChoices(kind.filters, choices),
    }),
    tell: (figures) => ({
      ...{ dataset: kind.dataset, filter, page, page_size: PAGE_SIZE },
      total: figures?.total ?? null,
      rows: figures?.rows ?? [],
      choices: figures?.choices ?? null,
    }),
  });
}
