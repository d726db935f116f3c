import { supportLogs } from '../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { imageRowColumns, verdictColumns } from '../../schemas/image-row.ts';
import type { LakeColumn } from '../../schemas/lake-column.ts';
import { logRowColumns, logVerdictColumns } from '../../schemas/log-row.ts';

/**
 * Rows as the processors make them, by SQL that DuckDB (for objects) and PostgreSQL (for history)
 * read alike. One row in twenty is quarantined and carries its original.
 */
export interface BenchRows {
  /** Unit of the figures. */
  readonly unit: string;
  /** PostgreSQL: what a warehouse holds after so many rows; the tables are emptied first. */
  readonly history: (rows: number) => readonly string[];
  /** DuckDB: the rows that follow, number `from` … `to`, both ends included. */
  readonly stream: (from: number, to: number) => string;
  /** How many rows of history there are when so many are asked for. */
  readonly whole: (rows: number) => number;
  /** DuckDB: the n-th batch (from 0) of that size behind so many rows of history. */
  readonly batch: (history: number, n: number, size: number) => string;
}

type Expressions = Readonly<Record<string, string>>;

const START_MS = 1_751_364_000_000;
const SOURCE = `'bench.care.tickets'`;
const EPOCH = '1750000000';

/** In the order of the columns; NULL where nothing is said. */
const listed = (columns: readonly LakeColumn[], expressions: Expressions): string =>
  columns
    .map(({ name, glueType }) => {
      const type = { string: 'VARCHAR', int: 'INTEGER', bigint: 'BIGINT' }[glueType];
      return `CAST(${expressions[name] ?? 'NULL'} AS ${type}) AS ${name}`;
    })
    .join(', ');

const names = (columns: readonly LakeColumn[]): string =>
  columns.map(({ name }) => name).join(', ');

/** Firehose keeps no order. */
const shuffled = (query: string): string => `${query} ORDER BY hash(n)`;

/** Of ticket `k` in its version `v`, as image `n` of kind `kind`. */
const image: Expressions = {
  ...{ source: SOURCE, epoch: EPOCH, seq: 'n', kind: 'kind' },
  tx_end: `CASE WHEN kind = '-' THEN 0 ELSE 1 END`,
  key_hash: `md5('TKT-' || k)`,
  image_id: `md5('TKT-' || k || '/' || v)`,
  rank: `${START_MS} + (k % 44640) * 60000 + v`,
  rules_version: String(supportTickets.rulesVersion),
  accepted: 'CASE WHEN k % 20 = 0 THEN 0 ELSE 1 END',
  ticket_id: `'TKT-' || k`,
  created_at_ms: `${START_MS} + (k % 44640) * 60000`,
  resolved_at_ms: `CASE WHEN v > 0 THEN ${START_MS} + (k % 44640) * 60000 + v * 3600000 END`,
  agent: `'agent number ' || (k % 50)`,
  priority: `CASE WHEN k % 20 = 0 THEN NULL WHEN k % 3 = 0 THEN 'High' ELSE 'Medium' END`,
  num_interactions: 'k % 12',
  issue_category: `CASE WHEN k % 2 = 0 THEN 'Billing Inquiry' ELSE 'Technical Issue' END`,
  channel: `CASE WHEN k % 5 = 0 THEN 'Phone' ELSE 'Email' END`,
  status: `CASE WHEN v > 0 THEN 'Resolved' ELSE 'Open' END`,
  reasons: `CASE WHEN k % 20 = 0 THEN 'priority:unknown-value' END`,
  original: `CASE WHEN k % 20 = 0 THEN repeat('"column": "value as it stood", ', 10) END`,
  original_bytes: 'CASE WHEN k % 20 = 0 THEN 300 END',
  book_day: `'2025-07-' || (10 + k % 20)`,
  // The two images of an update are one source transaction.
  gtid: `'0-101-' || k || '-' || CASE WHEN kind = '-' THEN v + 1 ELSE v END`,
  ...{ committed_ms: `${START_MS} + n`, read_at_ms: `${START_MS} + n + 7` },
  ...{ kafka_partition: 'k % 6', kafka_offset: 'n' },
};

