import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import {
  runReplay,
  type ImageNumber,
  type ReplayProgress,
} from '../../stream-processors/replay/replay-job.ts';
import {
  openLakeSource,
  openTopicSource,
  type ReplaySource,
} from '../../stream-processors/replay/replay-source.ts';
import type { ReplayFile, UnfinishedReplay } from './replay-file.ts';
import type { ReplayParts } from './replay-parts.ts';
import { parseBound, parseSeqs, type ReplayRequest } from './replay-request.ts';

/** Opens what a request asks for; `fixed` are the ranges that an earlier run had found. */
export async function openSource(
  { kafka, admin, bucket }: ReplayParts,
  dataset: TableDataset,
  request: Pick<ReplayRequest, 'source' | 'from' | 'to'>,
  signal: AbortSignal,
  fixed?: ReadonlyMap<number, OffsetRange>,
): Promise<ReplaySource> {
  const bounds = {
    from: parseBound(request.from),
    to: parseBound(request.to),
    ...(fixed ? { fixed } : {}),
  };
  const topic = dataset.topic.name;
  return request.source === 'topic'
    ? openTopicSource({ kafka, admin, topic }, bounds, signal)
    : openLakeSource({ bucket, dataset, topic }, bounds, signal);
}

/** @returns which images a request asks for, or undefined for all. */
export function selectionOf(
  request: Pick<ReplayRequest, 'seqs' | 'epoch'>,
): ((image: ImageNumber) => boolean) | undefined {
  if (request.seqs === undefined && request.epoch === undefined) return undefined;
  const { first, last } =
    request.seqs === undefined ? { first: 0, last: Infinity } : parseSeqs(request.seqs);
  const epoch = request.epoch === undefined ? undefined : Number(request.epoch);
  return (image) =>
    image.seq >= first && image.seq <= last && (epoch === undefined || image.epoch === epoch);
}

const NOTE_MS = 2_000;

/** Tells from time to time how far a replay is. */
export function progressNotes(
  source: ReplaySource,
  note: (line: string) => void,
): (progress: ReplayProgress) => void {
  const startedAt = performance.now();
  let toldAt = startedAt;
  let total = 0n;
  for (const { start, end } of source.ranges.values()) total += end - start;
  return ({ records, next }) => {
    const now = performance.now();
    if (now - toldAt < NOTE_MS) return;
    toldAt = now;
    let done = 0n;
    for (const [partition, offset] of next) {
      done += offset - (source.ranges.get(partition)?.start ?? offset);
    }
    const rate = Math.round(records / ((now - startedAt) / 1_000));
    note(`${done} of ${total} offsets, ${rate} records/s`);
  };
}

/**
 * Sends a source's rows to Firehose and keeps in a file how far it is, so that a run that was
 * broken off can go on.
 */
export async function executeReplay(options: {
  readonly parts: ReplayParts;
  readonly source: ReplaySource;
  readonly request: ReplayRequest;
  readonly file: ReplayFile;
  readonly resumed?: UnfinishedReplay;
  readonly recordsPerSecond?: number;
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<ReplayProgress> {
  const { parts, source, request, file, resumed, recordsPerSecond, signal } = options;
  const tell = progressNotes(source, options.note);
  const keep = (next: ReadonlyMap<number, bigint>) =>
    file.write({ request, ranges: source.ranges, next });
  const selects = selectionOf(request);
  keep(resumed?.next ?? new Map());
  const done = await runReplay({
    ...{ source, signal, processor: parts.processor },
    sink: (rows, during) => parts.send(rows, during),
    ...(selects ? { selects } : {}),
    ...(resumed ? { from: resumed.next } : {}),
    ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }),
    onProgress: (progress) => {
      keep(progress.next);
      tell(progress);
    },
  });
  file.remove();
  return done;
}
