import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { GlueTable } from '../../../../schemas/lake-layout.ts';
import { ACCOUNT } from '../authorization/authorizer.ts';
import type { Access } from '../authorization/policy-evaluation.ts';
import { hasErrorCode, writeDurably } from '../durable-files.ts';
import { AwsServiceError, type JsonCall, type JsonService } from '../service.ts';
import { type DeliveryParts, DeliveryStream } from './delivery-stream.ts';
import { ParquetConverter } from './parquet-converter.ts';
import { parsePut, parsePutBatch, type PutInput, sum } from './put-input.ts';
import { RecordRefusals } from './record-refusals.ts';
import { SpoolUnavailable } from './spool.ts';
import {
  parseStreamConfig,
  type StreamConfig,
  streamNameSchema,
  validationError,
} from './stream-config.ts';

export interface FirehoseOptions extends Omit<DeliveryParts, 'converter'> {
  /** Everything that must survive the process. */
  readonly folder: string;
  /** The tables that streams may convert to. */
  readonly glueTables: readonly GlueTable[];
}

const STREAM_FILE = 'stream.json';

const namedSchema = z.object({ DeliveryStreamName: streamNameSchema });
const listSchema = z.strictObject({
  DeliveryStreamType: z.literal('DirectPut').optional(),
  ExclusiveStartDeliveryStreamName: z.string().optional(),
  Limit: z.int().min(1).max(10_000).default(10),
});

const storedSchema = z.strictObject({
  input: z.record(z.string(), z.unknown()),
  createdMs: z.number(),
});

interface Known {
  readonly stream: DeliveryStream;
  readonly createdMs: number;
}

/**
 * Firehose with Direct PUT, conversion to Parquet and delivery to S3.
 * Protocol: Firehose API reference.
 */
export async function createFirehoseService(options: FirehoseOptions): Promise<JsonService> {
  await mkdir(options.folder, { recursive: true });
  const converter = await ParquetConverter.open(join(options.folder, '.duckdb'));
  const service = new FirehoseService(options, { ...options, converter });
  await service.restore();
  return service;
}

class FirehoseService implements JsonService {
  readonly targetPrefix = 'Firehose_20150804';
  readonly #options: FirehoseOptions;
  readonly #parts: DeliveryParts;
  readonly #streams = new Map<string, Known>();
  readonly #refusals = new RecordRefusals();

