import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { requestSnapshot } from '../../../cdc-reader/snapshot-request.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { withAliases } from '../../../schemas/datasets/projection.ts';
import type { RowChange } from '../../../schemas/row-change.ts';
import { readerTransactionalId } from '../../../schemas/topics.ts';
import { loggedCodes, toBeReady, toLog, type CapturedTable } from './reader-harness.ts';
import { useServers } from './servers-in-tests.ts';

const servers = useServers();
const { capture, ticketTable } = servers;
const sql = (text: string) => servers.source.sql(text);

const brief = ({ op, source: { seq }, transaction_end }: RowChange) =>
  `${op}${seq}${transaction_end ? '!' : ''}`;

async function briefs(table: CapturedTable): Promise<string[]> {
  return (await table.changes()).map(brief);
}

describe('a table that exists', () => {
  it('comes as a snapshot with its end marker, then change by change', async () => {
    const rows = ["('a', 'open', 'x')", "('a', 'open', 'x')", "(NULL, '', NULL)"];
    const table = await ticketTable('basic', rows);
    table.start();
    await table.expectEqual();
    await sql(
      "INSERT INTO basic VALUES ('b', 'open', 'y'), ('c', 'open', 'z');" +
        "UPDATE basic SET status = 'closed' WHERE ticket_id = 'a' LIMIT 1;" +
        'BEGIN; DELETE FROM basic WHERE ticket_id IS NULL; DELETE FROM basic WHERE ticket_id = "b"; COMMIT;' +
        "BEGIN; INSERT INTO basic VALUES ('gone', '', ''); ROLLBACK;" +
        "DELETE FROM basic WHERE ticket_id = 'a' LIMIT 1",
    );
    await table.expectEqual();
    expect(await briefs(table)).toEqual([
      ...['r1!', 'r2!', 'r3!', 'e4!', 'c5', 'c6!', 'u7!', 'd9', 'd10!', 'd11!'],
    ]);
    const update = (await table.changes()).find(({ op }) => op === 'u');
    expect(update).toMatchObject({
      before: { ticket_id: 'a', status: 'open', note: 'x' },
      after: { ticket_id: 'a', status: 'closed', note: 'x' },
      source: { server: table.config.server, schema: 'careplus', table: 'basic', row: 0 },
    });
    expect(update?.source.gtid).toMatch(/^0-1-\d+$/);
    expect(update?.source.file).toMatch(/^mariadb-bin\.\d+$/);
    expect(Math.abs(Date.now() - (update?.source.source_time_ms ?? 0))).toBeLessThan(60_000);
  });

  it('is an end marker alone when it is empty', async () => {
    const table = await ticketTable('empty_table');
    table.start();
    await table.expectEqual();
    expect(await briefs(table)).toEqual(['e1!']);
  });

  it('is taken at one moment while others write', async () => {
    const block = Array.from({ length: 500 }, (_, index) => `('t${index}', 'open', '')`);
    const table = await ticketTable('busy', block);
    for (let round = 0; round < 5; round += 1) await sql('INSERT INTO busy SELECT * FROM busy');
    const writer = await servers.source.connect();
    const enough = new AbortController();
    const written = (async () => {
      for (let round = 0; !enough.signal.aborted; round += 1) {
        await writer.query(
          `INSERT INTO busy VALUES ('new${round}', 'open', ''); UPDATE busy SET status = '${round}' LIMIT 3; DELETE FROM busy LIMIT 2`,
        );
      }
    })();
    table.start();
    await vi.waitFor(
      async () => expect((await table.checkpoint())?.phase).toBe('streaming'),
      15_000,
    );
    enough.abort();
    await written;
    await writer.end();
    await table.expectEqual();
  });
});

describe('a table that does not exist', () => {
  it('is waited for, told once, and captured when it is created', async () => {
    const table = await capture('later');
    const reader = table.start();
    await toLog(reader, 'CDC_1009');
    await sleep(300);
    expect(reader.ready).toBe(false);
    await sql(
      "CREATE TABLE later (ticket_id TEXT, status TEXT); INSERT INTO later VALUES ('a', 'b')",
    );
    await table.expectEqual();
    expect(reader.ready).toBe(true);
    const told = reader.lines.filter(({ code, level }) => code === 'CDC_1009' && level !== 'debug');
    expect(told).toHaveLength(1);
  });
});

