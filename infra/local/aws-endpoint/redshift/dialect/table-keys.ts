import { quoteName, quoteQualified, type QualifiedName, type TokenCursor } from './token-cursor.ts';

/** Keys of a table in Amazon Redshift; here they become plain indexes, invisible to SQL. */
export interface TableKeys {
  distStyle: string | undefined;
  distKey: string | undefined;
  sortKey: readonly string[];
  /** Columns that the definition names; with LIKE there are others. */
  readonly columns: string[];
  hasLike: boolean;
}

export const noKeys = (): TableKeys => ({
  ...{ distStyle: undefined, distKey: undefined },
  ...{ sortKey: [], columns: [], hasLike: false },
});

/** Longest sort keys (r_CREATE_TABLE_NEW, SORTKEY). */
const MAX_COMPOUND = 400;
const MAX_INTERLEAVED = 8;

/** Takes one attribute of a table behind its columns. @returns whether there was one. */
export function tableAttribute(cursor: TokenCursor, keys: TableKeys): boolean {
  if (cursor.takeWord('backup')) {
    if (!cursor.takeWord('yes')) cursor.expectWord('no');
  } else if (cursor.takeWord('diststyle')) {
    keys.distStyle = cursor.takeAnyWord(new Set(['auto', 'even', 'key', 'all']));
    if (keys.distStyle === undefined) cursor.refuse('expected AUTO, EVEN, KEY or ALL');
  } else if (cursor.takeWord('distkey')) {
    cursor.expectOperator('(');
    distKey(cursor, keys, cursor.name('a column name'));
    cursor.expectOperator(')');
  } else if (cursor.takeWord('encode')) {
    cursor.expectWord('auto');
  } else if (cursor.takeWord('sortkey', 'auto')) {
    return true;
  } else if (cursor.takeWord('interleaved', 'sortkey')) {
    sortKey(cursor, keys, MAX_INTERLEAVED);
  } else if (cursor.takeWord('compound', 'sortkey') || cursor.takeWord('sortkey')) {
    sortKey(cursor, keys, MAX_COMPOUND);
  } else return false;
  return true;
}

/** Notes the distribution key: a table has one (r_CREATE_TABLE_NEW). */
export function distKey(cursor: TokenCursor, keys: TableKeys, name: string): void {
  if (keys.distKey !== undefined)
    cursor.refuse('one DISTKEY a table (r_CREATE_TABLE_NEW)', undefined, -1);
  keys.distKey = name;
}

function sortKey(cursor: TokenCursor, keys: TableKeys, longest: number): void {
  if (keys.sortKey.length > 0) {
    cursor.refuse('one sort key a table (r_CREATE_TABLE_NEW)', undefined, -1);
  }
  const columns: string[] = [];
  cursor.list(() => columns.push(cursor.name('a column name')));
  if (columns.length > longest) {
    cursor.refuse(
      `more than ${longest} columns in the sort key (r_CREATE_TABLE_NEW)`,
      undefined,
      -1,
    );
  }
  keys.sortKey = columns;
}

/** Refuses keys that contradict each other or name no column of the table (r_CREATE_TABLE_NEW). */
export function checkKeys(cursor: TokenCursor, keys: Readonly<TableKeys>): void {
  const { distStyle, columns, hasLike } = keys;
  if (distStyle === 'key' && keys.distKey === undefined && !hasLike) {
    cursor.refuse('DISTSTYLE KEY without a DISTKEY (r_CREATE_TABLE_NEW)', undefined, -1);
  }
  if (keys.distKey !== undefined && (distStyle === 'even' || distStyle === 'all')) {
    cursor.refuse('DISTKEY beside DISTSTYLE EVEN or ALL (r_CREATE_TABLE_NEW)', undefined, -1);
  }
  const named = keys.distKey === undefined ? keys.sortKey : [keys.distKey, ...keys.sortKey];
  const unknown = named.find((name) => !columns.includes(name));
  if (unknown !== undefined && columns.length > 0 && !hasLike) {
    cursor.refuse(`column "${unknown}" named in key does not exist`, undefined, -1);
  }
}

/**
 * Indexes on the keys: a zone map's and a collocated join's stand-in. Rows are looked up by compound
 * sort keys; one column only bounds ranges, as its zone map does. A distribution key only serves
 * joins by equality, and its values come in no order: a hash index takes half the time of a tree.
 */
export function keyIndexes(table: QualifiedName, keys: Readonly<TableKeys>): string[] {
  const target = quoteQualified(table);
  const index = (kind: string, method: string, columns: readonly string[]): string =>
    `CREATE INDEX IF NOT EXISTS ${quoteName(`${table.name.slice(0, 50)}_${kind}`)} ON ${target} ` +
    `USING ${method} (${columns.map(quoteName).join(', ')})`;
  const { distKey, sortKey } = keys;
  const isLooseKey = distKey !== undefined && sortKey[0] !== distKey;
  return [
    ...(sortKey.length > 0
      ? [index('sortkey', sortKey.length > 1 ? 'btree' : 'brin', sortKey)]
      : []),
    ...(isLooseKey ? [index('distkey', 'hash', [distKey])] : []),
  ];
}
