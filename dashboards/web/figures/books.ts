import { logBooks, ticketBooks, type Measure } from '../../../schemas/measures.ts';
import { countOf } from './row-values.ts';
import type { WarehouseRow } from './warehouse.ts';

/** Where every row or entry that was read has gone: `read` is the sum of the others. */
export interface Books {
  readonly read: number;
  readonly shown: number;
  readonly repeats: number;
  readonly superseded: number;
  readonly quarantined: number;
  readonly quarantined_repeats: number;
  readonly dead_lettered: number;
}

/** The books that are kept: one measure for each term, all over one view. */
const booksByDataset = {
  tickets: ticketBooks,
  logs: logBooks,
} as const satisfies Record<string, readonly Measure[]>;

export type BooksDataset = keyof typeof booksByDataset;
export const booksDatasets = Object.keys(booksByDataset) as readonly BooksDataset[];

/** The terms of a dataset's books over all days, as columns of one row. */
export function booksQuery(dataset: BooksDataset): string {
  return `SELECT ${termColumns(dataset)} FROM ${viewOf(dataset)}`;
}

/** The same for each of the newest days, the newest first. */
export function dayBooksQuery(dataset: BooksDataset, days: number): string {
  return (
    `SELECT book_day, ${termColumns(dataset)} FROM ${viewOf(dataset)} ` +
    `GROUP BY book_day ORDER BY book_day DESC LIMIT ${days}`
  );
}

function termColumns(dataset: BooksDataset): string {
  return booksByDataset[dataset]
    .map(({ name, sql }) => `CAST(${sql.numerator} AS BIGINT) AS ${termOf(name)}`)
    .join(', ');
}

function viewOf(dataset: BooksDataset): string {
  const [first, ...others] = new Set(booksByDataset[dataset].map(({ sql }) => sql.from));
  if (first === undefined || others.length > 0) throw new TypeError(`${dataset}: not one view`);
  return first;
}

/** `books_read` and `log_books_read` are the term `read`. */
function termOf(measureName: string): string {
  return measureName.replace(/^(\w+_)?books_/, '');
}

/** Reads a row of {@link booksQuery}; over no rows a sum is NULL: zero. */
export function booksOf(row: WarehouseRow): Books {
  const sum = (name: keyof Books) => (name in row ? (countOf(row, name) ?? 0) : 0);
  return {
    read: sum('read'),
    shown: sum('shown'),
    repeats: sum('repeats'),
    superseded: sum('superseded'),
    quarantined: sum('quarantined'),
    quarantined_repeats: sum('quarantined_repeats'),
    dead_lettered: sum('dead_lettered'),
  };
}
