import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { copyFrom } from './copy-stream.ts';
import { NULL_MARK, ParquetReader, type FileGroup, type ParquetFile } from './parquet-reader.ts';
import {
  fetchSource,
  listPrefix,
  readManifest,
  type FetchObject,
  type ListKeys,
} from './source-objects.ts';
import { targetColumns, type TargetColumn } from './target-columns.ts';
import { quoteName, quoteQualified } from '../dialect/token-cursor.ts';
import type { CopyTranslation } from '../dialect/translation.ts';

export interface ParquetCopyOptions {
  readonly fetchObject: FetchObject;
  /** Needed for COPY without MANIFEST only. */
  readonly listKeys?: ListKeys | undefined;
}

/** Parquet that is turned into rows for PostgreSQL at a time, while it takes those before. */
const PART_BYTES = 4 * 1024 * 1024;

/** Files whose rows go to PostgreSQL together. */
interface CopyPart {
  readonly group: FileGroup;
  readonly columns: readonly TargetColumn[];
}

/** Runs COPY … FORMAT AS PARQUET: objects → files → DuckDB → COPY FROM STDIN. */
export class ParquetCopy {
  readonly #options: ParquetCopyOptions;
  readonly #reader = new ParquetReader();

  constructor(options: ParquetCopyOptions) {
    this.#options = options;
  }

  /**
   * Loads all objects or none, inside of the caller's transaction.
   *
   * @returns the number of rows.
   * @throws {CopyError} with the text of Amazon Redshift.
   */
  async run(client: ClientBase, copy: CopyTranslation, signal: AbortSignal): Promise<number> {
    const columns = await targetColumns(client, copy.table, copy.columns);
    const directory = await mkdtemp(join(tmpdir(), 'careplus-copy-'));
    try {
      const files = await this.#fetch(copy, directory, signal);
      if (files.length === 0) return 0;
      const groups = await this.#reader.check(files, columns, copy.fillRecord);
      signal.throwIfAborted();
      const isAnalyzed = await wantsStatistics(client, copy);
      let rows = 0;
      for (const group of groups) {
        const part = { group, columns: columns.slice(0, group.names.length) };
        rows += await this.#load(client, copy, part, { directory, signal });
      }
      if (isAnalyzed) await client.query(`ANALYZE ${quoteQualified(copy.table)}`);
      return rows;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #fetch(
    copy: CopyTranslation,
    directory: string,
    signal: AbortSignal,
  ): Promise<readonly ParquetFile[]> {
    const { fetchObject, listKeys } = this.#options;
    const sources = copy.manifest
      ? await readManifest(copy, fetchObject)
      : await listPrefix(copy, listKeys);
    const files: ParquetFile[] = [];
    for (const [index, source] of sources.entries()) {
      signal.throwIfAborted();
      const bytes = await fetchSource(source, fetchObject);
      if (!bytes) continue;
      const path = join(directory, `object-${index}.parquet`);
      await writeFile(path, bytes);
      const url = `s3://${source.bucket}/${source.key}`;
      files.push({ path, url, bytes: bytes.length });
    }
    return files;
  }

  async #load(
    client: ClientBase,
    copy: CopyTranslation,
    part: CopyPart,
    run: { readonly directory: string; readonly signal: AbortSignal },
  ): Promise<number> {
    const names = part.columns.map(({ name }) => quoteName(name)).join(', ');
    const sql =
      `COPY ${quoteQualified(copy.table)} (${names}) FROM STDIN ` +
      `WITH (FORMAT csv, NULL '${NULL_MARK}')`;
    return copyFrom(client, sql, this.#rows(part, run));
  }

  /** The rows as CSV: the next part is written while the one before is read. */
  async *#rows(
    { group, columns }: CopyPart,
    { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    const parts = partsOf(group.files);
    const begin = async (index: number): Promise<string | undefined> => {
      const files = parts[index];
      if (!files) return undefined;
      const path = join(directory, `rows-${index}.csv`);
      await this.#reader.checkLengths({ ...group, files }, columns);
      await this.#reader.writeCsv({ ...group, files }, columns, path);
      return path;
    };
    let writing = begin(0);
    try {
      for (let index = 0; index < parts.length; index += 1) {
        const path = await writing;
        if (path === undefined) return;
        writing = begin(index + 1);
        // Awaited in the next round, or never when this one fails.
        writing.catch(() => undefined);
        yield* createReadStream(path, { signal, highWaterMark: 1 << 18 });
        await rm(path);
      }
    } finally {
      // Whoever is left early removes the folder next.
      await writing.catch(() => undefined);
    }
  }
}

/** Small files together, for each query has its cost. */
function partsOf(files: readonly ParquetFile[]): ParquetFile[][] {
  const parts: ParquetFile[][] = [];
  let room = 0;
  for (const file of files) {
    if (room <= 0) {
      parts.push([]);
      room = PART_BYTES;
    }
    parts.at(-1)?.push(file);
    room -= file.bytes;
  }
  return parts;
}

/** Asked before the rows are there. */
async function wantsStatistics(client: ClientBase, copy: CopyTranslation): Promise<boolean> {
  if (copy.statistics !== 'of an empty table') return copy.statistics === 'always';
  const { rowCount } = await client.query(`SELECT FROM ${quoteQualified(copy.table)} LIMIT 1`);
  return rowCount === 0;
}