/** The end of the snapshot of an empty table: number 1. */
const snapshotEnd: Expressions = {
  ...{ source: SOURCE, epoch: EPOCH, seq: '1', tx_end: '1', kind: `'E'`, key_hash: `''` },
  ...{ image_id: `''`, rank: '0', rules_version: '0', accepted: '0' },
};

/** Behind it a ticket's life is three images: it is opened, then resolved. */
const lives = `SELECT n, CAST(((n - 2) - (n - 2) % 3) / 3 AS BIGINT) AS k,
  CASE WHEN (n - 2) % 3 = 2 THEN 1 ELSE 0 END AS v, CASE WHEN (n - 2) % 3 = 1 THEN '-' ELSE '+' END AS kind`;

const imageColumns = imageRowColumns(supportTickets);
const stateColumns = verdictColumns(supportTickets);

/** What `ticket_periods` says of a ticket that was opened and resolved. */
const periods = (place: number, status: string, prior: string, entered: string, left: string) =>
  `INSERT INTO careplus.ticket_periods (source, key_hash, place, status, prior_status, entered_ms, left_ms, epoch, seq, ticket_id, rules_version)
SELECT ${SOURCE}, ${image['key_hash'] ?? ''}, ${place}, ${status}, ${prior}, ${entered}, ${left}, ${EPOCH}, n, ${image['ticket_id'] ?? ''}, ${supportTickets.rulesVersion}
FROM (${lives} FROM generate_series(4, :rows, 3) AS r (n)) q WHERE k % 20 <> 0`;

export const ticketRows: BenchRows = {
  unit: 'images',
  whole,
  history: (rows) =>
    [
      'TRUNCATE careplus.ticket_changes, careplus.ticket_state, careplus.ticket_pending, careplus.ticket_periods, ops.ticket_frontier',
      `INSERT INTO careplus.ticket_changes (${names(imageColumns)}) SELECT ${listed(imageColumns, snapshotEnd)}`,
      `INSERT INTO careplus.ticket_changes (${names(imageColumns)})
SELECT ${listed(imageColumns, image)} FROM (${lives} FROM generate_series(2, :rows) AS r (n)) q`,
      `INSERT INTO careplus.ticket_state (source, epoch, key_hash, image_id, copies, is_latest, event_seq, ${names(stateColumns)})
SELECT ${SOURCE}, ${EPOCH}, ${image['key_hash'] ?? ''}, ${image['image_id'] ?? ''}, 1, 1, n, ${listed(stateColumns, image)}
FROM (${lives} FROM generate_series(4, :rows, 3) AS r (n)) q`,
      periods(1, `'Open'`, 'NULL', image['created_at_ms'] ?? '', image['resolved_at_ms'] ?? ''),
      periods(2, `'Resolved'`, `'Open'`, image['resolved_at_ms'] ?? '', 'NULL'),
      `INSERT INTO ops.ticket_frontier (source, epoch, seq, ready, live, shown, committed_ms)
VALUES (${SOURCE}, ${EPOCH}, :rows, 1, 1, 1, ${START_MS})`,
      ...['changes', 'state', 'periods'].map((name) => `ANALYZE careplus.ticket_${name}`),
    ].map((sql) => sql.replaceAll(':rows', String(whole(rows)))),
  stream: (from, to) =>
    shuffled(`SELECT ${listed(imageColumns, image)}
FROM (${lives} FROM range(${from}, ${to} + 1) AS r (n)) q`),
  // Updates of tickets from all over the table: two images each.
  batch: (history, n, size) => {
    const tickets = Math.floor((history - 1) / 3);
    const stride = Math.max(1, Math.floor(tickets / (size / 2)));
    const version = 1 + Math.floor(n / stride);
    const [first, offset] = [whole(history) + n * size, n % stride];
    return shuffled(`SELECT ${listed(imageColumns, image)}
FROM (SELECT ${first} + i AS n, CAST(((i - 1) - (i - 1) % 2) / 2 AS BIGINT) * ${stride} + ${offset} AS k,
  ${version} + (i - 1) % 2 AS v, CASE WHEN (i - 1) % 2 = 0 THEN '-' ELSE '+' END AS kind
  FROM range(1, ${size} + 1) AS r (i)) q`);
  },
};

