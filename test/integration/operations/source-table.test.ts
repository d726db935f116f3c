import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMariadb, type Mariadb } from '../../../infra/local/mariadb.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { connectSource, currentGtid } from '../../../operations/verify/source-connection.ts';
import { readSource } from '../../../operations/verify/source-reading.ts';
import { openTableSnapshot } from '../../../operations/verify/source-table.ts';
import type { SourceConfig } from '../../../runtime/config/config-schema.ts';
import type { RawImage, TableDataset } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { freePorts } from '../local-stack/fixtures/free-ports.ts';

const { signal } = new AbortController();
let stateDir = '';
let mariadb: Mariadb;
let writer: Connection;
let config: SourceConfig;

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-verify-'));
  const [port = 0] = await freePorts(1);
  mariadb = await startMariadb({ stateDir, port });
  const { host, database, admin, reader } = mariadb;
  writer = await createConnection({
    host,
    port,
    database,
    user: admin.user,
    password: admin.password,
  });
  config = {
    name: 'test',
    host,
    port,
    user: reader.user,
    passwordFile: reader.passwordFile,
    ssl: false,
    serverId: 7001,
    heartbeatSeconds: 10,
    checkpointIntervalMs: 1_000,
  };
});

afterAll(async () => {
  await writer.end();
  await mariadb.stop();
  removeState(stateDir);
});

function datasetOf(columns: readonly string[]): TableDataset {
  return { ...supportTickets, mapping: columns.map((column) => ({ field: column, column })) };
}

async function collect(rows: AsyncIterable<RawImage>): Promise<RawImage[]> {
  const collected: RawImage[] = [];
  for await (const row of rows) collected.push(row);
  return collected;
}

async function readTable(dataset: TableDataset, table: string): Promise<RawImage[]> {
  await using connection = await connectSource(config, signal);
  const snapshot = await openTableSnapshot(connection, dataset, {
    database: mariadb.database,
    table,
  });
  return await collect(snapshot.rows);
}

describe('canonical texts', () => {
  /** Column name, its type, the value as an SQL literal, the text that change records carry. */
  const columns: [name: string, type: string, literal: string, canonical: string][] = [
    ['tiny', 'TINYINT', '-128', '-128'],
    ['filled', 'INT(8) ZEROFILL', '42', '42'],
    ['big', 'BIGINT UNSIGNED', '18446744073709551615', '18446744073709551615'],
    ['price', 'DECIMAL(20,10)', '-0.5', '-0.5000000000'],
    ['ratio', 'FLOAT', '1.1', '1.1'],
    ['third', 'FLOAT', '1/3', '0.33333334'],
    ['exact', 'DOUBLE', '0.1', '0.1'],
    ['huge', 'DOUBLE', '1e21', '1e+21'],
    ['flags', 'BIT(10)', "b'1000000001'", '0201'],
    ['zero_bits', 'BIT(12)', '0', '0000'],
    ['code', 'BINARY(4)', "'ab'", '61620000'],
    ['bytes', 'BLOB', "x'00FF'", '00ff'],
    ['label', 'CHAR(10)', "'x  '", 'x'],
    ['note', 'VARCHAR(20)', "'ä 😀  '", 'ä 😀  '],
    ['latin', 'TEXT CHARACTER SET latin1', "'5 €'", '5 €'],
    ['state', "ENUM('on','off')", "'off'", 'off'],
    ['tags', "SET('a','b','c')", "'c,a'", 'a,c'],
    ['day', 'DATE', "'2025-02-28'", '2025-02-28'],
    ['partial_day', 'DATE', "'2025-00-00'", '2025-00-00'],
    ['moment', 'DATETIME(6)', "'2025-07-01 10:00:00.123456'", '2025-07-01 10:00:00.123456'],
    ['instant', 'TIMESTAMP NULL', "'2025-07-01 12:00:00'", '2025-07-01 10:00:00'],
    ['span', 'TIME(3)', "'-838:59:59'", '-838:59:59.000'],
    ['model_year', 'YEAR', '2025', '2025'],
    ['document', 'JSON', `'{"a": 12345678901234567890}'`, '{"a": 12345678901234567890}'],
    [
      'id',
      'UUID',
      "'123E4567-e89b-12d3-a456-426614174000'",
      '123e4567-e89b-12d3-a456-426614174000',
    ],
    ['address', 'INET6', "'2001:DB8::1'", '2001:db8::1'],
    ['empty', 'VARCHAR(5)', "''", ''],
  ];
  const names = columns.map(([name]) => name);

  beforeAll(async () => {
    await writer.query("SET time_zone = '+02:00', sql_mode = ''");
    const definitions = columns.map(([name, type]) => `\`${name}\` ${type}`);
    await writer.query(`CREATE TABLE typed (${definitions.join(', ')})`);
    const literals = columns.map(([, , literal]) => literal);
    await writer.query(`INSERT INTO typed VALUES (${literals.join(', ')})`);
    await writer.query('INSERT INTO typed (tiny) VALUES (NULL)');
  });

  it('are those of the change records, whatever the session that wrote', async () => {
    const [row, nothing] = await readTable(datasetOf(names), 'typed');
    expect(row).toEqual(Object.fromEntries(columns.map(([name, , , text]) => [name, text])));
    expect(nothing).toEqual(Object.fromEntries(names.map((name) => [name, null])));
  });

  it('do not exist for a spatial column, which is refused', async () => {
    await writer.query('CREATE TABLE places (place POINT)');
    await expect(readTable(datasetOf(['place']), 'places')).rejects.toMatchObject({
      code: 'CDC_1003',
    });
  });
});

