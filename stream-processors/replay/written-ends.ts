import type { Kafka } from 'kafkajs';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import {
  formatNameOf,
  readerCheckpointSchema,
  shipperCheckpointSchema,
  startMarkerKey,
} from '../../schemas/checkpoint.ts';
import type { Frontier } from '../../schemas/frontiers.ts';
import { lineOf } from '../../schemas/holes.ts';
import { topics } from '../../schemas/topics.ts';

/**
 * The last number of each line that is in its topic, as reader and shipper write it down together
 * with their records.
 */
export interface WrittenEnds {
  /** Of a source: its newest epoch. */
  readonly tables: (source: string) => ReadonlyMap<string, number>;
  /** Of the files of a log format. */
  readonly logs: (format: string) => ReadonlyMap<string, number>;
  /** Forgets files that are gone and wholly in the warehouse. */
  readonly forgetArrived: (frontiers: readonly Frontier[]) => void;
  /** Follows the checkpoints until the signal aborts. */
  follow(kafka: Kafka, signal: AbortSignal): Promise<void>;
}

interface FileEnd {
  readonly format: string;
  readonly line: string;
  readonly end: number;
  readonly isGone: boolean;
}

export function createWrittenEnds(follow: typeof followCompacted = followCompacted): WrittenEnds {
  const sources = new Map<string, ReadonlyMap<string, number>>();
  /** By the key of their checkpoint. */
  const files = new Map<string, FileEnd>();

  function noteReader(_: string, value: Buffer | null): void {
    const place = readerCheckpointSchema.safeParse(parsed(value)).data;
    // Inside a source transaction the frontier waits for its end, and rightly so.
    if (!place || place.open !== null || place.nextSeq === 1) return;
    sources.set(place.source, new Map([[lineOf(place), place.nextSeq - 1]]));
  }

  function noteShipper(key: string, value: Buffer | null): void {
    const known = files.get(key);
    // A tombstone says that a file is gone and was shipped whole: its last end stays true.
    if (value === null && known) files.set(key, { ...known, isGone: true });
    const place = shipperCheckpointSchema.safeParse(parsed(value)).data;
    if (!place || place.offset === place.generationStart) return;
    const [format, line] = [formatNameOf(place), lineOf(place)];
    files.set(key, { format, line, end: place.offset - 1, isGone: false });
  }

  return {
    tables: (source) => sources.get(source) ?? new Map(),
    logs(name) {
      const ours = [...files.values()].filter(({ format }) => format === name);
      return new Map(ours.map(({ line, end }) => [line, end]));
    },
    forgetArrived(frontiers) {
      const arrived = new Map(frontiers.map(({ line, at }) => [line, at]));
      for (const [key, { line, end, isGone }] of files) {
        if (isGone && (arrived.get(line) ?? -1) >= end) files.delete(key);
      }
    },
    async follow(kafka, signal) {
      const followTopic = (topic: string, note: (key: string, value: Buffer | null) => void) =>
        follow({
          ...{ kafka, topic, signal },
          onValue: (key, value) => {
            if (!key.endsWith(startMarkerKey(''))) note(key, value);
          },
        });
      await Promise.all([
        followTopic(topics.readerCheckpoints.name, noteReader),
        followTopic(topics.shipperCheckpoints.name, noteShipper),
      ]);
    },
  };
}

/** @returns undefined where the bytes are no JSON: what is no checkpoint is not ours to judge. */
function parsed(value: Buffer | null): unknown {
  try {
    return JSON.parse(value?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}
