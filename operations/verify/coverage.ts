import type { Kafka } from 'kafkajs';
import { abortableSleep, waitOrAbort } from '../../runtime/abortable-wait.ts';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { parseCheckpoint } from '../../runtime/kafka/checkpoint-value.ts';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { readerCheckpointSchema, type ReaderCheckpoint } from '../../schemas/checkpoint.ts';
import { processorGroup, topics, type Topic } from '../../schemas/topics.ts';
import { covers, parseGtidSet, type GtidSet } from './gtid.ts';
import { readFrontier, type Frontier } from './warehouse-reading.ts';
import { pendingSql, type WarehouseScope } from './warehouse-statements.ts';

/** Where the changes are held up. */
export type Hop =
  /** Not in the topic yet. */
  | 'cdc-reader'
  | 'log-shipper'
  /** In the topic; the processor has not taken them. */
  | 'processor'
  /** Handed over; not in the warehouse yet: Firehose buffers or the loader loads. */
  | 'delivery'
  /** Later images have arrived and wait: numbers below them are missing. */
  | 'hole';

export type Coverage =
  | { readonly covered: true; readonly frontier: Frontier; readonly checkpoint: ReaderCheckpoint }
  | {
      readonly covered: false;
      /** What is shown, if anything is. */
      readonly frontier: Frontier | undefined;
      readonly hop: Hop;
      readonly wanted: string;
      readonly found: string;
    };

export interface CoverageOptions {
  readonly kafka: Kafka;
  readonly api: DataApi;
  /** Pause between two looks at the frontier, in milliseconds. */
  readonly pollMs: number;
  /** Ends the waiting with an error. */
  readonly signal: AbortSignal;
  /** Milliseconds after which the waiting ends without success. */
  readonly timeoutMs: number;
  readonly note: (line: string) => void;
}

/**
 * Waits until everything that the source had committed at a GTID is in the warehouse: first until
 * the reader's checkpoint covers it, then until the shown frontier covers that checkpoint's
 * numbers. The warehouse is asked nothing before the reader is there.
 */
export async function waitUntilCovered(
  scope: WarehouseScope,
  gtid: string,
  options: CoverageOptions,
): Promise<Coverage> {
  const { signal, note } = options;
  const name = scope.dataset.shortName;
  const either = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);

  note(`${name}: waiting for the reader to reach ${gtid || 'the beginning'}`);
  const reader = await waitForReader(options.kafka, scope.source, parseGtidSet(gtid), either);
  signal.throwIfAborted();
  if (!reader.reached) {
    const found = reader.newest ? describeCheckpoint(reader.newest) : 'no checkpoint';
    const frontier = await readFrontier(options.api, scope, signal).catch(() => undefined);
    return { covered: false, frontier, hop: 'cdc-reader', wanted: gtid, found };
  }

  const checkpoint = reader.reached;
  const wanted = { epoch: checkpoint.epoch, seq: checkpoint.nextSeq - 1 };
  note(`${name}: waiting for the warehouse to show ${describeFrontier(wanted)}`);
  const warehouse = await waitForFrontier(scope, wanted, options, either);
  signal.throwIfAborted();
  const { frontier, reached } = warehouse;
  if (reached && frontier) return { covered: true, frontier, checkpoint };
  return {
    covered: false,
    frontier,
    hop: await heldUpAt(scope, wanted, options),
    wanted: describeFrontier(wanted),
    found: frontier ? describeFrontier(frontier) : warehouse.failure,
  };
}

