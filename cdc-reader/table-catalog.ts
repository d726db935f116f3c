import type { SourceConnection } from './source-connection.ts';
import type { ColumnDefinition } from './table-shape.ts';
import { codeTableQuery, isSingleByte, type CodeTable } from './text-charsets.ts';

/** What the server's own tables know that the binlog does not say. */
export interface TableCatalog {
  /** Character set of a collation id. */
  charsetOf(collation: number): string | undefined;
  /** How the server decodes a single-byte character set; undefined for every other one. */
  codeTableOf(charset: string): CodeTable | undefined;
  /** UUID, INET4 and INET6 stand in the binlog as BINARY. */
  logicalType(column: string, type: string): string;
  /** Names of tables compare without case, and the server stores them in lower case. */
  readonly ignoreCase: boolean;
}

export async function loadCatalog(
  connection: SourceConnection,
  database: string,
  table: string,
): Promise<TableCatalog> {
  const charsets = await loadCharsets(connection);
  const columns = await readColumns(connection, database, table);
  const codeTables = await loadCodeTables(
    connection,
    // All of them: the binlog may hold rows from before the table had its present columns.
    new Set([...charsets.values()].filter(isSingleByte)),
  );
  const logical = new Map(
    columns.filter(({ type }) => LOGICAL_TYPES.has(type)).map(({ name, type }) => [name, type]),
  );
  const [names] = await connection.query('SELECT @@lower_case_table_names AS mode');
  return {
    ignoreCase: Number(names?.['mode']) !== 0,
    charsetOf: (collation) => charsets.get(collation),
    codeTableOf: (charset) => codeTables.get(charset),
    logicalType: (column, type) =>
      /^binary\((?:4|16)\)$/.test(type) ? (logical.get(column) ?? type) : type,
  };
}

const LOGICAL_TYPES: ReadonlySet<string> = new Set(['uuid', 'inet4', 'inet6']);

async function loadCharsets(connection: SourceConnection): Promise<ReadonlyMap<number, string>> {
  // MariaDB lists the ids of its UCA 14.0.0 collations only here, MySQL has no ids in this table.
  const table =
    connection.flavour === 'mariadb' ? 'COLLATION_CHARACTER_SET_APPLICABILITY' : 'COLLATIONS';
  const rows = await connection.query(
    `SELECT ID AS id, CHARACTER_SET_NAME AS charset FROM information_schema.${table}`,
  );
  return new Map(rows.map(({ id, charset }) => [Number(id), String(charset)]));
}

async function loadCodeTables(
  connection: SourceConnection,
  charsets: ReadonlySet<string>,
): Promise<ReadonlyMap<string, CodeTable>> {
  const tables = new Map<string, CodeTable>();
  for (const charset of charsets) {
    const [row = {}] = await connection.query(codeTableQuery(charset));
    tables.set(charset, Object.values(row).map(String));
  }
  return tables;
}

/** Columns of a table, invisible and generated ones too, in the order of the binlog's rows. */
export async function readColumns(
  connection: SourceConnection,
  database: string,
  table: string,
): Promise<ColumnDefinition[]> {
  const rows = await connection.query(
    'SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, CHARACTER_SET_NAME AS charset' +
      ' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?' +
      ' ORDER BY ORDINAL_POSITION',
    [database, table],
  );
  return rows.map(({ name, type, charset }) => ({
    name: String(name),
    type: String(type),
    charset: charset === null || charset === undefined ? null : String(charset),
  }));
}
