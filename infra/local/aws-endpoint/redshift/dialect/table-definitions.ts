import { columnType } from './column-types.ts';
import type { QueryGrammar } from './queries.ts';
import { quoteName, quoteQualified, type QualifiedName, type TokenCursor } from './token-cursor.ts';

const encodings = new Set(
  `auto raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 text32k
  zstd`.split(/\s+/),
);

/** Keys of a table in Amazon Redshift; here they become plain indexes, invisible to SQL. */
interface TableKeys {
  distKey: string | undefined;
  sortKey: readonly string[];
}

export interface TableDefinition {
  /** `(…)` for PostgreSQL, or '' for a table that only a query defines. */
  readonly elements: string;
  readonly keys: Readonly<TableKeys>;
}

/**
 * Name of the CHECK that keeps a text within its bytes: PostgreSQL's VARCHAR(n) counts characters,
 * Amazon Redshift's bytes (r_Character_types).
 */
function byteCheck(column: string, maxBytes: number): string {
  const name = `fits_${maxBytes}_bytes_${column}`.slice(0, 63);
  return `CONSTRAINT ${quoteName(name)} CHECK (octet_length(${quoteName(column)}) <= ${maxBytes})`;
}

/** How many bytes a violated check of {@link byteCheck} allows; undefined for another one. */
export function violatedByteLimit(constraint: string): number | undefined {
  const match = /^fits_(\d+)_bytes_/.exec(constraint);
  return match ? Number(match[1]) : undefined;
}

/**
 * Reads columns, LIKE, constraints and attributes of CREATE TABLE (r_CREATE_TABLE_NEW). Primary,
 * unique and foreign keys fall away, because Amazon Redshift does not enforce them.
 */
export function tableDefinition(grammar: QueryGrammar, temporary: boolean): TableDefinition {
  const { cursor } = grammar;
  const keys: TableKeys = { distKey: undefined, sortKey: [] };
  const notNull = new Set<string>();
  const elements: (() => string)[] = [];
  if (cursor.takeOperator('(')) {
    cursor.items(() => {
      const element = tableElement(grammar, keys, notNull, temporary);
      if (element) elements.push(element);
    });
    cursor.expectOperator(')');
  }
  while (tableAttribute(cursor, keys));
  const texts = elements.map((element) => element());
  return { elements: texts.length > 0 ? `(${texts.join(', ')})` : '', keys };
}

function tableElement(
  grammar: QueryGrammar,
  keys: TableKeys,
  notNull: Set<string>,
  temporary: boolean,
): (() => string) | undefined {
  const { cursor } = grammar;
  if (cursor.takeWord('like')) {
    const parent = quoteQualified(cursor.qualifiedName('a table name'));
    let defaults = '';
    if (cursor.takeWord('including', 'defaults')) defaults = ' INCLUDING DEFAULTS';
    else cursor.takeWord('excluding', 'defaults');
    // The byte checks and the keys of the parent are taken over, as lengths and keys are there.
    const indexes = temporary ? '' : ' INCLUDING INDEXES';
    return () => `LIKE ${parent} INCLUDING CONSTRAINTS${indexes}${defaults}`;
  }
  if (cursor.isWord('constraint')) cursor.refuse('named constraints', 'local-endpoint');
  if (cursor.isWord('check')) cursor.refuse('CHECK constraints (r_CREATE_TABLE_NEW)');
  if (cursor.takeWord('primary', 'key')) {
    cursor.list(() => notNull.add(cursor.name('a column name')));
    return undefined;
  }
  if (cursor.takeWord('unique')) {
    cursor.list(() => cursor.name('a column name'));
    return undefined;
  }
  if (cursor.takeWord('foreign', 'key')) {
    cursor.list(() => cursor.name('a column name'));
    references(cursor);
    return undefined;
  }
  return columnDefinition(grammar, keys, notNull);
}

