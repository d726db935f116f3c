import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';
import { logTables } from '../../warehouse-loader/log-statements.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';
import { isoOf, type CurrentRow, type TicketState, type TracedEntry } from './ticket-life.ts';

/** An image as the warehouse has it. */
export interface StoredImage {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly kind: string;
  readonly inSnapshot: boolean;
  readonly applied: boolean;
  readonly accepted: boolean;
  readonly rulesVersion: number;
  readonly reasons: string | null;
  readonly status: string | null;
  readonly gtid: string | null;
  readonly committedMs: number;
  readonly readAtMs: number | null;
  readonly partition: number | null;
  readonly offset: string | null;
}

const MAX_IMAGES = 100;
const MAX_ENTRIES = 50;

/** Images of a ticket that have arrived, oldest first, and how many there are in all. */
export async function readImages(
  api: DataApi,
  dataset: TableDataset,
  ticketId: string,
  signal: AbortSignal,
): Promise<{ readonly images: readonly StoredImage[]; readonly total: number }> {
  const t = imageTables(dataset);
  const columns = `c.source, c.epoch, c.seq, c.kind, c.accepted, c.rules_version, c.reasons, c.${dataset.lifecycle?.status ?? dataset.keyField} AS status, c.gtid, c.committed_ms, c.read_at_ms, c.kafka_partition, c.kafka_offset`;
  const hash = quoteText(keyHash(ticketId, ''));
  const every = `SELECT ${columns}, 1 AS applied FROM ${t.changes} c WHERE c.key_hash = ${hash} UNION ALL SELECT ${columns}, 0 AS applied FROM ${t.pending} c WHERE c.key_hash = ${hash}`;
  const { rows } = await api.query(
    `SELECT q.*, COUNT(*) OVER () AS total FROM (${every}) q ORDER BY q.source, q.epoch DESC, q.seq DESC LIMIT ${MAX_IMAGES}`,
    { signal },
  );
  return {
    images: rows.map(imageOf).reverse(),
    total: Number(rows[0]?.['total'] ?? 0),
  };
}

