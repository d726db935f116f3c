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
      for (const group of groups) await this.#reader.checkLengths(group, columns);
      signal.throwIfAborted();
      let rows = 0;
      for (const [index, group] of groups.entries()) {
        const chosen = columns.slice(0, group.names.length);
        const path = join(directory, `rows-${index}.csv`);
        rows += await this.#load(client, copy, { group, columns: chosen, path }, signal);
      }
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
      files.push({ path, url: `s3://${source.bucket}/${source.key}` });
    }
    return files;
  }

  async #load(
    client: ClientBase,
    copy: CopyTranslation,
    part: { group: FileGroup; columns: readonly TargetColumn[]; path: string },
    signal: AbortSignal,
  ): Promise<number> {
    await this.#reader.writeCsv(part.group, part.columns, part.path);
    const names = part.columns.map(({ name }) => quoteName(name)).join(', ');
    const sql =
      `COPY ${quoteQualified(copy.table)} (${names}) FROM STDIN ` +
      `WITH (FORMAT csv, NULL '${NULL_MARK}')`;
    return copyFrom(client, sql, createReadStream(part.path, { signal, highWaterMark: 1 << 18 }));
  }
}
