import { columnType } from './column-types.ts';
import { dateParts, extractParts } from './functions.ts';
import type { Grammar } from './grammar.ts';
import type { TokenCursor } from './token-cursor.ts';

const names = new Set(['cast', 'extract', 'substring', 'position', 'trim']);

/** Whether one of the functions with a syntax of their own comes next. */
export function isSyntaxFunction(cursor: TokenCursor, word: string): boolean {
  return names.has(word) && cursor.isOperator('(', 1);
}

/** CAST, EXTRACT, SUBSTRING, POSITION and TRIM. */
export function syntaxFunction(grammar: Grammar, word: string): void {
  const { cursor } = grammar;
  const from = cursor.position;
  cursor.next();
  cursor.expectOperator('(');
  if (word === 'cast') {
    grammar.expression();
    cursor.expectWord('as');
    columnType(cursor);
  } else if (word === 'extract') {
    extract(grammar, from);
    return;
  } else if (word === 'substring') {
    grammar.expression();
    if (cursor.takeWord('from')) {
      grammar.expression();
      if (cursor.takeWord('for')) grammar.expression();
    } else {
      cursor.expectOperator(',');
      grammar.expression();
      if (cursor.takeOperator(',')) grammar.expression();
    }
  } else if (word === 'position') {
    position(grammar, from);
    return;
  } else {
    cursor.takeAnyWord(new Set(['both', 'leading', 'trailing']));
    if (!cursor.takeWord('from')) {
      grammar.expression();
      if (cursor.takeWord('from')) grammar.expression();
    } else grammar.expression();
  }
  cursor.expectOperator(')');
}

/**
 * EXTRACT gives whole numbers of a TIMESTAMP in Amazon Redshift (r_EXTRACT_function), decimals in
 * PostgreSQL: a function of strict-functions.sql takes its place.
 */
function extract(grammar: Grammar, from: number): void {
  const { cursor } = grammar;
  const part = datePart(cursor, extractParts);
  cursor.expectWord('from');
  const source = cursor.position;
  grammar.expression();
  const text = cursor.text(source, cursor.position);
  cursor.expectOperator(')');
  const call = part === 'epoch' ? `extract_epoch(${text})` : `extract_part('${part}', ${text})`;
  cursor.replace(from, cursor.position, call);
}

/** IN inside of POSITION is no set test, so only a text or a simple value may stand before it. */
function position(grammar: Grammar, from: number): void {
  const { cursor } = grammar;
  const wanted = cursor.position;
  if (cursor.peek().kind !== 'string' && cursor.peek().kind !== 'parameter') {
    cursor.refuse('POSITION of something else than a literal', 'local-endpoint');
  }
  const token = cursor.next();
  if (token.kind === 'parameter') {
    cursor.replace(wanted, wanted + 1, cursor.parameterPlace(token.value));
  }
  const wantedText = cursor.text(wanted, cursor.position);
  cursor.expectWord('in');
  const source = cursor.position;
  grammar.expression();
  const sourceText = cursor.text(source, cursor.position);
  cursor.expectOperator(')');
  cursor.replace(from, cursor.position, `strpos(${sourceText}, ${wantedText})`);
}

/**
 * Reads a date part with or without quotes and writes it as a string.
 *
 * @returns the part in lower case.
 */
export function datePart(cursor: TokenCursor, allowed: ReadonlySet<string> = dateParts): string {
  const token = cursor.peek();
  const part = token.value.toLowerCase();
  if ((token.kind !== 'word' && token.kind !== 'string') || !allowed.has(part)) {
    cursor.refuse('date part', 'local-endpoint');
  }
  cursor.next();
  cursor.replace(cursor.position - 1, cursor.position, `'${part}'`);
  return part;
}