describe('statements about the table', () => {
  it('become barriers where all rows are gone, and the stream goes on', async () => {
    const table = await ticketTable('emptied', ["('a', 'open', '')"]);
    table.start();
    await table.expectEqual();
    await sql(
      "TRUNCATE emptied; INSERT INTO emptied VALUES ('b', 'open', '');" +
        'DROP TABLE emptied; CREATE TABLE emptied (status VARCHAR(10), ticket_id INT PRIMARY KEY);' +
        "INSERT INTO emptied VALUES ('open', 7);" +
        "CREATE OR REPLACE TABLE emptied SELECT 'c' AS ticket_id, 'open' AS status",
    );
    await table.expectEqual();
    expect(await briefs(table)).toEqual([
      ...['r1!', 'e2!', 't3!', 'c4!', 't5!', 'c6!', 't7!', 'c8!'],
    ]);
  });

  it('leave the epoch alone where no mapped value changes', async () => {
    const table = await ticketTable('altered', ["('a', 'open', 'x')"]);
    table.start();
    await table.expectEqual();
    await sql(
      "ALTER TABLE altered ADD COLUMN agent TEXT FIRST, ADD INDEX by_status (status(10)); INSERT INTO altered VALUES ('me', 'b', 'open', 'y');" +
        "ALTER TABLE altered DROP COLUMN note, COMMENT = 'tickets'; DELETE FROM altered WHERE ticket_id = 'a';" +
        'CREATE INDEX by_id ON altered (ticket_id(10)); OPTIMIZE TABLE altered',
    );
    await table.expectEqual();
    const changes = await table.changes();
    expect(changes.map(brief)).toEqual(['r1!', 'e2!', 'c3!', 'd4!']);
    expect(changes[2]?.after).toEqual({ agent: 'me', ticket_id: 'b', status: 'open', note: 'y' });
    expect(changes[3]?.before).toEqual({ agent: null, ticket_id: 'a', status: 'open' });
  });

  it.each([
    ['modified', 'ALTER TABLE modified MODIFY status VARCHAR(20)'],
    [
      'swapped',
      "CREATE TABLE swapped_new LIKE swapped; INSERT INTO swapped_new VALUES ('n', 'new', ''); RENAME TABLE swapped TO swapped_old, swapped_new TO swapped",
    ],
    [
      'as_text',
      "SET binlog_format = 'STATEMENT'; UPDATE as_text SET status = 'x'; SET binlog_format = 'ROW'",
    ],
    [
      'minimal',
      "ALTER TABLE minimal ADD PRIMARY KEY (ticket_id(10)); SET binlog_row_image = 'MINIMAL'; UPDATE minimal SET status = 'x'; SET binlog_row_image = 'FULL'",
    ],
  ])('begin a new epoch where rows change unseen (%s)', async (name, statements) => {
    const table = await ticketTable(name, ["('a', 'open', 'x')"]);
    const reader = table.start();
    const { epoch } = await table.caughtUp();
    await sql(statements);
    await sql(`INSERT INTO ${name} VALUES ('b', 'open', 'y')`);
    await vi.waitFor(
      async () => expect((await table.checkpoint())?.epoch).toBeGreaterThan(epoch),
      15_000,
    );
    await table.expectEqual();
    const alarms = name === 'as_text' || name === 'minimal' ? ['CDC_1007'] : [];
    expect(loggedCodes(reader)).toEqual(alarms);
  });
});

