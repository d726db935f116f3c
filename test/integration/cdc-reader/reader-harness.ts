import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, vi } from 'vitest';
import type { TableStreamConfig } from '../../../cdc-reader/config.ts';
import { createReaderMetrics } from '../../../cdc-reader/reader-metrics.ts';
import { TableStream, type StreamWaits } from '../../../cdc-reader/table-stream.ts';
import { createWriterSchemas } from '../../../runtime/avro/writer-schemas.ts';
import { readFingerprint } from '../../../runtime/avro/single-object-encoding.ts';
import { readRange } from '../../../runtime/kafka/bounded-reader.ts';
import {
  createCheckpointStore,
  type CheckpointStore,
} from '../../../runtime/kafka/checkpoint-store.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import type { Trouble } from '../../../runtime/daemon/progress.ts';
import type { Logger } from '../../../runtime/observability/log.ts';
import { readerCheckpointSchema, type ReaderCheckpoint } from '../../../schemas/checkpoint.ts';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { changeHeaders, sourceId, type RowChange } from '../../../schemas/row-change.ts';
import { readerTransactionalId, topics, type Topic } from '../../../schemas/topics.ts';
import { uniqueName, type TestBroker } from '../kafka/broker.ts';
import type { Source } from './servers.ts';

interface LogLine {
  readonly level: string;
  readonly code?: string;
  readonly msg: string;
}

