import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startKafka, type KafkaBroker } from '../../../infra/local/kafka.ts';
import { startMariadb, type Mariadb } from '../../../infra/local/mariadb.ts';
import { startPostgres, type Postgres } from '../../../infra/local/postgres.ts';
import { readProcess } from '../../../infra/local/process-table.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { topics } from '../../../schemas/topics.ts';
import { freePorts } from './fixtures/free-ports.ts';

interface Servers {
  readonly mariadb: Mariadb;
  readonly postgres: Postgres;
  readonly kafka: KafkaBroker;
}

let stateDir = '';
let ports: [number, number, number, number];
let servers: Servers;

async function startAll(): Promise<Servers> {
  const [mariadbPort, postgresPort, port, controllerPort] = ports;
  const [mariadb, postgres, kafka] = await Promise.all([
    startMariadb({ stateDir, port: mariadbPort }),
    startPostgres({ stateDir, port: postgresPort }),
    startKafka({ stateDir, port, controllerPort }),
  ]);
  return { mariadb, postgres, kafka };
}

/** A program that starts the three servers, prints their pids, and waits to be killed. */
function startingParent(): string {
  const [mariadbPort, postgresPort, port, controllerPort] = ports;
  const start = (name: string, options: object) => {
    const module = path.resolve(
      import.meta.dirname,
      `../../../infra/local/${name.toLowerCase()}.ts`,
    );
    const given = JSON.stringify({ stateDir, ...options });
    return `import('${module}').then((module) => module.start${name}(${given}))`;
  };
  return `
    const servers = await Promise.all([
      ${start('Mariadb', { port: mariadbPort })},
      ${start('Postgres', { port: postgresPort })},
      ${start('Kafka', { port, controllerPort })},
    ]);
    console.log(JSON.stringify(servers.map(({ child }) => child.pid)));
  `;
}

async function stopAll({ mariadb, postgres, kafka }: Servers): Promise<void> {
  await Promise.all([mariadb.stop(), postgres.stop(), kafka.stop()]);
}

async function withMariadb<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const { host, port, database, admin } = servers.mariadb;
  const { user, password } = admin;
  const connection = await createConnection({ host, port, database, user, password });
  return work(connection).finally(() => connection.end());
}

async function withPostgres<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: servers.postgres.url });
  await client.connect();
  return work(client).finally(() => client.end());
}

function kafkaClient(): Kafka {
  return new Kafka({ brokers: [...servers.kafka.brokers], logLevel: logLevel.NOTHING });
}

async function selectText(sql: string): Promise<string> {
  return withMariadb(async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
    return JSON.stringify(rows);
  });
}

function isAlive(pid: number): boolean {
  const info = readProcess(pid);
  return info !== undefined && info.state !== 'Z';
}

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus servers é '));
  ports = (await freePorts(4)) as typeof ports;
  servers = await startAll();
});

afterAll(async () => {
  await stopAll(servers);
  removeState(stateDir);
});

describe('MariaDB', () => {
  it('writes the binlog that change data capture needs', async () => {
    const found = await selectText(
      `SELECT @@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata,
              @@server_id, @@gtid_strict_mode, @@character_set_server`,
    );
    expect(found).toBe(JSON.stringify([[1, 'ROW', 'FULL', 'FULL', 1, 1, 'utf8mb4']]));
  });

  it('knows only its own users, each by a password', async () => {
    const users = await selectText(
      "SELECT User, Host FROM mysql.user WHERE User <> 'mariadb.sys' ORDER BY User",
    );
    expect(users).toBe(
      JSON.stringify([
        ['careplus_admin', '127.0.0.1'],
        ['careplus_reader', '127.0.0.1'],
      ]),
    );
    const { host, port, admin } = servers.mariadb;
    await expect(
      createConnection({ host, port, user: admin.user, password: 'wrong' }),
    ).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
  });

  it('lets the reader read and follow, not write', async () => {
    const { host, port, database, reader } = servers.mariadb;
    const { user, password } = reader;
    const connection = await createConnection({ host, port, database, user, password });
    try {
      await expect(connection.query('SHOW MASTER STATUS')).resolves.toBeDefined();
      await expect(connection.query('CREATE TABLE x (a INT)')).rejects.toMatchObject({
        code: 'ER_TABLEACCESS_DENIED_ERROR',
      });
      const [grants] = await connection.query<RowDataPacket[]>('SHOW GRANTS');
      expect(JSON.stringify(grants)).toContain('REPLICATION SLAVE');
    } finally {
      await connection.end();
    }
  });

  it('keeps passwords in files that only the owner reads', () => {
    const { admin, reader } = servers.mariadb;
    for (const { password, passwordFile } of [admin, reader, servers.postgres]) {
      expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
      expect(readFileSync(passwordFile, 'utf8')).toBe(`${password}\n`);
    }
  });
});