describe('columns that come and go', () => {
  it('are carried when no field takes them, and are no reason for a new epoch', async () => {
    const table = await ticketTable('widened', ["('a', 'open', 'x')"]);
    const reader = table.start();
    await table.expectEqual();
    await sql('ALTER TABLE widened ADD COLUMN tier INT DEFAULT 3, ADD COLUMN `größe €` TEXT');
    await sql("INSERT INTO widened VALUES ('b', 'open', 'y', 4, 'groß')");
    await table.expectEqual();
    const changes = await table.changes();
    expect(changes.map(brief)).toEqual(['r1!', 'e2!', 'c3!']);
    expect(Object.values(changes[2]?.after ?? {})).toEqual(['b', 'open', 'y', '4', 'groß']);
    expect(loggedCodes(reader)).toEqual([]);
  });

  it('stop this table alone when a field loses its column, until the column is back', async () => {
    const table = await ticketTable('narrowed', ["('a', 'open', 'x')"]);
    const reader = table.start();
    const { gtidSet } = await table.caughtUp();
    await sql("ALTER TABLE narrowed DROP COLUMN status; INSERT INTO narrowed VALUES ('b', 'y')");
    await toLog(reader, 'CDC_1003');
    expect(reader.trouble).toMatchObject({ code: 'CDC_1003' });
    expect(await table.checkpoint()).toMatchObject({ gtidSet, nextSeq: 3 });
    expect(await briefs(table)).toEqual(['r1!', 'e2!']);
    await sql(
      "ALTER TABLE narrowed ADD COLUMN status TEXT; UPDATE narrowed SET status = 'new' WHERE ticket_id = 'b'",
    );
    await toBeReady(reader);
    await table.expectEqual();
    expect(reader.trouble).toBeUndefined();
  });
});

describe('a mapped column that is renamed', () => {
  it('stops this table alone, before the change, and loses nothing once the mapping knows the name', async () => {
    const table = await ticketTable('renamed', ["('a', 'open', 'x')"]);
    await sql('CREATE TABLE other_one (ticket_id TEXT, status TEXT)');
    const other = await capture('other_one', { serverId: 7_050 });
    const reader = table.start();
    other.start();
    await table.expectEqual();
    await other.expectEqual();
    await sql("INSERT INTO renamed VALUES ('b', 'open', 'y')");
    const { gtidSet } = await table.caughtUp();
    await sql(
      "ALTER TABLE renamed CHANGE status state TEXT; INSERT INTO renamed VALUES ('c', 'open', 'z'); INSERT INTO other_one VALUES ('a', 'b')",
    );
    await toLog(reader, 'CDC_1003');
    expect(reader.lines.find(({ code }) => code === 'CDC_1003')?.msg).toContain(
      'careplus.yaml under datasets: support-tickets: aliases: { status: [new_name] }',
    );
    expect(reader.ready).toBe(false);
    await other.expectEqual();
    expect(await table.checkpoint()).toMatchObject({ gtidSet, nextSeq: 4 });
    expect(await briefs(table)).toEqual(['r1!', 'e2!', 'c3!']);

    await reader.stop();
    table.start({ dataset: withAliases(table.config.dataset, { status: ['state'] }) });
    await vi.waitFor(async () => {
      const newest = (await table.changes()).at(-1);
      expect(newest?.op).toBe('e');
      expect(newest?.source.seq).toBe(4);
    }, 15_000);
  });
});

describe('transactions of every kind', () => {
  it('count as the source has them', async () => {
    const table = await ticketTable('kinds');
    await sql('CREATE TABLE aside (a INT) ENGINE=MyISAM');
    table.start();
    await table.expectEqual();
    await sql(
      "BEGIN; INSERT INTO kinds VALUES ('1', '', ''); SAVEPOINT s; INSERT INTO kinds VALUES ('2', '', ''); ROLLBACK TO s; INSERT INTO kinds VALUES ('3', '', ''); COMMIT;" +
        "XA START 'x'; INSERT INTO kinds VALUES ('4', '', ''); XA END 'x'; XA PREPARE 'x';" +
        "XA COMMIT 'x'; XA START 'y'; INSERT INTO kinds VALUES ('5', '', ''); XA END 'y'; XA PREPARE 'y'; XA ROLLBACK 'y';" +
        "XA START 'z'; INSERT INTO kinds VALUES ('6', '', ''); XA END 'z'; XA COMMIT 'z' ONE PHASE;" +
        "BEGIN; INSERT INTO kinds VALUES ('7', '', ''); INSERT INTO aside VALUES (1); INSERT INTO kinds VALUES ('8', '', ''); COMMIT;" +
        "REPLACE INTO kinds VALUES ('9', '', ''); CREATE TEMPORARY TABLE kinds_t (a INT); DROP TEMPORARY TABLE kinds_t",
    );
    await table.expectEqual();
    expect(await briefs(table)).toEqual([
      ...['e1!', 'c2', 'c3!', 'c4!', 'c5!', 'c6', 'c7!', 'c8!'],
    ]);
  });

  it('of a table without transactions count too', async () => {
    await sql(
      "CREATE TABLE myisam (ticket_id TEXT, status TEXT) ENGINE=MyISAM; INSERT INTO myisam VALUES ('a', 'b')",
    );
    const account = `'${servers.source.login.user}'@'127.0.0.1'`;
    await sql(`REVOKE LOCK TABLES ON *.* FROM ${account}`);
    const table = await capture('myisam');
    const reader = table.start();
    const cure = `GRANT LOCK TABLES ON \`careplus\`.* TO ${account}`;
    await vi.waitFor(() => expect(reader.trouble?.message).toContain(cure), 15_000);
    await sql(cure);
    await table.expectEqual();
    await sql("INSERT INTO myisam VALUES ('c', 'd'), ('e', 'f'); DELETE FROM myisam LIMIT 1");
    await table.expectEqual();
    expect(await briefs(table)).toEqual(['r1!', 'e2!', 'c3', 'c4!', 'd5!']);
  });
});

