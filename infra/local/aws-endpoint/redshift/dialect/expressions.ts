import { columnType } from './column-types.ts';
import { functionCall } from './function-calls.ts';
import { functionRules, leaderNodeFunctions, unsupportedFunctions } from './functions.ts';
import type { Grammar } from './grammar.ts';
import { isSyntaxFunction, syntaxFunction } from './syntax-functions.ts';
import { privateSchemas } from './token-cursor.ts';

const comparisons = ['=', '<>', '!=', '<', '>', '<=', '>=', '~', '!~'];
const arithmetic = ['+', '-', '*', '/', '%', '||', '^', '&', '|', '#', '<<', '>>'];

/** Words that are values by themselves. */
const constants = new Set(['null', 'true', 'false', 'current_date', 'current_user']);

/** Values and hidden columns of PostgreSQL that no table of Amazon Redshift has. */
const postgresWords = new Set(
  'current_catalog current_role current_schema ctid xmin xmax cmin cmax tableoid'.split(' '),
);

/** What follows the word is a string: DATE '2025-07-01'. */
const literalTypes = new Set(['date', 'timestamp', 'timestamptz', 'interval']);

/** Reads an expression (r_expressions); refuses everything that is not on the allow-list. */
export function expression(grammar: Grammar): void {
  const { cursor } = grammar;
  do conjunction(grammar);
  while (cursor.takeWord('or'));
}

function conjunction(grammar: Grammar): void {
  const { cursor } = grammar;
  do {
    while (cursor.takeWord('not'));
    predicate(grammar);
  } while (cursor.takeWord('and'));
}

function predicate(grammar: Grammar): void {
  const { cursor } = grammar;
  operand(grammar);
  for (;;) {
    const operator = comparisons.find((text) => cursor.isOperator(text));
    if (operator !== undefined) {
      cursor.next();
      comparisonRight(grammar);
    } else if (cursor.takeWord('is')) {
      isTest(grammar);
    } else if (cursor.isWord('isnull') || cursor.isWord('notnull')) {
      cursor.next();
    } else {
      const negated = cursor.isWord('not');
      const test = cursor.peek(negated ? 1 : 0).value;
      if (!['between', 'in', 'like', 'ilike', 'similar'].includes(test)) return;
      if (negated) cursor.next();
      rangeTest(grammar);
    }
  }
}

function comparisonRight(grammar: Grammar): void {
  const { cursor } = grammar;
  if (cursor.isWord('any') || cursor.isWord('some') || cursor.isWord('all')) {
    cursor.next();
    cursor.expectOperator('(');
    if (!startsQuery(grammar)) cursor.refuse('arrays (c_unsupported-postgresql-features)');
    grammar.query('in');
    cursor.expectOperator(')');
    return;
  }
  operand(grammar);
}

function isTest({ cursor }: Grammar): void {
  cursor.takeWord('not');
  if (cursor.isWord('distinct')) {
    cursor.refuse('IS DISTINCT FROM (c_unsupported-postgresql-functions)');
  }
  if (cursor.takeAnyWord(new Set(['null', 'true', 'false', 'unknown'])) === undefined) {
    cursor.refuse('expected NULL, TRUE, FALSE or UNKNOWN');
  }
}

function rangeTest(grammar: Grammar): void {
  const { cursor } = grammar;
  if (cursor.takeWord('between')) {
    operand(grammar);
    cursor.expectWord('and');
    operand(grammar);
  } else if (cursor.takeWord('in')) {
    cursor.expectOperator('(');
    if (startsQuery(grammar)) grammar.query('in');
    else cursor.items(() => grammar.expression());
    cursor.expectOperator(')');
  } else {
    if (cursor.takeWord('similar')) cursor.expectWord('to');
    else cursor.next();
    operand(grammar);
    if (cursor.takeWord('escape')) operand(grammar);
  }
}

/** Arithmetic and text operators over primaries; their precedence is PostgreSQL's business. */
function operand(grammar: Grammar): void {
  const { cursor } = grammar;
  do {
    while (cursor.takeOperator('-') || cursor.takeOperator('+'));
    primary(grammar);
    suffixes(grammar);
  } while (arithmetic.some((text) => cursor.takeOperator(text)));
}

function suffixes(grammar: Grammar): void {
  const { cursor } = grammar;
  for (;;) {
    if (cursor.takeOperator('::')) columnType(cursor);
    else if (cursor.takeWord('at', 'time', 'zone')) primary(grammar);
    else if (cursor.isOperator('[')) {
      cursor.refuse('arrays (c_unsupported-postgresql-features)');
    } else if (cursor.isOperator('.')) cursor.refuse('SUPER navigation', 'local-endpoint');
    else if (cursor.isOperator('->')) cursor.refuse('JSON operators');
    else return;
  }
}

