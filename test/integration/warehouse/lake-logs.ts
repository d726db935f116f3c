import { createHash } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import { createDecoder, createEncoder } from '../../../runtime/avro/single-object-encoding.ts';
import type { LogDataset } from '../../../schemas/datasets/log-dataset.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import type { LakeColumn } from '../../../schemas/lake-column.ts';
import { processedPrefix } from '../../../schemas/lake-layout.ts';
import {
  logBlockSchema,
  logHeaders,
  type LogBlock,
  type LogRange,
} from '../../../schemas/log-entries.ts';
import { logRowColumns } from '../../../schemas/log-row.ts';
import type { LakeRow } from '../../../stream-processors/batch-processor.ts';
import { createBlockBatchProcessor } from '../../../stream-processors/logs/block-batch.ts';

export const dataset = supportLogs;

const logColumns = logRowColumns(dataset);
const encoder = createEncoder(logBlockSchema);
const decoder = createDecoder(logBlockSchema);

/** Blank lines, or an entry with its terminator line. */
const PARTS = /^\n+|^[^\n][\s\S]*?^---(?:\n|(?![\s\S]))/gm;

/** Reads a file whose entries all end with `---` as one block. */
export function blockOf(file: {
  readonly host: string;
  readonly generation: string;
  readonly text: string;
  readonly offset?: number;
}): LogBlock {
  const { host, generation, text, offset = 0 } = file;
  let at = offset;
  const ranges = (text.match(PARTS) ?? []).map((part): LogRange => {
    const bytes = Buffer.from(part);
    const start = at;
    at += bytes.length;
    const isEntry = part.trim() !== '';
    return {
      ...{ offset: start, length: bytes.length, truncated: false },
      ...(isEntry
        ? { kind: 'entry', entry_id: entryId(host, part), bytes }
        : { kind: 'filler', entry_id: '', bytes: Buffer.alloc(0) }),
    };
  });
  return {
    ...{ host, generation, path: `/logs/${generation}.log`, generation_start: 0, ranges },
    read_at_ms: 1_751_364_000_000 + at,
  };
}

/** Enough of an identity for files without CR and blanks at line ends. */
function entryId(host: string, entry: string): string {
  const text = entry.replace(/\n---\n?$/, '');
  return createHash('sha256').update(`${host}\0${text}`).digest('hex').slice(0, 32);
}

/**
 * The lake rows that the processor makes of a block's record; of garbage, when it is `unreadable`.
 *
 * @param by the dataset with the rules to judge by.
 */
export async function rowsOf(
  block: LogBlock,
  unreadable = false,
  by: LogDataset = dataset,
): Promise<readonly LakeRow[]> {
  const last = block.ranges.at(-1);
  const message: KafkaMessage = {
    ...{ key: null, timestamp: '1751364000000', attributes: 0, offset: '7' },
    value: unreadable ? Buffer.from('garbage') : encoder.encode(block),
    headers: {
      [logHeaders.host]: block.host,
      [logHeaders.generation]: block.generation,
      [logHeaders.generationStart]: String(block.generation_start),
      [logHeaders.first]: String(block.ranges[0]?.offset),
      [logHeaders.end]: String((last?.offset ?? 0) + (last?.length ?? 0)),
    },
  };
  const schemas = { lookup: async () => decoder };
  const processor = createBlockBatchProcessor({ dataset: by, schemas });
  const batch = { partition: 3, messages: [message] };
  const { rows } = await processor.process(batch, AbortSignal.timeout(30_000));
  return rows;
}

/** A query in DuckDB's SQL that gives the rows as Firehose writes them. */
export function rowsQuery(
  rows: readonly LakeRow[],
  columns: readonly LakeColumn[] = logColumns,
): string {
  const values = rows.map(
    (row) => `(${columns.map(({ name }) => literal(row[name] ?? null)).join(', ')})`,
  );
  const casts = columns.map(({ name, glueType }) => {
    const type = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' }[glueType];
    return `CAST(${name} AS ${type}) AS ${name}`;
  });
  const names = columns.map(({ name }) => name).join(', ');
  return `SELECT ${casts.join(', ')} FROM (VALUES ${values.join(', ')}) AS r (${names})`;
}

function literal(value: string | number | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** The key of an object as Firehose gives it. */
export function logKey(number: number): string {
  const iso = new Date().toISOString();
  const stamp = iso.slice(0, 19).replaceAll(/[T:]/g, '-');
  const folder = `${processedPrefix(dataset)}dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}`;
  return `${folder}/${dataset.stream}-1-${stamp}-${String(number).padStart(12, '0')}.parquet`;
}