describe('the checkpoint', () => {
  it('follows transactions of other tables and shows that it is alive when nothing happens', async () => {
    const table = await ticketTable('quiet');
    table.start();
    const first = await table.caughtUp();
    await sql('CREATE TABLE loud (a INT); INSERT INTO loud VALUES (1); DROP TABLE loud');
    const second = await table.caughtUp();
    expect(second.gtidSet).not.toBe(first.gtidSet);
    expect(second.nextSeq).toBe(first.nextSeq);
    await vi.waitFor(async () => {
      const later = await table.checkpoint();
      expect(later?.gtidSet).toBe(second.gtidSet);
      expect(later?.writtenAtMs).toBeGreaterThan(second.writtenAtMs);
    }, 10_000);
  });

  it('can be sent back to a new snapshot while the reader runs', async () => {
    const table = await ticketTable('requested', ["('a', 'open', '')"]);
    const reader = table.start();
    const { epoch } = await table.caughtUp();
    const { sourceId } = table.config;
    await table.withStore(async (store, log) => {
      const writer = createTransactionalWriter(table.kafka, {
        transactionalId: readerTransactionalId(sourceId),
        log,
      });
      await requestSnapshot(sourceId, writer, store, AbortSignal.timeout(15_000));
      await writer.close();
    });
    await vi.waitFor(
      async () => expect((await table.checkpoint())?.epoch).toBeGreaterThan(epoch),
      15_000,
    );
    await table.expectEqual();
    await toBeReady(reader);
  });
});

describe('a source that is not fit', () => {
  it('is refused with the statement that cures it, and taken as soon as it is cured', async () => {
    const table = await ticketTable('unfit');
    await sql("SET GLOBAL binlog_row_metadata = 'MINIMAL'");
    const reader = table.start({ serverId: 1 });
    await toLog(reader, 'CDC_1001');
    const told = reader.lines.find(({ code }) => code === 'CDC_1001')?.msg ?? '';
    expect(told).toContain("SET GLOBAL binlog_row_metadata = 'FULL'");
    expect(told).toContain('source.serverId');
    await reader.stop();
    const cured = table.start();
    await sql("SET GLOBAL binlog_row_metadata = 'FULL'");
    await toBeReady(cured);
    await table.expectEqual();
  });

  it('is told apart when it has purged what the checkpoint needs', async () => {
    const table = await ticketTable('purged');
    const reader = table.start();
    const { gtidSet } = await table.caughtUp();
    await reader.stop();
    await sql("INSERT INTO purged VALUES ('a', 'open', '')");
    await sql('FLUSH BINARY LOGS');
    await sql("INSERT INTO purged VALUES ('b', 'open', '')");
    await sql('FLUSH BINARY LOGS');
    const logs = await servers.source.rows('SHOW BINARY LOGS');
    await sql(`PURGE BINARY LOGS TO '${logs.at(-1)?.['Log_name'] ?? ''}'`);
    const again = table.start();
    await toLog(again, 'CDC_1002');
    expect((await table.checkpoint())?.gtidSet).toBe(gtidSet);
  });
});
