import type { CheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import { recordBytes } from '../runtime/kafka/partition-batches.ts';
import type { OutgoingMessage, TopicRecords } from '../runtime/kafka/transactional-writer.ts';
import type { ShipperCheckpoint } from '../schemas/checkpoint.ts';
import type { LogRange } from '../schemas/log-entries.ts';
import type { BlockEncoder } from './entry-records.ts';
import { lastRecord } from './generation-transitions.ts';
import type { Tail } from './tail.ts';

/** What one Kafka transaction carries, about: a window more at most. */
const MAX_BYTES = 1024 * 1024;
const MAX_GENERATIONS = 250;

export interface ShipmentOptions {
  readonly host: string;
  readonly store: CheckpointStore<ShipperCheckpoint>;
  readonly encode: BlockEncoder;
}

/** What goes in one Kafka transaction: blocks, and the checkpoints that cover them. */
export class Shipment {
  readonly #options: ShipmentOptions;
  /** By topic. */
  readonly #messages = new Map<string, OutgoingMessage[]>();
  readonly #touched = new Set<Tail>();
  readonly #ended = new Set<Tail>();
  #bytes = 0;
  #blocks = 0;

  constructor(options: ShipmentOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#touched.size === 0 && this.#ended.size === 0;
  }

  get isFull(): boolean {
    return this.#bytes >= MAX_BYTES || this.#touched.size >= MAX_GENERATIONS;
  }

  get blocks(): number {
    return this.#blocks;
  }

  /** Adds ranges that were just read of a generation. */
  add(tail: Tail, ranges: readonly LogRange[], nowMs: number): void {
    if (ranges.length === 0 || tail.generation === undefined) return;
    const origin = {
      host: this.#options.host,
      path: tail.path,
      generation: tail.generation,
      generation_start: 0,
      read_at_ms: nowMs,
    };
    const { name: topic } = tail.format.topic;
    const messages = this.#messages.get(topic) ?? [];
    this.#messages.set(topic, messages);
    for (const message of this.#options.encode(origin, ranges)) {
      messages.push(message);
      this.#blocks += 1;
      this.#bytes += recordBytes(message);
    }
    this.#touched.add(tail);
  }

  /** Adds the checkpoint of a generation of which nothing new was read. */
  touch(tail: Tail): void {
    if (tail.generation !== undefined) this.#touched.add(tail);
  }

  /** The generation will not be read any further. */
  end(tail: Tail): void {
    if (tail.generation !== undefined) this.#ended.add(tail);
  }

  /** Takes the places of all generations as they are now. */
  records(now: number): TopicRecords[] {
    const { store, host } = this.#options;
    const records = Array.from(this.#messages, ([topic, messages]): TopicRecords => {
      return { topic, messages };
    });
    for (const tail of this.#touched) {
      const checkpoint = this.#ended.has(tail) ? undefined : tail.checkpoint(Date.now());
      if (!checkpoint) continue;
      tail.checkpointedAt = now;
      records.push(store.records(checkpointKey(host, checkpoint.generation), checkpoint));
    }
    for (const tail of this.#ended) records.push(this.#lastRecord(tail));
    return records;
  }

  #lastRecord(tail: Tail): TopicRecords {
    const { store, host } = this.#options;
    const key = checkpointKey(host, tail.generation ?? '');
    const checkpoint = tail.checkpoint(Date.now());
    if (checkpoint && lastRecord(tail.offset, tail.seenBytes) === 'evidence') {
      return store.records(key, checkpoint);
    }
    return store.tombstone(key);
  }
}

/** Key of a generation's checkpoint. */
function checkpointKey(host: string, generation: string): string {
  return `${host}/${generation}`;
}