/** So many images that no ticket's life is cut. */
function whole(rows: number): number {
  return rows - ((rows - 1) % 3);
}

const ENTRY_BYTES = 350;

/** Entry number `n` of one file. */
const entry: Expressions = {
  ...{ host: `'web-01'`, generation: `'1751364000000-0123456789abcdef'`, generation_start: '0' },
  ...{ pos: `(n - 1) * ${ENTRY_BYTES}`, len: String(ENTRY_BYTES), kind: `'E'` },
  entry_id: `md5('entry ' || n)`,
  rules_version: String(supportLogs.rulesVersion),
  accepted: 'CASE WHEN n % 20 = 0 THEN 0 ELSE 1 END',
  ...{ sort_ms: `${START_MS} + n * 20`, logged_at_ms: `${START_MS} + n * 20` },
  log_level: `CASE WHEN n % 9 = 0 THEN 'ERROR' ELSE 'INFO' END`,
  component: `'shop.component.' || (n % 12)`,
  ...{ ticket_id: `'TKT-' || (n % 9000)`, session_id: `md5('session ' || (n % 5000))` },
  ip: `'192.0.2.' || (n % 250)`,
  ...{ response_time_ms: 'n % 2000', cpu_percent_hundredths: 'n % 10000' },
  event_type: `'checkout'`,
  is_error: 'CASE WHEN n % 9 = 0 THEN 1 ELSE 0 END',
  user_agent: `'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'`,
  message: `'The order ' || n || ' was handed over to the warehouse'`,
  debug: `'state=' || (n % 7)`,
  trace_id: `md5('trace ' || n)`,
  reasons: `CASE WHEN n % 20 = 0 THEN 'response_time:negative' END`,
  original: `CASE WHEN n % 20 = 0 THEN repeat('a line of the entry as it stood ', 10) END`,
  ...{ original_encoding: `CASE WHEN n % 20 = 0 THEN 'utf8' END` },
  original_bytes: 'CASE WHEN n % 20 = 0 THEN 320 END',
  ...{ book_day: `'2025-07-' || (10 + n % 20)`, path: `'/var/log/careplus/support.log'` },
  read_at_ms: `${START_MS} + n * 20 + 300`,
  ...{ kafka_partition: 'n % 12', kafka_offset: 'n' },
};

const entries = (from: number, to: number): string =>
  shuffled(`SELECT ${listed(logRowColumns(supportLogs), entry)}
FROM range(${from}, ${to} + 1) AS r (n)`);

export const logRows: BenchRows = {
  unit: 'entries',
  whole: (rows) => rows,
  history: (rows) => [
    'TRUNCATE careplus.log_arrivals, careplus.log_entry, careplus.log_pending, careplus.log_unreadable, ops.log_frontier',
    `INSERT INTO careplus.log_arrivals (host, generation, pos, len, kind, entry_id)
SELECT ${['host', 'generation', 'pos', 'len', 'kind', 'entry_id'].map((name) => entry[name] ?? '').join(', ')}
FROM generate_series(CAST(1 AS BIGINT), ${rows}) AS r (n)`,
    `INSERT INTO careplus.log_entry (entry_id, copies, host, generation, pos, ${names(logVerdictColumns(supportLogs))})
SELECT ${entry['entry_id'] ?? ''}, 1, ${entry['host'] ?? ''}, ${entry['generation'] ?? ''}, ${entry['pos'] ?? ''}, ${listed(logVerdictColumns(supportLogs), entry)}
FROM generate_series(CAST(1 AS BIGINT), ${rows}) AS r (n)`,
    `INSERT INTO ops.log_frontier (host, generation, generation_start, upto, read_at_ms)
VALUES (${entry['host'] ?? ''}, ${entry['generation'] ?? ''}, 0, ${rows * ENTRY_BYTES}, ${START_MS})`,
    'ANALYZE careplus.log_arrivals',
    'ANALYZE careplus.log_entry',
  ],
  stream: entries,
  batch: (history, n, size) => entries(history + n * size + 1, history + (n + 1) * size),
};
