import { PipelineError } from '../runtime/pipeline-error.ts';
import type { RowValues } from '../schemas/row-change.ts';
import { fromSnapshot, quoteIdentifier, selectExpression } from './canonical-value.ts';
import type { TableStreamConfig } from './config.ts';
import type { SourceConnection, SourceRow } from './source-connection.ts';
import { readColumns } from './table-catalog.ts';
import { createRowReader, describeShape, type TableShape } from './table-shape.ts';

/** The table's rows at one moment, and that moment's place in the binlog. */
export interface TableSnapshot {
  /** Transactions that the rows hold; the stream goes on behind them. */
  readonly gtidSet: string;
  /** The source's clock, whole seconds as epoch milliseconds. */
  readonly takenAtMs: number;
  readonly shape: TableShape;
  /** Can be read once, with backpressure. */
  rows(): AsyncIterable<RowValues>;
}

const SESSION_SETTINGS = [
  // Zero dates, padding and quoting as they are stored; times in UTC.
  "SET SESSION sql_mode = '', time_zone = '+00:00'",
  'SET SESSION net_write_timeout = 3600, wait_timeout = 86400, lock_wait_timeout = 30',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

/** Engines whose reads a transaction makes consistent; a table of another one is locked instead. */
const TRANSACTIONAL: ReadonlySet<string> = new Set(['innodb', 'rocksdb']);

/**
 * Opens a consistent view of the table. It lives as long as the connection, which is to be used
 * for nothing else and closed afterwards.
 *
 * @throws {PipelineError} CDC_1009 if the table does not exist, and {@link describeShape}'s errors;
 *   otherwise what the driver throws.
 */
export async function openSnapshot(
  connection: SourceConnection,
  { dataset, database, table }: Pick<TableStreamConfig, 'dataset' | 'database' | 'table'>,
): Promise<TableSnapshot> {
  const name = `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
  for (const statement of SESSION_SETTINGS) await connection.query(statement);
  const engine = await findEngine(connection, database, table);
  const gtidSet = TRANSACTIONAL.has(engine)
    ? await beginConsistentRead(connection)
    : await lockTable(connection, name);
  const [clock] = await connection.query('SELECT UNIX_TIMESTAMP() AS now');
  // Read inside the view: a change of the table after this makes the SELECT fail (1412).
  const shape = describeShape(dataset, await readColumns(connection, database, table));
  const columns = shape.columns.map(({ name: column, kind }) => selectExpression(column, kind));
  const read = createRowReader(
    shape,
    fromSnapshot,
    (row: readonly (Buffer | null)[], _, index) => row[index] ?? null,
  );
  return {
    gtidSet,
    takenAtMs: Math.floor(Number(clock?.['now'])) * 1000,
    shape,
    async *rows() {
      const stream = connection.stream(`SELECT ${columns.join(', ')} FROM ${name}`);
      for await (const row of stream) yield read(row as readonly (Buffer | null)[]);
    },
  };
}

async function findEngine(
  connection: SourceConnection,
  database: string,
  table: string,
): Promise<string> {
  const [row] = await connection.query(
    'SELECT ENGINE AS engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  if (!row) {
    throw new PipelineError('CDC_1009', `${database}.${table} does not exist`, {
      retryable: true,
      context: { database, table },
    });
  }
  return String(row['engine']).toLowerCase();
}

async function beginConsistentRead(connection: SourceConnection): Promise<string> {
  if (connection.flavour === 'mysql') {
    // Nothing may commit between the start of the view and the reading of its place.
    await connection.query('FLUSH TABLES WITH READ LOCK');
    try {
      await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
      return await executedGtids(connection);
    } finally {
      await connection.query('UNLOCK TABLES');
    }
  }
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  // The binlog's place at the start of this very view (MariaDB: START TRANSACTION).
  const status = await connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
  const values = new Map(status.map((row) => [statusName(row), row['Value']]));
  const [row] = await connection.query('SELECT BINLOG_GTID_POS(?, ?) AS gtids', [
    values.get('binlog_snapshot_file'),
    Number(values.get('binlog_snapshot_position')),
  ]);
  const gtids = row?.['gtids'];
  if (typeof gtids !== 'string') {
    throw new PipelineError('CDC_1004', 'the source does not tell the place of its snapshot', {
      retryable: true,
    });
  }
  return gtids;
}

function statusName(row: SourceRow): string {
  return String(row['Variable_name']).toLowerCase();
}

/** The lock keeps writers away from this table until the connection is closed. */
async function lockTable(connection: SourceConnection, name: string): Promise<string> {
  await connection.query(`LOCK TABLES ${name} READ`);
  return executedGtids(connection);
}

async function executedGtids(connection: SourceConnection): Promise<string> {
  const variable = connection.flavour === 'mariadb' ? 'gtid_binlog_pos' : 'gtid_executed';
  const [row] = await connection.query(`SELECT @@GLOBAL.${variable} AS gtids`);
  return String(row?.['gtids']).replace(/\s/g, '');
}
