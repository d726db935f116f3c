import { z } from 'zod';
import type { GlueTable } from '../../../../schemas/lake-layout.ts';
import { AwsServiceError } from '../service.ts';
import {
  hasErrorOutputType,
  hasExpressions,
  hasTimestamp,
  parsePrefix,
  PrefixError,
  type PrefixTemplate,
} from './prefix-expressions.ts';

const roleArn = z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/);

const conversionSchema = z.strictObject({
  Enabled: z.boolean().default(true),
  InputFormatConfiguration: z.strictObject({
    Deserializer: z.strictObject({
      // Its options are at their defaults: keys in any case, no renaming.
      OpenXJsonSerDe: z.strictObject({
        CaseInsensitive: z.literal(true).optional(),
        ConvertDotsInJsonKeysToUnderscores: z.literal(false).optional(),
      }),
    }),
  }),
  OutputFormatConfiguration: z.strictObject({
    Serializer: z.strictObject({
      ParquetSerDe: z.strictObject({
        Compression: z.enum(['SNAPPY', 'GZIP', 'UNCOMPRESSED']).default('SNAPPY'),
        BlockSizeBytes: z
          .int()
          .min(64 * 1024 * 1024)
          .optional(),
        PageSizeBytes: z
          .int()
          .min(64 * 1024)
          .optional(),
        EnableDictionaryCompression: z.boolean().optional(),
        MaxPaddingBytes: z.int().min(0).optional(),
        WriterVersion: z.literal('V1').optional(),
      }),
    }),
  }),
  SchemaConfiguration: z.strictObject({
    RoleARN: roleArn,
    CatalogId: z.string().optional(),
    DatabaseName: z.string().min(1),
    TableName: z.string().min(1),
    Region: z.string().optional(),
    VersionId: z.string().default('LATEST'),
  }),
});

const destinationSchema = z.strictObject({
  RoleARN: roleArn,
  BucketARN: z.string().regex(/^arn:aws[\w-]*:s3:::[\w.-]{3,63}$/),
  Prefix: z.string().max(1024).default(''),
  ErrorOutputPrefix: z.string().max(1024).optional(),
  BufferingHints: z
    .strictObject({
      SizeInMBs: z.int().min(1).max(128).optional(),
      IntervalInSeconds: z.int().min(0).max(900).optional(),
    })
    .optional(),
  CompressionFormat: z
    .enum(['UNCOMPRESSED', 'GZIP', 'ZIP', 'Snappy', 'HADOOP_SNAPPY'])
    .default('UNCOMPRESSED'),
  DataFormatConversionConfiguration: conversionSchema.optional(),
  EncryptionConfiguration: z
    .strictObject({ NoEncryptionConfig: z.literal('NoEncryption') })
    .optional(),
  CloudWatchLoggingOptions: z.record(z.string(), z.unknown()).optional(),
  ProcessingConfiguration: z.strictObject({ Enabled: z.literal(false).optional() }).optional(),
  DynamicPartitioningConfiguration: z.strictObject({ Enabled: z.literal(false) }).optional(),
  S3BackupMode: z.literal('Disabled').optional(),
  FileExtension: z
    .string()
    .max(128)
    .regex(/^(|\.[0-9a-z!\-_.*'()]+)$/)
    .optional(),
  CustomTimeZone: z.literal('UTC').optional(),
});

export const streamNameSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z0-9_.-]+$/);

const createSchema = z.strictObject({
  DeliveryStreamName: streamNameSchema,
  DeliveryStreamType: z.literal('DirectPut').default('DirectPut'),
  ExtendedS3DestinationConfiguration: destinationSchema,
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string().optional() })).optional(),
});

/** With conversion AWS refuses less, and takes this much where nothing is said. */
const MIN_CONVERSION_MIB = 64;
const DEFAULT_CONVERSION_MIB = 128;
const DEFAULT_INTERVAL_SECONDS = 300;

const codecs = { SNAPPY: 'snappy', GZIP: 'gzip', UNCOMPRESSED: 'uncompressed' } as const;

/** A delivery stream's settings, checked and complete. */
export interface StreamConfig {
  readonly name: string;
  readonly versionId: string;
  readonly bucket: string;
  readonly prefix: PrefixTemplate;
  readonly errorPrefix: PrefixTemplate;
  readonly fileExtension: string;
  readonly bufferBytes: number;
  readonly intervalMs: number;
  readonly codec: (typeof codecs)[keyof typeof codecs];
  readonly table: GlueTable;
  readonly catalog: {
    readonly catalogId: string;
    readonly region: string;
    readonly versionId: string;
  };
  /** As DescribeDeliveryStream gives it back. */
  readonly description: z.infer<typeof destinationSchema>;
}

