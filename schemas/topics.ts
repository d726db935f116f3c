/** A Kafka topic as this project needs it; the local stack and the CDK app both create from here. */
export interface Topic {
  readonly name: string;
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  /** Milliseconds; `null` for ever (compacted topics keep the latest value of each key). */
  readonly retentionMs: number | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Every topic. Keys of change topics only spread the load: nothing depends on order, for each
 * image carries its own number. Partition counts are fixed for life.
 */
export const topics = {
  ticketChanges: {
    name: 'careplus.ticket-changes',
    partitions: 6,
    cleanup: 'delete',
    retentionMs: 90 * DAY_MS,
  },
  logEntries: {
    name: 'careplus.log-entries',
    partitions: 12,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
  },
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

/** Consumer group in which a dataset's processor keeps its offsets. */
export function processorGroup(dataset: { readonly name: string }): string {
  return `careplus-processor-${dataset.name}`;
}
