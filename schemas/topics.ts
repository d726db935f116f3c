/** A Kafka topic as this project needs it. */
export interface Topic {
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  /** Milliseconds; `null` for ever (compacted topics keep the latest value of each key). */
  readonly retentionMs: number | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The topic of a table's changes. Keys only spread the load: nothing depends on order, for each
 * image carries its own number. Partition counts are fixed for life.
 */
export function changeTopic(name: string): Topic {
  return { name, partitions: 6, cleanup: 'delete', retentionMs: 90 * DAY_MS };
}

/** The topic of a log format's entries; the files themselves are kept elsewhere. */
export function entryTopic(name: string): Topic {
  return { name, partitions: 12, cleanup: 'delete', retentionMs: 7 * DAY_MS };
}

/** The topics that all datasets share. Those of the datasets stand in their folders. */
export const topics = {
  readerCheckpoints: {
    name: 'careplus.reader-checkpoints',
    partitions: 1,
    cleanup: 'compact',
    retentionMs: null,
  },
  shipperCheckpoints: {
    name: 'careplus.shipper-checkpoints',
    partitions: 1,
    cleanup: 'compact',
    retentionMs: null,
  },
  schemas: { name: 'careplus.schemas', partitions: 1, cleanup: 'compact', retentionMs: null },
  deadLetters: {
    name: 'careplus.dead-letters',
    partitions: 1,
    cleanup: 'delete',
    retentionMs: 90 * DAY_MS,
  },
} as const satisfies Record<string, Topic>;

/** A topic's settings as brokers name them. */
export function topicSettings({ cleanup, retentionMs }: Topic): Readonly<Record<string, string>> {
  return cleanup === 'compact'
    ? { 'cleanup.policy': 'compact' }
    : { 'cleanup.policy': 'delete', 'retention.ms': `${retentionMs ?? -1}` };
}

/** Name under which a source's changes are written; whoever opens it last is the only writer. */
export function readerTransactionalId(sourceId: string): string {
  return `careplus.reader.${sourceId}`;
}

/** Name under which a host's log entries are written; its writers fence each other by it. */
export function shipperTransactionalId(host: string): string {
  return `careplus.shipper.${host}`;
}

/** Consumer group in which a dataset's processor keeps its offsets. */
export function processorGroup(dataset: { readonly name: string }): string {
  return `careplus-processor-${dataset.name}`;
}
