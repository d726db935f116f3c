import type { Kafka } from 'kafkajs';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import {
  readerCheckpointSchema,
  shipperCheckpointSchema,
  startMarkerKey,
} from '../../schemas/checkpoint.ts';
import { lineOf } from '../../schemas/holes.ts';
import { topics } from '../../schemas/topics.ts';

/**
 * The last number of each line that is in its topic, as reader and shipper write it down together
 * with their records.
 */
export interface WrittenEnds {
  /** Of a source: its newest epoch. */
  readonly tables: (source: string) => ReadonlyMap<string, number>;
  /** Of all files. */
  readonly logs: () => ReadonlyMap<string, number>;
  /** Follows the checkpoints until the signal aborts. */
  follow(kafka: Kafka, signal: AbortSignal): Promise<void>;
}

export function createWrittenEnds(): WrittenEnds {
  const sources = new Map<string, ReadonlyMap<string, number>>();
  const files = new Map<string, number>();

  function noteReader(value: unknown): void {
    const place = readerCheckpointSchema.safeParse(value).data;
    // Inside a source transaction the frontier waits for its end, and rightly so.
    if (!place || place.open !== null || place.nextSeq === 1) return;
    sources.set(place.source, new Map([[lineOf(place), place.nextSeq - 1]]));
  }

  function noteShipper(value: unknown): void {
    const place = shipperCheckpointSchema.safeParse(value).data;
    if (!place || place.offset === place.generationStart) return;
    files.set(lineOf(place), place.offset - 1);
  }

  return {
    tables: (source) => sources.get(source) ?? new Map(),
    logs: () => files,
    async follow(kafka, signal) {
      const follow = (topic: string, note: (value: unknown) => void) =>
        followCompacted({
          ...{ kafka, topic, signal },
          onValue: (key, value) => {
            // A tombstone says that a file is gone and was shipped whole: its last end stays true.
            if (value !== null && !key.endsWith(startMarkerKey(''))) note(parsed(value));
          },
        });
      await Promise.all([
        follow(topics.readerCheckpoints.name, noteReader),
        follow(topics.shipperCheckpoints.name, noteShipper),
      ]);
    },
  };
}

/** @returns undefined where the bytes are no JSON: what is no checkpoint is not ours to judge. */
function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
