import { copyStatement } from './copy-statement.ts';
import {
  alterUserStatement,
  createPrincipal,
  defaultPrivilegesStatement,
  privilegeStatement,
} from './privilege-statements.ts';
import { createQueryGrammar, type QueryGrammar } from './queries.ts';
import { addedColumn, tableDefinition } from './table-definitions.ts';
import { keyIndexes } from './table-keys.ts';
import { quoteQualified, TokenCursor, type QualifiedName } from './token-cursor.ts';
import type { SqlTranslation, Translation } from './translation.ts';
import { deleteStatement, insertStatement, updateStatement } from './write-statements.ts';

/** Statements with a reason of their own; every other unknown head is just not on the list. */
const refusedHeads: Readonly<Record<string, string>> = {
  begin: 'transaction control: a batch is one transaction (data-api)',
  start: 'transaction control: a batch is one transaction (data-api)',
  commit: 'transaction control: a batch is one transaction (data-api)',
  end: 'transaction control: a batch is one transaction (data-api)',
  rollback: 'transaction control: a batch is one transaction (data-api)',
  abort: 'transaction control: a batch is one transaction (data-api)',
  values: 'VALUES as a table (c_unsupported-postgresql-features)',
};

/**
 * Reads one statement in the dialect of Amazon Redshift and gives what PostgreSQL is to run in its
 * place. Only the shapes on the allow-list pass (README.md of the folder above).
 *
 * @throws {DialectError} naming the kind of statement and the token.
 */
export function translate(sql: string): Translation {
  const cursor = new TokenCursor(sql);
  if (cursor.isWord('copy')) return copyStatement(cursor);
  const grammar = createQueryGrammar(cursor);
  const followUps = statement(grammar);
  cursor.expectEnd();
  const isQuery = cursor.statement === 'SELECT';
  return {
    kind: 'sql',
    statement: cursor.statement,
    sql: cursor.text(),
    returnsRows: isQuery,
    parameters: cursor.parameters,
    followUps,
    transactional: cursor.statement !== 'VACUUM',
  } satisfies SqlTranslation;
}

/** @returns the statements that the local endpoint adds. */
function statement(grammar: QueryGrammar): string[] {
  const { cursor } = grammar;
  const head = cursor.peek();
  const word = head.kind === 'word' ? head.value : head.text === '(' ? 'select' : '';
  switch (word) {
    case 'select':
    case 'with':
      cursor.statement = 'SELECT';
      grammar.query('statement');
      return [];
    case 'insert':
      insertStatement(grammar);
      return [];
    case 'delete':
      deleteStatement(grammar);
      return [];
    case 'update':
      updateStatement(grammar);
      return [];
    case 'lock':
      lockStatement(cursor);
      return [];
    case 'create':
      return createStatement(grammar);
    case 'drop':
      dropStatement(cursor);
      return [];
    case 'alter':
      if (cursor.isWord('alter', 'default')) defaultPrivilegesStatement(cursor);
      else if (cursor.isWord('alter', 'user')) alterUserStatement(cursor);
      else alterStatement(grammar);
      return [];
    case 'comment':
      commentStatement(cursor);
      return [];
    case 'grant':
    case 'revoke':
      privilegeStatement(cursor, word);
      return [];
    case 'analyze':
      analyzeStatement(cursor);
      return [];
    case 'vacuum':
      vacuumStatement(cursor);
      return [];
    case 'truncate':
      return cursor.refuse('TRUNCATE commits by itself (r_TRUNCATE): use DELETE', 'local-endpoint');
    default: {
      const reason = refusedHeads[word];
      if (reason !== undefined) return cursor.refuse(reason);
      return cursor.refuse(`statement ${head.text.toUpperCase()}`, 'local-endpoint');
    }
  }
}

/** LOCK [TABLE] table, …: always ACCESS EXCLUSIVE (r_LOCK). */
function lockStatement(cursor: TokenCursor): void {
  cursor.statement = 'LOCK';
  cursor.expectWord('lock');
  cursor.takeWord('table');
  cursor.items(() => cursor.changedTable());
  if (cursor.isWord('in')) cursor.refuse('lock modes (r_LOCK)');
  if (cursor.isWord('nowait')) cursor.refuse('NOWAIT (r_LOCK)');
}

