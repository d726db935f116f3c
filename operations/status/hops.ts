import { completeUpTo } from '../../dashboards/web/feeds/freshness.ts';
import { covers, parseGtidSet } from '../verify/gtid.ts';
import { hopOf, hours, seconds, sum, type Hop } from './hop.ts';
import type {
  Answer,
  HoleReading,
  LogReadings,
  StatusReadings,
  TableReadings,
  TopicReading,
} from './readings.ts';

const HOUR_MS = 3_600_000;
/** A reader or shipper is silent for longer only when it stands still. */
const LEAST_SILENCE_MS = 30_000;
/** Less than so much until something is lost that was not taken yet. */
const LEAST_HEADROOM_MS = 6 * HOUR_MS;
/** Firehose intervals after which what is missing is no longer only late. */
const LATE_INTERVALS = 3;

/** The way of a table's rows. */
export function tableHops(table: TableReadings, readings: StatusReadings): Hop[] {
  const { dataset } = table;
  return [
    readerHop(table, readings),
    topicHop('ticket-processor', dataset, table.topic, readings),
    loaderHop(table, readings),
    tableWarehouseHop(table, readings),
  ];
}

function readerHop(
  { dataset, checkpoint, unmapped }: TableReadings,
  readings: StatusReadings,
): Hop {
  const { atMs, server, heartbeatMs } = readings;
  return hopOf(['cdc-reader', dataset], checkpoint, (place) => {
    if (!place) return { figures: {}, problem: 'it has written no checkpoint yet' };
    const silentMs = atMs - place.writtenAtMs;
    const isThere =
      server.answers && covers(parseGtidSet(place.gtidSet), parseGtidSet(server.value.gtid));
    const lagMs = isThere ? 0 : atMs - (place.sourceTimeMs || place.writtenAtMs);
    const retentionMs = server.answers ? server.value.binlogRetentionMs : null;
    const headroomMs = retentionMs === null ? null : retentionMs - lagMs;
    const figures = {
      phase: place.phase,
      gtid: place.gtidSet,
      epoch: place.epoch,
      seq: place.nextSeq - 1,
      lag_seconds: seconds(lagMs),
      heartbeat_age_seconds: seconds(silentMs),
      binlog_headroom_hours: hours(headroomMs),
      unmapped_columns: unmapped.answers ? unmapped.value : null,
    };
    const mayBeSilentMs = Math.max(LEAST_SILENCE_MS, 3 * heartbeatMs);
    return {
      figures,
      problem:
        silentMs > mayBeSilentMs
          ? `no sign of life for ${seconds(silentMs)} s`
          : headroomMs !== null && headroomMs < LEAST_HEADROOM_MS
            ? `the binlog that it needs is purged in ${hours(headroomMs)} h`
            : undefined,
    };
  });
}

function topicHop(
  processor: string,
  dataset: string,
  topic: Answer<TopicReading>,
  { atMs }: StatusReadings,
): Hop {
  return hopOf([processor, dataset], topic, (reading) => {
    const { retentionMs, oldestWaitingMs, members, waiting } = reading;
    const waitedMs = oldestWaitingMs === null ? 0 : atMs - oldestWaitingMs;
    const headroomMs = retentionMs === null ? null : retentionMs - waitedMs;
    const figures = {
      topic: reading.topic,
      topic_end: reading.end,
      waiting_records: waiting,
      oldest_waiting_seconds: seconds(waitedMs),
      members,
      topic_headroom_hours: hours(headroomMs),
    };
    return {
      figures,
      problem:
        members === 0
          ? `nobody consumes ${reading.topic}, ${waiting} records wait`
          : headroomMs !== null && headroomMs < LEAST_HEADROOM_MS
            ? `records that wait are removed from the topic in ${hours(headroomMs)} h`
            : undefined,
    };
  });
}

function loaderHop(
  { dataset, batch }: Pick<TableReadings, 'dataset' | 'batch'>,
  { atMs }: StatusReadings,
): Hop {
  return hopOf(['warehouse-loader', dataset], batch, (loadedAtMs) => ({
    figures: {
      last_batch_at: loadedAtMs === null ? null : new Date(loadedAtMs).toISOString(),
      last_batch_age_seconds: loadedAtMs === null ? null : seconds(atMs - loadedAtMs),
    },
  }));
}

