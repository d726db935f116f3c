import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { CopyError, scanError } from './copy-error.ts';
import type { ParquetColumn, TargetColumn } from './target-columns.ts';

/** A fetched object: where it lies on disk and what it is called in messages. */
export interface ParquetFile {
  readonly path: string;
  readonly url: string;
  readonly bytes: number;
}

/** Files with the same column names, which one query can read together. */
export interface FileGroup {
  readonly files: readonly ParquetFile[];
  /** Names in the files, in their order. They need not be those of the table. */
  readonly names: readonly string[];
}

interface SchemaRow {
  readonly file_name: string;
  readonly name: string;
  readonly type: string | null;
  readonly repetition_type: string | null;
  readonly num_children: string | number | null;
  readonly converted_type: string | null;
  readonly logical_type: string | null;
  readonly precision: string | number | null;
  readonly scale: string | number | null;
}

/** NULL in the rows that go to PostgreSQL; a text is always quoted and so never taken for it. */
export const NULL_MARK = '\\N';

/** Reads Parquet files by DuckDB, in process, offline and within a memory limit. */
export class ParquetReader {
  #instance: Promise<DuckDBInstance> | undefined;

  /**
   * Compares each file's schema with the table: number, order, physical type and width of the
   * columns, never their names.
   *
   * @throws {CopyError} 15007 naming the file.
   */
  async check(
    files: readonly ParquetFile[],
    columns: readonly TargetColumn[],
    fillRecord: boolean,
  ): Promise<readonly FileGroup[]> {
    return this.#use(async (connection) => {
      const byPath = await readSchemas(connection, files);
      const groups = new Map<string, { files: ParquetFile[]; names: string[] }>();
      for (const file of files) {
        const found = byPath.get(file.path) ?? [];
        checkSchema(file, found, columns, fillRecord);
        const names = found.map(({ name }) => name);
        const key = JSON.stringify(names);
        const group = groups.get(key) ?? { files: [], names };
        group.files.push(file);
        groups.set(key, group);
      }
      return [...groups.values()];
    });
  }

  /**
   * Finds the first text that is longer in bytes than its column.
   *
   * @throws {CopyError} 15001; nothing of the whole COPY is loaded then.
   */
  async checkLengths(group: FileGroup, columns: readonly TargetColumn[]): Promise<void> {
    const limited = group.names.flatMap((name, index) => {
      const column = columns[index];
      return column?.maxBytes === undefined
        ? []
        : [{ column, limit: column.maxBytes, source: quote(name) }];
    });
    if (limited.length === 0) return;
    const widest = limited.map(({ source }, index) => `max(strlen(${source})) AS c${index}`);
    const row = await this.#use(async (connection) => {
      const reader = await connection.runAndReadAll(
        `SELECT ${widest.join(', ')} FROM ${source(group.files)}`,
      );
      return reader.getRowsJson()[0] ?? [];
    });
    const index = limited.findIndex(({ limit }, place) => Number(row[place] ?? 0) > limit);
    const tooLong = limited[index];
    if (!tooLong) return;
    // One query over all files does not tell which: ask again for each.
    if (group.files.length > 1) {
      for (const file of group.files) await this.checkLengths({ ...group, files: [file] }, columns);
    }
    throw scanError(
      15001,
      `The length of the data column ${tooLong.column.name} is longer than the length defined ` +
        `in the table. Table: ${tooLong.limit}, Data: ${Number(row[index])} ` +
        `(${group.files[0]?.url ?? ''})`,
    );
  }

  /** Writes the rows as CSV for PostgreSQL's COPY: texts quoted, NULL as {@link NULL_MARK}. */
  async writeCsv(group: FileGroup, columns: readonly TargetColumn[], path: string): Promise<void> {
    const texts = group.names.flatMap((name, index) =>
      columns[index]?.type.includes('CHAR') ? [quote(name)] : [],
    );
    const forceQuote = texts.length > 0 ? `, FORCE_QUOTE (${texts.join(', ')})` : '';
    await this.#use((connection) =>
      connection.run(
        `COPY (SELECT ${group.names.map(quote).join(', ')} FROM ${source(group.files)})
         TO ${literal(path)} (FORMAT csv, HEADER false, NULLSTR ${literal(NULL_MARK)}${forceQuote})`,
      ),
    );
  }

  async close(): Promise<void> {
    const instance = await this.#instance;
    this.#instance = undefined;
    instance?.closeSync();
  }

  async #use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    this.#instance ??= DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      memory_limit: '512MB',
      threads: '2',
      preserve_insertion_order: 'false',
    });
    const connection = await (await this.#instance).connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }
}

async function readSchemas(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
): Promise<ReadonlyMap<string, readonly ParquetColumn[]>> {
  let rows: SchemaRow[];
  try {
    const reader = await connection.runAndReadAll(
      `SELECT file_name, name, type, repetition_type, num_children, converted_type, logical_type,
       precision, scale FROM parquet_schema(${list(files)})`,
    );
    rows = reader.getRowObjectsJson() as unknown as SchemaRow[];
  } catch (cause) {
    const told = cause instanceof Error ? cause.message : String(cause);
    // The object by its address, not by where it lies here.
    const reason = files.reduce((text, { path, url }) => text.replaceAll(path, url), told);
    throw new CopyError(`Spectrum Scan Error: no valid Parquet file: ${reason}`, cause);
  }
  const columns = new Map<string, ParquetColumn[]>();
  for (const row of rows) {
    const known = columns.get(row.file_name);
    // The first element of each file is the root of its schema.
    if (!known) columns.set(row.file_name, []);
    else known.push(parquetColumn(row));
  }
  return columns;
}

function parquetColumn(row: SchemaRow): ParquetColumn {
  const number = (value: string | number | null): number | undefined =>
    value === null ? undefined : Number(value);
  const annotation = row.converted_type ?? undefined;
  return {
    name: row.name,
    physicalType: row.type ?? '',
    annotation,
    isTimestamp:
      annotation?.startsWith('TIMESTAMP') === true ||
      row.logical_type?.startsWith('Timestamp') === true,
    precision: number(row.precision),
    scale: number(row.scale),
    isNested: (number(row.num_children) ?? 0) > 0 || row.repetition_type === 'REPEATED',
  };
}

function checkSchema(
  file: ParquetFile,
  found: readonly ParquetColumn[],
  columns: readonly TargetColumn[],
  fillRecord: boolean,
): void {
  const fits = fillRecord ? found.length <= columns.length : found.length === columns.length;
  if (!fits) {
    throw scanError(
      15007,
      'Unmatched number of columns between table and file. ' +
        `Table columns: ${columns.length}, Data columns: ${found.length}, File name: ${file.url}`,
    );
  }
  found.forEach((column, index) => {
    const target = columns[index];
    if (target && !column.isNested && target.accepts(column)) return;
    const annotation = column.annotation === undefined ? '' : ` (${column.annotation})`;
    throw scanError(
      15007,
      `File '${file.url}' has an incompatible Parquet schema for column '${target?.name ?? ''}'. ` +
        `Column type: ${target?.type ?? ''}, Parquet schema: ` +
        `${column.physicalType.toLowerCase()}${annotation} ${column.name}`,
    );
  });
}

function source(files: readonly ParquetFile[]): string {
  return `read_parquet(${list(files)}, hive_partitioning = false)`;
}

function list(files: readonly ParquetFile[]): string {
  return `[${files.map(({ path }) => literal(path)).join(', ')}]`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
