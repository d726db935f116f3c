import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { toBeReady, toLog, type CapturedTable } from './reader-harness.ts';
import { useServers } from './servers-in-tests.ts';

const LONG = process.env['CAREPLUS_LONG'] === '1';
const COLUMNS = supportTickets.mapping.map(({ column }) => column);

const servers = useServers();
const { ticketTable } = servers;
const sql = (text: string) => servers.source.sql(text);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-cdc-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const processes: ChildProcess[] = [];
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});

async function captureTickets(table: string): Promise<CapturedTable> {
  await sql(`CREATE TABLE ${table} (${COLUMNS.map((name) => `${name} TEXT`).join(', ')})`);
  return servers.capture(table, { dataset: supportTickets });
}

/** Starts the daemon `cdc-reader` as a process with a configuration file. */
function startProcess({ config: { server, table } }: CapturedTable): ChildProcess {
  const file = path.join(folder, `${table}.yaml`);
  const { passwordFile, login } = servers.source;
  const config = {
    version: 1,
    kafka: { brokers: servers.broker.brokers },
    source: {
      ...{ name: server, host: login.host, port: login.port, user: login.user, passwordFile },
      ...{ heartbeatSeconds: 1, checkpointIntervalMs: 100 },
    },
    datasets: { 'support-tickets': { database: 'careplus', table } },
    aws: { region: 'us-east-1' },
    warehouse: {
      workgroup: 'w',
      database: 'd',
      copyRoleArn: 'arn:aws:iam::000000000000:role/copy',
    },
  };
  writeFileSync(file, JSON.stringify(config));
  const script = path.join(import.meta.dirname, 'fixtures/run-reader.ts');
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  processes.push(child);
  return child;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

/** Rows that differ in ticket_id only, made by the server. */
const insertMany = (table: string, count: number) =>
  sql(
    `INSERT INTO ${table} (ticket_id, status, agent) SELECT CONCAT('t', seq % 997), 'open', REPEAT('a', 40) FROM seq_1_to_${count}`,
  );

function peakMemoryMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe('a reader that is killed', () => {
  it('goes on inside a large transaction with the same numbers, no gap and no repeat', async () => {
    const rows = LONG ? 500_000 : 30_000;
    const table = await captureTickets('large');
    let child = startProcess(table);
    await table.caughtUp();
    await insertMany('large', rows);
    for (let kills = 0; kills < 2; kills += 1) {
      const before = (await table.checkpoint())?.nextSeq ?? 0;
      await vi.waitFor(
        async () => {
          const checkpoint = await table.checkpoint();
          expect(checkpoint?.open).not.toBeNull();
          expect(checkpoint?.nextSeq).toBeGreaterThan(before);
        },
        { timeout: 20_000, interval: 5 },
      );
      await kill(child, 'SIGKILL');
      child = startProcess(table);
    }
    await table.caughtUp();
    const changes = await table.changes();
    expect(changes).toHaveLength(rows + 1);
    const ends = changes.filter(({ transaction_end }) => transaction_end);
    expect(ends.map(({ source: { seq } }) => seq)).toEqual([1, rows + 1]);
    expect(changes.map(({ source: { row } }) => row).slice(1)).toEqual(
      Array.from({ length: rows }, (_, index) => index),
    );
    await table.expectEqual();
    // Some 45 MB of it are the stripping of types, which a bundle does not have.
    expect(peakMemoryMb(child)).toBeLessThan(245);
    expect(await kill(child, 'SIGTERM')).toBe(0);
  });

  it('loses and repeats nothing, whenever it is killed', async () => {
    const kills = LONG ? 60 : 6;
    const table = await captureTickets('unlucky');
    const enough = new AbortController();
    const writer = await servers.source.connect();
    const written = (async () => {
      for (let round = 0; !enough.signal.aborted; round += 1) {
        await writer.query(
          `BEGIN; INSERT INTO unlucky (ticket_id, status) SELECT CONCAT('${round}-', seq), 'open' FROM seq_1_to_${1 + (round % 40)}; ` +
            "UPDATE unlucky SET status = CONCAT(status, '.') LIMIT 2; DELETE FROM unlucky ORDER BY RAND() LIMIT 5; COMMIT",
        );
        await sleep(2);
      }
    })();
    let child = startProcess(table);
    for (let count = 0; count < kills; count += 1) {
      await sleep(300 + Math.random() * 900);
      await kill(child, 'SIGKILL');
      child = startProcess(table);
    }
    enough.abort();
    await written;
    await writer.end();
    await table.expectEqual();
    expect(await kill(child, 'SIGTERM')).toBe(0);
  });
});

describe('two readers of one table', () => {
  it('never read at once: the second waits and goes on where the first stopped', async () => {
    const table = await ticketTable('twice', ["('a', 'open', '')"]);
    const first = table.start();
    await table.caughtUp();
    const second = table.start();
    await toLog(second, 'CDC_1005');
    await sql("INSERT INTO twice VALUES ('b', 'open', '')");
    await table.caughtUp();
    expect([first.ready, second.ready]).toEqual([true, false]);
    await first.stop();
    await toBeReady(second);
    await sql("INSERT INTO twice VALUES ('c', 'open', '')");
    await table.expectEqual();
    expect((await table.changes()).map(({ op }) => op).join('')).toBe('recc');
  });
});

describe('lost connections', () => {
  const kill = async (where: string) => {
    const threads = await vi.waitFor(async () => {
      const found = await servers.source.rows(
        `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${servers.source.login.user}' AND ${where}`,
      );
      expect(found.length).toBeGreaterThan(0);
      return found;
    }, 10_000);
    for (const { id } of threads) {
      // One that has ended meanwhile is as lost as one that was killed.
      await sql(`KILL ${id ?? ''}`).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== 'ER_NO_SUCH_THREAD') throw error;
      });
    }
  };

  it.each([
    ['binlog_lost', "COMMAND = 'Binlog Dump'"],
    ['all_lost', 'TRUE'],
  ])('are made good without a gap or a repeat (%s)', async (name, where) => {
    const table = await ticketTable(name);
    table.start();
    await table.caughtUp();
    for (let round = 0; round < 3; round += 1) {
      await sql(`INSERT INTO ${name} VALUES ('${round}', 'open', ''), ('${round}', 'open', '')`);
      await kill(where);
      await sql(`INSERT INTO ${name} VALUES ('again', 'open', '')`);
      await table.caughtUp();
    }
    await table.expectEqual();
    expect((await table.changes()).map(({ op }) => op).join('')).toBe('eccccccccc');
  });
});
