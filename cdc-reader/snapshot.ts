import { PipelineError } from '../runtime/pipeline-error.ts';
import { mysqlName } from '../runtime/sql/quoting.ts';
import type { RowValues } from '../schemas/row-change.ts';
import { fromSnapshot, selectExpression } from './canonical-value.ts';
import type { TableStreamConfig } from './config.ts';
import type { SourceConnection, SourceRow } from './source-connection.ts';
import { accountOf } from './source-check.ts';
import { errorNumber } from './source-errors.ts';
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

/** Whoever waits for a lock keeps later writers waiting behind him. */
const LOCK_WAIT_SECONDS = 30;

const SESSION_SETTINGS = [
  // Zero dates, padding and quoting as they are stored; times in UTC.
  "SET SESSION sql_mode = '', time_zone = '+00:00'",
  `SET SESSION net_write_timeout = 3600, wait_timeout = 86400, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

/** Engines whose reads a transaction makes consistent; a table of another one is locked instead. */
const TRANSACTIONAL: ReadonlySet<string> = new Set(['innodb', 'rocksdb']);

/**
 * Opens a consistent view of the table. It lives as long as the connection, which is to be used
 * for nothing else and closed afterwards.
 *
 * @param connect opens another connection, for a moment, where the server asks for it.
 * @throws {PipelineError} CDC_1009 if the table does not exist, and {@link describeShape}'s errors;
 *   otherwise what the driver throws.
 */
export async function openSnapshot(
  connection: SourceConnection,
  { dataset, database, table }: Pick<TableStreamConfig, 'dataset' | 'database' | 'table'>,
  connect: () => Promise<SourceConnection>,
): Promise<TableSnapshot> {
  const name = `${mysqlName(database)}.${mysqlName(table)}`;
  for (const statement of SESSION_SETTINGS) await connection.query(statement);
  const engine = await findEngine(connection, database, table);
  const gtidSet = TRANSACTIONAL.has(engine)
    ? await beginConsistentRead(connection, name, connect)
    : await lockTable(connection, name, database);
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

async function beginConsistentRead(
  connection: SourceConnection,
  name: string,
  connect: () => Promise<SourceConnection>,
): Promise<string> {
  if (connection.flavour === 'mysql') {
    // Nothing may commit between the start of the view and the reading of its place.
    const held = await holdWriters(connection, name, connect);
    try {
      await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
      return await executedGtids(connection);
    } finally {
      await held[Symbol.asyncDispose]();
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

/** ER_DBACCESS_DENIED_ERROR. */
const DATABASE_ACCESS_DENIED = 1044;

/** ER_ACCESS_DENIED_ERROR and ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const LOCK_REFUSED: ReadonlySet<number | undefined> = new Set([1045, 1227]);

/**
 * Keeps changes of the table from being committed until it is disposed of. Managed servers (RDS,
 * Aurora) refuse the global lock to everybody; there the table alone is locked, which is enough:
 * a transaction that has changed it keeps the table's metadata lock until its GTID is in the set,
 * and what others commit meanwhile is not in the table. START TRANSACTION would release that lock
 * of its own session, so another one holds it.
 */
async function holdWriters(
  connection: SourceConnection,
  name: string,
  connect: () => Promise<SourceConnection>,
): Promise<AsyncDisposable> {
  try {
    await connection.query('FLUSH TABLES WITH READ LOCK');
    return {
      async [Symbol.asyncDispose]() {
        await connection.query('UNLOCK TABLES');
      },
    };
  } catch (error) {
    if (!LOCK_REFUSED.has(errorNumber(error))) throw error;
  }
  const holder = await connect();
  try {
    await holder.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
    await holder.query(`LOCK TABLES ${name} READ`);
    return holder;
  } catch (error) {
    await holder[Symbol.asyncDispose]();
    throw error;
  }
}

function statusName(row: SourceRow): string {
  return String(row['Variable_name']).toLowerCase();
}

/** The lock keeps writers away from this table until the connection is closed. */
async function lockTable(
  connection: SourceConnection,
  name: string,
  database: string,
): Promise<string> {
  try {
    await connection.query(`LOCK TABLES ${name} READ`);
  } catch (error) {
    if (errorNumber(error) !== DATABASE_ACCESS_DENIED) throw error;
    const grant = `GRANT LOCK TABLES ON ${mysqlName(database)}.* TO ${await accountOf(connection)}`;
    throw new PipelineError(
      'CDC_1001',
      `${name} has an engine without transactions and must be locked for a snapshot: ${grant}`,
      { cause: error, context: { database } },
    );
  }
  return executedGtids(connection);
}

async function executedGtids(connection: SourceConnection): Promise<string> {
  const variable = connection.flavour === 'mariadb' ? 'gtid_binlog_pos' : 'gtid_executed';
  const [row] = await connection.query(`SELECT @@GLOBAL.${variable} AS gtids`);
  return String(row?.['gtids']).replace(/\s/g, '');
}