function createStatement(grammar: QueryGrammar): string[] {
  const { cursor } = grammar;
  cursor.statement = 'CREATE';
  if (cursor.isWord('create', 'user') || cursor.isWord('create', 'group')) {
    createPrincipal(cursor);
    return [];
  }
  cursor.expectWord('create');
  if (cursor.takeWord('schema')) {
    cursor.statement = 'CREATE SCHEMA';
    cursor.takeWord('if', 'not', 'exists');
    cursor.name('a schema name');
    if (cursor.takeWord('authorization')) cursor.name('a user name');
    return [];
  }
  const replace = cursor.takeWord('or', 'replace');
  if (cursor.takeWord('view')) return createView(grammar);
  if (replace) cursor.refuse('expected VIEW');
  const temporary = cursor.takeWord('temp') || cursor.takeWord('temporary');
  if (cursor.takeWord('table')) return createTable(grammar, temporary);
  return cursor.refuse(`CREATE ${cursor.peek().text.toUpperCase()}`, 'local-endpoint');
}

/** CREATE [OR REPLACE] VIEW name [(column, …)] AS query (r_CREATE_VIEW). */
function createView(grammar: QueryGrammar): string[] {
  const { cursor } = grammar;
  cursor.statement = 'CREATE VIEW';
  const view = quoteQualified(intoPublic(cursor, 'a view name'));
  if (cursor.isOperator('(')) cursor.list(() => cursor.name('a column name'));
  cursor.expectWord('as');
  grammar.query('statement');
  if (cursor.isWord('with')) cursor.refuse('late-binding views', 'local-endpoint');
  return [`SELECT redshift_functions.guard_view('${view.replaceAll("'", "''")}')`];
}

/** CREATE [TEMP] TABLE of columns, LIKE or AS (r_CREATE_TABLE_NEW, r_CREATE_TABLE_AS). */
function createTable(grammar: QueryGrammar, temporary: boolean): string[] {
  const { cursor } = grammar;
  cursor.statement = 'CREATE TABLE';
  const ifNotExists = cursor.takeWord('if', 'not', 'exists');
  const table = temporary
    ? cursor.qualifiedName('a table name')
    : intoPublic(cursor, 'a table name');
  if (temporary && table.schema !== undefined) {
    cursor.refuse('a temporary table has no schema (r_CREATE_TABLE_NEW)', undefined, -3);
  }
  const from = cursor.position;
  const columnsOnly = cursor.isOperator('(') && isNameList(cursor);
  let elements: string;
  let indexes: string[];
  if (columnsOnly) {
    cursor.list(() => cursor.name('a column name'));
    elements = cursor.text(from, cursor.position);
    indexes = keyIndexes(table, tableDefinition(grammar, temporary).keys);
  } else {
    const definition = tableDefinition(grammar, temporary);
    elements = definition.elements;
    indexes = keyIndexes(table, definition.keys);
  }
  if (from < cursor.position) cursor.replace(from, cursor.position, elements);
  if (temporary) indexes = [];
  if (!cursor.isWord('as')) {
    if (elements === '' || columnsOnly) cursor.refuse('expected columns, LIKE or AS');
    return indexes;
  }
  if (elements !== '' && !columnsOnly) cursor.refuse('column types before AS (r_CREATE_TABLE_AS)');
  if (ifNotExists) cursor.refuse('IF NOT EXISTS before AS (r_CREATE_TABLE_AS)');
  cursor.expectWord('as');
  grammar.query('statement');
  // Amazon Redshift analyzes a new table by itself (r_CREATE_TABLE_AS); PostgreSQL never does so
  // inside of a transaction, and plans the statements behind it badly.
  return [...indexes, `ANALYZE ${quoteQualified(table)}`];
}

/** Whether `(name, …)` comes next, without types: the columns of CREATE TABLE AS. */
function isNameList(cursor: TokenCursor): boolean {
  const second = cursor.peek(2);
  return cursor.peek(1).value !== 'like' && (second.text === ',' || second.text === ')');
}

/** Reads a name; one without schema is meant in public, which is not first in the search path. */
function intoPublic(cursor: TokenCursor, what: string): QualifiedName {
  const from = cursor.position;
  const { schema, name } = cursor.qualifiedName(what);
  const table = { schema: schema ?? 'public', name };
  cursor.replace(from, cursor.position, quoteQualified(table));
  return table;
}