function primary(grammar: Grammar): void {
  const { cursor } = grammar;
  const token = cursor.peek();
  switch (token.kind) {
    case 'number':
    case 'string':
      cursor.next();
      return;
    case 'parameter':
      cursor.next();
      cursor.replace(cursor.position - 1, cursor.position, cursor.parameterPlace(token.value));
      return;
    case 'operator':
      if (token.value === '(') {
        parenthesis(grammar);
        return;
      }
      return cursor.refuse('unexpected operator');
    case 'quoted-name': {
      column(grammar);
      return;
    }
    case 'word': {
      wordExpression(grammar, token.value);
      return;
    }
    case 'end':
      return cursor.refuse('unexpected end of statement');
  }
}

function parenthesis(grammar: Grammar): void {
  const { cursor } = grammar;
  cursor.expectOperator('(');
  if (startsQuery(grammar)) grammar.query('scalar');
  else {
    grammar.expression();
    if (cursor.isOperator(',')) {
      cursor.refuse('row constructors (c_unsupported-postgresql-features)');
    }
  }
  cursor.expectOperator(')');
}

function startsQuery({ cursor }: Grammar): boolean {
  let ahead = 0;
  while (cursor.isOperator('(', ahead)) ahead += 1;
  const token = cursor.peek(ahead);
  if (token.kind !== 'word') return false;
  if (token.value === 'values') {
    cursor.refuse(
      'VALUES as a table (c_unsupported-postgresql-features)',
      'amazon-redshift',
      ahead,
    );
  }
  return token.value === 'select' || token.value === 'with';
}

function wordExpression(grammar: Grammar, word: string): void {
  const { cursor } = grammar;
  if (cursor.peek(1).kind === 'string') {
    if (literalTypes.has(word)) {
      cursor.next();
      cursor.next();
      return;
    }
    if (!cursor.peek(1).spaced) cursor.refuse('unknown kind of string');
  }
  if (word === 'case') {
    caseExpression(grammar);
    return;
  }
  if (word === 'exists') {
    cursor.next();
    cursor.expectOperator('(');
    grammar.query('exists');
    cursor.expectOperator(')');
    return;
  }
  if (word === 'array' || word === 'row') {
    cursor.refuse('array and row constructors (c_unsupported-postgresql-features)');
  }
  if (isSyntaxFunction(cursor, word)) {
    syntaxFunction(grammar, word);
    return;
  }
  if (word === 'sysdate') {
    cursor.next();
    cursor.replace(cursor.position - 1, cursor.position, 'sysdate()');
    return;
  }
  if (cursor.isOperator('(', 1)) {
    call(grammar, word);
    return;
  }
  if (constants.has(word)) {
    cursor.next();
    return;
  }
  column(grammar);
}

function call(grammar: Grammar, name: string): void {
  const rule = functionRules.get(name);
  if (leaderNodeFunctions.has(name)) grammar.blocks.noteLeaderNode(grammar.cursor.peek());
  if (rule) {
    functionCall(grammar, name, rule);
    return;
  }
  if (unsupportedFunctions.has(name)) {
    grammar.cursor.refuse(
      `function ${name} (c_unsupported-postgresql-functions, c_sql-functions-leader-node)`,
    );
  }
  grammar.cursor.refuse(`function ${name}`, 'local-endpoint');
}

function caseExpression(grammar: Grammar): void {
  const { cursor } = grammar;
  cursor.expectWord('case');
  if (!cursor.isWord('when')) grammar.expression();
  do {
    cursor.expectWord('when');
    grammar.expression();
    cursor.expectWord('then');
    grammar.expression();
  } while (cursor.isWord('when'));
  if (cursor.takeWord('else')) grammar.expression();
  cursor.expectWord('end');
}

/** `column`, `table.column`, `schema.table.column`. */
function column(grammar: Grammar): void {
  const { cursor } = grammar;
  const first = cursor.peek();
  const parts = [cursor.name('a column name')];
  while (parts.length < 3 && cursor.isOperator('.')) {
    cursor.next();
    parts.push(cursor.name('a column name'));
  }
  grammar.blocks.noteVarying();
  const named = parts.at(-1) ?? '';
  if (postgresWords.has(named)) cursor.refuse(`column "${named}" does not exist`, undefined, -1);
  if (parts.length === 3 && privateSchemas.has(parts[0] ?? '')) {
    cursor.refuse(`schema "${parts[0] ?? ''}" does not exist`);
  }
  if (cursor.isOperator('(')) cursor.refuse('functions with a schema', 'local-endpoint');
  const table = parts.at(-2);
  if (table !== undefined) grammar.blocks.reference(table, first);
}
