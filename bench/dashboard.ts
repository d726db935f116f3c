/**
 * Figures over a full warehouse: `npm run bench -- dashboard [log entries] [tickets]`.
 *
 * Starts PostgreSQL and the local AWS endpoint, fills a million log entries and a hundred thousand
 * tickets with their history by SQL, then runs every figure of the catalogue and every query of the
 * pages through the Redshift Data API, five times each, and tells the median. Last the pages' whole
 * query sets, each as the one transaction that a page waits for, with the reading of its results.
 */
import { cpus } from 'node:os';
import { pino } from 'pino';
import {
  noFilter,
  filterSql,
  logFilters,
  ticketFilters,
} from '../dashboards/web/figures/filters.ts';
import { logQueries } from '../dashboards/web/figures/log-figures.ts';
import { figuresQuery, type MeasureSet } from '../dashboards/web/figures/measure-queries.ts';
import { pipelineQueries } from '../dashboards/web/figures/pipeline-figures.ts';
import { ticketQueries } from '../dashboards/web/figures/ticket-figures.ts';
import { createRedshiftWarehouse } from '../dashboards/web/figures/warehouse.ts';
import { createDataApi } from '../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../runtime/redshift/redshift-client.ts';
import {
  heatMaps,
  historyBreakdowns,
  historyMeasures,
  logBooks,
  logBreakdowns,
  logMeasures,
  overLogSums,
  ticketBooks,
  ticketBreakdowns,
  ticketMeasures,
  type Measure,
} from '../schemas/measures.ts';
import { BUCKET, startLakeServers } from '../test/integration/warehouse/lake-servers.ts';
import { migrate, readMigrations } from '../warehouse-loader/migrations.ts';
import { fillWarehouse } from './dashboard/full-warehouse.ts';

const [entries = 1_000_000, tickets = 100_000] = process.argv.slice(2).map(Number);
const ROUNDS = 5;
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

process.stdout.write(`${cpus()[0]?.model ?? ''} × ${cpus().length}\n`);
for (const [what, ms] of await fillWarehouse(servers.database, { entries, tickets })) {
  process.stdout.write(`${Math.round(ms).toString().padStart(8)} ms  ${what}\n`);
}

/** Median of the times of a call, in milliseconds. */
async function median(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now();
    await call();
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
}

const measures: readonly Measure[] = [
  ...[...ticketMeasures, ...ticketBooks, ...historyMeasures],
  ...[...logMeasures, ...logBooks],
];
const whole = filterSql(logFilters, noFilter);
/** As the logs page reads them when nothing is chosen. */
const summed = overLogSums(
  { measures: logMeasures, breakdowns: logBreakdowns, matrices: heatMaps.slice(1) },
  () => true,
);
const parts = (set: MeasureSet): (readonly [string, string])[] => {
  const names = [...set.measures, ...set.breakdowns, ...set.matrices].map(({ name }) => name);
  const queries = figuresQuery(set, whole).split('\nUNION ALL\n');
  return names.map((name, index) => [name, queries[index] ?? '']);
};
const figures = [
  ...parts({
    measures,
    breakdowns: [...ticketBreakdowns, ...historyBreakdowns, ...logBreakdowns],
    matrices: heatMaps,
  }),
  ...parts(summed).map(([name, sql]) => [`${name}, from sums`, sql] as const),
];

process.stdout.write(`\n${entries} log entries, ${tickets} tickets; median of ${ROUNDS}\n`);
for (const [name, sql] of figures) {
  const ms = await median(() => api.query(sql, { signal }));
  process.stdout.write(`${Math.round(ms).toString().padStart(8)} ms  ${name}\n`);
}
const page = createRedshiftWarehouse(api);
const sets = {
  'tickets page': ticketQueries(filterSql(ticketFilters, noFilter)),
  'logs page': logQueries(filterSql(logFilters, noFilter)),
  'pipeline page': pipelineQueries(),
};
process.stdout.write('\nwhole query sets of the pages\n');
for (const [name, queries] of Object.entries(sets)) {
  const ms = await median(() => page.readTogether(queries, { signal }));
  process.stdout.write(`${Math.round(ms).toString().padStart(8)} ms  ${name}\n`);
}
client.destroy();