/**
 * Checks the input of CreateDeliveryStream as Firehose does.
 * Protocol: Firehose API reference, CreateDeliveryStream, ExtendedS3DestinationConfiguration and
 * DataFormatConversionConfiguration. What AWS takes but the local endpoint cannot do is refused too.
 *
 * @throws {AwsServiceError} ValidationException for the form, InvalidArgumentException for the sense.
 */
export function parseStreamConfig(
  input: Readonly<Record<string, unknown>>,
  glueTables: readonly GlueTable[],
): StreamConfig {
  const parsed = createSchema.safeParse(input);
  if (!parsed.success) throw validationError(parsed.error);
  const { DeliveryStreamName: name, ExtendedS3DestinationConfiguration: destination } = parsed.data;
  const conversion = destination.DataFormatConversionConfiguration;
  if (!conversion?.Enabled) {
    throw invalid('The local endpoint serves only streams with data format conversion.');
  }
  if (destination.CompressionFormat !== 'UNCOMPRESSED') {
    throw invalid('CompressionFormat must be UNCOMPRESSED when data format conversion is enabled.');
  }
  const { sizeMiB, intervalSeconds } = readBufferingHints(destination.BufferingHints);
  const { prefix, errorPrefix } = readPrefixes(destination.Prefix, destination.ErrorOutputPrefix);
  const schema = conversion.SchemaConfiguration;
  return {
    name,
    versionId: '1',
    bucket: destination.BucketARN.slice(destination.BucketARN.lastIndexOf(':') + 1),
    prefix,
    errorPrefix,
    fileExtension: destination.FileExtension || '.parquet',
    bufferBytes: sizeMiB * 1024 * 1024,
    intervalMs: intervalSeconds * 1000,
    codec: codecs[conversion.OutputFormatConfiguration.Serializer.ParquetSerDe.Compression],
    table: findTable(glueTables, schema.DatabaseName, schema.TableName),
    catalog: {
      catalogId: schema.CatalogId ?? destination.RoleARN.split(':')[4] ?? '',
      region: schema.Region ?? 'us-east-1',
      versionId: schema.VersionId,
    },
    description: {
      ...destination,
      BufferingHints: { SizeInMBs: sizeMiB, IntervalInSeconds: intervalSeconds },
    },
  };
}

function readBufferingHints(hints: z.infer<typeof destinationSchema>['BufferingHints']) {
  if (hints === undefined) {
    return { sizeMiB: DEFAULT_CONVERSION_MIB, intervalSeconds: DEFAULT_INTERVAL_SECONDS };
  }
  const { SizeInMBs: sizeMiB, IntervalInSeconds: intervalSeconds } = hints;
  if (sizeMiB === undefined || intervalSeconds === undefined) {
    throw invalid('BufferingHints takes SizeInMBs and IntervalInSeconds together.');
  }
  if (sizeMiB < MIN_CONVERSION_MIB) {
    throw invalid('SizeInMBs must be at least 64 when data format conversion is enabled.');
  }
  return { sizeMiB, intervalSeconds };
}

/** Without a timestamp the default folders are appended, with no slash between. */
const DEFAULT_FOLDERS = '!{timestamp:yyyy/MM/dd/HH/}';

function readPrefixes(prefixText: string, errorPrefixText: string | undefined) {
  try {
    const prefix = parsePrefix(prefixText);
    if (errorPrefixText === undefined) {
      throw invalid(
        hasExpressions(prefix)
          ? 'ErrorOutputPrefix is required when Prefix contains expressions.'
          : 'The local endpoint requires an ErrorOutputPrefix.',
      );
    }
    const errorPrefix = parsePrefix(errorPrefixText);
    if (hasErrorOutputType(prefix)) {
      throw invalid('Prefix cannot contain !{firehose:error-output-type}.');
    }
    if (
      (hasExpressions(prefix) || hasExpressions(errorPrefix)) &&
      !hasErrorOutputType(errorPrefix)
    ) {
      throw invalid('ErrorOutputPrefix must contain !{firehose:error-output-type}.');
    }
    return {
      prefix: hasTimestamp(prefix) ? prefix : [...prefix, ...parsePrefix(DEFAULT_FOLDERS)],
      errorPrefix,
    };
  } catch (error) {
    throw error instanceof PrefixError ? invalid(error.message) : error;
  }
}

function findTable(tables: readonly GlueTable[], database: string, name: string): GlueTable {
  const table = tables.find((known) => known.database === database && known.name === name);
  if (table === undefined) {
    throw invalid(`Access was denied or the table ${database}.${name} does not exist in Glue.`);
  }
  return table;
}

function invalid(message: string): AwsServiceError {
  return new AwsServiceError('InvalidArgumentException', message);
}

/** A request that does not have its form. */
export function validationError(error: z.ZodError): AwsServiceError {
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return new AwsServiceError(
    'ValidationException',
    `${problems.length} validation error(s) detected: ${problems.join('; ')}`,
  );
}