/** A log that tests can look at. */
function memoryLog() {
  const lines: LogLine[] = [];
  const log = pino(
    { level: 'debug', formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
  );
  return { log, lines };
}

export interface RunningReader {
  readonly lines: readonly LogLine[];
  readonly registry: Registry;
  readonly ready: boolean;
  readonly trouble: Trouble | undefined;
  /** Settles when the stream ends. */
  readonly ended: Promise<void>;
  /** As SIGTERM: what has been read is written. */
  stop(): Promise<void>;
}

export const loggedCodes = ({ lines }: RunningReader) =>
  lines.flatMap(({ code }) => (code === undefined ? [] : [code]));

export async function toLog(reader: RunningReader, code: string): Promise<void> {
  await vi.waitFor(() => expect(loggedCodes(reader)).toContain(code), 15_000);
}

export async function toBeReady(reader: RunningReader): Promise<void> {
  await vi.waitFor(() => expect(reader.ready).toBe(true), 15_000);
}

/** One captured table with a topic of its own. */
export class CapturedTable {
  readonly source: Source;
  readonly kafka: Kafka;
  readonly config: TableStreamConfig;
  readonly #readers: RunningReader[] = [];
  readonly #store;
  readonly #schemas;

  private constructor(source: Source, kafka: Kafka, config: TableStreamConfig) {
    this.source = source;
    this.kafka = kafka;
    this.config = config;
    const { log } = memoryLog();
    this.#store = createCheckpointStore(kafka, checkpointTopic(log));
    this.#schemas = createWriterSchemas(kafka, { log });
  }

  /** @param table name, different in every test of a source. */
  static async prepare(
    source: Source,
    broker: TestBroker,
    table: string,
    options: { readonly dataset?: TableDataset; readonly serverId?: number } = {},
  ): Promise<CapturedTable> {
    const kafka = broker.client();
    await createTopics(kafka, [topics.readerCheckpoints, topics.schemas, supportTickets.topic]);
    const dataset = options.dataset ?? ticketDataset(await broker.createTopic({ partitions: 2 }));
    const { database } = source;
    // The broker serves other tests too: source ids must not meet.
    const server = uniqueName('test');
    return new CapturedTable(source, kafka, {
      dataset,
      sourceId: sourceId(server, database, table),
      server,
      database,
      table,
      serverId: options.serverId ?? 7_001,
      heartbeatMs: 1_000,
      checkpointIntervalMs: 100,
      configHash: 'test',
    });
  }

  /** Starts a reader; it is stopped with the others by {@link close}. */
  start(overrides: Partial<TableStreamConfig> = {}, waits: Partial<StreamWaits> = {}) {
    const { log, lines } = memoryLog();
    const config = { ...this.config, ...overrides };
    const registry = new Registry();
    const stop = new AbortController();
    let isReady = false;
    let trouble: Trouble | undefined;
    const writer = createTransactionalWriter(this.kafka, {
      transactionalId: readerTransactionalId(config.sourceId),
      log,
    });
    const stream = new TableStream(config, {
      login: async () => this.source.login,
      writer,
      store: createCheckpointStore(this.kafka, checkpointTopic(log)),
      schemas: createWriterSchemas(this.kafka, { log }),
      metrics: createReaderMetrics(registry)(config.sourceId),
      log,
      onProgress: () => undefined,
      onReady: (ready) => {
        isReady = ready;
      },
      onTrouble: (told) => {
        trouble = told;
      },
      waits: { unretryableMs: 300, missingTableMs: 100, maxMs: 300, ...waits },
    });
    const ended = stream.run(stop.signal).finally(() => writer.close());
    ended.catch(() => undefined);
    const reader: RunningReader = {
      lines,
      registry,
      get ready() {
        return isReady;
      },
      get trouble() {
        return trouble;
      },
      ended,
      stop() {
        stop.abort();
        return ended;
      },
    };
    this.#readers.push(reader);
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop().catch(() => undefined)));
  }

  /** Lends the store of checkpoints to somebody who is not a reader. */
  async withStore<T>(
    work: (store: CheckpointStore<ReaderCheckpoint>, log: Logger) => Promise<T>,
  ): Promise<T> {
    return work(this.#store, memoryLog().log);
  }

  async checkpoint(): Promise<ReaderCheckpoint | undefined> {
    const { sourceId: key } = this.config;
    const latest = await this.#store.readLatest(
      (each) => each === key,
      AbortSignal.timeout(20_000),
    );
    return latest.get(key);
  }

  /** Waits until everything that is committed at the source now is in the topic. */
  async caughtUp(): Promise<ReaderCheckpoint> {
    const [version] = await this.source.rows('SELECT VERSION() AS version');
    const mariadb = version?.['version']?.includes('MariaDB') ?? false;
    const position = mariadb ? '@@gtid_binlog_pos' : '@@gtid_executed';
    const [row] = await this.source.rows(`SELECT ${position} AS gtids`);
    const wanted = lastNumber(row?.['gtids'] ?? '');
    return vi.waitFor(
      async () => {
        const checkpoint = await this.checkpoint();
        expect(checkpoint?.phase).toBe('streaming');
        expect(checkpoint?.open).toBeNull();
        expect(lastNumber(checkpoint?.gtidSet ?? '')).toBeGreaterThanOrEqual(wanted);
        if (!checkpoint) throw new Error('no checkpoint');
        return checkpoint;
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  /** All committed changes of the table in order of epoch and number; checks that they are whole. */
  async changes(): Promise<RowChange[]> {
    const changes: RowChange[] = [];
    const signal = AbortSignal.timeout(30_000);
    await readRange({
      kafka: this.kafka,
      topic: this.config.dataset.topic.name,
      signal,
      onBatch: async ({ messages }) => {
        for (const { value, headers = {} } of messages) {
          if (headers[changeHeaders.source]?.toString() !== this.config.sourceId) continue;
          const decoder = await this.#schemas.lookup(
            readFingerprint(value as Buffer) ?? '',
            signal,
          );
          const change = decoder?.decode(value as Buffer) as RowChange;
          const header = (name: string) => headers[name]?.toString();
          expect(header(changeHeaders.epoch)).toBe(String(change.source.epoch));
          expect(header(changeHeaders.seq)).toBe(String(change.source.seq));
          expect(header(changeHeaders.kind)).toBe(change.op);
          expect(header(changeHeaders.images)).toBe(change.op === 'u' ? '2' : '1');
          expect(header(changeHeaders.transactionEnd)).toBe(change.transaction_end ? '1' : '0');
          changes.push(change);
        }
      },
    });
    changes.sort((a, b) => a.source.epoch - b.source.epoch || a.source.seq - b.source.seq);
    return changes;
  }

  /** The table as the topic tells it, against the table as it is; numbers without gap or repeat. */
  async expectEqual(): Promise<void> {
    const { nextSeq, epoch } = await this.caughtUp();
    const changes = await this.changes();
    expectDense(changes);
    const last = changes.filter(({ source }) => source.epoch === epoch);
    expect(last.at(-1)?.transaction_end ?? true).toBe(true);
    expect(endOf(last)).toBe(nextSeq);
    const { database, table, dataset } = this.config;
    const columns = dataset.mapping.map(({ column }) => `\`${column}\``).join(', ');
    const rows = await this.source.rows(`SELECT ${columns} FROM \`${database}\`.\`${table}\``);
    const fields = dataset.mapping.map(({ column }) => column);
    expect(liveRows(last, fields)).toEqual(count(rows.map((row) => imageOf(row, fields))));
  }
}

/** Those that another test has made already are left as they are. */
async function createTopics(kafka: Kafka, wanted: readonly Topic[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    // The client would give up on a broker that does not know its newest topics yet.
    waitForLeaders: false,
    topics: wanted.map(({ name, partitions, cleanup }) => ({
      topic: name,
      numPartitions: partitions,
      configEntries: [{ name: 'cleanup.policy', value: cleanup }],
    })),
  });
  await vi.waitFor(
    () => Promise.all(wanted.map(({ name }) => admin.fetchTopicOffsets(name))),
    20_000,
  );
  await admin.disconnect();
}