async function waitForReader(
  kafka: Kafka,
  source: string,
  wanted: GtidSet,
  signal: AbortSignal,
): Promise<{ newest?: ReaderCheckpoint; reached?: ReaderCheckpoint }> {
  const result: { newest?: ReaderCheckpoint; reached?: ReaderCheckpoint } = {};
  const found = new AbortController();
  const following = followCompacted({
    kafka,
    topic: topics.readerCheckpoints.name,
    signal: AbortSignal.any([signal, found.signal]),
    onValue: (key, value, offset) => {
      if (key !== source || value === null || result.reached) return;
      const place = { topic: topics.readerCheckpoints.name, key, offset };
      const checkpoint = parseCheckpoint(place, value, (json) =>
        readerCheckpointSchema.parse(json),
      );
      result.newest = checkpoint;
      if (!isWithin(wanted, checkpoint)) return;
      result.reached = checkpoint;
      found.abort();
    },
  });
  // A broker that is away holds the client for longer than the time that is left.
  await waitOrAbort(following, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return result;
}

/** @returns every source of which a reader has written a checkpoint. */
export async function readSources({
  kafka,
  signal,
}: Pick<CoverageOptions, 'kafka' | 'signal'>): Promise<ReadonlySet<string>> {
  const sources = new Set<string>();
  await readRange({
    ...{ kafka, topic: topics.readerCheckpoints.name, compacted: true, signal },
    onBatch: ({ messages }) => {
      for (const { key } of messages) if (key) sources.add(key.toString('utf8'));
    },
  });
  return sources;
}

/** Whether all these transactions are wholly in the topic. */
function isWithin(wanted: GtidSet, { phase, open, gtidSet }: ReaderCheckpoint): boolean {
  return phase === 'streaming' && open === null && covers(parseGtidSet(gtidSet), wanted);
}

async function waitForFrontier(
  scope: WarehouseScope,
  wanted: Frontier,
  { api, pollMs }: CoverageOptions,
  signal: AbortSignal,
): Promise<{
  readonly reached: boolean;
  readonly frontier: Frontier | undefined;
  readonly failure: string;
}> {
  let frontier: Frontier | undefined;
  let failure = 'nothing is shown';
  while (!signal.aborted) {
    try {
      frontier = await readFrontier(api, scope, signal);
      if (frontier && isAtLeast(frontier, wanted)) return { reached: true, frontier, failure };
    } catch (error) {
      // Before the loader's first start its tables are not there.
      if (findPipelineError(error)?.code === 'WH_5001') failure = errorText(error);
      else if (!isAborted(signal)) throw error;
    }
    await abortableSleep(pollMs, signal).catch(() => undefined);
  }
  return { reached: false, frontier, failure };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** A later epoch has taken everything of the earlier ones in. */
function isAtLeast(frontier: Frontier, wanted: Frontier): boolean {
  return (
    frontier.epoch > wanted.epoch || (frontier.epoch === wanted.epoch && frontier.seq >= wanted.seq)
  );
}

const DIAGNOSIS_MS = 10_000;

/** Finds the hop behind the reader at which a source's changes are held up. */
async function heldUpAt(
  scope: WarehouseScope,
  { epoch }: Frontier,
  { kafka, api, signal }: CoverageOptions,
): Promise<Hop> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(DIAGNOSIS_MS)]);
  try {
    const { rows } = await api.query(pendingSql(scope, epoch), { signal: either });
    if (Number(rows[0]?.['pending'] ?? 0) > 0) return 'hole';
    return (await waitOrAbort(processorLags(kafka, scope.dataset), either))
      ? 'processor'
      : 'delivery';
  } catch {
    signal.throwIfAborted();
    return 'delivery';
  }
}

/** Whether a dataset's topic holds records that its processor has not taken. */
export async function processorLags(
  kafka: Kafka,
  dataset: { readonly name: string; readonly topic: Topic },
): Promise<boolean> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topic = dataset.topic.name;
    const ends = await admin.fetchTopicOffsets(topic);
    const groupId = processorGroup(dataset);
    const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = new Map(
      group?.partitions.map(({ partition, offset }) => [partition, offset]),
    );
    // -1 says that nothing has been committed. A commit marker behind the last record is no lag.
    return ends.some(({ partition, low, high }) => {
      const offset = BigInt(committed.get(partition) ?? '-1');
      const next = offset < 0n ? BigInt(low) : offset;
      return next + 1n < BigInt(high);
    });
  } finally {
    await admin.disconnect();
  }
}

function describeFrontier({ epoch, seq }: Frontier): string {
  return `epoch ${epoch} up to ${seq}`;
}

function describeCheckpoint({ phase, gtidSet, open }: ReaderCheckpoint): string {
  const partly = open ? `, ${open.gtid} partly` : '';
  return `${phase === 'snapshot' ? 'a snapshot under way at ' : ''}${gtidSet}${partly}`;
}
