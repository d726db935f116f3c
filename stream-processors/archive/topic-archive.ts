import type { Admin, Kafka, KafkaMessage } from 'kafkajs';
import { waitOrAbort } from '../../runtime/abortable-wait.ts';
import { readRange, type OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import type { Logger } from '../../runtime/observability/log.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import { rawKey } from '../../schemas/raw-archive.ts';
import { findArchiveEnds } from './archive-ends.ts';
import { packLines, rawLine } from './raw-object.ts';
import { isArchivedTopic } from './same-topic.ts';

/** Copies one topic into the archive, a pass at a time. */
export interface TopicArchive {
  /**
   * Archives what the topic holds now and the archive does not. After a failure the next pass
   * begins where the last object ended.
   *
   * @throws {PipelineError} LAKE_4002, KFK_3010 when the archive reaches further than the topic,
   *   or what the broker's client throws.
   */
  pass(signal: AbortSignal): Promise<PassResult>;
}

/** What a pass has brought into the archive. */
export interface PassResult {
  readonly records: number;
  readonly objects: number;
}

export interface TopicArchiveOptions {
  readonly kafka: Kafka;
  /** Connected; asked for the topic's ends before each pass. */
  readonly admin: Admin;
  readonly bucket: Bucket;
  readonly dataset: { readonly name: string };
  readonly topic: string;
  readonly log: Logger;
  /** Bytes of JSON lines from which an object is closed, before compression. */
  readonly maxBytes?: number;
  /** Bytes of all open objects together, from which the largest is closed: partitions are many. */
  readonly maxOpenBytes?: number;
  readonly maxRecords?: number;
  /** Called with each batch of records, so that a long pass counts as alive. */
  readonly onBatch?: () => void;
}

const MIB = 1024 * 1024;

/** Where one partition stands: `first` begins the next object, below `read` is nothing to archive. */
interface Position {
  first: bigint;
  read: bigint;
  day: string;
}

interface OpenObject {
  readonly day: string;
  lines: string[];
  bytes: number;
  /** Offset of the last line. */
  last: bigint;
}

export function createTopicArchive(options: TopicArchiveOptions): TopicArchive {
  const { kafka, admin, bucket, dataset, topic, log, onBatch } = options;
  const { maxBytes = 8 * MIB, maxOpenBytes = 32 * MIB, maxRecords = 50_000 } = options;
  let positions: Map<number, Position> | undefined;
  /** Ends of the archive that lay beyond the topic; it may grow past them and stays another one. */
  const foreignEnds = new Map<number, bigint>();

  /** @returns the positions by the archive's own names, and the topic's ranges. */
  async function locate(signal: AbortSignal) {
    const offsets = await waitOrAbort(admin.fetchTopicOffsets(topic), signal);
    // kafkajs' "high" is the last stable offset: its admin client asks with read_committed.
    const ranges = new Map<number, OffsetRange>(
      offsets.map((o) => [o.partition, { start: BigInt(o.low), end: BigInt(o.high) }]),
    );
    if (positions === undefined) {
      const where = { topic, partitions: [...ranges.keys()] };
      const ends = await findArchiveEnds(bucket, dataset, where, signal);
      for (const [partition, { key, next }] of ends) {
        const range = ranges.get(partition);
        const last = { partition, key };
        if (range && !(await isArchivedTopic({ kafka, bucket, topic }, last, range, signal))) {
          throw madeAnew(topic, partition, `the record before ${next} is another one there`);
        }
      }
      positions = new Map(
        Array.from(ends, ([partition, { next, day }]) => [
          partition,
          { first: next, read: next, day },
        ]),
      );
    }
    for (const [partition, range] of ranges) startWithin(positions, partition, range);
    return { positions, ranges };
  }

  function startWithin(known: Map<number, Position>, partition: number, range: OffsetRange) {
    const { start, end } = range;
    const position = known.get(partition) ?? { first: start, read: start, day: '' };
    known.set(partition, position);
    if (position.read > end || foreignEnds.get(partition) === position.read) {
      foreignEnds.set(partition, position.read);
      // Who moves the objects away is seen by the next pass.
      positions = undefined;
      throw madeAnew(topic, partition, `the archive ends at ${position.read}, the topic at ${end}`);
    }
    if (position.read >= start) return;
    log.error(
      { code: 'KFK_3005', topic, partition, from: position.read.toString(), to: start.toString() },
      'records were removed by retention before they were archived',
    );
    position.first = start;
    position.read = start;
  }

  return {
    async pass(signal) {
      const { positions: known, ranges } = await locate(signal);
      const open = new Map<number, OpenObject>();
      const result = { records: 0, objects: 0 };
      let openBytes = 0;

      const close = async (partition: number, last: bigint) => {
        const [object, position] = [open.get(partition), known.get(partition)];
        if (object === undefined || position === undefined) return;
        const key = rawKey(dataset, object.day, { topic, partition, first: position.first, last });
        const body = await packLines(object.lines);
        // There already: another archiver, or an answer that was lost. Either holds these records.
        if (!(await bucket.putNew(key, body, signal))) log.info({ key }, 'archived already');
        open.delete(partition);
        openBytes -= object.bytes;
        position.first = last + 1n;
        position.read = last + 1n;
        position.day = object.day;
        result.objects += 1;
        result.records += object.lines.length;
      };

      const add = (partition: number, position: Position, message: KafkaMessage): OpenObject => {
        const line = rawLine(message);
        let object = open.get(partition);
        if (object === undefined) {
          const day = utcDay(message.timestamp);
          object = { day: day > position.day ? day : position.day, lines: [], bytes: 0, last: 0n };
          open.set(partition, object);
        }
        object.lines.push(line);
        object.bytes += line.length;
        object.last = BigInt(message.offset);
        openBytes += line.length;
        return object;
      };

      /** Closes objects that are full, and the largest one where all together are too much. */
      const closeFull = async (partition: number, object: OpenObject) => {
        if (object.bytes >= maxBytes || object.lines.length >= maxRecords) {
          await close(partition, object.last);
        } else if (openBytes >= maxOpenBytes) {
          const [largest] = [...open].toSorted(([, a], [, b]) => b.bytes - a.bytes);
          if (largest) await close(largest[0], largest[1].last);
        }
      };

      const waiting = [...ranges].filter(
        ([partition, { end }]) => (known.get(partition)?.read ?? 0n) < end,
      );
      if (waiting.length === 0) return result;
      const read = await readRange({
        ...{ kafka, topic, signal },
        partitions: waiting.map(([partition]) => partition),
        start: new Map(Array.from(known, ([partition, { read: from }]) => [partition, from])),
        onBatch: async ({ partition, messages }) => {
          onBatch?.();
          const position = known.get(partition);
          if (position === undefined) throw new TypeError(`partition ${partition} is not known`);
          for (const message of messages) {
            await closeFull(partition, add(partition, position, message));
          }
        },
      });
      for (const [partition, { end }] of read) {
        const position = known.get(partition);
        if (position === undefined) continue;
        await close(partition, end - 1n);
        if (position.read < end) position.read = end;
      }
      return result;
    },
  };
}

function madeAnew(topic: string, partition: number, evidence: string): PipelineError {
  return new PipelineError('KFK_3010', `${topic}/${partition} was made anew: ${evidence}`, {
    context: { topic, partition },
  });
}

/** Day of a record. Who wrote it chose its time: one that has not come yet would name all days after it. */
function utcDay(timestamp: string): string {
  const time = Math.min(Math.max(0, Number(timestamp)), Date.now());
  return new Date(time).toISOString().slice(0, 10);
}
