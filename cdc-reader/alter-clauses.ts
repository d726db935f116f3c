import { isSignAt, splitAtCommas, wordAt, type SqlToken } from './sql-tokens.ts';

/** Words after ADD, DROP, ALTER or RENAME that speak of indexes and constraints, not of columns. */
const INDEX_WORDS: ReadonlySet<string> = new Set([
  ...['INDEX', 'KEY', 'PRIMARY', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR'],
  ...['FOREIGN', 'CONSTRAINT', 'CHECK'],
]);

/** Table options, and other first words of clauses, that leave every stored value as it is. */
const HARMLESS_WORDS: ReadonlySet<string> = new Set([
  ...['COMMENT', 'AUTO_INCREMENT', 'ROW_FORMAT', 'ALGORITHM', 'LOCK', 'FORCE', 'ENABLE', 'DISABLE'],
  ...['STATS_PERSISTENT', 'STATS_AUTO_RECALC', 'STATS_SAMPLE_PAGES', 'KEY_BLOCK_SIZE', 'MAX_ROWS'],
  ...['MIN_ROWS', 'AVG_ROW_LENGTH', 'CHECKSUM', 'PACK_KEYS', 'PAGE_CHECKSUM', 'PAGE_COMPRESSED'],
  ...['PAGE_COMPRESSION_LEVEL', 'ENCRYPTED', 'ENCRYPTION', 'ENCRYPTION_KEY_ID', 'COMPRESSION'],
  ...['DEFAULT', 'CHARACTER', 'CHARSET', 'COLLATE', 'ENGINE', 'ORDER'],
]);

/** Engines that keep the rows of a table that is moved to them. */
const KEEPING_ENGINES: ReadonlySet<string> = new Set(['INNODB', 'ROCKSDB']);

const EXISTENCE: ReadonlySet<string> = new Set(['IF', 'NOT', 'EXISTS']);

/**
 * Whether one clause of an ALTER TABLE leaves the values of the mapped columns as they are. What
 * is not known to do so counts as a change.
 *
 * @param mapped names of the mapped columns, in lower case.
 */
export function isHarmlessClause(
  clause: readonly SqlToken[],
  mapped: ReadonlySet<string>,
): boolean {
  const [verb, object] = [wordAt(clause, 0), wordAt(clause, 1)];
  const touchesMapped = () => columnNames(clause).some((name) => mapped.has(name.toLowerCase()));
  switch (verb) {
    case 'ADD':
      if (INDEX_WORDS.has(object) || object === 'PARTITION') return true;
      return object !== 'SYSTEM' && object !== 'PERIOD' && !touchesMapped();
    case 'DROP':
      if (INDEX_WORDS.has(object)) return true;
      if (object === 'PARTITION' || object === 'SYSTEM' || object === 'PERIOD') return false;
      return !touchesMapped();
    case 'RENAME':
      return INDEX_WORDS.has(object) || (object === 'COLUMN' && !touchesMapped());
    case 'ALTER':
      // ALTER COLUMN changes defaults and visibility only.
      return true;
    default:
      return HARMLESS_WORDS.has(verb) && keepsEngine(clause);
  }
}

/** Options may follow each other without a comma. */
function keepsEngine(clause: readonly SqlToken[]): boolean {
  const at = clause.findIndex((_, index) => wordAt(clause, index) === 'ENGINE');
  if (at < 0) return true;
  const engine = clause[isSignAt(clause, at + 1, '=') ? at + 2 : at + 1];
  return engine !== undefined && KEEPING_ENGINES.has(engine.text.toUpperCase());
}

/** The columns that an ADD, DROP or RENAME COLUMN clause names. */
function columnNames(clause: readonly SqlToken[]): string[] {
  let first = 1;
  if (wordAt(clause, first) === 'COLUMN') first += 1;
  while (EXISTENCE.has(wordAt(clause, first))) first += 1;
  if (isSignAt(clause, first, '(')) {
    return splitAtCommas(clause.slice(0, -1), first + 1).map(([name]) => name?.text ?? '');
  }
  const names = [clause[first]?.text ?? ''];
  if (wordAt(clause, 0) === 'RENAME') names.push(clause[first + 2]?.text ?? '');
  return names;
}