describe('PostgreSQL', () => {
  it('compares texts byte by byte and takes only the password', async () => {
    const { rows } = await withPostgres((client) =>
      client.query<{ collation: string; zone: string; ordered: boolean }>(
        `SELECT datcollate AS collation, current_setting('timezone') AS zone, 'B' < 'a' AS ordered
         FROM pg_database WHERE datname = current_database()`,
      ),
    );
    expect(rows).toEqual([{ collation: 'C', zone: 'UTC', ordered: true }]);
    const { host, port, database, user } = servers.postgres;
    const stranger = new pg.Client({ host, port, database, user, password: 'wrong' });
    await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('Kafka', () => {
  it('holds every topic as the contract says', async () => {
    const admin = kafkaClient().admin();
    await admin.connect();
    try {
      for (const topic of Object.values(topics)) {
        const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic.name] });
        expect(found[0]?.partitions).toHaveLength(topic.partitions);
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic.name }],
        });
        const entries = resources[0]?.configEntries ?? [];
        const value = (name: string) =>
          entries.find(({ configName }) => configName === name)?.configValue;
        expect(value('cleanup.policy')).toBe(topic.cleanup);
        if (topic.retentionMs !== null) {
          expect(value('retention.ms')).toBe(String(topic.retentionMs));
        }
      }
    } finally {
      await admin.disconnect();
    }
  });

  it('takes a first transaction and a first group at once', async () => {
    const topic = topics.deadLetters.name;
    const producer = kafkaClient().producer({ transactionalId: 'test', maxInFlightRequests: 1 });
    const consumer = kafkaClient().consumer({ groupId: 'test' });
    try {
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: 'k', value: 'first' }] });
      await transaction.commit();
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const first = await new Promise<string>((resolve, reject) => {
        consumer
          .run({
            eachMessage: async ({ message }) => resolve(message.value?.toString() ?? ''),
          })
          .catch(reject);
      });
      expect(first).toBe('first');
    } finally {
      await consumer.disconnect();
      await producer.disconnect();
    }
  });
});

describe('after SIGKILL', () => {
  async function highOffset(): Promise<number> {
    const admin = kafkaClient().admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topics.readerCheckpoints.name);
    await admin.disconnect();
    return Number(offsets[0]?.high);
  }

  async function write(text: string): Promise<void> {
    await withMariadb(async (connection) => {
      await connection.query('CREATE TABLE IF NOT EXISTS kept (a TEXT)');
      await connection.query('INSERT INTO kept VALUES (?)', [text]);
    });
    await withPostgres(async (client) => {
      await client.query('CREATE TABLE IF NOT EXISTS kept (a TEXT)');
      await client.query('INSERT INTO kept VALUES ($1)', [text]);
    });
    const producer = kafkaClient().producer();
    await producer.connect();
    await producer.send({
      topic: topics.readerCheckpoints.name,
      acks: -1,
      messages: [{ key: text, value: text }],
    });
    await producer.disconnect();
  }

  async function keptTexts(): Promise<{ mariadb: string; postgres: string }> {
    const { rows } = await withPostgres((client) =>
      client.query<{ a: string }>('SELECT a FROM kept ORDER BY a'),
    );
    return {
      mariadb: await selectText('SELECT a FROM kept ORDER BY a'),
      postgres: JSON.stringify(rows.map(({ a }) => [a])),
    };
  }

  it('of the servers, all of them start again with everything that was acknowledged', async () => {
    await write('one');
    const gtid = await selectText('SELECT @@gtid_binlog_pos');
    const offset = await highOffset();
    for (const { child } of Object.values(servers) as { child: { kill(): void } }[]) child.kill();
    await Promise.all([
      servers.mariadb.child.exited,
      servers.postgres.child.exited,
      servers.kafka.child.exited,
    ]);

    servers = await startAll();
    expect(await keptTexts()).toEqual({ mariadb: '[["one"]]', postgres: '[["one"]]' });
    expect(await selectText('SELECT @@gtid_binlog_pos')).toBe(gtid);
    expect(await highOffset()).toBe(offset);
  });

  it('of the parent, no server stays behind, and all start again', async () => {
    await write('two');
    await stopAll(servers);
    const parent = spawn(process.execPath, ['--input-type=module', '-e', startingParent()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.map(isAlive)).toEqual([true, true, true]);

    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false, false]), {
      timeout: 20_000,
      interval: 50,
    });
    servers = await startAll();
    expect(await keptTexts()).toEqual({
      mariadb: '[["one"],["two"]]',
      postgres: '[["one"],["two"]]',
    });
  });
});

describe('a state folder below one that is closed to others', () => {
  it('keeps the data below /var/lib for a server user, and removes it with the state', async () => {
    const closed = mkdtempSync(path.join(tmpdir(), 'careplus-closed-'));
    chmodSync(closed, 0o700);
    const inner = path.join(closed, 'checkout', '.careplus');
    const [port = 0] = await freePorts(1);
    const postgres = await startPostgres({ stateDir: inner, port });
    try {
      const note = path.join(inner, 'postgres.location');
      // Only root hands a server over to another user, to whom the folder is closed.
      const elsewhere = process.getuid?.() === 0;
      expect(existsSync(note)).toBe(elsewhere);
      const folder = elsewhere
        ? (readFileSync(note, 'utf8').split('\n')[0] ?? '')
        : path.join(inner, 'postgres');
      expect(folder.startsWith('/var/lib/careplus-streams/')).toBe(elsewhere);
      expect(existsSync(path.join(folder, 'data/PG_VERSION'))).toBe(true);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
      await postgres.stop();
      removeState(inner);
      expect(existsSync(folder)).toBe(false);
    } finally {
      await postgres.stop();
      removeState(inner);
      rmSync(closed, { recursive: true, force: true });
    }
  });
});
