/**
 * The one place in which names and texts become SQL. Values travel as parameters wherever the
 * statement's kind takes any; what cannot (names, DDL, COPY, sessions of the binlog) goes through here.
 */

const NAME = /^[a-z][a-z0-9_]{0,60}$/;

/**
 * A text as an SQL literal that Redshift and PostgreSQL read alike. A backslash is an escape in
 * Redshift's literals but not in standard ones, so it is written as CHR(92).
 *
 * @throws {TypeError} on NUL, which no warehouse text can hold.
 */
export function quoteText(text: string): string {
  if (text.includes('\0')) throw new TypeError('a warehouse text cannot hold NUL');
  return text
    .split('\\')
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join(' || CHR(92) || ');
}

/**
 * A text as one literal of Redshift, for places that take no expression, such as COMMENT: there a
 * backslash in a literal is an escape, so it is doubled.
 */
export function literalText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * A name for use as an identifier, unquoted.
 *
 * @throws {TypeError} when it is not lower case letters, digits and `_`.
 */
export function sqlName(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`not an SQL name: ${JSON.stringify(name)}`);
  return name;
}

/** An integer as an SQL literal. */
export function sqlInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not an integer: ${value}`);
  return String(value);
}

/** A name as MySQL and MariaDB quote it (MySQL reference manual, "Schema Object Names"). */
export function mysqlName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A name as standard SQL quotes it: DuckDB and PostgreSQL. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as standard SQL quotes it, where a backslash is a character like any other: DuckDB. */
export function standardText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