  constructor(options: FirehoseOptions, parts: DeliveryParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Opens the streams of an earlier process. */
  async restore(): Promise<void> {
    for (const name of await readdir(this.#options.folder)) {
      const folder = join(this.#options.folder, name);
      const stored = await readStored(folder);
      if (stored === undefined) continue;
      const config = parseStreamConfig(stored.input, this.#options.glueTables);
      await this.#open(config, folder, stored.createdMs);
    }
  }

  accesses({ operation, input, region }: Omit<JsonCall, 'signal'>): Access[] {
    const { DeliveryStreamName: name } = input;
    const resource =
      typeof name === 'string'
        ? `arn:aws:firehose:${region}:${ACCOUNT}:deliverystream/${name}`
        : '*';
    return [{ action: `firehose:${operation}`, resource }];
  }

  async call({ operation, input }: JsonCall): Promise<object> {
    switch (operation) {
      case 'CreateDeliveryStream':
        return this.#create(input);
      case 'DescribeDeliveryStream':
        return describe(this.#require(parseName(input)));
      case 'ListDeliveryStreams':
        return this.#list(input);
      case 'DeleteDeliveryStream':
        return this.#delete(parseName(input));
      case 'PutRecord':
        return this.#putRecord(parsePut(input));
      case 'PutRecordBatch':
        return this.#putRecordBatch(parsePutBatch(input));
      default:
        throw new AwsServiceError(
          'UnknownOperationException',
          `The local endpoint does not serve ${operation}.`,
        );
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#streams.values()].map(({ stream }) => stream.close()));
    await this.#parts.converter.close();
  }

  async #create(input: Readonly<Record<string, unknown>>): Promise<object> {
    const config = parseStreamConfig(input, this.#options.glueTables);
    const folder = join(this.#options.folder, config.name);
    const createdMs = Date.now();
    await mkdir(folder, { recursive: true });
    const stored: z.infer<typeof storedSchema> = { input, createdMs };
    const isNew = await writeDurably(join(folder, STREAM_FILE), JSON.stringify(stored), {
      isNew: true,
    });
    if (!isNew) {
      throw new AwsServiceError(
        'ResourceInUseException',
        `Firehose ${config.name} under accountId ${ACCOUNT} already exists`,
      );
    }
    await this.#open(config, folder, createdMs);
    return { DeliveryStreamARN: arnOf(config.name) };
  }

  async #open(config: StreamConfig, folder: string, createdMs: number): Promise<void> {
    const stream = await DeliveryStream.open(config, folder, this.#parts);
    this.#streams.set(config.name, { stream, createdMs });
  }

  /** As on AWS, what the stream has not delivered yet goes with it. */
  async #delete(name: string): Promise<object> {
    const { stream } = this.#require(name);
    this.#streams.delete(name);
    await stream.close();
    await rm(join(this.#options.folder, name), { recursive: true });
    return {};
  }

  #list(input: Readonly<Record<string, unknown>>): object {
    const parsed = listSchema.safeParse(input);
    if (!parsed.success) throw validationError(parsed.error);
    const { ExclusiveStartDeliveryStreamName: after = '', Limit: limit } = parsed.data;
    const names = [...this.#streams.keys()].sort().filter((name) => name > after);
    return {
      DeliveryStreamNames: names.slice(0, limit),
      HasMoreDeliveryStreams: names.length > limit,
    };
  }

  async #putRecord({ stream: name, records, sizes }: PutInput): Promise<object> {
    await accept(this.#require(name).stream, records, sizes);
    return { RecordId: recordIds()(0), Encrypted: false };
  }

  async #putRecordBatch({ stream: name, records, sizes }: PutInput): Promise<object> {
    const { stream } = this.#require(name);
    const fault = this.#options.faults.next('PutRecordBatch', name);
    const failing = fault?.action === 'fail-records' ? fault : undefined;
    const refused = new Set(failing && this.#refusals.of(failing, records));
    const isTaken = (_: unknown, index: number) => !refused.has(index);
    await accept(stream, records.filter(isTaken), sizes.filter(isTaken));
    const idOf = recordIds();
    const responses = records.map((_, index) =>
      refused.has(index)
        ? { ErrorCode: failing?.code, ErrorMessage: 'Slow down.' }
        : { RecordId: idOf(index) },
    );
    return { FailedPutCount: refused.size, Encrypted: false, RequestResponses: responses };
  }

  #require(name: string): Known {
    const known = this.#streams.get(name);
    if (known === undefined) {
      throw new AwsServiceError(
        'ResourceNotFoundException',
        `Firehose ${name} under account ${ACCOUNT} not found.`,
      );
    }
    return known;
  }
}

async function accept(
  stream: DeliveryStream,
  records: readonly string[],
  sizes: readonly number[],
): Promise<void> {
  if (records.length === 0) return;
  try {
    await stream.put(records, sum(sizes));
  } catch (error) {
    throw error instanceof SpoolUnavailable
      ? new AwsServiceError('ServiceUnavailableException', error.message, 503)
      : error;
  }
}

/** Ids of the records of one call. */
function recordIds(): (index: number) => string {
  const batch = randomUUID();
  return (index) => `${batch}${String(index).padStart(4, '0')}`;
}

function arnOf(name: string): string {
  return `arn:aws:firehose:us-east-1:${ACCOUNT}:deliverystream/${name}`;
}

function describe({ stream: { config }, createdMs }: Known): object {
  return {
    DeliveryStreamDescription: {
      DeliveryStreamName: config.name,
      DeliveryStreamARN: arnOf(config.name),
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamType: 'DirectPut',
      VersionId: config.versionId,
      CreateTimestamp: createdMs / 1000,
      Destinations: [
        {
          DestinationId: 'destinationId-000000000001',
          ExtendedS3DestinationDescription: config.description,
        },
      ],
      HasMoreDestinations: false,
    },
  };
}

function parseName(input: unknown): string {
  const parsed = namedSchema.safeParse(input);
  if (!parsed.success) throw validationError(parsed.error);
  return parsed.data.DeliveryStreamName;
}

async function readStored(folder: string) {
  try {
    return storedSchema.parse(JSON.parse(await readFile(join(folder, STREAM_FILE), 'utf8')));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