/** DROP TABLE | VIEW [IF EXISTS] name, … [CASCADE | RESTRICT]. */
function dropStatement(cursor: TokenCursor): void {
  cursor.statement = 'DROP';
  cursor.expectWord('drop');
  const kind = cursor.takeAnyWord(new Set(['table', 'view']));
  if (kind === undefined)
    cursor.refuse(`DROP ${cursor.peek().text.toUpperCase()}`, 'local-endpoint');
  cursor.statement = `DROP ${kind.toUpperCase()}`;
  cursor.takeWord('if', 'exists');
  cursor.items(() => cursor.changedTable('a name'));
  if (!cursor.takeWord('cascade')) cursor.takeWord('restrict');
}

/** ALTER TABLE name ADD [COLUMN] definition: one column a statement (r_ALTER_TABLE). */
function alterStatement(grammar: QueryGrammar): void {
  const { cursor } = grammar;
  cursor.statement = 'ALTER TABLE';
  cursor.expectWord('alter');
  if (!cursor.isWord('table')) cursor.refuse('ALTER of something else', 'local-endpoint');
  cursor.expectWord('table');
  cursor.changedTable();
  if (!cursor.isWord('add')) cursor.refuse('other change than ADD COLUMN', 'local-endpoint');
  cursor.expectWord('add');
  cursor.takeWord('column');
  const from = cursor.position;
  if (cursor.isWord('if')) cursor.refuse('IF NOT EXISTS of a column (r_ALTER_TABLE)');
  const notNull = new Set<string>();
  const definition = addedColumn(grammar, notNull);
  if (notNull.size > 0 && !definition.includes(' DEFAULT ')) {
    cursor.refuse('a NOT NULL column needs a DEFAULT (r_ALTER_TABLE)', undefined, -1);
  }
  cursor.replace(from, cursor.position, definition);
  if (cursor.isOperator(',')) cursor.refuse('only one column a statement (r_ALTER_TABLE)');
}

/** COMMENT ON TABLE | COLUMN | SCHEMA | VIEW name IS text (r_COMMENT). */
function commentStatement(cursor: TokenCursor): void {
  cursor.statement = 'COMMENT';
  cursor.expectWord('comment', 'on');
  const kinds = new Set(['table', 'column', 'schema', 'view']);
  if (cursor.takeAnyWord(kinds) === undefined) cursor.refuse('object of COMMENT', 'local-endpoint');
  cursor.qualifiedName('a name');
  if (cursor.takeOperator('.')) cursor.name('a column name');
  cursor.expectWord('is');
  if (!cursor.takeWord('null')) cursor.expectString('the comment');
}

/** ANALYZE [table [(column, …)]] (r_ANALYZE). */
function analyzeStatement(cursor: TokenCursor): void {
  cursor.statement = 'ANALYZE';
  cursor.expectWord('analyze');
  if (cursor.isWord('compression')) cursor.refuse('ANALYZE COMPRESSION', 'local-endpoint');
  const next = cursor.peek().kind;
  if (next !== 'word' && next !== 'quoted-name') return;
  cursor.qualifiedName('a table name');
  if (cursor.isOperator('(')) cursor.list(() => cursor.name('a column name'));
}

/** VACUUM [FULL | SORT ONLY | DELETE ONLY | REINDEX] [table] [TO n PERCENT] (r_VACUUM_command). */
function vacuumStatement(cursor: TokenCursor): void {
  cursor.statement = 'VACUUM';
  const from = cursor.position;
  cursor.expectWord('vacuum');
  const options = ['full', 'reindex', 'recluster'].some((word) => cursor.takeWord(word));
  if (!options && !cursor.takeWord('sort', 'only')) cursor.takeWord('delete', 'only');
  cursor.replace(from, cursor.position, 'VACUUM');
  const next = cursor.peek().kind;
  if (next !== 'word' && next !== 'quoted-name') return;
  cursor.qualifiedName('a table name');
  const to = cursor.position;
  if (cursor.takeWord('to')) {
    cursor.expectNumber('a share');
    cursor.expectWord('percent');
  }
  cursor.takeWord('boost');
  cursor.replace(to, cursor.position, '');
}
