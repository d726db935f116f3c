import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import { isTableDataset, type AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import type { NumberRange } from '../../schemas/holes.ts';
import { runReplay, type ReplayProgress } from '../../stream-processors/replay/replay-job.ts';
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
  dataset: AnyDataset,
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

/**
 * @returns which numbers a request asks for, or undefined for all.
 * @throws {PipelineError} CFG_9001 where the dataset has no such numbers.
 */
export function selectionOf(
  dataset: AnyDataset,
  request: Pick<ReplayRequest, 'seqs' | 'epoch'>,
): ((numbers: NumberRange) => boolean) | undefined {
  if (request.seqs === undefined && request.epoch === undefined) return undefined;
  if (!isTableDataset(dataset)) {
    throw new PipelineError(
      'CFG_9001',
      `--seqs and --epoch name images: ${dataset.shortName} have none`,
    );
  }
  const { first, last } =
    request.seqs === undefined ? { first: 0, last: Infinity } : parseSeqs(request.seqs);
  const suffix = request.epoch === undefined ? '' : `:${request.epoch}`;
  return ({ line, from, to }) => to >= first && from <= last && line.endsWith(suffix);
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
 *
 * @throws {ReplayCancelled} when another process cancels it.
 */
export async function executeReplay(options: {
  readonly parts: ReplayParts;
  readonly dataset: AnyDataset;
  readonly source: ReplaySource;
  readonly request: ReplayRequest;
  readonly file: ReplayFile;
  readonly resumed?: UnfinishedReplay | undefined;
  readonly recordsPerSecond?: number | undefined;
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<ReplayProgress> {
  const { parts, dataset, source, request, file, resumed, recordsPerSecond, signal } = options;
  const tell = progressNotes(source, options.note);
  const keep = (next: ReadonlyMap<number, bigint>) =>
    file.write({ request, ranges: source.ranges, next });
  keep(resumed?.next ?? new Map());
  const done = await runReplay({
    ...{ ...parts.processing, source, signal, recordsPerSecond },
    sink: (rows, during) => parts.send(rows, during),
    selects: selectionOf(dataset, request),
    from: resumed?.next,
    onProgress: (progress) => {
      if (file.isCancelled) throw new ReplayCancelled();
      keep(progress.next);
      tell(progress);
    },
  });
  file.remove();
  return done;
}

/** Somebody has cancelled the replay: what was sent stays sent. */
export class ReplayCancelled extends Error {
  override readonly name = 'ReplayCancelled';
  constructor() {
    super('the replay was cancelled');
  }
}
