import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { isTableDataset, type AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import type { NumberRange } from '../../schemas/holes.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { createMissingNumbers } from '../../stream-processors/replay/missing-numbers.ts';
import {
  openLakeSource,
  openTopicSource,
  type ReplaySource,
} from '../../stream-processors/replay/replay-source.ts';
import { sendAgain } from '../../stream-processors/replay/send-again.ts';
import { logTables } from '../../warehouse-loader/log-statements.ts';
import type { ReplayParts } from '../replay/replay-parts.ts';
import { quarantineFilter, type QuarantineFilter } from './quarantine-rows.ts';

export interface Requeued {
  /** Rows in quarantine that the filter names. */
  readonly quarantined: number;
  /** Those of them whose records were found whole. */
  readonly found: number;
  /** Lake rows that the sink has taken: a block that could not be read has many. */
  readonly rows: number;
}

/**
 * Judges exactly the rows again that are in quarantine: finds their records where their raw pointers
 * say, in the topic, then in the raw archive.
 */
export async function requeue(options: {
  readonly api: DataApi;
  readonly parts: ReplayParts;
  readonly dataset: AnyDataset;
  readonly filter: QuarantineFilter;
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}): Promise<Requeued> {
  const { api, parts, dataset, filter, sink, signal } = options;
  const own = { ...filter, dataset: dataset.shortName };
  const { rows: quarantined } = await api.query(placesQuery(dataset, own), { signal });
  const places = quarantined.map(placeOf);
  const missing = createMissingNumbers(places);
  const sources = pointedSources(parts, dataset, rangesOf(quarantined));
  const rows = await sendAgain(missing, { processing: parts.processing, sink, sources }, signal);
  const found = places.filter((place) => missing.within(place) === 0).length;
  return { quarantined: places.length, found, rows };
}

/** Of a block that could not be read all bytes are meant, of anything else its first number. */
function placesQuery(dataset: AnyDataset, filter: QuarantineFilter): string {
  const where = quarantineFilter(filter);
  if (isTableDataset(dataset)) {
    return `SELECT q.event_id, q.raw_pointer, 1 AS len FROM careplus.quarantine q${where}`;
  }
  return `SELECT q.event_id, q.raw_pointer, CASE WHEN u.len IS NULL THEN 1 ELSE u.len END AS len
FROM careplus.quarantine q
LEFT JOIN ${logTables(dataset).unreadable} u ON q.rules_version = 0 AND u.host = q.source AND u.pos = q.event_seq AND u.host || ':' || u.generation || ':' || CAST(u.pos AS VARCHAR(20)) = q.event_id${where}`;
}

function placeOf(row: WarehouseRow): NumberRange {
  const eventId = String(row['event_id']);
  const at = eventId.lastIndexOf(':');
  const from = Number(eventId.slice(at + 1));
  return { line: eventId.slice(0, at), from, to: from + Number(row['len']) - 1 };
}

/** The smallest ranges that hold all records that raw pointers (`kafka:partition:offset`) name. */
export function rangesOf(rows: readonly WarehouseRow[]): Map<number, OffsetRange> {
  const ranges = new Map<number, OffsetRange>();
  for (const row of rows) {
    const pointer = /^kafka:(\d+):(\d+)$/.exec(String(row['raw_pointer']));
    const [, partitionText, offsetText] = pointer ?? [];
    if (partitionText === undefined || offsetText === undefined) continue;
    const [partition, offset] = [Number(partitionText), BigInt(offsetText)];
    const { start, end } = ranges.get(partition) ?? { start: offset, end: offset + 1n };
    ranges.set(partition, {
      start: offset < start ? offset : start,
      end: offset + 1n > end ? offset + 1n : end,
    });
  }
  return ranges;
}

const everything = { from: { kind: 'earliest' }, to: { kind: 'latest' } } as const;

/** Some ranges of the topic, as far as it still holds them, then of the raw archive. */
function pointedSources(
  { kafka, admin, bucket }: ReplayParts,
  dataset: AnyDataset,
  ranges: ReadonlyMap<number, OffsetRange>,
): ((signal: AbortSignal) => AsyncIterable<ReplaySource>)[] {
  const topic = dataset.topic.name;
  return [
    async function* (signal) {
      const { ranges: held } = await openTopicSource({ kafka, admin, topic }, everything, signal);
      const fixed = overlap(ranges, held);
      yield await openTopicSource({ kafka, admin, topic }, { ...everything, fixed }, signal);
    },
    async function* (signal) {
      const bounds = { ...everything, fixed: ranges };
      yield await openLakeSource({ bucket, dataset, topic }, bounds, signal);
    },
  ];
}

function overlap(
  a: ReadonlyMap<number, OffsetRange>,
  b: ReadonlyMap<number, OffsetRange>,
): Map<number, OffsetRange> {
  const both = new Map<number, OffsetRange>();
  for (const [partition, one] of a) {
    const other = b.get(partition) ?? one;
    const start = one.start > other.start ? one.start : other.start;
    const end = one.end < other.end ? one.end : other.end;
    if (start < end) both.set(partition, { start, end });
  }
  return both;
}
