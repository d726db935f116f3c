import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Config } from '../../runtime/config/config-schema.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { openBucket, type Bucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { processedPrefix } from '../../schemas/lake-layout.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';
import { eventId, type StoredImage } from './warehouse-life.ts';

/** An object of the lake that was loaded, and the batch in which it was. */
export interface LoadedObject {
  readonly key: string;
  readonly batchId: string;
  readonly loadedMs: number | null;
}

const DAY_MS = 86_400_000;
/** How many objects are looked into for an image: those that began nearest to its reading. */
const NEAREST = [4, 40];
const FIREHOSE_TIME = /-(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})-(\d{2})-[^/]*$/;

/**
 * Finds the objects that hold images. The warehouse does not keep them; the ledger knows the
 * objects, their names tell when they began, and a look inside tells the rest. A row that was
 * delivered much later than it was read is not found.
 *
 * @returns by event id.
 */
export async function findObjects(
  parts: { readonly config: Config; readonly api: DataApi; readonly dataset: TableDataset },
  key: string,
  images: readonly StoredImage[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly LoadedObject[]>> {
  const { config, api, dataset } = parts;
  const found = new Map<string, LoadedObject[]>();
  const read = images.flatMap(({ readAtMs }) => readAtMs ?? []);
  if (read.length === 0) return found;
  const objects = await readLedger(api, dataset, read, signal);
  const s3 = createS3Client(config.aws);
  const folder = await mkdtemp(path.join(tmpdir(), 'careplus-trace-'));
  const looked = new Set<string>();
  try {
    for (const count of NEAREST) {
      const open = images.filter((image) => !found.has(idOf(image)));
      const wanted = open.flatMap(({ readAtMs }) =>
        readAtMs === null ? [] : nearest(objects, readAtMs, count),
      );
      const unseen = [...new Set(wanted)].filter(({ key: name }) => !looked.has(name));
      for (const { key: name } of unseen) looked.add(name);
      const bucket = openBucket(s3, config.aws.bucket);
      for (const [id, object] of await lookInto(bucket, folder, unseen, key, signal)) {
        found.set(id, [...(found.get(id) ?? []), object]);
      }
    }
    return found;
  } finally {
    s3.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

const idOf = ({ source, epoch, seq }: StoredImage) => eventId(source, epoch, seq);

function nearest(
  objects: readonly LoadedObject[],
  readAtMs: number,
  count: number,
): readonly LoadedObject[] {
  const distance = ({ key }: LoadedObject) => Math.abs((beganMs(key) ?? 0) - readAtMs);
  return objects.toSorted((a, b) => distance(a) - distance(b)).slice(0, count);
}

/** When an object began, from the name that Firehose gave it. */
export function beganMs(key: string): number | undefined {
  const [, day, hour, minute, second] = FIREHOSE_TIME.exec(key) ?? [];
  return day === undefined ? undefined : Date.parse(`${day}T${hour}:${minute}:${second}Z`);
}

/** Objects that were loaded and began on the days of the readings or the day after. */
async function readLedger(
  api: DataApi,
  dataset: TableDataset,
  readAtMs: readonly number[],
  signal: AbortSignal,
): Promise<LoadedObject[]> {
  const t = imageTables(dataset);
  const days = new Set(
    readAtMs.flatMap((ms) =>
      [0, DAY_MS].map((more) => new Date(ms + more).toISOString().slice(0, 10)),
    ),
  );
  const like = [...days].map(
    (day) => `l.object_key LIKE ${quoteText(`${processedPrefix(dataset)}dt=${day}/%`)}`,
  );
  const { rows } = await api.query(
    `SELECT l.object_key, l.batch_id, EXTRACT(EPOCH FROM MIN(b.loaded_at)) AS loaded_s FROM ${t.ledger} l LEFT JOIN ${t.batches} b ON b.batch_id = l.batch_id WHERE l.outcome = 'loaded' AND (${like.join(' OR ')}) GROUP BY l.object_key, l.batch_id`,
    { signal },
  );
  return rows.map((row) => ({
    key: String(row['object_key']),
    batchId: String(row['batch_id']),
    loadedMs: row['loaded_s'] == null ? null : Number(row['loaded_s']) * 1000,
  }));
}

/** Which images of a key objects hold: pairs of event id and object. */
async function lookInto(
  bucket: Bucket,
  folder: string,
  objects: readonly LoadedObject[],
  key: string,
  signal: AbortSignal,
): Promise<(readonly [string, LoadedObject])[]> {
  const files = new Map<string, LoadedObject>();
  for (const object of objects) {
    const bytes = await bucket.get(object.key, signal);
    if (bytes === undefined) continue;
    const file = path.join(folder, path.basename(object.key));
    await writeFile(file, bytes);
    files.set(file, object);
  }
  if (files.size === 0) return [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const list = [...files.keys()].map(quoteText).join(', ');
    const result = await connection.runAndReadAll(
      `SELECT DISTINCT filename, source, epoch, seq FROM read_parquet([${list}], union_by_name = true, filename = true) WHERE key_hash = ${quoteText(key)}`,
    );
    return result.getRowsJson().flatMap(([file, ...numbers]) => {
      const object = typeof file === 'string' ? files.get(file) : undefined;
      return object ? [[eventId(...numbers), object] as const] : [];
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
