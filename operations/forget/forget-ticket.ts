import type { Admin, Kafka } from 'kafkajs';
import type { S3Client } from '@aws-sdk/client-s3';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { createLog } from '../../runtime/observability/log.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { openBucket } from '../../runtime/s3/bucket.ts';
import { quoteText, sqlName } from '../../runtime/sql/quoting.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { logDatasets } from '../../schemas/datasets/registry.ts';
import { erasureKey } from '../../schemas/erased-image.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { createRecordEraser } from '../../stream-processors/tables/erased-record.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { logTables } from '../../warehouse-loader/log-statements.ts';
import { eraseFailures } from './error-objects.ts';
import { eraseProcessed } from './processed-objects.ts';
import { eraseRaw, numberId, requireArchived } from './raw-objects.ts';
import type { FoundObjects } from './rewriting.ts';
import { requireGoneAtSource } from './source-ticket.ts';
import { storedObjects } from './stored-object.ts';
import { eraseHistory, readGoneTicket } from './ticket-images.ts';
import { remainingChanges, remainingDeadLetters, type RemainingRecords } from './topic-records.ts';

/** Where content of the ticket was found. The names are those of the JSON. */
interface ErasedPlace {
  readonly place: string;
  /** Rows or records that have content. */
  readonly found: number;
  /** Objects that hold them; null in the warehouse. */
  readonly objects: number | null;
}

/** What cannot be erased, and by when it goes by itself. */
interface RemainingPlace {
  readonly place: string;
  readonly found: number;
  /** ISO, UTC; null where nothing removes it. */
  readonly gone_by: string | null;
}

export interface Forgotten {
  readonly ok: boolean;
  readonly ticket_id: string;
  /** Images of it that were ever read; erased ones among them. */
  readonly images: number;
  readonly executed: boolean;
  readonly erases: readonly ErasedPlace[];
  readonly remains: readonly RemainingPlace[];
  /** Objects that the loader has not taken yet: the command must be run again. */
  readonly waiting: readonly string[];
  /** Objects under the dataset's prefixes that cannot be read. */
  readonly unreadable: readonly string[];
}

export interface ForgetParts {
  readonly config: Config;
  readonly api: DataApi;
  readonly s3: S3Client;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly dataset: TableDataset;
  readonly signal: AbortSignal;
}

/**
 * Erases the content of a deleted ticket from warehouse and lake; its numbers stay (see
 * docs/decisions/0046). To do it again changes nothing, and finishes what was broken off.
 *
 * @returns undefined where no change of the ticket was ever read.
 * @throws {PipelineError} WH_5006 while it lives, WH_5007 while something of it is on its way; what
 *   the services throw.
 */
export async function forgetTicket(
  parts: ForgetParts,
  ticketId: string,
  execute: boolean,
): Promise<Forgotten | undefined> {
  const { config, api, s3, kafka, admin, dataset, signal } = parts;
  const bucket = openBucket(s3, config.aws.bucket);
  const key = keyHash(ticketId, '');
  await requireGoneAtSource(config, dataset, ticketId, signal);
  const { images, erasures } = await readGoneTicket(api, dataset, key, signal);
  if (images.length === 0) return undefined;
  await requireArchived({ bucket, admin, dataset }, images, signal);
  // First of all: from now on nobody makes rows with content of these images.
  for (const erasure of execute ? erasures : []) {
    const note = JSON.stringify({ erased_at: new Date().toISOString() });
    await bucket.putNew(erasureKey(dataset, erasure), Buffer.from(note), signal);
  }
  const read = images.map(({ readAtMs }) => readAtMs ?? -Infinity);
  const oldest = read.reduce((a, b) => Math.min(a, b), Infinity);
  const sinceMs = Number.isFinite(oldest) ? oldest : undefined;
  const store = storedObjects(s3, config.aws.bucket);
  const place = { bucket, store, dataset, erasures, sinceMs, execute, signal };
  const processed = await eraseProcessed({ ...place, api, keyHash: key });
  const failures = await eraseFailures(place);
  const schemas = createWriterSchemas(kafka, { log: createLog('careplus', 'silent') });
  const raw = await eraseRaw({
    ...place,
    eraser: createRecordEraser(schemas),
    ticket: {
      ...{ ticketId, keyHash: key, erasures },
      numbers: new Set([...images, ...processed.numbers].map(numberId)),
    },
  });
  if (execute) await eraseHistory(api, dataset, erasures, signal);
  const history = images.filter(({ erased }) => !erased).length;
  const objects: readonly FoundObjects[] = [processed, failures, raw];
  const waiting = objects.flatMap((each) => each.waiting);
  const unreadable = objects.flatMap((each) => each.unreadable);
  const topics = [
    await remainingChanges(parts, images),
    await remainingDeadLetters(parts, ticketId),
  ];
  return {
    ok: waiting.length === 0 && unreadable.length === 0,
    ...{ ticket_id: ticketId, images: images.length, executed: execute },
    erases: [
      { place: imageTables(dataset).changes, found: history, objects: null },
      ...objects.map(({ prefix, found, objects: count }) => ({
        ...{ place: `s3://${config.aws.bucket}/${prefix}`, found, objects: count },
      })),
    ],
    remains: [...topics.map(remainingPlace), ...(await remainingEntries(parts, ticketId))],
    ...{ waiting, unreadable },
  };
}

function remainingPlace({ topic, records, goneByMs }: RemainingRecords): RemainingPlace {
  const gone = goneByMs === null ? null : new Date(goneByMs).toISOString();
  return { place: `topic ${topic}`, found: records, gone_by: gone };
}

/** Log entries that name the ticket belong to the log files, which have them too. */
async function remainingEntries(
  { api, dataset: { keyField }, signal }: ForgetParts,
  ticketId: string,
): Promise<RemainingPlace[]> {
  const formats = logDatasets.filter((each) => each.keyField === keyField);
  const places: RemainingPlace[] = [];
  for (const format of formats) {
    const { entry } = logTables(format);
    const { rows } = await api.query(
      `SELECT COUNT(*) AS entries FROM ${entry} e WHERE e.${sqlName(keyField)} = ${quoteText(ticketId)}`,
      { signal },
    );
    places.push({ place: entry, found: Number(rows[0]?.['entries']), gone_by: null });
  }
  return places;
}
