import { QueryBlocks, type BlockPlace } from './correlation.ts';
import { expression } from './expressions.ts';
import type { Grammar } from './grammar.ts';
import { reservedWords } from './reserved-words.ts';
import { varyingItem } from './function-calls.ts';
import { isCatalogue, type TokenCursor } from './token-cursor.ts';

/** Clauses of PostgreSQL that could be taken for an alias, with what is to be said about them. */
const foreignClauses: Readonly<Record<string, string>> = {
  window: 'named windows (r_Window_function_synopsis)',
  returning: 'RETURNING (c_unsupported-postgresql-features)',
  fetch: 'FETCH FIRST: write LIMIT',
  lateral: 'LATERAL (r_FROM_clause30)',
  tablesample: 'TABLESAMPLE (r_FROM_clause30)',
  filter: 'FILTER clause (r_Aggregate_Functions)',
};

/** Amazon Redshift has these; they are not played here. */
const missingClauses: Readonly<Record<string, string>> = {
  qualify: 'QUALIFY',
  within: 'WITHIN GROUP',
  start: 'START WITH',
  connect: 'CONNECT BY',
};

export interface QueryGrammar extends Grammar {
  /** `table [AS alias]`, a sub-query or joins of them, separated by commas; after FROM. */
  fromItems(outerJoins: 'allowed' | 'refused'): void;
}

