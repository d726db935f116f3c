import { isHarmlessClause } from './alter-clauses.ts';
import { isSignAt, splitAtCommas, tokenize, wordAt, type SqlToken } from './sql-tokens.ts';

/**
 * What a statement in the binlog does to a captured table.
 *
 * `barrier`: all its rows are gone (TRUNCATE, DROP, CREATE OR REPLACE). `new-epoch`: stored rows
 * may have changed without row events, so a new snapshot is due. `rows-as-text`: a statement that
 * the binlog holds only as text changed its rows.
 */
export type StatementEffect = 'none' | 'barrier' | 'new-epoch' | 'rows-as-text';

/** The captured table as the classifier must know it. */
export interface CapturedTable {
  readonly database: string;
  readonly table: string;
  /** Names and aliases of the mapped columns, in lower case. */
  readonly mappedColumns: ReadonlySet<string>;
  /** Names of tables compare without case: `lower_case_table_names` is not 0. */
  readonly ignoreCase: boolean;
}

/**
 * @param query text of a QUERY_EVENT.
 * @param defaultDatabase the event's database: where names without one belong.
 */
export function classifyStatement(
  query: string,
  defaultDatabase: string,
  table: CapturedTable,
): StatementEffect {
  if (!mayConcern(query, table)) return 'none';
  const tokens = tokenize(query.slice(0, MAX_LENGTH));
  const statement = new StatementReader(tokens, defaultDatabase, table);
  // `SET STATEMENT variable = value FOR …` runs the rest with other settings (MariaDB).
  if (statement.accept('SET')) {
    if (!statement.accept('STATEMENT')) return 'none';
    statement.skipPast('FOR');
  }
  switch (statement.takeWord()) {
    case 'TRUNCATE':
      statement.accept('TABLE');
      return statement.takesCaptured() ? 'barrier' : 'none';
    case 'DROP':
      return effectOfDrop(statement);
    case 'CREATE':
      return effectOfCreate(statement);
    case 'RENAME':
      if (!statement.accept('TABLE', 'TABLES')) return 'none';
      return statement.mentionsCaptured() ? 'new-epoch' : 'none';
    case 'ALTER':
      return effectOfAlter(statement, table);
    case 'INSERT':
    case 'REPLACE':
      statement.skipAll('LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'INTO');
      return statement.takesCaptured() ? 'rows-as-text' : 'none';
    case 'LOAD':
      statement.skipPast('TABLE');
      return statement.takesCaptured() ? 'rows-as-text' : 'none';
    case 'UPDATE':
      return statement.mentionsCaptured('SET') ? 'rows-as-text' : 'none';
    case 'DELETE':
      return statement.mentionsCaptured('WHERE') ? 'rows-as-text' : 'none';
    case 'MERGE':
    case 'WITH':
    case 'IMPORT':
      return statement.mentionsCaptured() ? 'rows-as-text' : 'none';
    default:
      return 'none';
  }
}

/** Characters by which a statement is judged: verbs and targets stand before long values. */
const MAX_LENGTH = 100_000;

/** A statement that names neither the table nor its database cannot concern it. */
function mayConcern(query: string, { database, table }: CapturedTable): boolean {
  const text = query.toLowerCase();
  // A quote inside a name is written doubled: such names are left to the tokenizer.
  return [database, table].some((name) => /[`"\\]/.test(name) || text.includes(name.toLowerCase()));
}

function effectOfDrop(statement: StatementReader): StatementEffect {
  if (statement.accept('DATABASE', 'SCHEMA')) {
    statement.skipAll('IF', 'EXISTS');
    return statement.takesCapturedDatabase() ? 'barrier' : 'none';
  }
  // DROP TEMPORARY TABLE drops another table, though it may have the name of the captured one.
  if (!statement.accept('TABLE', 'TABLES')) return 'none';
  return statement.mentionsCaptured() ? 'barrier' : 'none';
}

function effectOfCreate(statement: StatementReader): StatementEffect {
  const replaces = statement.accept('OR') && statement.accept('REPLACE');
  if (statement.accept('DATABASE', 'SCHEMA')) {
    statement.skipAll('IF', 'NOT', 'EXISTS');
    return replaces && statement.takesCapturedDatabase() ? 'barrier' : 'none';
  }
  if (!statement.accept('TABLE')) return 'none';
  statement.skipAll('IF', 'NOT', 'EXISTS');
  if (!statement.takesCaptured()) return 'none';
  // In ROW format CREATE … SELECT is logged as a plain CREATE and its rows; this one is only text.
  if (statement.hasWord('SELECT')) return 'rows-as-text';
  // Its history stands in the binlog among its rows: the snapshot will refuse it.
  if (statement.hasWord('VERSIONING')) return 'new-epoch';
  return replaces ? 'barrier' : 'none';
}

function effectOfAlter(statement: StatementReader, table: CapturedTable): StatementEffect {
  statement.skipAll('ONLINE', 'OFFLINE', 'IGNORE');
  if (!statement.accept('TABLE')) return 'none';
  statement.skipAll('IF', 'EXISTS');
  const captured = statement.takesCaptured();
  if (statement.accept('WAIT')) statement.takeWord();
  statement.accept('NOWAIT');
  const changes = captured
    ? statement.takeClauses().some((clause) => !isHarmlessClause(clause, table.mappedColumns))
    : statement.putsAnotherInPlaceOfCaptured();
  return changes ? 'new-epoch' : 'none';
}

/** Words of ALTER TABLE after which the name of another table stands. */
const BEFORE_TABLE: ReadonlySet<string> = new Set(['RENAME', 'TO', 'AS', 'TABLE']);

/** Reads a statement's tokens from left to right. */
class StatementReader {
  readonly #tokens: readonly SqlToken[];
  readonly #defaultDatabase: string;
  readonly #table: CapturedTable;
  #next = 0;

  constructor(tokens: readonly SqlToken[], defaultDatabase: string, table: CapturedTable) {
    this.#tokens = tokens;
    this.#defaultDatabase = defaultDatabase;
    this.#table = table;
  }

  takeWord(): string {
    const word = wordAt(this.#tokens, this.#next);
    this.#next += 1;
    return word;
  }

  /** Passes over one of these words if it comes next. */
  accept(...words: readonly string[]): boolean {
    if (!words.includes(wordAt(this.#tokens, this.#next))) return false;
    this.#next += 1;
    return true;
  }

  skipAll(...words: readonly string[]): void {
    while (this.accept(...words));
  }

  skipPast(word: string): void {
    while (this.#next < this.#tokens.length && this.takeWord() !== word);
  }

  hasWord(word: string): boolean {
    return this.#tokens.some((_, index) => wordAt(this.#tokens, index) === word);
  }

  /** Whether the table that comes next is the captured one. */
  takesCaptured(): boolean {
    const captured = this.#isCaptured(this.#next);
    this.#next += isSignAt(this.#tokens, this.#next + 1, '.') ? 3 : 1;
    return captured;
  }

  takesCapturedDatabase(): boolean {
    return this.#same(this.#tokens[this.#next]?.text, this.#table.database);
  }

  /** Whether a name in the rest, up to a word, is the captured table. */
  mentionsCaptured(end?: string): boolean {
    for (let index = this.#next; index < this.#tokens.length; index += 1) {
      if (end !== undefined && wordAt(this.#tokens, index) === end) return false;
      // What stands behind a dot was looked at with what stands before it.
      if (!isSignAt(this.#tokens, index - 1, '.') && this.#isCaptured(index)) return true;
    }
    return false;
  }

  /** RENAME TO, EXCHANGE PARTITION … WITH TABLE, CONVERT TABLE and their kin, of another table. */
  putsAnotherInPlaceOfCaptured(): boolean {
    if (this.accept('RENAME') && this.accept('COLUMN', 'INDEX', 'KEY')) return false;
    return this.#tokens.some(
      (_, index) =>
        (BEFORE_TABLE.has(wordAt(this.#tokens, index - 1)) ||
          isSignAt(this.#tokens, index - 1, '=')) &&
        index >= this.#next &&
        this.#isCaptured(index),
    );
  }

  takeClauses(): SqlToken[][] {
    return splitAtCommas(this.#tokens, this.#next);
  }

  #isCaptured(index: number): boolean {
    const qualified = isSignAt(this.#tokens, index + 1, '.');
    const database = qualified ? this.#tokens[index]?.text : this.#defaultDatabase;
    const table = this.#tokens[qualified ? index + 2 : index];
    return (
      (table?.kind === 'word' || table?.kind === 'name') &&
      this.#same(database, this.#table.database) &&
      this.#same(table.text, this.#table.table)
    );
  }

  #same(name: string | undefined, captured: string): boolean {
    return this.#table.ignoreCase
      ? name?.toLowerCase() === captured.toLowerCase()
      : name === captured;
  }
}