describe('a table', () => {
  it('is read as a multiset: identical rows count', async () => {
    await writer.query('CREATE TABLE pairs (ticket_id TEXT, Note TEXT)');
    await writer.query("INSERT INTO pairs VALUES ('a','x'), ('a','x'), ('a','y'), ('a ','x')");
    const dataset = datasetOf(['ticket_id', 'note']);
    const { rows, images } = await readSource(dataset, await readTable(dataset, 'pairs'));
    expect(rows).toBe(4);
    expect([...images.values()].map(({ copies }) => copies).sort()).toEqual([1, 1, 2]);
  });

  it('without a mapped column, or not there at all, is told with its code', async () => {
    await writer.query('CREATE TABLE renamed (ticket TEXT)');
    await expect(readTable(datasetOf(['ticket_id']), 'renamed')).rejects.toMatchObject({
      code: 'CDC_1003',
      message: expect.stringContaining('lacks ticket_id') as string,
    });
    await expect(readTable(datasetOf(['ticket_id']), 'absent')).rejects.toMatchObject({
      code: 'CDC_1009',
    });
  });
});

describe('a snapshot', () => {
  it('holds exactly the transactions of its GTID while others write', async () => {
    await writer.query('CREATE TABLE growing (n BIGINT)');
    await using connection = await connectSource(config, signal);
    const sequenceOf = (gtid: string) => Number(/^0-1-(\d+)$/.exec(gtid)?.[1]);
    const before = sequenceOf(await currentGtid(connection));
    const stop = new AbortController();
    // Each insert is one transaction, and nothing else is written: rows = transactions.
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await writer.query('INSERT INTO growing VALUES (?)', [n]);
      }
    })();
    const dataset = datasetOf(['n']);
    const table = { database: mariadb.database, table: 'growing' };
    const sizes: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const { gtid, rows } = await openTableSnapshot(connection, dataset, table);
      const numbers = (await collect(rows)).map(({ n }) => Number(n));
      expect(numbers.toSorted((a, b) => a - b)).toEqual([...numbers.keys()]);
      expect(numbers).toHaveLength(sequenceOf(gtid) - before);
      sizes.push(numbers.length);
    }
    stop.abort();
    await writing;
    // The table did grow meanwhile, or the test has shown nothing.
    expect(sizes.at(-1)).toBeGreaterThan(sizes[0] ?? 0);
  });
});

describe('the connection', () => {
  it('names the login that the server refuses', async () => {
    const stranger = { ...config, user: 'stranger' };
    await expect(connectSource(stranger, signal)).rejects.toMatchObject({ code: 'CDC_1008' });
  });

  it('names the server that is not there', async () => {
    const [port = 0] = await freePorts(1);
    await expect(connectSource({ ...config, port }, signal)).rejects.toMatchObject({
      code: 'CDC_1004',
    });
  });

  it('ends a read when the signal aborts', async () => {
    const stop = new AbortController();
    await using connection = await connectSource(config, stop.signal);
    const sleeping = connection.query('SELECT SLEEP(60)');
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    const rows = connection.stream('SELECT seq FROM seq_1_to_1000000');
    await expect(rows[Symbol.asyncIterator]().next()).rejects.toBe(reason);
  });
});
