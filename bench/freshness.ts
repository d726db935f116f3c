/**
 * Commit → visible: `npm run bench -- freshness [seconds] [changes per second]`.
 *
 * Starts a local stack of its own, commits probe rows at a steady rate, each stamped with the time
 * after its commit, and looks into `reporting.tickets` until each is there. The clock is one: both
 * ends are measured in this process.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

const seconds = Number(process.argv[2] ?? 30);
const rate = Number(process.argv[3] ?? 1_000);
const PROBES_PER_SECOND = 10;
const POLL_MS = 25;

const folder = mkdtempSync(path.join(tmpdir(), 'careplus-bench-'));
const stateDir = path.join(folder, 'state');

function careplus(...args: string[]): void {
  const script = path.resolve(import.meta.dirname, '../operations/careplus.ts');
  const { status } = spawnSync(process.execPath, [script, ...args, '--state', stateDir], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CAREPLUS_PORT_BASE: process.env['CAREPLUS_PORT_BASE'] ?? '19400' },
  });
  if (status !== 0) throw new Error(`careplus ${args.join(' ')} ended with ${String(status)}`);
}

function readEnv(): Record<string, string> {
  const lines = readFileSync(path.join(stateDir, 'env'), 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => line.split(/=(.*)/s).slice(0, 2)) as [string, string][],
  );
}

/** Row of a probe or of the traffic around it. */
const row = (id: string) =>
  `('${id}','2025-07-01 10:00',NULL,'Bench','Low','1','Bug Report','Chat','Open','')`;

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function measure(): Promise<void> {
  const env = readEnv();
  const mysql = await createConnection({
    host: env['CAREPLUS_MYSQL_HOST'] ?? '',
    port: Number(env['CAREPLUS_MYSQL_PORT']),
    user: env['CAREPLUS_MYSQL_ADMIN_USER'] ?? '',
    password: env['CAREPLUS_MYSQL_ADMIN_PASSWORD'] ?? '',
    database: env['CAREPLUS_MYSQL_DATABASE'] ?? '',
  });
  const warehouse = new pg.Client(env['CAREPLUS_WAREHOUSE_URL']);
  await warehouse.connect();
  const committedAt = new Map<string, number>();
  const ages: number[] = [];
  let writing = true;

  const write = async () => {
    const traffic = Math.max(1, Math.round(rate / PROBES_PER_SECOND));
    const startedAt = Date.now();
    for (let tick = 0; tick < seconds * PROBES_PER_SECOND; tick += 1) {
      const wait = startedAt + (tick * 1_000) / PROBES_PER_SECOND - Date.now();
      if (wait > 0) await delay(wait);
      const rows = Array.from({ length: traffic }, (_, i) =>
        row(i === 0 ? `P${tick}` : `B${tick}-${i}`),
      );
      await mysql.query(`INSERT INTO support_tickets VALUES ${rows.join(',')}`);
      committedAt.set(`P${tick}`, Date.now());
    }
    writing = false;
  };
  const watch = async () => {
    while (writing || committedAt.size > 0) {
      const { rows } = await warehouse.query<{ ticket_id: string }>(
        'SELECT ticket_id FROM reporting.tickets WHERE ticket_id = ANY($1)',
        [[...committedAt.keys()]],
      );
      const now = Date.now();
      for (const { ticket_id: id } of rows) {
        ages.push(now - (committedAt.get(id) ?? now));
        committedAt.delete(id);
      }
      await delay(POLL_MS);
    }
  };
  await Promise.all([write(), watch()]);
  await mysql.end();
  await warehouse.end();

  ages.sort((a, b) => a - b);
  console.log(
    `\n${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ` +
      `${rate} changes/s for ${seconds} s, Firehose interval 1 s, ${ages.length} probes`,
  );
  console.log('commit → visible in reporting.tickets, ms');
  console.table([
    {
      p50: percentile(ages, 0.5),
      p90: percentile(ages, 0.9),
      p99: percentile(ages, 0.99),
      max: ages.at(-1),
    },
  ]);
}

try {
  careplus('up', '--empty', '--keep-running');
  await measure();
} finally {
  careplus('down');
  rmSync(folder, { recursive: true, force: true });
}
