import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { CapturedTable } from './reader-harness.ts';
import { startBroker, startSource, type Broker, type Source } from './servers.ts';

const LONG = process.env['CAREPLUS_LONG'] === '1';
const COLUMNS = supportTickets.mapping.map(({ column }) => column);

let source: Source;
let broker: Broker;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-cdc-'));
  [source, broker] = await Promise.all([startSource(), startBroker()]);
});
afterAll(async () => {
  await Promise.all([source.stop(), broker.stop()]);
  rmSync(folder, { recursive: true });
});

const processes: ChildProcess[] = [];
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});

async function captureTickets(table: string): Promise<CapturedTable> {
  await source.sql(`CREATE TABLE ${table} (${COLUMNS.map((name) => `${name} TEXT`).join(', ')})`);
  return CapturedTable.prepare(source, broker, table, { dataset: supportTickets });
}

/** Starts the daemon `cdc-reader` as a process with a configuration file. */
function startProcess(table: string): ChildProcess {
  const file = path.join(folder, `${table}.yaml`);
  const { host, port, reader } = source.mariadb;
  const config = {
    version: 1,
    kafka: { brokers: broker.kafka.brokers },
    source: {
      ...{ name: 'test', host, port, user: reader.user, passwordFile: reader.passwordFile },
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
  child.stdout?.resume();
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
  source.sql(
    `INSERT INTO ${table} (ticket_id, status, agent) SELECT CONCAT('t', seq % 997), 'open', REPEAT('a', 40) FROM seq_1_to_${count}`,
  );

function peakMemoryMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe('a reader that is killed', () => {
  it('goes on inside a large transaction with the same numbers, no gap and no repeat', async () => {
    const rows = LONG ? 500_000 : 60_000;
    const table = await captureTickets('large');
    let child = startProcess('large');
    await table.caughtUp();
    await insertMany('large', rows);
    for (let kills = 0; kills < 3; kills += 1) {
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
      child = startProcess('large');
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
    expect(peakMemoryMb(child)).toBeLessThan(200);
    expect(await kill(child, 'SIGTERM')).toBe(0);
  });

  it('loses and repeats nothing, whenever it is killed', async () => {
    const kills = LONG ? 60 : 6;
    const table = await captureTickets('unlucky');
    let writing = true;
    const writer = await source.connect();
    const written = (async () => {
      for (let round = 0; writing; round += 1) {
        await writer.query(
          `BEGIN; INSERT INTO unlucky (ticket_id, status) SELECT CONCAT('${round}-', seq), 'open' FROM seq_1_to_${1 + (round % 40)}; ` +
            "UPDATE unlucky SET status = CONCAT(status, '.') LIMIT 2; DELETE FROM unlucky ORDER BY RAND() LIMIT 5; COMMIT",
        );
        await sleep(2);
      }
    })();
    let child = startProcess('unlucky');
    for (let count = 0; count < kills; count += 1) {
      await sleep(300 + Math.random() * 900);
      await kill(child, 'SIGKILL');
      child = startProcess('unlucky');
    }
    writing = false;
    await written;
    await writer.end();
    await table.expectEqual();
    expect(await kill(child, 'SIGTERM')).toBe(0);
  });
});
