/**
 * The same reader on a MySQL server (other GTIDs, BEGIN in the log, binary JSON, FLUSH TABLES for
 * snapshots). It needs a server with GTIDs and full metadata that runs already:
 * CAREPLUS_TEST_MYSQL=mysql://user:password@host:port of an administrator.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loggedCodes, toBeReady, toLog } from './reader-harness.ts';
import { useMysql, type Source } from './servers.ts';
import { useServers } from './servers-in-tests.ts';
import { expectCancelled, mysqlColumns } from './typed-columns.ts';

const address = process.env['CAREPLUS_TEST_MYSQL'] ?? '';

describe.skipIf(address === '')('on MySQL', () => {
  describe('the canonical text of a value', () => {
    let source: Source;
    beforeAll(async () => {
      source = await useMysql(address);
    });
    afterAll(() => source.stop());

    it('is the same from a snapshot, an insert and a delete, for every type', async () => {
      await expectCancelled(source, mysqlColumns);
    });
  });

  describe('a table', () => {
    const servers = useServers(() => useMysql(address));
    const { ticketTable } = servers;
    const sql = (text: string) => servers.source.sql(text);
    const ops = async (table: Awaited<ReturnType<typeof ticketTable>>) =>
      (await table.changes()).map(({ op }) => op).join('');

    it('comes as a snapshot, then change by change', async () => {
      const table = await ticketTable('basic', ["('a', 'open', 'x')", "('a', 'open', 'x')"]);
      table.start();
      await table.expectEqual();
      await sql(
        "INSERT INTO basic VALUES ('b', 'open', 'y'), ('c', 'open', 'z');" +
          "UPDATE basic SET status = 'closed' WHERE ticket_id = 'a' LIMIT 1;" +
          "BEGIN; DELETE FROM basic WHERE ticket_id = 'b'; SAVEPOINT s; DELETE FROM basic; ROLLBACK TO s; COMMIT;" +
          'ALTER TABLE basic ADD COLUMN agent TEXT FIRST;' +
          "INSERT INTO basic VALUES ('me', 'd', 'open', 'z')",
      );
      await table.expectEqual();
      expect(await ops(table)).toBe('rreccudc');
      await sql("TRUNCATE basic; INSERT INTO basic (ticket_id) VALUES ('e'); DROP TABLE basic");
      await sql("CREATE TABLE basic SELECT 'f' AS ticket_id, 'open' AS status");
      await table.expectEqual();
      expect(await ops(table)).toBe('rreccudctctc');
    });

    it('counts XA transactions when they are committed', async () => {
      const table = await ticketTable('xa_table');
      const reader = table.start();
      await table.expectEqual();
      await toBeReady(reader);
      const before = await table.caughtUp();
      await sql(
        "XA START 'x'; INSERT INTO xa_table VALUES ('4', '', ''); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
      );
      await sql(
        "XA START 'y'; INSERT INTO xa_table VALUES ('5', '', ''); XA END 'y'; XA PREPARE 'y'; XA ROLLBACK 'y'",
      );
      await sql(
        "XA START 'z'; INSERT INTO xa_table VALUES ('6', '', ''); XA END 'z'; XA COMMIT 'z' ONE PHASE",
      );
      await table.expectEqual();
      expect(loggedCodes(reader)).toEqual([]);
      expect((await table.caughtUp()).epoch).toBe(before.epoch);
      expect(await ops(table)).toBe('ecc');
    });

    it('goes on after lost connections and restarts, without a gap or a repeat', async () => {
      const table = await ticketTable('lost', ["('a', 'open', '')"]);
      let reader = table.start();
      await table.caughtUp();
      for (let round = 0; round < 3; round += 1) {
        await sql(`INSERT INTO lost VALUES ('${round}', 'open', ''), ('${round}', 'open', '')`);
        const threads = await servers.source.rows(
          `SELECT ID AS id FROM performance_schema.processlist WHERE USER = '${servers.source.login.user}'`,
        );
        // One that has ended by itself meanwhile is no longer there.
        for (const { id } of threads) await sql(`KILL ${id ?? ''}`).catch(() => undefined);
        await sql("INSERT INTO lost VALUES ('again', 'open', '')");
        await table.caughtUp();
        await reader.stop();
        await sql("INSERT INTO lost VALUES ('meanwhile', 'open', '')");
        reader = table.start();
      }
      await table.expectEqual();
      expect(await ops(table)).toBe(`re${'c'.repeat(12)}`);
    });

    it('begins a new epoch where rows change unseen', async () => {
      const table = await ticketTable('minimal', ["('a', 'open', 'x')"]);
      await sql('ALTER TABLE minimal ADD PRIMARY KEY (ticket_id(10))');
      const reader = table.start();
      const { epoch } = await table.caughtUp();
      await sql(
        "SET binlog_row_image = 'MINIMAL'; UPDATE minimal SET status = 'x'; SET binlog_row_image = 'FULL'",
      );
      await toLog(reader, 'CDC_1007');
      await vi.waitFor(
        async () => expect((await table.checkpoint())?.epoch).toBeGreaterThan(epoch),
        15_000,
      );
      await table.expectEqual();
    });
  });
});