/** `name type attribute …`; used by ALTER TABLE ADD COLUMN too. */
export function columnDefinition(
  grammar: QueryGrammar,
  keys: TableKeys = { distKey: undefined, sortKey: [] },
  notNull = new Set<string>(),
): () => string {
  const { cursor } = grammar;
  const name = cursor.name('a column name');
  const type = columnType(cursor);
  let suffix = '';
  for (;;) {
    if (cursor.takeWord('not', 'null') || cursor.takeWord('primary', 'key')) notNull.add(name);
    else if (cursor.takeWord('null') || cursor.takeWord('unique')) continue;
    else if (cursor.isWord('references')) references(cursor);
    else if (cursor.takeWord('distkey')) keys.distKey = name;
    else if (cursor.takeWord('sortkey')) keys.sortKey = [...keys.sortKey, name];
    else if (cursor.takeWord('encode')) encoding(cursor);
    else if (cursor.takeWord('default')) {
      const from = cursor.position;
      grammar.expression();
      suffix += ` DEFAULT ${cursor.text(from, cursor.position)}`;
    } else if (cursor.takeWord('identity')) suffix += identity(cursor, 'ALWAYS');
    else if (cursor.takeWord('generated', 'by', 'default', 'as', 'identity')) {
      suffix += identity(cursor, 'BY DEFAULT');
    } else break;
  }
  if (cursor.isWord('check')) cursor.refuse('CHECK constraints (r_CREATE_TABLE_NEW)');
  if (cursor.isWord('constraint')) cursor.refuse('named constraints', 'local-endpoint');
  if (type.maxBytes !== undefined) suffix += ` ${byteCheck(name, type.maxBytes)}`;
  // Whether it may be NULL is known only when the whole table has been read.
  return () => `${quoteName(name)} ${type.text}${notNull.has(name) ? ' NOT NULL' : ''}${suffix}`;
}

function references(cursor: TokenCursor): void {
  cursor.expectWord('references');
  cursor.qualifiedName('a table name');
  if (cursor.isOperator('(')) cursor.list(() => cursor.name('a column name'));
}

function identity(cursor: TokenCursor, generated: string): string {
  cursor.expectOperator('(');
  const seed = cursor.expectNumber('the seed');
  cursor.expectOperator(',');
  const step = cursor.expectNumber('the step');
  cursor.expectOperator(')');
  return ` GENERATED ${generated} AS IDENTITY (START WITH ${seed} INCREMENT BY ${step})`;
}

function encoding(cursor: TokenCursor): void {
  if (cursor.takeAnyWord(encodings) === undefined) {
    cursor.refuse('unknown encoding (c_Compression_encodings)');
  }
}

function tableAttribute(cursor: TokenCursor, keys: TableKeys): boolean {
  if (cursor.takeWord('backup')) {
    if (!cursor.takeWord('yes')) cursor.expectWord('no');
  } else if (cursor.takeWord('diststyle')) {
    if (cursor.takeAnyWord(new Set(['auto', 'even', 'key', 'all'])) === undefined) {
      cursor.refuse('expected AUTO, EVEN, KEY or ALL');
    }
  } else if (cursor.takeWord('distkey')) {
    cursor.expectOperator('(');
    keys.distKey = cursor.name('a column name');
    cursor.expectOperator(')');
  } else if (cursor.takeWord('encode')) {
    cursor.expectWord('auto');
  } else if (cursor.takeWord('sortkey', 'auto')) {
    return true;
  } else if (
    cursor.takeWord('compound', 'sortkey') ||
    cursor.takeWord('interleaved', 'sortkey') ||
    cursor.takeWord('sortkey')
  ) {
    const columns: string[] = [];
    cursor.list(() => columns.push(cursor.name('a column name')));
    keys.sortKey = columns;
  } else return false;
  return true;
}

/**
 * Indexes on the keys: a zone map's and a collocated join's stand-in. A distribution key only serves
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
    ...(sortKey.length > 0 ? [index('sortkey', 'btree', sortKey)] : []),
    ...(isLooseKey ? [index('distkey', 'hash', [distKey])] : []),
  ];
}
