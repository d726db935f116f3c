/**
 * Pages over a full warehouse: `npm run bench -- dashboard [log entries] [tickets]`.
 *
 * Starts PostgreSQL and the local AWS endpoint, fills a million log entries and a hundred thousand
 * tickets with their history by SQL. Then for every page, as a whole and under choices: its query
 * set through the Redshift Data API, as the one transaction that a page waits for with the reading
 * of its rows (medians of three: on the clock, of PostgreSQL's CPU time, and of the slowest of its
 * statements as the Data API tells it); and in Chromium the time from navigation to figures painted,
 * by the browser's own clock, where the choice is made for the first time. It has numbers and no bar.
 */
import { randomUUID } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import { DescribeStatementCommand } from '@aws-sdk/client-redshift-data';
import { pino } from 'pino';
import { createDataApi } from '../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../runtime/redshift/redshift-client.ts';
import { BUCKET, startLakeServers } from '../test/integration/warehouse/lake-servers.ts';
import { migrate, readMigrations } from '../warehouse-loader/migrations.ts';
import { fillWarehouse } from './dashboard/full-warehouse.ts';
import { openPageServer } from './dashboard/open-pages.ts';
import { addresses, crowd, querySetOf } from './dashboard/page-addresses.ts';
import { serverCpuSeconds } from './measure/process-figures.ts';

const [entries = 1_000_000, tickets = 100_000] = process.argv.slice(2).map(Number);
const ROUNDS = 3;
const { signal } = new AbortController();

process.env['AWS_ACCESS_KEY_ID'] = 'local';
process.env['AWS_SECRET_ACCESS_KEY'] = 'local';

await using servers = await startLakeServers();
const client = createRedshiftDataClient({
  region: 'eu-central-1',
  bucket: BUCKET,
  endpoint: servers.url,
});
const api = createDataApi({ client, target: { workgroupName: 'careplus', database: 'careplus' } });
await migrate(api, readMigrations(), { log: pino({ level: 'silent' }), signal });

const tell = (line: string) => process.stdout.write(`${line}\n`);
const padded = (value: number | string, width: number) =>
  (typeof value === 'number' ? Math.round(value).toString() : value).padStart(width);

tell(`${cpus()[0]?.model ?? ''} × ${cpus().length}, load ${loadavg()[0]?.toFixed(1) ?? ''}`);
for (const [what, ms] of await fillWarehouse(servers.database, { entries, tickets })) {
  tell(`${padded(ms, 7)} ms  ${what}`);
}

const backend = await servers.database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
const cpuMs = () => serverCpuSeconds(backend.rows[0]?.pid ?? NaN) * 1_000;
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

interface Measured {
  readonly ms: number;
  readonly cpu: number;
  /** Each statement's. */
  readonly statements: readonly number[];
}

async function runSet({ queries, parameters }: ReturnType<typeof querySetOf>): Promise<Measured> {
  const [begun, used] = [performance.now(), cpuMs()];
  const batch = { name: 'bench', statements: queries, parameters, token: randomUUID() };
  const { id } = await api.runBatch(batch, { signal });
  await Promise.all(queries.map((_sql, index) => api.result(`${id}:${index + 1}`, { signal })));
  const [ms, cpu] = [performance.now() - begun, cpuMs() - used];
  const { SubStatements = [] } = await client.send(new DescribeStatementCommand({ Id: id }));
  // Nanoseconds.
  return { ms, cpu, statements: SubStatements.map(({ Duration = NaN }) => Duration / 1e6) };
}

/** Medians of a query set, and its slowest statement by what it reads. */
async function measure(set: ReturnType<typeof querySetOf>) {
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await runSet(set));
  const statements = set.queries.map((sql, at) => ({
    ms: median(rounds.map((round) => round.statements[at] ?? NaN)),
    reads: /\bFROM reporting\.(\w+)/.exec(sql)?.[1] ?? '',
  }));
  return {
    ms: median(rounds.map(({ ms }) => ms)),
    cpu: median(rounds.map(({ cpu }) => cpu)),
    slowest: statements.toSorted((a, b) => b.ms - a.ms)[0] ?? { ms: NaN, reads: '' },
  };
}

await using pages = await openPageServer({ endpoint: servers.url, bucket: BUCKET });
tell(`\n${entries} log entries, ${tickets} tickets; ms`);
tell(' on screen  query set   its CPU  slowest statement');
for (const address of addresses) {
  // The page first: its choice is nobody's so far, and no cache of the database has seen it.
  const screen = address.path.startsWith('/api') ? '' : await pages.open(address);
  const { ms, cpu, slowest } = await measure(querySetOf(address));
  tell(
    `${padded(screen, 10)} ${padded(ms, 10)} ${padded(cpu, 9)} ${padded(slowest.ms, 10)} ` +
      `${slowest.reads.padEnd(16)} ${address.path}${address.query === '' ? '' : `?${address.query}`}`,
  );
}
const together = await Promise.all(crowd.map((address) => pages.read(address)));
tell(
  `\n${crowd.length} viewers ask at once for a choice each: answered after ` +
    `${together
      .map((ms) => Math.round(ms))
      .sort((a, b) => a - b)
      .join(', ')} ms`,
);
client.destroy();
