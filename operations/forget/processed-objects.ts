import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection, type Json } from '@duckdb/node-api';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { quotedName, quoteText, sqlInteger, standardText } from '../../runtime/sql/quoting.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import {
  ERASED_RULES_VERSION,
  erasedColumns,
  isErased,
  type Erasure,
} from '../../schemas/erased-image.ts';
import { processedPrefix } from '../../schemas/lake-layout.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { rewrite, type FoundObjects } from './rewriting.ts';
import type { StoredObjects } from './stored-object.ts';
import { erasureCondition } from './ticket-images.ts';

export interface ImageNumber {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface ProcessedImages extends FoundObjects {
  /** Of all rows of the ticket that were met, erased ones among them. */
  readonly numbers: readonly ImageNumber[];
}

export interface ProcessedParts {
  readonly api: DataApi;
  readonly bucket: Bucket;
  readonly store: StoredObjects;
  readonly dataset: TableDataset;
  readonly keyHash: string;
  readonly erasures: readonly Erasure[];
  /** The images were read no earlier; undefined when that is not known. */
  readonly sinceMs: number | undefined;
  readonly execute: boolean;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;
/** Objects that are held on the disk at a time. */
const CHUNK = 32;
const FOLDER_DAY = /\/dt=(\d{4}-\d{2}-\d{2})\//;

/** Finds the ticket's rows in the Parquet objects of the lake, and erases them where they stand. */
export async function eraseProcessed(parts: ProcessedParts): Promise<ProcessedImages> {
  const { bucket, dataset, sinceMs, signal } = parts;
  const prefix = processedPrefix(dataset);
  // A day earlier: the clocks of two machines.
  const from = sinceMs === undefined ? '' : new Date(sinceMs - DAY_MS).toISOString().slice(0, 10);
  const keys = (await bucket.keys(prefix, signal)).filter(
    (key) => (FOLDER_DAY.exec(key)?.[1] ?? from) >= from,
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'careplus-forget-'));
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB', threads: '2' });
  const connection = await instance.connect();
  const total = { objects: 0, found: 0 };
  const [waiting, unreadable]: [string[], string[]] = [[], []];
  const numbers: ImageNumber[] = [];
  try {
    for (let at = 0; at < keys.length; at += CHUNK) {
      const chunk = keys.slice(at, at + CHUNK);
      const found = await lookInto(parts, { connection, folder }, chunk);
      unreadable.push(...found.unreadable);
      numbers.push(...found.rows);
      const hits = Map.groupBy(
        found.rows.filter(({ hasContent }) => hasContent),
        ({ key }) => key,
      );
      const loaded = await ledgered(parts, [...hits.keys()]);
      for (const [key, rows] of hits) {
        if (!loaded.has(key)) {
          waiting.push(key);
          continue;
        }
        total.objects += 1;
        total.found += rows.length;
        if (parts.execute) await erase(parts, { connection, folder }, key);
      }
    }
    return { prefix, ...total, waiting, unreadable, numbers };
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Workplace {
  readonly connection: DuckDBConnection;
  readonly folder: string;
}

interface FoundRow extends ImageNumber {
  readonly key: string;
  readonly hasContent: boolean;
}

/** The ticket's rows in some objects; one that is no Parquet file of images is told. */
async function lookInto(
  { store, keyHash, erasures, signal }: ProcessedParts,
  { connection, folder }: Workplace,
  keys: readonly string[],
): Promise<{ readonly rows: readonly FoundRow[]; readonly unreadable: readonly string[] }> {
  const files = new Map<string, string>();
  await Promise.all(
    keys.map(async (key, index) => {
      const object = await store.get(key, signal);
      if (!object) return;
      const file = path.join(folder, `${index}.parquet`);
      await writeFile(file, object.bytes);
      files.set(file, key);
    }),
  );
  const select = async (some: readonly string[]): Promise<FoundRow[]> => {
    if (some.length === 0) return [];
    const list = some.map(standardText).join(', ');
    const result = await connection.runAndReadAll(
      `SELECT filename, source, epoch, seq, rules_version FROM read_parquet([${list}], union_by_name = true, filename = true) WHERE key_hash = ${standardText(keyHash)}`,
    );
    return result.getRowsJson().flatMap((row) => {
      const [file = '', source = '', epoch, seq, version] = row.map(textOf);
      const image = { source, epoch: Number(epoch), seq: Number(seq) };
      if (!erasures.some((erasure) => isErased(erasure, image))) return [];
      const hasContent = Number(version) !== ERASED_RULES_VERSION;
      return { ...image, key: files.get(file) ?? '', hasContent };
    });
  };
  const all = [...files.keys()];
  try {
    return { rows: await select(all), unreadable: [] };
  } catch {
    signal.throwIfAborted();
  }
  const rows: FoundRow[] = [];
  const unreadable: string[] = [];
  for (const file of all) {
    await select([file]).then(
      (found) => rows.push(...found),
      () => unreadable.push(files.get(file) ?? ''),
    );
  }
  return { rows, unreadable };
}

/** Numbers of DuckDB's JSON form are texts where they are wide. */
const textOf = (value: Json): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Which of the objects the loader has taken, or set aside. */
async function ledgered(
  { api, dataset, signal }: ProcessedParts,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const { ledger } = imageTables(dataset);
  const list = keys.map(quoteText).join(', ');
  const { rows } = await api.query(
    `SELECT l.object_key FROM ${ledger} l WHERE l.object_key IN (${list})`,
    { signal },
  );
  return new Set(rows.map((row) => String(row['object_key'])));
}

/**
 * Writes an object anew, under its name. The ledger is told first what it will be, so that no look
 * of the loader meets an object that it does not know.
 */
async function erase(parts: ProcessedParts, place: Workplace, key: string): Promise<void> {
  const { api, dataset, store, signal } = parts;
  const { ledger } = imageTables(dataset);
  const note = async (etag: string, bytes: number) => {
    await api.query(
      `UPDATE ${ledger} SET etag = ${quoteText(etag)}, bytes = ${sqlInteger(bytes)} WHERE object_key = ${quoteText(key)}`,
      { signal },
    );
  };
  let expected = { etag: '', bytes: 0 };
  const etag = await rewrite(
    store,
    key,
    async ({ bytes }) => {
      const erased = await withoutTicket(parts, place, bytes);
      // What S3 makes of an object that comes in one part and is encrypted by S3 itself, or not.
      expected = { etag: createHash('md5').update(erased).digest('hex'), bytes: erased.length };
      await note(expected.etag, expected.bytes);
      return erased;
    },
    signal,
  );
  if (etag !== undefined && etag !== expected.etag) await note(etag, expected.bytes);
}

async function withoutTicket(
  { dataset, erasures }: ProcessedParts,
  { connection, folder }: Workplace,
  bytes: Buffer,
): Promise<Buffer> {
  const [from, to] = [path.join(folder, 'whole.parquet'), path.join(folder, 'erased.parquet')];
  await writeFile(from, bytes);
  const file = `read_parquet(${standardText(from)})`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
  const changed = new Map(erasedColumns(dataset));
  const condition = erasureCondition(erasures);
  const columns = described.getRowsJson().map((row) => {
    const [name = '', type = ''] = row.map(textOf);
    const quoted = quotedName(name);
    const value = changed.get(name);
    if (value === undefined) return quoted;
    return `CASE WHEN ${condition} THEN CAST(${value} AS ${type}) ELSE ${quoted} END AS ${quoted}`;
  });
  await connection.run(
    `COPY (SELECT ${columns.join(', ')} FROM ${file}) TO ${standardText(to)} (FORMAT parquet, COMPRESSION snappy)`,
  );
  return readFile(to);
}
