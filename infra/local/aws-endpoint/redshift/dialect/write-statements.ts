import type { QueryGrammar } from './queries.ts';
import { reservedWords } from './reserved-words.ts';

/** INSERT INTO … query | VALUES | DEFAULT VALUES (r_INSERT_30). */
export function insertStatement(grammar: QueryGrammar): void {
  const { cursor, blocks } = grammar;
  cursor.statement = 'INSERT';
  cursor.expectWord('insert', 'into');
  blocks.enter('statement');
  cursor.changedTable();
  if (cursor.isWord('as')) cursor.refuse('alias of the target (r_INSERT_30)');
  const listFollows =
    cursor.isOperator('(') && !['select', 'with', '('].includes(cursor.peek(1).value);
  if (listFollows) cursor.list(() => cursor.name('a column name'));
  if (cursor.takeWord('default', 'values')) {
    // Nothing else belongs to it.
  } else if (cursor.takeWord('values')) {
    cursor.items(() =>
      cursor.list(() => {
        if (!cursor.takeWord('default')) grammar.expression();
      }),
    );
  } else if (cursor.isWord('overriding')) {
    cursor.refuse('OVERRIDING (r_INSERT_30)');
  } else grammar.query('from');
  if (cursor.isWord('on')) cursor.refuse('ON CONFLICT (r_INSERT_30)');
  refuseReturning(grammar);
  blocks.leave(cursor.statement);
}

/** DELETE [FROM] table [USING table, …] [WHERE …] (r_DELETE): no alias, no sub-query in USING. */
export function deleteStatement(grammar: QueryGrammar): void {
  const { cursor, blocks } = grammar;
  cursor.statement = 'DELETE';
  const from = cursor.position;
  cursor.expectWord('delete');
  if (!cursor.takeWord('from')) cursor.replace(from, from + 1, 'DELETE FROM');
  blocks.enter('statement');
  target(grammar, 'r_DELETE', 'changed');
  if (cursor.takeWord('using')) {
    cursor.items(() => {
      if (cursor.isOperator('(')) cursor.refuse('sub-query in USING (r_DELETE)');
      target(grammar, 'r_DELETE', 'read');
    });
  }
  if (cursor.takeWord('where')) grammar.expression();
  refuseReturning(grammar);
  blocks.leave(cursor.statement);
}

/** UPDATE table SET column = …, … [FROM …] [WHERE …] (r_UPDATE): no alias, no outer join. */
export function updateStatement(grammar: QueryGrammar): void {
  const { cursor, blocks } = grammar;
  cursor.statement = 'UPDATE';
  cursor.expectWord('update');
  blocks.enter('statement');
  target(grammar, 'r_UPDATE', 'changed');
  cursor.expectWord('set');
  cursor.items(() => {
    if (cursor.isOperator('(')) cursor.refuse('row of columns in SET (r_UPDATE)');
    cursor.name('a column name');
    if (cursor.isOperator('.')) cursor.refuse('table name before a target column (r_UPDATE)');
    cursor.expectOperator('=');
    if (!cursor.takeWord('default')) grammar.expression();
  });
  if (cursor.takeWord('from')) grammar.fromItems('refused');
  if (cursor.takeWord('where')) grammar.expression();
  refuseReturning(grammar);
  blocks.leave(cursor.statement);
}

function target({ cursor, blocks }: QueryGrammar, page: string, use: 'changed' | 'read'): void {
  const table = use === 'changed' ? cursor.changedTable() : cursor.qualifiedName('a table name');
  blocks.declareTable(table.name);
  const next = cursor.peek();
  const isAlias =
    next.kind === 'quoted-name' ||
    (next.kind === 'word' && (next.value === 'as' || !endsTarget(next.value)));
  if (isAlias) cursor.refuse(`alias of a table here (${page})`);
}

function endsTarget(word: string): boolean {
  return reservedWords.has(word) || word === 'set' || word === 'returning';
}

function refuseReturning({ cursor }: QueryGrammar): void {
  if (cursor.isWord('returning')) {
    cursor.refuse('RETURNING (c_unsupported-postgresql-features)');
  }
}