/** The grammar of queries (r_SELECT_synopsis) over the tokens of one statement. */
export function createQueryGrammar(cursor: TokenCursor): QueryGrammar {
  const blocks = new QueryBlocks();
  let inOuterJoinCondition = false;
  /** Correlated sub-queries seen so far: tells which select items hold one. */
  let correlations = 0;

  function query(place: BlockPlace): void {
    blocks.enter(place, inOuterJoinCondition);
    const outside = inOuterJoinCondition;
    inOuterJoinCondition = false;
    if (cursor.takeWord('with')) {
      if (cursor.isWord('recursive')) cursor.refuse('WITH RECURSIVE', 'local-endpoint');
      cursor.items(commonTable);
    }
    queryTerms();
    if (cursor.takeWord('order', 'by')) orderItems('query');
    if (cursor.takeWord('limit') && !cursor.takeWord('all')) rowCount();
    if (cursor.takeWord('offset')) rowCount();
    if (cursor.isWord('for')) cursor.refuse('FOR UPDATE (r_SELECT_synopsis)');
    refuseForeignClause();
    inOuterJoinCondition = outside;
    if (blocks.leave(cursor.statement)) correlations += 1;
  }

  function commonTable(): void {
    blocks.declareTable(cursor.name('a name of a common table'));
    if (cursor.isOperator('(')) cursor.list(() => cursor.name('a column name'));
    cursor.expectWord('as');
    cursor.expectOperator('(');
    query('from');
    cursor.expectOperator(')');
  }

  function queryTerms(): void {
    for (;;) {
      if (cursor.takeOperator('(')) {
        query('from');
        cursor.expectOperator(')');
      } else select();
      const from = cursor.position;
      if (cursor.takeWord('union')) cursor.takeWord('all');
      else if (cursor.takeWord('minus')) cursor.replace(from, from + 1, 'EXCEPT');
      else if (!cursor.takeWord('except') && !cursor.takeWord('intersect')) return;
      if (cursor.isWord('all')) cursor.refuse('EXCEPT ALL and INTERSECT ALL (r_UNION)');
    }
  }

  function select(): void {
    if (cursor.isWord('values')) {
      cursor.refuse('VALUES as a table (c_unsupported-postgresql-features)');
    }
    cursor.expectWord('select');
    if (cursor.isWord('top')) cursor.refuse('TOP: write LIMIT', 'local-endpoint');
    if (cursor.takeWord('distinct')) {
      if (cursor.isWord('on')) cursor.refuse('DISTINCT ON (r_SELECT_list)');
    } else cursor.takeWord('all');
    const correlated = selectItems();
    if (cursor.isWord('into')) cursor.refuse('SELECT INTO', 'local-endpoint');
    if (cursor.takeWord('from')) fromItems('allowed');
    if (cursor.takeWord('where')) expression(grammar);
    if (cursor.takeWord('group', 'by')) groupItems(correlated);
    if (cursor.takeWord('having')) expression(grammar);
    refuseForeignClause();
  }

  /** @returns the aliases and places of the items that hold a correlated sub-query. */
  function selectItems(): ReadonlySet<string> {
    const correlated = new Set<string>();
    let place = 0;
    cursor.items(() => {
      place += 1;
      const before = correlations;
      const alias = selectItem();
      if (correlations === before) return;
      correlated.add(String(place));
      if (alias !== undefined) correlated.add(alias);
    });
    return correlated;
  }

  function selectItem(): string | undefined {
    if (cursor.takeOperator('*')) return undefined;
    for (const dots of [1, 2]) {
      if (!cursor.isOperator('.', 2 * dots - 1) || !cursor.isOperator('*', 2 * dots)) continue;
      for (let index = 0; index < dots; index += 1) {
        const token = cursor.peek();
        const table = cursor.name('a table name');
        if (index === dots - 1) blocks.reference(table, token);
        cursor.expectOperator('.');
      }
      cursor.expectOperator('*');
      return undefined;
    }
    expression(grammar);
    return alias('an alias');
  }

  /** `[AS] alias`; after AS too an unquoted reserved word is refused (r_pg_keywords). */
  function alias(what: string): string | undefined {
    if (cursor.takeWord('as')) return cursor.name(what);
    const token = cursor.peek();
    if (token.kind === 'quoted-name') return cursor.name(what);
    if (token.kind !== 'word') return undefined;
    refuseForeignClause();
    // A reserved word ends the item; what it begins, the next rule decides.
    return reservedWords.has(token.value) ? undefined : cursor.name(what);
  }

  function refuseForeignClause(): void {
    const token = cursor.peek();
    if (token.kind !== 'word') return;
    const foreign = foreignClauses[token.value];
    if (foreign !== undefined) cursor.refuse(foreign);
    const missing = missingClauses[token.value];
    if (missing !== undefined) cursor.refuse(missing, 'local-endpoint');
  }

  function groupItems(correlated: ReadonlySet<string>): void {
    blocks.noteGroupBy();
    if (cursor.takeWord('grouping', 'sets')) {
      cursor.list(groupingSet);
      return;
    }
    cursor.items(() => {
      const item = cursor.peek();
      if (correlated.has(item.value)) {
        cursor.refuse('GROUP BY the result of a correlated sub-query (r_correlated_subqueries)');
      }
      expression(grammar);
    });
  }

  /** `()`, `(a, b)` or `a` (r_GROUP_BY_aggregation-extensions). */
  function groupingSet(): void {
    if (!cursor.takeOperator('(')) expression(grammar);
    else if (!cursor.takeOperator(')')) {
      cursor.items(() => expression(grammar));
      cursor.expectOperator(')');
    }
  }

  function orderItems(place: 'query' | 'window'): void {
    cursor.items(() => {
      if (place === 'window') varyingItem(grammar, 'order by');
      else expression(grammar);
      if (!cursor.takeWord('asc')) cursor.takeWord('desc');
      if (!cursor.isWord('nulls')) return;
      if (place === 'window') {
        cursor.refuse('NULLS clause in a window (c_unsupported-postgresql-features)');
      }
      cursor.expectWord('nulls');
      if (!cursor.takeWord('first')) cursor.expectWord('last');
    });
  }

  function rowCount(): void {
    const { kind, value } = cursor.peek();
    if (kind === 'parameter') {
      cursor.next();
      cursor.replace(cursor.position - 1, cursor.position, cursor.parameterPlace(value));
    } else cursor.expectNumber('a number of rows');
  }

  function fromItems(outerJoins: 'allowed' | 'refused'): void {
    cursor.items(() => joinedTables(outerJoins));
  }

  function joinedTables(outerJoins: 'allowed' | 'refused'): void {
    table(outerJoins);
    for (;;) {
      if (cursor.takeWord('cross', 'join') || cursor.takeWord('natural', 'join')) {
        table(outerJoins);
        continue;
      }
      const outer = cursor.isWord('left') || cursor.isWord('right') || cursor.isWord('full');
      if (outer && outerJoins === 'refused') {
        cursor.refuse('outer join in the FROM clause of UPDATE (r_UPDATE)');
      }
      if (outer) {
        cursor.next();
        cursor.takeWord('outer');
        cursor.expectWord('join');
      } else if (cursor.takeWord('inner')) cursor.expectWord('join');
      else if (!cursor.takeWord('join')) return;
      table(outerJoins);
      joinCondition(outer);
    }
  }

  function joinCondition(outer: boolean): void {
    if (cursor.takeWord('using')) {
      cursor.list(() => cursor.name('a column name'));
      return;
    }
    cursor.expectWord('on');
    const outside = inOuterJoinCondition;
    inOuterJoinCondition = outer;
    expression(grammar);
    inOuterJoinCondition = outside;
  }

  function table(outerJoins: 'allowed' | 'refused'): void {
    if (cursor.isWord('lateral')) cursor.refuse(foreignClauses['lateral'] ?? '');
    if (cursor.takeOperator('(')) {
      if (cursor.isWord('values')) {
        cursor.refuse('VALUES as a table (c_unsupported-postgresql-features)');
      }
      const isQuery = cursor.isWord('select') || cursor.isWord('with') || cursor.isOperator('(');
      if (!isQuery) {
        joinedTables(outerJoins);
        cursor.expectOperator(')');
        return;
      }
      query('from');
      cursor.expectOperator(')');
      tableAlias();
      return;
    }
    const { schema, name } = cursor.qualifiedName('a table name');
    if (!isCatalogue(schema, name)) blocks.noteUserTable();
    if (cursor.isOperator('(')) {
      cursor.refuse('table functions (c_unsupported-postgresql-features)', 'amazon-redshift', -1);
    }
    const aliased = tableAlias();
    if (!aliased) blocks.declareTable(name);
  }

  function tableAlias(): boolean {
    const name = alias('a table alias');
    if (name === undefined) return false;
    blocks.declareTable(name);
    if (cursor.isOperator('(')) cursor.list(() => cursor.name('a column name'));
    return true;
  }

  const grammar: QueryGrammar = {
    cursor,
    blocks,
    expression: () => expression(grammar),
    query,
    orderItems,
    fromItems,
  };
  return grammar;
}
