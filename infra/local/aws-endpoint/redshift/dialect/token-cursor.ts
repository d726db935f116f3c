import { DialectError, type Ruling } from './dialect-error.ts';
import { reservedWords } from './reserved-words.ts';
import { tokenize, type Token } from './tokens.ts';

/** PostgreSQL cuts longer names without a word (NAMEDATALEN - 1). */
const MAX_NAME_BYTES = 63;

/** Schemas of the local endpoint itself: no warehouse has them. */
export const privateSchemas: ReadonlySet<string> = new Set(['data_api', 'redshift_functions']);

const catalogueSchemas = new Set(['pg_catalog', 'information_schema', 'pg_internal', 'pg_toast']);

/** Whether a table is the server's own, not one of the users'. */
export function isCatalogue(schema: string | undefined, name: string): boolean {
  return schema === undefined ? name.startsWith('pg_') : catalogueSchemas.has(schema);
}

const endToken: Token = { kind: 'end', text: '', value: '', spaced: false };

/** A name as written, `schema.table` or `table`. */
export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

/**
 * Reads the tokens of one statement from left to right, and holds beside each the text that
 * PostgreSQL is to get in its place.
 */
export class TokenCursor {
  /** Kind of statement, for messages. */
  statement = 'statement';
  /** Names of the parameters in the order of `$1`, `$2`, … */
  readonly parameters: string[] = [];
  readonly #tokens: readonly Token[];
  readonly #output: string[];
  #position = 0;

  constructor(sql: string) {
    this.#tokens = tokenize(sql);
    this.#output = this.#tokens.map(outputText);
  }

  get position(): number {
    return this.#position;
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? endToken;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#position += 1;
    return token;
  }

  /** Whether these unquoted words come next, in this order. */
  isWord(...words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.peek(index);
      return token.kind === 'word' && token.value === word;
    });
  }

  /** Takes these words when they come next. */
  takeWord(...words: readonly string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.#position += words.length;
    return true;
  }

  /** Takes the next word when it is one of these. */
  takeAnyWord(words: ReadonlySet<string>): string | undefined {
    const token = this.peek();
    if (token.kind !== 'word' || !words.has(token.value)) return undefined;
    this.#position += 1;
    return token.value;
  }

  expectWord(...words: readonly string[]): void {
    for (const word of words) {
      if (!this.takeWord(word)) this.refuse(`expected ${word.toUpperCase()}`);
    }
  }

  isOperator(operator: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.value === operator;
  }

  takeOperator(operator: string): boolean {
    if (!this.isOperator(operator)) return false;
    this.#position += 1;
    return true;
  }

  expectOperator(operator: string): void {
    if (!this.takeOperator(operator)) this.refuse(`expected ${operator}`);
  }

  expectString(what: string): string {
    if (this.peek().kind !== 'string') this.refuse(`expected ${what} as a string`);
    return this.next().value;
  }

  expectNumber(what: string): number {
    if (this.peek().kind !== 'number') this.refuse(`expected ${what} as a number`);
    return Number(this.next().value);
  }

  /** Takes a name; an unquoted reserved word is none (r_pg_keywords). */
  name(what: string): string {
    const token = this.peek();
    if (token.kind !== 'word' && token.kind !== 'quoted-name') this.refuse(`expected ${what}`);
    if (token.kind === 'word' && reservedWords.has(token.value)) {
      this.refuse(`${what} is a reserved word (r_pg_keywords)`);
    }
    if (Buffer.byteLength(token.value) > MAX_NAME_BYTES) {
      this.refuse(`${what} is longer than ${MAX_NAME_BYTES} bytes`, 'local-endpoint');
    }
    return this.next().value;
  }

  /** Takes `name` or `schema.name`. */
  qualifiedName(what: string): QualifiedName {
    const first = this.name(what);
    if (!this.takeOperator('.')) return { schema: undefined, name: first };
    if (privateSchemas.has(first)) {
      this.refuse(`schema "${first}" does not exist`, 'amazon-redshift', -2);
    }
    return { schema: first, name: this.name(what) };
  }

  /** Takes the name of a table that the statement changes. */
  changedTable(what = 'a table name'): QualifiedName {
    const table = this.qualifiedName(what);
    if (isCatalogue(table.schema, table.name)) {
      this.refuse(`permission denied: "${table.name}" is a system catalog`, undefined, -1);
    }
    return table;
  }

  /** Takes `( item, item, … )`. */
  list(item: () => void): void {
    this.expectOperator('(');
    this.items(item);
    this.expectOperator(')');
  }

  /** Takes `item, item, …`. */
  items(item: () => void): void {
    do item();
    while (this.takeOperator(','));
  }

  /** Registers a parameter. @returns its place, as PostgreSQL writes it. */
  parameterPlace(name: string): string {
    const index = this.parameters.indexOf(name);
    if (index !== -1) return `$${index + 1}`;
    return `$${this.parameters.push(name)}`;
  }

  expectEnd(): void {
    if (this.takeOperator(';')) this.replace(this.#position - 1, this.#position, '');
    if (this.peek().kind !== 'end') this.refuse('unexpected token');
  }

  /** Refuses the statement at the next token, or at the one `ahead` of it. */
  refuse(reason: string, ruling: Ruling = 'amazon-redshift', ahead = 0): never {
    const token = this.peek(ahead).text;
    throw new DialectError({ reason, ruling, statement: this.statement, token });
  }

  /** Puts a text in the place of the tokens from `from` to just before `to`. */
  replace(from: number, to: number, text: string): void {
    for (let index = from; index < to; index += 1) this.#output[index] = '';
    if (from < to) this.#output[from] = text;
  }

  /** The text for PostgreSQL of the tokens from `from` to just before `to`. */
  text(from = 0, to = this.#tokens.length): string {
    let text = '';
    for (let index = from; index < to; index += 1) {
      const output = this.#output[index] ?? '';
      if (output === '') continue;
      if (this.#tokens[index]?.spaced && text !== '') text += ' ';
      text += output;
    }
    return text.trim();
  }
}

/** A backslash escapes inside an Amazon Redshift string: PostgreSQL calls that an E string. */
function outputText(token: Token): string {
  if (token.kind === 'quoted-name') return quoteName(token.value);
  if (token.kind === 'string' && token.text.includes('\\')) return `E${token.text}`;
  return token.text;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteQualified({ schema, name }: QualifiedName): string {
  return schema === undefined ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}
