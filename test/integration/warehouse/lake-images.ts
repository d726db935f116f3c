import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';

export const dataset = supportTickets;
const EPOCH = 1_750_000_000;

const columns = imageRowColumns(dataset);

/** A row of the lake; what is left out is that of an accepted ticket, or NULL. */
export interface Image {
  readonly source: string;
  readonly seq: number;
  readonly kind: '+' | '-' | 'T' | 'E' | 'X';
  readonly ticket?: string;
  readonly status?: string;
  readonly txEnd?: boolean;
}

/** The key that Firehose gives an object whose oldest record arrived then. */
export function firehoseKey(at: Date, number: number): string {
  const iso = at.toISOString();
  const stamp = iso.slice(0, 19).replaceAll(/[T:]/g, '-');
  const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const folder = `${dataset.name}/processed/dt=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}`;
  return `${folder}/${dataset.stream}-1-${stamp}-${uuid}.parquet`;
}

/** A query in DuckDB's SQL that gives the images as Firehose writes them. */
export function imagesQuery(images: readonly Image[]): string {
  const rows = images.map((image) => `SELECT ${literals(image)}`).join(' UNION ALL ');
  return `SELECT ${columns.map(castColumn).join(', ')} FROM (${rows})`;
}

function castColumn({ name, glueType }: (typeof columns)[number]): string {
  const type = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' }[glueType];
  return `CAST(${name} AS ${type}) AS ${name}`;
}

/** One content per ticket and status; the number is the rank, so that the newest one is shown. */
function literals({ source, seq, kind, ticket = '', status = '', txEnd = true }: Image): string {
  const isRow = kind === '+' || kind === '-';
  const isImage = isRow || kind === 'X';
  const known: Record<string, string> = {
    ...{ source: `'${source}'`, epoch: `${EPOCH}`, seq: `${seq}`, kind: `'${kind}'` },
    tx_end: txEnd ? '1' : '0',
    key_hash: isImage ? `md5('${ticket}')` : `''`,
    image_id: isRow ? `md5('${ticket}/${status}')` : isImage ? `'x:${seq}'` : `''`,
    rank: kind === 'X' ? '9007199254740000' : `${seq}`,
    rules_version: isRow ? '1' : '0',
    accepted: isRow ? '1' : '0',
    ticket_id: isImage ? `'${ticket}'` : 'NULL',
    status: isRow ? `'${status}'` : 'NULL',
    created_at_ms: '1751364000000',
    committed_ms: `${1_751_364_000_000 + seq * 1_000}`,
  };
  return columns.map(({ name }) => `${known[name] ?? 'NULL'} AS ${name}`).join(', ');
}

/** Makes Parquet files from queries. */
export async function openParquetWriter(): Promise<{
  write(query: string): Promise<Uint8Array>;
  close(): void;
}> {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const file = path.join(folder, 'rows.parquet');
  return {
    async write(query) {
      await connection.run(`COPY (${query}) TO '${file}' (FORMAT parquet)`);
      return readFileSync(file);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
