import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from '../../runtime/observability/log.ts';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { frontiersSchema, MAX_REPORTED_FILES, type Frontier } from '../../schemas/frontiers.ts';
import { holesSchema, type NumberRange } from '../../schemas/holes.ts';
import { holesKey, latestBatchKey } from '../../schemas/lake-layout.ts';
import { processorGroup } from '../../schemas/topics.ts';
import type { LakeRow } from '../batch-processor.ts';
import type { RecordProcessing } from '../record-processing.ts';
import { createHoleFiller, type Unfillable } from './hole-filler.ts';
import { archiveBackwards, processorIsBehind, topicBackwards } from './hole-sources.ts';
import { createTailWatch, openTails } from './tail-watch.ts';
import { createWaitingAge } from './waiting-age.ts';

export interface HoleTurnOptions {
  readonly kafka: Kafka;
  /** Connected. */
  readonly admin: Admin;
  readonly bucket: Bucket;
  readonly dataset: AnyDataset;
  readonly processing: RecordProcessing;
  /** Takes rows and resolves when they are durable. */
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  /** Last number by line that reader or shipper have written for this dataset. */
  readonly ends: () => ReadonlyMap<string, number>;
  /** Called with what the warehouse has, so that ends can be forgotten. */
  readonly onFrontiers?: (frontiers: readonly Frontier[]) => void;
  /** How long what the processor has handed over may take to the warehouse. */
  readonly lateMs: number;
  readonly retryMs: number;
  /** Told at each look how long the oldest number in the topic waits for the warehouse, ms. */
  readonly onWaiting?: (ageMs: number) => void;
  readonly log: Logger;
}

/** One look at what a dataset's warehouse misses. @returns what is nowhere. */
export type HoleTurn = (signal: AbortSignal) => Promise<readonly Unfillable[]>;

/**
 * Sends numbers again for which the warehouse waits, from the topic or the archive: those that the
 * loader tells, and the last ones of a line, behind which nothing waits.
 */
export function createHoleTurn(options: HoleTurnOptions): HoleTurn {
  const { kafka, admin, bucket, dataset, log } = options;
  const topic = dataset.topic.name;
  const where = { kafka, admin, topic };
  const groupId = processorGroup(dataset);
  const watch = createTailWatch({ lateMs: options.lateMs });
  const waitingAge = createWaitingAge();
  const filler = createHoleFiller({
    processing: options.processing,
    sink: options.sink,
    sources: [
      (signal) => topicBackwards(where, groupId, signal),
      (signal) => archiveBackwards(bucket, dataset, topic, signal),
    ],
    mayCome: (signal) => processorIsBehind(where, groupId, signal),
    retryMs: options.retryMs,
    log,
  });

  async function readHoles(signal: AbortSignal): Promise<readonly NumberRange[]> {
    const bytes = await bucket.get(holesKey(dataset), signal);
    // Before the loader's first start there is none.
    return bytes ? holesSchema.parse(JSON.parse(String(bytes))).holes : [];
  }

  async function readLostTails(signal: AbortSignal): Promise<readonly NumberRange[]> {
    const ends = options.ends();
    if (ends.size === 0) return [];
    const bytes = await bucket.get(latestBatchKey(dataset), signal);
    const frontiers: readonly Frontier[] = bytes
      ? frontiersSchema.parse(JSON.parse(String(bytes)))
      : [];
    options.onFrontiers?.(frontiers);
    const complete = frontiers.length < MAX_REPORTED_FILES;
    const open = openTails(ends, frontiers, complete);
    options.onWaiting?.(waitingAge.look(open));
    // Nothing is lost before the loader's first start.
    if (bytes === undefined) return [];
    return watch.look(
      open,
      open.length === 0 || !(await processorIsBehind(where, groupId, signal)),
    );
  }

  return async (signal) => {
    const [holes, tails] = [await readHoles(signal), await readLostTails(signal)];
    return filler.fill([...holes, ...tails], signal);
  };
}
