import { z } from 'zod';
import type { ReaderCheckpoint } from '../../../schemas/checkpoint.ts';
import type { LoadedBatch } from '../feeds/batch-watch.ts';
import type { Frontier } from '../feeds/freshness.ts';
import type { ShippedLogs } from '../feeds/log-freshness.ts';
import type { TopicPosition } from './topic-positions.ts';

/** One station of a dataset's way, as far as it can be known without waking anybody. */
export interface Hop {
  readonly name: string;
  /** What the station does, in a few words. */
  readonly title: string;
  /** How far it has come; null when that is not known. */
  readonly position: { readonly value: number; readonly unit: string } | null;
  /** What it has still to do; null when that is not known. */
  readonly waiting: { readonly value: number; readonly unit: string } | null;
  /** When it last said something, epoch ms. */
  readonly seenAtMs: number | null;
  /** Evidence in words, or why nothing is known. */
  readonly detail: string;
}

/** What the loader tells with its latest batch, as far as it is shown. */
const batchNews = z.looseObject({
  loaded_at_ms: z.number().optional(),
  /** Of a table: images above the frontier. */
  epochs: z.array(z.looseObject({ waiting: z.number() })).optional(),
  /** Of logs: ranges above the frontier of their file. */
  files: z.array(z.looseObject({ waiting: z.number() })).optional(),
});

/** The way of a table's rows: binlog reader, topic, processor, loader, warehouse. */
export function tableHops(known: {
  readonly topicName: string;
  readonly checkpoint: ReaderCheckpoint | undefined;
  /** Undefined when Kafka did not answer. */
  readonly topic: TopicPosition | undefined;
  readonly batch: LoadedBatch | null;
  readonly frontier: Frontier | undefined;
}): readonly Hop[] {
  const { checkpoint, frontier } = known;
  return [
    readerHop(checkpoint),
    ...topicHops('ticket-processor', known.topicName, known.topic),
    loaderHop(known.batch),
    warehouseHop(frontier, checkpoint),
  ];
}

function readerHop(checkpoint: ReaderCheckpoint | undefined): Hop {
  const hop = { name: 'cdc-reader', title: 'reads the binlog', waiting: null };
  if (!checkpoint) {
    return { ...hop, position: null, seenAtMs: null, detail: 'no checkpoint in Kafka yet' };
  }
  const phase = checkpoint.phase === 'snapshot' ? 'snapshot under way' : 'streaming';
  return {
    ...hop,
    position: { value: checkpoint.nextSeq - 1, unit: 'images' },
    seenAtMs: checkpoint.writtenAtMs,
    detail: `${phase} in epoch ${checkpoint.epoch}, GTID ${checkpoint.gtidSet || 'none'}`,
  };
}

/** The topic itself and the processor that consumes it. */
function topicHops(
  processor: string,
  topicName: string,
  topic: TopicPosition | undefined,
): readonly Hop[] {
  const unknown = 'Kafka does not answer';
  return [
    {
      name: topicName,
      title: 'keeps what was read',
      position: topic ? { value: topic.end, unit: 'records' } : null,
      waiting: null,
      seenAtMs: null,
      detail: topic ? 'sum of the partitions’ ends' : unknown,
    },
    {
      name: processor,
      title: 'applies the rules',
      position: topic ? { value: topic.end - topic.waiting, unit: 'records' } : null,
      waiting: topic ? { value: topic.waiting, unit: 'records' } : null,
      seenAtMs: null,
      detail: topic ? 'as committed by its consumer group' : unknown,
    },
  ];
}

function loaderHop(batch: LoadedBatch | null): Hop {
  const hop = { name: 'warehouse-loader', title: 'loads the lake’s objects', position: null };
  if (!batch) return { ...hop, waiting: null, seenAtMs: null, detail: 'no batch yet' };
  const news = batchNews.safeParse(batch);
  const { loaded_at_ms: loadedAtMs, epochs, files } = news.success ? news.data : {};
  const waiting = (epochs ?? files)?.reduce((sum, each) => sum + each.waiting, 0);
  return {
    ...hop,
    waiting: waiting === undefined ? null : { value: waiting, unit: epochs ? 'images' : 'ranges' },
    seenAtMs: loadedAtMs ?? null,
    detail: `batch ${batch.batch_id}`,
  };
}

function warehouseHop(
  frontier: Frontier | undefined,
  checkpoint: ReaderCheckpoint | undefined,
): Hop {
  const hop = { name: 'warehouse', title: 'shows the result' };
  if (!frontier) {
    return { ...hop, position: null, waiting: null, seenAtMs: null, detail: 'shows nothing yet' };
  }
  const comparable = checkpoint?.epoch === frontier.epoch;
  return {
    ...hop,
    position: { value: frontier.seq, unit: 'images' },
    waiting: comparable
      ? { value: Math.max(0, checkpoint.nextSeq - 1 - frontier.seq), unit: 'images' }
      : null,
    seenAtMs: frontier.committedMs > 0 ? frontier.committedMs : null,
    detail: `epoch ${frontier.epoch}; the time is that of the last commit at the source`,
  };
}

/** The way of log files: shipper, topic, processor, loader, warehouse. */
export function logHops(known: {
  readonly topicName: string;
  readonly hosts: readonly ShippedLogs[];
  /** Undefined when Kafka did not answer. */
  readonly topic: TopicPosition | undefined;
  readonly batch: LoadedBatch | null;
  readonly frontiers: readonly Frontier[];
}): readonly Hop[] {
  const { hosts, frontiers } = known;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const files = sum(hosts.map((host) => host.files));
  const shipper = { name: 'log-shipper', title: 'reads the files' };
  const first: Hop =
    hosts.length === 0
      ? {
          ...shipper,
          ...{ position: null, waiting: null, seenAtMs: null },
          detail: 'no checkpoint in Kafka yet',
        }
      : {
          ...shipper,
          position: { value: sum(hosts.map((host) => host.shippedBytes)), unit: 'bytes' },
          waiting: { value: sum(hosts.map((host) => host.unshippedBytes)), unit: 'bytes' },
          seenAtMs: Math.max(...hosts.map((host) => host.seenAtMs)),
          detail: `${files} ${files === 1 ? 'file' : 'files'} of ${hosts.map(({ host }) => host).join(', ')}`,
        };
  const uncovered = hosts.flatMap(({ uncoveredBytes: bytes }) => (bytes === null ? [] : [bytes]));
  const shown = frontiers.length > 0;
  return [
    first,
    ...topicHops('log-processor', known.topicName, known.topic),
    loaderHop(known.batch),
    {
      ...{ name: 'warehouse', title: 'shows the result' },
      position: shown ? { value: sum(frontiers.map(({ seq }) => seq)), unit: 'bytes' } : null,
      waiting: uncovered.length > 0 ? { value: sum(uncovered), unit: 'bytes' } : null,
      seenAtMs: shown ? Math.max(...frontiers.map(({ committedMs }) => committedMs)) : null,
      detail: shown
        ? 'bytes of the files that are covered; the time is that of the newest one read'
        : 'shows nothing yet',
    },
  ];
}
