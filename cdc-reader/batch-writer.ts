import type { OutgoingMessage, TopicRecords } from '../runtime/kafka/transactional-writer.ts';
import type { ChangeRecord } from './change-records.ts';

export interface BatchWriterOptions {
  /** Topic of the changes. */
  readonly topic: string;
  /** The checkpoint that covers every change added so far, as a record. */
  readonly checkpoint: () => TopicRecords;
  readonly schemaRecords: (schema: object) => TopicRecords;
  /** Writes all records in one transaction. */
  readonly write: (records: readonly TopicRecords[], signal: AbortSignal) => Promise<void>;
  /** How often the checkpoint is written when it moved without changes. */
  readonly checkpointIntervalMs: number;
  /** How often it is written when nothing at all moved. */
  readonly heartbeatMs: number;
}

/** What one Kafka transaction carries at most. */
const MAX_RECORDS = 2_000;
const MAX_BYTES = 1024 * 1024;

interface Batch {
  readonly messages: OutgoingMessage[];
  readonly schemas: TopicRecords[];
  bytes: number;
}

/**
 * Writes changes in Kafka transactions, each with the checkpoint that covers it. There is no
 * linger: a transaction takes what has gathered while the one before it was committed. At most one
 * batch gathers, so the source waits while the broker is slow.
 */
export class BatchWriter {
  readonly #options: BatchWriterOptions;
  #batch: Batch = emptyBatch();
  #moved = false;
  #caughtUp = false;
  #finished = false;
  #lastWriteAt = performance.now();
  #wakeWriter: (() => void) | null = null;
  #room = newRoom();

  constructor(options: BatchWriterOptions) {
    this.#options = options;
  }

  /** Adds a change; look at {@link full} after each. */
  add({ message, bytes, newSchema }: ChangeRecord): void {
    if (newSchema) this.#batch.schemas.push(this.#options.schemaRecords(newSchema));
    this.#batch.messages.push(message);
    this.#batch.bytes += bytes;
    this.#wakeWriter?.();
  }

  /** The checkpoint moved, though no change may have come. */
  moved(): void {
    this.#moved = true;
    this.#wakeWriter?.();
  }

  /** The source has nothing more: the checkpoint holds as of now. */
  caughtUp(): void {
    this.#caughtUp = true;
    this.#wakeWriter?.();
  }

  /** Nothing may be added before {@link room} resolves. */
  get full(): boolean {
    return this.#batch.messages.length >= MAX_RECORDS || this.#batch.bytes >= MAX_BYTES;
  }

  /** Resolves when the batch has been taken; rejects as {@link run} does. */
  room(): Promise<void> {
    return this.#room.promise;
  }

  /** Nothing more will be added: {@link run} ends when all is written. */
  finish(): void {
    this.#finished = true;
    this.#wakeWriter?.();
  }

  /** Writes until {@link finish}. Rejects when a write fails: the state is then unknown, begin anew. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wakeWriter?.();
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        while (!this.#due()) {
          signal.throwIfAborted();
          if (this.#finished) return;
          await this.#sleep();
        }
        await this.#writeBatch(signal);
      }
    } catch (error) {
      this.#room.reject(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Writes what there is and the checkpoint, whether due or not. */
  async #writeBatch(signal: AbortSignal): Promise<void> {
    const { messages, schemas } = this.#batch;
    const { topic } = this.#options;
    const checkpoint = this.#options.checkpoint();
    this.#batch = emptyBatch();
    this.#moved = false;
    this.#caughtUp = false;
    this.#room.resolve(undefined);
    this.#room = newRoom();
    await this.#options.write([...schemas, { topic, messages }, checkpoint], signal);
    this.#lastWriteAt = performance.now();
  }

  #due(): boolean {
    if (this.#batch.messages.length > 0) return true;
    if (this.#finished) return this.#moved;
    return this.#dueInMs() <= 0;
  }

  #dueInMs(): number {
    const { checkpointIntervalMs, heartbeatMs } = this.#options;
    const age = performance.now() - this.#lastWriteAt;
    if (this.#moved) return checkpointIntervalMs - age;
    return this.#caughtUp ? heartbeatMs - age : Infinity;
  }

  /** Until something happens or the next write is due. */
  async #sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = () => resolve(undefined);
    this.#wakeWriter = wake;
    const timer = setTimeout(wake, Math.min(this.#dueInMs(), MAX_SLEEP_MS));
    await promise;
    clearTimeout(timer);
    this.#wakeWriter = null;
  }
}

/** Longer times do not fit a timer. */
const MAX_SLEEP_MS = 60_000;

function newRoom(): PromiseWithResolvers<undefined> {
  const room = Promise.withResolvers<undefined>();
  // Nobody may be waiting for it when the writer fails.
  room.promise.catch(() => undefined);
  return room;
}

function emptyBatch(): Batch {
  return { messages: [], schemas: [], bytes: 0 };
}