/** The tickets' dataset with two mapped columns and a topic of its own. */
function ticketDataset(topic: string): TableDataset {
  return {
    ...supportTickets,
    topic: { ...supportTickets.topic, name: topic, partitions: 2 },
    mapping: ['ticket_id', 'status'].map((column) => ({ field: column, column })),
  };
}

function checkpointTopic(log: ReturnType<typeof memoryLog>['log']) {
  return {
    topic: topics.readerCheckpoints.name,
    parse: (json: unknown) => readerCheckpointSchema.parse(json),
    log,
  };
}

const imagesOf = (op: RowChange['op']) => (op === 'u' ? 2 : 1);

function endOf(changes: readonly RowChange[]): number {
  const last = changes.at(-1);
  return last ? last.source.seq + imagesOf(last.op) : 1;
}

/** Of the newest transaction, on a server with one domain or one UUID. */
function lastNumber(gtids: string): number {
  return Number(/(\d+)\s*$/.exec(gtids)?.[1] ?? 0);
}

/** Every epoch counts 1, 2, 3 …: a gap or a repeat is an error. */
function expectDense(changes: readonly RowChange[]): void {
  let [epoch, next] = [0, 1];
  for (const { op, source } of changes) {
    if (source.epoch !== epoch) [epoch, next] = [source.epoch, 1];
    if (source.seq !== next) expect(source.seq).toBe(next);
    next += imagesOf(op);
  }
}

function imageOf(row: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  return JSON.stringify(fields.map((field) => row[field]));
}

function count(images: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const image of images) counts.set(image, (counts.get(image) ?? 0) + 1);
  return new Map([...counts].filter(([, copies]) => copies !== 0).sort());
}

/** Rows that the changes of one epoch leave, with their copies; an image below zero stays visible. */
function liveRows(changes: readonly RowChange[], fields: readonly string[]): Map<string, number> {
  let counts = new Map<string, number>();
  const add = (row: RowChange['before'], sign: number) => {
    if (row === null) return;
    const image = imageOf(row, fields);
    counts.set(image, (counts.get(image) ?? 0) + sign);
  };
  for (const { op, before, after } of changes) {
    if (op === 't') counts = new Map();
    add(before, -1);
    add(after, 1);
  }
  return new Map([...counts].filter(([, copies]) => copies !== 0).sort());
}
