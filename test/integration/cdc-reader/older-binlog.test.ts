import { describe, expect, it, vi } from 'vitest';
import { loggedCodes, toBeReady, toLog } from './reader-harness.ts';
import { useServers } from './servers-in-tests.ts';

const servers = useServers();
const { ticketTable } = servers;
const sql = (text: string) => servers.source.sql(text);

describe('rows whose columns cannot be read', () => {
  it('stop this table alone, and are behind it once the table is cured', async () => {
    const table = await ticketTable('unread');
    const reader = table.start();
    await table.expectEqual();
    await sql(
      'DROP TABLE unread; CREATE TABLE unread (ticket_id TEXT, status TEXT CHARACTER SET sjis);' +
        "INSERT INTO unread VALUES ('a', '日本')",
    );
    await toLog(reader, 'CDC_1001');
    await sql('ALTER TABLE unread MODIFY status TEXT CHARACTER SET utf8mb4');
    await toBeReady(reader);
    await table.expectEqual();

    await sql(
      "ALTER TABLE unread ADD COLUMN place POINT; INSERT INTO unread VALUES ('b', 'open', POINT(1, 2))",
    );
    await vi.waitFor(() => expect(reader.trouble?.message).toContain('spatial'), 15_000);
    await sql('ALTER TABLE unread DROP COLUMN place');
    await toBeReady(reader);
    await table.expectEqual();

    await sql(
      "DROP TABLE unread; CREATE TABLE unread (ticket_id TEXT); INSERT INTO unread VALUES ('c')",
    );
    await toLog(reader, 'CDC_1003');
    await sql('ALTER TABLE unread ADD COLUMN status TEXT');
    await toBeReady(reader);
    await table.expectEqual();

    await sql(
      'DROP TABLE unread; CREATE TABLE unread (ticket_id TEXT, status TEXT) WITH SYSTEM VERSIONING;' +
        "INSERT INTO unread VALUES ('d', 'old'); UPDATE unread SET status = 'new'",
    );
    const cure = 'ALTER TABLE `careplus`.`unread` DROP SYSTEM VERSIONING';
    await vi.waitFor(() => expect(reader.trouble?.message).toContain(cure), 15_000);
    await sql(cure);
    await toBeReady(reader);
    await table.expectEqual();
  });

  it('are none where the table had other character sets than now', async () => {
    const table = await ticketTable('converted');
    const reader = table.start();
    const { epoch } = await table.caughtUp();
    await reader.stop();
    await sql(
      "DROP TABLE converted; CREATE TABLE converted (ticket_id TEXT, status TEXT CHARACTER SET latin2); INSERT INTO converted VALUES ('a', 'ű');" +
        "DROP TABLE converted; CREATE TABLE converted (ticket_id TEXT, status TEXT); INSERT INTO converted VALUES ('b', '😀')",
    );
    table.start();
    await table.expectEqual();
    expect((await table.changes()).map(({ after }) => after?.['status'] ?? null)).toEqual([
      ...[null, null, 'ű', null, '😀'],
    ]);
    expect((await table.checkpoint())?.epoch).toBe(epoch);
  });
});

describe('the binlog’s checksums', () => {
  it('may be switched off and on, while the reader runs and while it does not', async () => {
    const table = await ticketTable('checked');
    const addRow = (id: string) => sql(`INSERT INTO checked VALUES ('${id}', '', '')`);
    const reader = table.start();
    await table.expectEqual();
    try {
      for (const [index, kind] of ['NONE', 'CRC32', 'NONE'].entries()) {
        await sql(`SET GLOBAL binlog_checksum = ${kind}`);
        await addRow(`on${index}`);
      }
      await table.expectEqual();
      expect(loggedCodes(reader)).toEqual([]);
      await reader.stop();
      for (const [index, kind] of ['CRC32', 'NONE'].entries()) {
        await addRow(`off${index}`);
        await sql(`SET GLOBAL binlog_checksum = ${kind}`);
      }
      const again = table.start();
      await table.expectEqual();
      expect(loggedCodes(again)).toEqual([]);
      const files = (await table.changes()).map(({ source: { file } }) => file);
      expect(files.filter((file) => file !== null && !/^mariadb-bin\.\d{6}$/.test(file))).toEqual(
        [],
      );
    } finally {
      await sql('SET GLOBAL binlog_checksum = CRC32');
    }
  });
});