function tableWarehouseHop(table: TableReadings, readings: StatusReadings): Hop {
  const { dataset, checkpoint, holes } = table;
  return hopOf(['warehouse', dataset], table.progress, (epochs) => {
    const shown = epochs.filter((each) => each.shown && each.source === table.source).at(-1);
    if (!shown) return { figures: {}, problem: 'it shows nothing of this source yet' };
    const place = checkpoint.answers ? checkpoint.value : undefined;
    const { epoch, seq, waiting } = shown;
    const frontier = { source: table.source, epoch, seq, committedMs: shown.committedMs };
    const upToMs = completeUpTo(frontier, place);
    return {
      figures: {
        epoch,
        frontier: seq,
        waiting_images: waiting,
        missing: holes.answers ? holes.value.map(describeHole) : [],
        complete_up_to: upToMs === null ? null : new Date(upToMs).toISOString(),
      },
      problem: holeProblem(holes, table.batch, readings),
    };
  });
}

/** The way of one host's log files. */
export function logHops(logs: LogReadings, readings: StatusReadings): Hop[] {
  const { dataset } = logs;
  return [
    shipperHop(logs, readings),
    topicHop('log-processor', dataset, logs.topic, readings),
    loaderHop(logs, readings),
    logWarehouseHop(logs, readings),
  ];
}

function shipperHop({ dataset, files }: LogReadings, { atMs }: StatusReadings): Hop {
  return hopOf(['log-shipper', dataset], files, (found) => {
    const filled = found.filter(({ size }) => size > 0);
    const behind = filled.filter(({ size, place }) => (place?.offset ?? 0) < size);
    const heartbeats = filled.flatMap(({ place }) => (place ? [place.writtenAtMs] : []));
    const silentMs = heartbeats.length === 0 ? null : atMs - Math.max(...heartbeats);
    const bytes = sum(filled, ({ size }) => size);
    const behindBytes = sum(behind, ({ size, place }) => size - (place?.offset ?? 0));
    return {
      figures: {
        files: found.length,
        bytes,
        shipped_bytes: bytes - behindBytes,
        behind_files: behind.length,
        behind_bytes: behindBytes,
        heartbeat_age_seconds: silentMs === null ? null : seconds(silentMs),
      },
      problem:
        behindBytes > 0 && (silentMs === null || silentMs > LEAST_SILENCE_MS)
          ? `${behindBytes} bytes of ${behind.length} files are not shipped`
          : undefined,
    };
  });
}

function logWarehouseHop(logs: LogReadings, readings: StatusReadings): Hop {
  const { dataset, host, holes, files } = logs;
  return hopOf(['warehouse', dataset], logs.progress, (all) => {
    const ours = all.filter((each) => each.host === host);
    const upto = new Map(ours.map((each) => [each.generation, each.upto]));
    return {
      figures: {
        files: ours.length,
        covered_bytes: sum(ours, (each) => each.upto - each.generationStart),
        waiting_ranges: sum(ours, ({ waiting }) => waiting),
        unreadable_blocks: sum(ours, ({ unreadable }) => unreadable),
        missing: holes.answers ? holes.value.map(describeHole) : [],
        complete_up_to: logsCompleteUpTo(files, upto, ours),
      },
      problem: holeProblem(holes, logs.batch, readings),
    };
  });
}

/**
 * When all that the shipper has seen is covered, its heartbeat; else when the newest covered byte
 * was read.
 */
function logsCompleteUpTo(
  files: LogReadings['files'],
  upto: ReadonlyMap<string, number>,
  progress: readonly { readonly readAtMs: number }[],
): string | null {
  const places = files.answers ? files.value.flatMap(({ place }) => (place ? [place] : [])) : [];
  const isCovered = places.every(({ generation, offset }) => (upto.get(generation) ?? 0) >= offset);
  const times =
    files.answers && isCovered && places.length > 0
      ? places.map(({ writtenAtMs }) => writtenAtMs)
      : progress.map(({ readAtMs }) => readAtMs);
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}

/** What is missing is only late at first: Firehose delivers in any order. */
function holeProblem(
  holes: Answer<readonly HoleReading[]>,
  batch: Answer<number | null>,
  { atMs, intervalMs }: StatusReadings,
): string | undefined {
  if (!holes.answers) return `does not answer: ${holes.why}`;
  if (holes.value.length === 0) return undefined;
  const loadedAtMs = batch.answers ? batch.value : null;
  const isLate = loadedAtMs !== null && atMs - loadedAtMs < LATE_INTERVALS * intervalMs;
  return isLate ? undefined : `missing: ${holes.value.map(describeHole).join(', ')}`;
}

function describeHole({ place, from, to }: HoleReading): string {
  return from === to ? `${from} of ${place}` : `${from}–${to} of ${place}`;
}
