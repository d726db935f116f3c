import { DuckDBInstance } from '@duckdb/node-api';
import type { GlueType, LakeColumn } from '../../../../schemas/lake-column.ts';

/** Parquet's physical types follow: BYTE_ARRAY with UTF8, INT32, INT64. */
const duckTypes: Readonly<Record<GlueType, string>> = {
  string: 'VARCHAR',
  int: 'INTEGER',
  bigint: 'BIGINT',
};

/** A record of 1,000 KiB, its quotes escaped once more. DuckDB takes buffers of twice this size. */
const MAX_ROW_BYTES = 4 * 1024 * 1024;

/**
 * Compiles the lines of a rows file: the row's number in its segment, then the values by position.
 * Integers go as digits, for they may be beyond the exact numbers of JavaScript.
 */
export function compileRowLine(columns: readonly LakeColumn[]) {
  const texts = columns.map(({ glueType }) => glueType === 'string');
  return (number: number, row: readonly (string | null)[]): string => {
    let line = `{"n":${number}`;
    row.forEach((value, index) => {
      if (value === null) return;
      line += `,"c${index}":${texts[index] === true ? JSON.stringify(value) : value}`;
    });
    return `${line}}`;
  };
}

/** Writes Parquet files by DuckDB, one at a time, so that its memory has one bound. */
export class ParquetConverter {
  readonly #instance: DuckDBInstance;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** @param temporaryFolder where DuckDB may spill. */
  static async open(temporaryFolder: string): Promise<ParquetConverter> {
    return new ParquetConverter(
      await DuckDBInstance.create(':memory:', {
        // Everything needed is built in; nothing is to be fetched.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        memory_limit: '256MB',
        threads: '2',
        temp_directory: temporaryFolder,
      }),
    );
  }

  /**
   * Converts a rows file into Parquet with exactly these columns in this order. The rows
   * are shuffled by the seed, for Firehose promises no order.
   */
  async convert(
    rowsFile: string,
    columns: readonly LakeColumn[],
    codec: 'snappy' | 'gzip' | 'uncompressed',
    seed: number,
    target: string,
  ): Promise<void> {
    const work = this.#last.then(
      () => this.#convert(rowsFile, columns, codec, seed, target),
      () => this.#convert(rowsFile, columns, codec, seed, target),
    );
    this.#last = work;
    await work;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    this.#instance.closeSync();
  }

  async #convert(
    rowsFile: string,
    columns: readonly LakeColumn[],
    codec: string,
    seed: number,
    target: string,
  ): Promise<void> {
    const types = columns.map(({ glueType }, index) => `c${index}: '${duckTypes[glueType]}'`);
    const selected = columns.map(({ name }, index) => `c${index} AS ${quotedName(name)}`);
    const connection = await this.#instance.connect();
    try {
      await connection.run(
        `COPY (
           SELECT ${selected.join(', ')}
           FROM read_json(${quotedText(rowsFile)}, format = 'newline_delimited',
             columns = {n: 'BIGINT', ${types.join(', ')}}, maximum_object_size = ${MAX_ROW_BYTES})
           ORDER BY hash(n + ${seed}), n
         ) TO ${quotedText(target)} (FORMAT parquet, COMPRESSION ${codec})`,
      );
    } finally {
      connection.closeSync();
    }
  }
}

function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
