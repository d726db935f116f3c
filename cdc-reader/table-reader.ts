import type { WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { CheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import type { TopicRecords, TransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import type { Logger } from '../runtime/observability/log.ts';
import type { ReadSourceLogin } from '../runtime/mysql/source-login.ts';
import type { ReaderCheckpoint } from '../schemas/checkpoint.ts';
import { BatchWriter } from './batch-writer.ts';
import { BinlogDecoder } from './binlog-decoder.ts';
import { readBinlog } from './binlog-stream.ts';
import { ChangeEncoder } from './change-records.ts';
import type { TableStreamConfig } from './config.ts';
import { parseGtidPosition, type ServerFlavour } from './gtid-position.ts';
import { imagesOf, ImageNumbering, nextEpoch } from './image-numbering.ts';
import type { ReaderMetrics } from './reader-metrics.ts';
import { openSnapshot } from './snapshot.ts';
import { openSource } from './source-connection.ts';
import { loadCatalog, type TableCatalog } from './table-catalog.ts';
import { TransactionTracker, type EpochEnd, type NumberedChange } from './transaction-tracker.ts';

export interface TableReaderParts {
  readonly login: ReadSourceLogin;
  /** Open, and used by nobody else meanwhile. */
  readonly writer: TransactionalWriter;
  readonly store: CheckpointStore<ReaderCheckpoint>;
  readonly schemas: WriterSchemas;
  readonly metrics: ReaderMetrics;
  readonly log: Logger;
  /** Called whenever something was read or written. */
  readonly onProgress: () => void;
}

/** The source is asked at least this often to show that it is alive. */
const MAX_SOURCE_HEARTBEAT_MS = 30_000;

/** When to stop reading, and when to stop even writing what has been read. */
export interface StopSignals {
  readonly stop: AbortSignal;
  readonly abandon: AbortSignal;
}

/** Brings one table into its topic: a snapshot, then the binlog from there on. */
export class TableReader {
  readonly #config: TableStreamConfig;
  readonly #parts: TableReaderParts;
  readonly #encoder: ChangeEncoder;
  /** Handed to the writer since the last write was counted. */
  #images = 0;

  constructor(config: TableStreamConfig, parts: TableReaderParts) {
    this.#config = config;
    this.#parts = parts;
    this.#encoder = new ChangeEncoder(config);
  }

  /**
   * Writes all rows of the table under a new epoch, then its end marker.
   *
   * @param previous the epoch before, if there was one.
   * @returns the checkpoint from which the binlog goes on.
   */
  async snapshot(previous: number | undefined, signals: StopSignals): Promise<ReaderCheckpoint> {
    const { login, log, metrics, store, writer } = this.#parts;
    const connect = () => openSource(login, signals.stop);
    await using connection = await connect();
    const view = await openSnapshot(connection, this.#config, connect);
    const numbering = new ImageNumbering(nextEpoch(previous, Date.now()), 1);
    let phase: ReaderCheckpoint['phase'] = 'snapshot';
    const checkpoint = () =>
      this.#checkpoint({
        phase,
        gtidSet: view.gtidSet,
        open: null,
        epoch: numbering.epoch,
        nextSeq: numbering.next,
        shapeHash: null,
        sourceTimeMs: view.takenAtMs,
      });
    log.info({ epoch: numbering.epoch, gtidSet: view.gtidSet }, 'snapshot begins');
    // Before any row: an epoch that is broken off is never used again.
    await writer.write([store.records(this.#config.sourceId, checkpoint())], signals.abandon);
    const change = (op: 'r' | 'e', rest: Pick<NumberedChange, 'shape' | 'after' | 'row'>) => ({
      op,
      ...rest,
      before: null,
      epoch: numbering.epoch,
      seq: numbering.take(op),
      transactionEnd: true,
      gtid: null,
      timeMs: view.takenAtMs,
      place: null,
    });
    let rows = 0;
    await this.#writeWhile(checkpoint, signals, async (batches, write) => {
      for await (const after of view.rows()) {
        signals.stop.throwIfAborted();
        await write(change('r', { shape: view.shape, after, row: rows }));
        rows += 1;
      }
      await write(change('e', { shape: null, after: null, row: null }));
      phase = 'streaming';
      batches.moved();
    });
    metrics.snapshotTaken();
    log.info({ epoch: numbering.epoch, rows }, 'snapshot ends');
    return checkpoint();
  }

  /**
   * Follows the binlog from a checkpoint on.
   *
   * @returns why a new snapshot is due; everything before that is written.
   * @throws what ends the stream otherwise; what was read before it is written where possible.
   */
  async stream(from: ReaderCheckpoint, signals: StopSignals): Promise<EpochEnd> {
    const { login } = this.#parts;
    const { dataset, database, table, serverId, heartbeatMs } = this.#config;
    const { catalog, flavour } = await this.#loadCatalog(signals.stop);
    const stored = (name: string) => (catalog.ignoreCase ? name.toLowerCase() : name);
    const tracker = new TransactionTracker({
      table: {
        database,
        table,
        ignoreCase: catalog.ignoreCase,
        mappedColumns: new Set(
          dataset.mapping.flatMap(({ column, aliases = [] }) =>
            [column, ...aliases].map((name) => name.toLowerCase()),
          ),
        ),
      },
      gtids: parseGtidPosition(from.gtidSet, flavour),
      numbering: new ImageNumbering(from.epoch, from.nextSeq),
      open: from.open,
      mappedHash: from.shapeHash,
      sourceTimeMs: from.sourceTimeMs,
    });
    const checkpoint = () => this.#checkpoint({ phase: 'streaming', ...tracker.position() });
    return this.#writeWhile(checkpoint, signals, async (batches, write, failed) => {
      const binlog = readBinlog(
        {
          login,
          serverId,
          database: stored(database),
          table: stored(table),
          gtidSet: from.gtidSet,
          heartbeatMs: Math.min(heartbeatMs, MAX_SOURCE_HEARTBEAT_MS),
          decoder: new BinlogDecoder(dataset, catalog, flavour),
        },
        AbortSignal.any([signals.stop, failed]),
      );
      for await (const events of binlog) {
        const before = tracker.finishedGroups;
        for (const event of events) {
          for (const change of tracker.apply(event)) {
            const room = write(change);
            if (room) await room;
          }
          if (tracker.epochEnd) return tracker.epochEnd;
          if (event.kind === 'heartbeat') batches.caughtUp();
        }
        const caughtUp = events.at(-1)?.kind === 'heartbeat';
        this.#report(tracker, tracker.finishedGroups - before, caughtUp);
        if (tracker.finishedGroups > before) batches.moved();
      }
      throw new Error('the binlog ended');
    });
  }

  async #loadCatalog(
    stop: AbortSignal,
  ): Promise<{ catalog: TableCatalog; flavour: ServerFlavour }> {
    await using connection = await openSource(this.#parts.login, stop);
    const { database, table } = this.#config;
    return {
      catalog: await loadCatalog(connection, database, table),
      flavour: connection.flavour,
    };
  }

  /** Runs a producer of changes beside the writer of their batches; ends when all is written. */
  async #writeWhile<T>(
    checkpoint: () => ReaderCheckpoint,
    { abandon }: StopSignals,
    produce: (
      batches: BatchWriter,
      /** Writes a change in its turn; where it gives a promise, wait for it before the next one. */
      write: (change: NumberedChange) => Promise<void> | undefined,
      failed: AbortSignal,
    ) => Promise<T>,
  ): Promise<T> {
    const { schemas, store } = this.#parts;
    const { dataset, sourceId, checkpointIntervalMs, heartbeatMs } = this.#config;
    const batches = new BatchWriter({
      topic: dataset.topic.name,
      checkpoint: () => store.records(sourceId, checkpoint()),
      schemaRecords: (schema) => schemas.records(schema),
      write: (records, signal) => this.#write(records, signal),
      checkpointIntervalMs,
      heartbeatMs,
    });
    const failed = new AbortController();
    const writing = batches.run(abandon);
    writing.catch((error: unknown) => failed.abort(error));
    try {
      return await produce(
        batches,
        (change) => {
          for (const record of this.#encoder.encode(change)) batches.add(record);
          this.#images += imagesOf(change.op);
          return batches.full ? batches.room() : undefined;
        },
        failed.signal,
      );
    } finally {
      batches.finish();
      // Its error is the one to be told: what the producer met then is its consequence.
      await writing;
    }
  }

  async #write(records: readonly TopicRecords[], signal: AbortSignal): Promise<void> {
    const { writer, metrics, onProgress } = this.#parts;
    await writer.write(records, signal);
    const changes = records.find(({ topic }) => topic === this.#config.dataset.topic.name);
    metrics.recordsWritten(changes?.messages.length ?? 0);
    metrics.imagesRead(this.#images);
    this.#images = 0;
    onProgress();
  }

  #report(tracker: TransactionTracker, groups: number, caughtUp: boolean): void {
    const { metrics, onProgress } = this.#parts;
    metrics.transactionsRead(groups);
    if (caughtUp) metrics.setLag(0);
    else if (groups > 0) metrics.setLag((Date.now() - tracker.sourceTimeMs) / 1000);
    onProgress();
  }

  #checkpoint(
    position: Omit<ReaderCheckpoint, 'version' | 'source' | 'configHash' | 'writtenAtMs'>,
  ): ReaderCheckpoint {
    return {
      version: 1,
      source: this.#config.sourceId,
      configHash: this.#config.configHash,
      writtenAtMs: Date.now(),
      ...position,
    };
  }
}