function imageOf(row: WarehouseRow): StoredImage {
  return {
    source: String(row['source']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    kind: String(row['kind']),
    // Every change of the stream carries its transaction; a row of a snapshot has none.
    inSnapshot: row['gtid'] === null,
    applied: Number(row['applied']) === 1,
    accepted: Number(row['accepted']) === 1,
    rulesVersion: Number(row['rules_version']),
    reasons: textOf(row, 'reasons'),
    status: textOf(row, 'status'),
    gtid: textOf(row, 'gtid'),
    committedMs: Number(row['committed_ms']),
    readAtMs: numberOf(row, 'read_at_ms'),
    partition: numberOf(row, 'kafka_partition'),
    offset: textOf(row, 'kafka_offset'),
  };
}

/** The rows of a ticket that the source holds now: the one that counts first. */
export async function readRows(
  api: DataApi,
  dataset: TableDataset,
  ticketId: string,
  signal: AbortSignal,
): Promise<CurrentRow[]> {
  const t = imageTables(dataset);
  const values = dataset.cleanColumns.map(({ name, type }) =>
    type === 'timestamp' ? `${name}_ms` : name,
  );
  const { rows } = await api.query(
    `SELECT s.source, s.epoch, s.event_seq, s.copies, s.is_latest, s.accepted, s.rules_version, s.reasons, ${values.map((name) => `s.${name}`).join(', ')} FROM ${t.state} s JOIN ${t.frontier} f ON f.source = s.source AND f.epoch = s.epoch AND f.shown = 1 WHERE s.key_hash = ${quoteText(keyHash(ticketId, ''))} AND s.copies > 0 ORDER BY s.is_latest DESC, s.event_seq`,
    { signal },
  );
  return rows.map((row) => ({
    event_id: eventId(row['source'], row['epoch'], row['event_seq']),
    condition: conditionOf(row),
    copies: Number(row['copies']),
    rules_version: Number(row['rules_version']),
    reasons: textOf(row, 'reasons'),
    values: Object.fromEntries(
      dataset.cleanColumns.map(({ name, type }): [string, string | number | null] => {
        if (type === 'text') return [name, textOf(row, name)];
        if (type === 'integer') return [name, numberOf(row, name)];
        const ms = numberOf(row, `${name}_ms`);
        return [name, ms === null ? null : isoOf(ms)];
      }),
    ),
  }));
}

function conditionOf(row: WarehouseRow): CurrentRow['condition'] {
  if (Number(row['accepted']) === 1) return Number(row['is_latest']) === 1 ? 'shown' : 'superseded';
  return Number(row['rules_version']) > 0 ? 'quarantined' : 'unreadable';
}

/** What the rows and images of a ticket come to. */
export function ticketState(
  rows: readonly CurrentRow[],
  images: readonly Pick<StoredImage, 'applied'>[],
): TicketState {
  if (rows.some(({ condition }) => condition === 'shown')) return 'shown';
  if (rows.length > 0) return 'quarantined';
  return images.some(({ applied }) => applied) ? 'deleted' : 'waiting';
}

/** An entry and the time that its text tells, 0 if none. */
interface SortedEntry {
  readonly sortMs: number;
  readonly entry: TracedEntry;
}

/** Log entries that name the ticket, oldest first, and how many there are in all. */
export async function readEntries(
  api: DataApi,
  dataset: LogDataset,
  ticketId: string,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly SortedEntry[]; readonly total: number }> {
  const { entry } = logTables(dataset);
  const told = toldColumns(dataset).map((column) => `${column}, `);
  const { rows } = await api.query(
    `SELECT e.entry_id, e.host, e.generation, e.pos, e.path, e.copies, e.accepted, e.rules_version, e.reasons, e.sort_ms, ${told.join('')}e.read_at_ms, e.kafka_partition, e.kafka_offset, COUNT(*) OVER () AS total FROM ${entry} e WHERE e.${dataset.keyField} = ${quoteText(ticketId)} ORDER BY e.sort_ms, e.entry_id LIMIT ${MAX_ENTRIES}`,
    { signal },
  );
  const entries = rows.map((row): SortedEntry => {
    const [loggedMs, readMs] = [numberOf(row, 'logged_at_ms'), numberOf(row, 'read_at_ms')];
    const offset = textOf(row, 'kafka_offset');
    const entry: TracedEntry = {
      dataset: dataset.shortName,
      event_id: eventId(row['host'], row['generation'], row['pos']),
      entry_id: String(row['entry_id']),
      logged_at: loggedMs === null ? null : isoOf(loggedMs),
      log_level: textOf(row, 'log_level'),
      message: textOf(row, 'message'),
      path: textOf(row, 'path'),
      copies: Number(row['copies']),
      verdict: Number(row['accepted']) === 1 ? 'accepted' : 'quarantined',
      rules_version: Number(row['rules_version']),
      reasons: textOf(row, 'reasons'),
      record: offset === null ? null : `kafka:${String(row['kafka_partition'])}:${offset}`,
      read_at: readMs === null ? null : isoOf(readMs),
    };
    return { sortMs: Number(row['sort_ms']), entry };
  });
  return { entries, total: Number(rows[0]?.['total'] ?? 0) };
}

/** What an entry tells of itself, as far as its format has that. */
function toldColumns({ cleanColumns }: LogDataset): string[] {
  const time = cleanColumns.find(({ type }) => type === 'timestamp');
  const has = (wanted: string) => cleanColumns.some(({ name }) => name === wanted);
  return [
    ...(time ? [`e.${time.name}_ms AS logged_at_ms`] : []),
    ...(has('log_level') ? ['e.log_level'] : []),
    ...(has('message') ? ['LEFT(e.message, 200) AS message'] : []),
  ];
}

export function eventId(...parts: unknown[]): string {
  return parts.map(String).join(':');
}

function textOf(row: WarehouseRow, column: string): string | null {
  const value = row[column] ?? null;
  return value === null ? null : String(value);
}

function numberOf(row: WarehouseRow, column: string): number | null {
  const value = row[column] ?? null;
  return value === null ? null : Number(value);
}
