import type { Config } from '../../runtime/config/config-schema.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { logDatasets } from '../../schemas/datasets/registry.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { ERASED_RULES_VERSION } from '../../schemas/erased-image.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { findObjects, type LoadedObject } from './object-evidence.ts';
import { readRecords, type RecordEvidence } from './record-evidence.ts';
import { hopOf, isoOf, type TicketLife, type TracedImage } from './ticket-life.ts';
import {
  eventId,
  readEntries,
  readImages,
  readRows,
  ticketState,
  type StoredImage,
} from './warehouse-life.ts';

/**
 * Follows a ticket through all hops: what the warehouse has of it, the Kafka records and objects of
 * the lake behind that, and the log entries that name it.
 *
 * @returns undefined when nothing is known of the ticket.
 * @throws {PipelineError} when the warehouse, the broker or the lake cannot be asked.
 */
export async function traceTicket(
  { config, api, signal }: { config: Config; api: DataApi; signal: AbortSignal },
  ticketId: string,
): Promise<TicketLife | undefined> {
  const [{ images, total }, rows, logs] = await Promise.all([
    readImages(api, supportTickets, ticketId, signal),
    readRows(api, supportTickets, ticketId, signal),
    readEntriesOfAll(api, ticketId, signal),
  ]);
  if (total === 0 && logs.total === 0) return undefined;
  const places = images.flatMap(({ partition, offset }) =>
    partition === null || offset === null ? [] : [{ partition, offset: BigInt(offset) }],
  );
  const parts = { config, api, dataset: supportTickets };
  const [records, objects] = await Promise.all([
    readRecords(config, supportTickets, places, signal),
    findObjects(parts, keyHash(ticketId, ''), images, signal),
  ]);
  return {
    ticket_id: ticketId,
    state: total === 0 ? 'unknown' : ticketState(rows, images),
    rows,
    images: images.map((image) =>
      tracedImage(
        image,
        records.get(`${image.partition}/${image.offset}`),
        objects.get(eventId(image.source, image.epoch, image.seq)) ?? [],
      ),
    ),
    images_total: total,
    log_entries: logs.entries,
    log_entries_total: logs.total,
  };
}

/** Entries of every log format that names tickets, oldest first. */
async function readEntriesOfAll(api: DataApi, ticketId: string, signal: AbortSignal) {
  const formats = logDatasets.filter(({ keyField }) => keyField === supportTickets.keyField);
  const found = await Promise.all(
    formats.map((dataset) => readEntries(api, dataset, ticketId, signal)),
  );
  const sorted = found.flatMap(({ entries }) => entries).sort((a, b) => a.sortMs - b.sortMs);
  return {
    entries: sorted.map(({ entry }) => entry),
    total: found.reduce((sum, { total }) => sum + total, 0),
  };
}

/** An image with the evidence of each hop. */
export function tracedImage(
  image: StoredImage,
  record: RecordEvidence | undefined,
  objects: readonly LoadedObject[],
): TracedImage {
  const { committedMs, partition, offset, rulesVersion } = image;
  const refused = image.kind === 'X' ? 'unreadable' : 'quarantined';
  const unaccepted = rulesVersion === ERASED_RULES_VERSION ? 'erased' : refused;
  return {
    event_id: eventId(image.source, image.epoch, image.seq),
    change: image.kind === '+' ? 'appeared' : image.kind === '-' ? 'went' : 'unreadable',
    source: {
      committed_at: isoOf(committedMs),
      gtid: image.gtid,
      binlog: record?.binlog ?? null,
      in_snapshot: image.inSnapshot,
    },
    read: hopOf(image.readAtMs, committedMs),
    record:
      partition === null || offset === null
        ? null
        : {
            ...{ topic: supportTickets.topic.name, partition, offset },
            found_in: record?.foundIn ?? null,
            produced: hopOf(record?.producedMs ?? null, committedMs),
          },
    verdict: {
      outcome: image.accepted ? 'accepted' : unaccepted,
      rules_version: rulesVersion,
      reasons: image.reasons,
      status: image.status,
    },
    objects: objects.map(({ key, batchId, loadedMs }) => ({
      ...{ key, batch_id: batchId, loaded: hopOf(loadedMs, committedMs) },
    })),
    applied: image.applied,
  };
}
