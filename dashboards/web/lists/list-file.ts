import { filterKey, filterSql, parseFilter, whereClause } from '../figures/filters.ts';
import type { Warehouse } from '../figures/warehouse.ts';
import { csvText } from './csv-text.ts';
import type { ListKind } from './list-feed.ts';

/** A spreadsheet for people; whoever wants more asks the warehouse itself. */
const MOST_ROWS = 10_000;
/** Each is a query over up to the whole table: these at a time. */
const FILES_AT_A_TIME = 4;

/**
 * A filtered list as one file.
 *
 * @returns `none` when the address asks for what cannot be, `full` while too many are made; else
 *   the text, which rejects with WH_5001 or WH_5003.
 */
export type ReadListFile = (query: URLSearchParams) => Promise<string> | 'none' | 'full';

/** Who asks for the same at the same time gets the same. */
export function createListFile<Row extends object>(
  kind: ListKind<Row>,
  options: { readonly warehouse: Warehouse; readonly signal: () => AbortSignal },
): ReadListFile {
  const making = new Map<string, Promise<string>>();

  async function make(filter: NonNullable<ReturnType<typeof parseFilter>>): Promise<string> {
    const sql = filterSql(kind.filters, filter);
    const where = whereClause(kind.filters.view, sql);
    const [rows = []] = await options.warehouse.readTogether(
      [kind.query(where, { limit: MOST_ROWS, offset: 0 })],
      { parameters: sql.parameters, signal: options.signal() },
    );
    return csvText(
      kind.columns,
      rows.map((row) => kind.rowOf(row)),
    );
  }

  return (query) => {
    const filter = parseFilter(kind.filters, query);
    if (!filter) return 'none';
    const key = filterKey(filter);
    const known = making.get(key);
    if (known) return known;
    if (making.size >= FILES_AT_A_TIME) return 'full';
    const made = make(filter).finally(() => making.delete(key));
    making.set(key, made);
    return made;
  };
}
