import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { readFingerprint, type AvroDecoder } from '../../runtime/avro/single-object-encoding.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import { projectColumns } from '../../schemas/datasets/projection.ts';
import type { RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import { parseRawKey, rawPrefix } from '../../schemas/raw-archive.ts';
import { avroFieldName, type RowChange, type RowValues } from '../../schemas/row-change.ts';

/** One image of the archive, as the source gave it. */
export interface ArchivedImage {
  readonly epoch: number;
  readonly seq: number;
  readonly kind: '+' | '-';
  readonly raw: RawImage;
  readonly gtid: string | null;
  readonly committedMs: number;
}

/** What the raw archive of a table is read with. */
export interface RawArchive {
  /** Keys under a prefix, in order. */
  readonly keys: (prefix: string) => Promise<readonly string[]>;
  readonly get: (key: string) => Promise<Buffer | undefined>;
  readonly decoder: (fingerprint: string) => Promise<AvroDecoder | undefined>;
}

const unpack = promisify(gunzip);
const lineSchema = z.looseObject({ value: z.string().nullable() });

/**
 * Reads every image of a source out of the raw archive, object by object. What cannot be decoded is
 * passed over: it is no evidence.
 *
 * @throws {PipelineError} LAKE_4004 for an object that is none of the archive's.
 */
export async function* archivedImages(
  { dataset, source }: { readonly dataset: TableDataset; readonly source: string },
  archive: RawArchive,
): AsyncGenerator<readonly ArchivedImage[], void, undefined> {
  const projections = new Map<string, ReturnType<typeof projectionOf>>();
  for (const key of await archive.keys(rawPrefix(dataset))) {
    if (parseRawKey(key)?.topic !== dataset.topic.name) continue;
    const images: ArchivedImage[] = [];
    for (const value of await valuesOf(key, await archive.get(key))) {
      const fingerprint = readFingerprint(value);
      const decoder = fingerprint && (await archive.decoder(fingerprint));
      if (!fingerprint || !decoder) continue;
      const project = projections.get(fingerprint) ?? projectionOf(dataset, decoder.schema);
      projections.set(fingerprint, project);
      const change = decodedChange(decoder, value);
      if (!change || !project || sourceOf(change) !== source) continue;
      images.push(...imagesOf(change, project));
    }
    yield images;
  }
}

async function valuesOf(key: string, bytes: Buffer | undefined): Promise<Buffer[]> {
  // Between the listing and now an object may have been replaced.
  if (bytes === undefined) return [];
  try {
    const lines = (await unpack(bytes)).toString('utf8').split('\n');
    return lines
      .filter((line) => line !== '')
      .flatMap((line) => {
        const { value } = lineSchema.parse(JSON.parse(line));
        return value === null ? [] : [Buffer.from(value, 'base64')];
      });
  } catch (cause) {
    throw new PipelineError('LAKE_4004', `${key}: ${errorText(cause)}`, { cause });
  }
}

function decodedChange(decoder: AvroDecoder, value: Buffer): RowChange | undefined {
  try {
    return decoder.decode(value) as RowChange;
  } catch {
    return undefined;
  }
}

function sourceOf({ source: { server, schema, table } }: RowChange): string {
  return `${server}.${schema}.${table}`;
}

/** An update takes two numbers: the row before, then the row after. */
function imagesOf(
  { op, before, after, source }: RowChange,
  project: (row: RowValues) => RawImage,
): ArchivedImage[] {
  const { epoch, gtid, source_time_ms: committedMs } = source;
  const image = (kind: '+' | '-', row: RowValues | null, seq: number): ArchivedImage[] =>
    row === null ? [] : [{ epoch, seq, kind, raw: project(row), gtid, committedMs }];
  if (op === 'u') return [...image('-', before, source.seq), ...image('+', after, source.seq + 1)];
  return op === 'd' ? image('-', before, source.seq) : image('+', after, source.seq);
}

const rowFields = z.tuple([
  z.literal('null'),
  z.object({
    fields: z.array(
      z.object({
        name: z.string(),
        column: z.string().optional(),
        mappedField: z.string().optional(),
      }),
    ),
  }),
]);
const envelope = z.object({ fields: z.array(z.object({ name: z.string(), type: z.unknown() })) });

/** How the rows of a writer schema become mapped fields: as it says, else by the columns' names. */
function projectionOf(
  { mapping }: TableDataset,
  schema: object,
): ((row: RowValues) => RawImage) | undefined {
  const before = envelope.parse(schema).fields.find(({ name }) => name === 'before');
  const [, { fields }] = rowFields.parse(before?.type);
  const told = new Map(
    fields.flatMap(({ name, column = name, mappedField }) =>
      mappedField === undefined ? [] : [[mappedField, column] as const],
    ),
  );
  const untold = mapping.filter(({ field }) => !told.has(field));
  const found = projectColumns(
    untold,
    fields.map(({ name, column = name }) => column),
  );
  if ('missing' in found) return undefined;
  const names = mapping.map(({ field }) => {
    const column = told.get(field) ?? found.columns.get(field) ?? '';
    return [field, avroFieldName(column)] as const;
  });
  return (row) => Object.fromEntries(names.map(([field, name]) => [field, row[name] ?? null]));
}
