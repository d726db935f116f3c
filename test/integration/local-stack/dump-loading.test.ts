import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadDump, type LoadedDump } from '../../../infra/local/dump-loading.ts';
import { startMariadb, type Mariadb } from '../../../infra/local/mariadb.ts';
import { removeState } from '../../../infra/local/state-folders.ts';
import { freePorts } from './fixtures/free-ports.ts';

let stateDir = '';
let mariadb: Mariadb;
let connection: Connection;

beforeAll(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-dumps-'));
  const [port = 0] = await freePorts(1);
  mariadb = await startMariadb({ stateDir, port });
  const { host, admin } = mariadb;
  const { user, password } = admin;
  connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
});

afterAll(async () => {
  await connection.end();
  await mariadb.stop();
  removeState(stateDir);
});

beforeEach(async () => {
  for (const database of ['shop', mariadb.database]) {
    await connection.query(`DROP DATABASE IF EXISTS ${database}`);
  }
  await connection.query(`CREATE DATABASE ${mariadb.database}`);
});

function writeDump(name: string, content: string | Buffer): string {
  const file = path.join(stateDir, name);
  writeFileSync(file, content);
  return file;
}

function load(file: string): Promise<LoadedDump> {
  return loadDump({ file, server: mariadb });
}

async function select(sql: string): Promise<unknown[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows;
}

const table = `DROP TABLE IF EXISTS \`support_tickets\`;
CREATE TABLE \`support_tickets\` (
  \`ticket_id\` text,
  \`IssUeCat\` text
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
LOCK TABLES \`support_tickets\` WRITE;
INSERT INTO \`support_tickets\` VALUES ('TCK1','utf8mb4_0900_ai_ci; 😀 it\\'s'),('TCK1',NULL);
UNLOCK TABLES;
`;

const withDatabase = `-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
CREATE DATABASE  IF NOT EXISTS \`shop\` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ /*!80016 DEFAULT ENCRYPTION='N' */;
USE \`shop\`;
/*!50503 SET NAMES utf8 */;
${table}
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`nobody\`@\`%\`*/ /*!50003 TRIGGER \`t\` BEFORE INSERT ON \`support_tickets\` FOR EACH ROW BEGIN SET @seen = 1; END */;;
DELIMITER ;
SET @@SESSION.SQL_LOG_BIN = @MYSQLDUMP_TEMP_LOG_BIN;
-- Dump completed on 2025-07-25 11:38:27
`;

describe('loadDump', () => {
  it('loads a MySQL 8 dump into the database that it creates, cell by cell', async () => {
    const loaded = await load(writeDump('dump.sql', withDatabase));
    expect(loaded.database).toBe('shop');
    expect(loaded.notes.join('\n')).toMatch(/SQL_LOG_BIN/);
    expect(await select('SELECT * FROM shop.support_tickets')).toEqual([
      { ticket_id: 'TCK1', IssUeCat: "utf8mb4_0900_ai_ci; 😀 it's" },
      { ticket_id: 'TCK1', IssUeCat: null },
    ]);
  });

  it('leaves the rows in the binlog, where the reader finds them', async () => {
    const before = await select('SELECT @@gtid_binlog_pos AS position');
    await load(writeDump('dump.sql', withDatabase));
    const [status] = await select('SHOW MASTER STATUS');
    const { File } = status as { File: string };
    const events = await select(`SHOW BINLOG EVENTS IN '${File}'`);
    expect(await select('SELECT @@gtid_binlog_pos AS position')).not.toEqual(before);
    expect(JSON.stringify(events)).toContain('Write_rows');
  });

  it('leaves triggers that work, although their definer is not here', async () => {
    await load(writeDump('dump.sql', withDatabase));
    await connection.query("INSERT INTO shop.support_tickets VALUES ('TCK2', NULL)");
    expect(await select('SELECT @seen AS seen')).toEqual([{ seen: 1 }]);
  });

  it('puts a dump that names no database into the default one, gzip too', async () => {
    const loaded = await load(writeDump('dump.sql.gz', gzipSync(table)));
    expect(loaded.database).toBe(mariadb.database);
    const counted = await select(`SELECT COUNT(*) AS n FROM ${mariadb.database}.support_tickets`);
    expect(counted).toEqual([{ n: 2 }]);
  });

  it('takes the database that the dump used, when others hold such a table too', async () => {
    await load(writeDump('other.sql', table));
    await expect(load(writeDump('dump.sql', withDatabase))).resolves.toMatchObject({
      database: 'shop',
    });
  });

  it('names file, line and the server’s text when a statement is refused', async () => {
    // Two lines that are left out must not shift the count.
    const purged = "SET @@GLOBAL.GTID_PURGED='a:1,\nb:2';\n";
    const dump = `${purged}${table}\nINSERT INTO no_such_table VALUES (1);\n`;
    const line = dump.split('\n').findIndex((text) => text.includes('no_such_table')) + 1;
    await expect(load(writeDump('bad.sql', dump))).rejects.toMatchObject({
      code: 'CFG_9007',
      message: expect.stringMatching(new RegExp(`bad\\.sql, line ${line}: .*no_such`)) as string,
      context: { line, errno: 1146 },
    });
  });

  it('runs no commands of the client', async () => {
    const witness = path.join(stateDir, 'ran');
    const file = writeDump('shell.sql', `${table}\\! touch ${witness}\nsystem touch ${witness}\n`);
    await expect(load(file)).rejects.toMatchObject({ code: 'CFG_9007' });
    expect(existsSync(witness)).toBe(false);
  });

  it.each([
    ['a missing file', 'none.sql', null, /none\.sql cannot be read: ENOENT/],
    ['a broken archive', 'cut.sql.gz', gzipSync(table).subarray(0, -20), /cut\.sql\.gz/],
    ['a dump in UTF-16', 'wide.sql', Buffer.from(`\ufeff${table}`, 'utf16le'), /UTF-16/],
    ['a dump without the table', 'other.sql', 'CREATE TABLE orders (a text);', /no table/],
    ['a dump of the server itself', 'all.sql', 'USE `mysql`;\nDROP TABLE user;', /mysql/],
    ['a dump cut in a row', 'half.sql', table.slice(0, table.indexOf("it\\'s")), /line \d+/],
  ])('says what is wrong with %s', async (_, name, content, message) => {
    const file = path.join(stateDir, name);
    if (content !== null) writeDump(name, content);
    await expect(load(file)).rejects.toMatchObject({
      code: 'CFG_9007',
      message: expect.stringMatching(message) as string,
    });
  });

  it('warns of a dump without its last line', async () => {
    const cut = withDatabase.slice(0, withDatabase.indexOf('-- Dump completed'));
    const { notes } = await load(writeDump('cut.sql', cut));
    expect(notes.join('\n')).toContain('cut short');
  });
});
