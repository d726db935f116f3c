import { columnType, type ColumnType } from './column-types.ts';
import { encoding } from './encodings.ts';
import type { QueryGrammar } from './queries.ts';
import { checkKeys, distKey, noKeys, tableAttribute, type TableKeys } from './table-keys.ts';
import { quoteName, quoteQualified, type TokenCursor } from './token-cursor.ts';

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
  const keys = noKeys();
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
  checkKeys(cursor, keys);
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
    keys.hasLike = true;
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

/** What a column that is added later cannot be (r_ALTER_TABLE, "ADD [ COLUMN ]"). */
const onlyAtFirst = 'unique primary references distkey sortkey identity generated'.split(' ');

/** `name type attribute …` of ALTER TABLE ADD COLUMN. */
export function addedColumn(grammar: QueryGrammar, notNull: Set<string>): string {
  return columnDefinition(grammar, undefined, notNull)();
}

/** @param keys those of the table; undefined for a column that is added to one. */
function columnDefinition(
  grammar: QueryGrammar,
  keys: TableKeys | undefined,
  notNull: Set<string>,
): () => string {
  const { cursor } = grammar;
  const name = cursor.name('a column name');
  const type = columnType(cursor);
  keys?.columns.push(name);
  let suffix = '';
  for (;;) {
    if (keys === undefined && onlyAtFirst.some((word) => cursor.isWord(word))) {
      cursor.refuse('attribute of a column that is added (r_ALTER_TABLE)');
    }
    if (cursor.takeWord('not', 'null') || cursor.takeWord('primary', 'key')) notNull.add(name);
    else if (cursor.takeWord('null') || cursor.takeWord('unique')) continue;
    else if (cursor.isWord('references')) references(cursor);
    else if (keys && cursor.takeWord('distkey')) distKey(cursor, keys, name);
    else if (keys && cursor.takeWord('sortkey')) keys.sortKey = [...keys.sortKey, name];
    else if (cursor.takeWord('encode')) encoding(cursor, type);
    else if (cursor.takeWord('default')) {
      const from = cursor.position;
      grammar.expression();
      suffix += ` DEFAULT ${cursor.text(from, cursor.position)}`;
    } else if (cursor.takeWord('identity')) suffix += identity(cursor, type, 'ALWAYS');
    else if (cursor.takeWord('generated', 'by', 'default', 'as', 'identity')) {
      suffix += identity(cursor, type, 'BY DEFAULT');
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

function identity(cursor: TokenCursor, type: ColumnType, generated: string): string {
  if (type.text !== 'INTEGER' && type.text !== 'BIGINT') {
    cursor.refuse('an IDENTITY is INT or BIGINT (r_CREATE_TABLE_NEW)', undefined, -1);
  }
  cursor.expectOperator('(');
  const seed = cursor.expectNumber('the seed');
  cursor.expectOperator(',');
  const step = cursor.expectNumber('the step');
  cursor.expectOperator(')');
  return ` GENERATED ${generated} AS IDENTITY (START WITH ${seed} INCREMENT BY ${step})`;
}
