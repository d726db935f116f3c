/**
 * Figures over a full warehouse: `npm run bench -- dashboard [log entries] [tickets]`.
 *
 * Starts PostgreSQL and the local AWS endpoint, fills a million log entries and a hundred thousand
 * tickets with their history by SQL. Then, each three times through the Redshift Data API with the
 * medians told, on the clock and of PostgreSQL's CPU time: every figure of the pages by itself, where nothing is chosen and under choices, and
 * the pages' whole query sets, each as the one transaction that a page waits for, with the reading
 * of its results. Last, Chromium opens every page and tells the time from navigation to figures.
 */
import { cpus } from 'node:os';
import { pino } from 'pino';
import { booksQuery } from '../dashboards/web/figures/books.ts';
import {
  filterSql,
  logFilters,
  parseFilter,
  ticketFilters,
  type FilterSql,
} from '../dashboards/web/figures/filters.ts';
import { logFigureSet, logQueries } from '../dashboards/web/figures/log-figures.ts';
import { figuresQuery, type MeasureSet } from '../dashboards/web/figures/measure-queries.ts';
import { pipelineQueries } from '../dashboards/web/figures/pipeline-figures.ts';
import { ticketFigureSet, ticketQueries } from '../dashboards/web/figures/ticket-figures.ts';
import { createRedshiftWarehouse } from '../dashboards/web/figures/warehouse.ts';
import { createDataApi } from '../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../runtime/redshift/redshift-client.ts';
import { overLogSums } from '../schemas/measures.ts';
import { BUCKET, startLakeServers } from '../test/integration/warehouse/lake-servers.ts';
import { migrate, readMigrations } from '../warehouse-loader/migrations.ts';
import { fillWarehouse } from './dashboard/full-warehouse.ts';
import { serverCpuSeconds } from './measure/process-figures.ts';
import { openPages } from './dashboard/open-pages.ts';
import {
  figureAddresses,
  listAddresses,
  pageAddresses,
  pagePaths,
  type PageAddress,
} from './dashboard/page-addresses.ts';

const [entries = 1_000_000, tickets = 100_000] = process.argv.slice(2).map(Number);
const ROUNDS = 3;
const TOLD = 6;
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
const warehouse = createRedshiftWarehouse(api);

const padded = (ms: number) => `${Math.round(ms).toString().padStart(8)} ms`;
const tell = (ms: number, what: string, cpu?: number) =>
  process.stdout.write(`${padded(ms)}${cpu === undefined ? '' : ` ${padded(cpu)} CPU`}  ${what}\n`);

process.stdout.write(`${cpus()[0]?.model ?? ''} × ${cpus().length}\n`);
for (const [what, ms] of await fillWarehouse(servers.database, { entries, tickets })) {
  tell(ms, what);
}

const backend = await servers.database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
const cpuMs = () => serverCpuSeconds(backend.rows[0]?.pid ?? NaN) * 1_000;

/** Medians of a query set with the reading of its rows: time on the clock, and CPU of PostgreSQL. */
async function measure(queries: readonly string[], filter: FilterSql): Promise<Measured> {
  const parameters = Object.fromEntries(
    Object.entries(filter.parameters).filter(([name]) =>
      queries.some((sql) => new RegExp(`:${name}\\b`).test(sql)),
    ),
  );
  const times: number[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [begun, used] = [performance.now(), cpuMs()];
    await warehouse.readTogether(queries, { signal, parameters });
    times.push(performance.now() - begun);
    cpu.push(cpuMs() - used);
  }
  return { ms: median(times), cpu: median(cpu) };
}

interface Measured {
  readonly ms: number;
  /** Milliseconds. */
  readonly cpu: number;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** A page's figures, each as a set of its own. */
function apart(set: MeasureSet): readonly (readonly [string, MeasureSet])[] {
  const onlySplit = [...set.measures, ...(set.onlySplit ?? [])];
  const none = { measures: [], onlySplit, breakdowns: [], matrices: [] };
  return [
    ...set.measures.map(
      (measure) => [measure.name, { ...none, measures: [measure], onlySplit: [] }] as const,
    ),
    ...set.breakdowns.map((each) => [each.name, { ...none, breakdowns: [each] }] as const),
    ...set.matrices.map((each) => [each.name, { ...none, matrices: [each] }] as const),
  ];
}

function filterOf({ page, query }: PageAddress): FilterSql {
  const filters = page === 'logs' ? logFilters : ticketFilters;
  const filter = parseFilter(filters, new URLSearchParams(query));
  if (!filter) throw new TypeError(`no filter: ${query}`);
  return filterSql(filters, filter);
}

/** Each figure of a page by itself; the page reads those over one view together. */
function figuresOf(
  address: PageAddress,
  filter: FilterSql,
): readonly (readonly [string, string])[] {
  if (address.page === 'pipeline') return [];
  const knows = (relation: string) => filter.conditions(relation) !== null;
  return address.page === 'logs'
    ? [
        ...apart(logFigureSet).map(
          ([name, set]) => [name, figuresQuery(overLogSums(set, knows), filter)] as const,
        ),
        ['books of the logs', booksQuery('logs')] as const,
      ]
    : [
        ...apart(ticketFigureSet).map(([name, set]) => [name, figuresQuery(set, filter)] as const),
        ['books of the tickets', booksQuery('tickets')] as const,
      ];
}

const queriesOf = { tickets: ticketQueries, logs: logQueries, pipeline: pipelineQueries } as const;
const named = ({ page, query }: PageAddress) => `${page}${query === '' ? '' : ` ?${query}`}`;

process.stdout.write(
  `\n${entries} log entries, ${tickets} tickets; each figure by itself, the slowest ${TOLD} of each page\n`,
);
for (const address of figureAddresses) {
  const filter = filterOf(address);
  const figures: (readonly [string, Measured])[] = [];
  for (const [name, sql] of figuresOf(address, filter)) {
    figures.push([name, await measure([sql], filter)]);
  }
  const slowest = figures.sort(([, a], [, b]) => b.ms - a.ms).slice(0, TOLD);
  for (const [name, { ms, cpu }] of slowest) tell(ms, `${named(address)}: ${name}`, cpu);
}
process.stdout.write('\nwhole query sets of the pages, and the slowest statement of each\n');
for (const address of pageAddresses) {
  const filter = filterOf(address);
  const queries = queriesOf[address.page](filter);
  const { ms, cpu } = await measure(queries, filter);
  const alone: number[] = [];
  for (const sql of queries) alone.push((await measure([sql], filter)).ms);
  tell(ms, `${named(address)}, its slowest${padded(Math.max(...alone))}`, cpu);
}
process.stdout.write('\nChromium, from navigation to figures on screen\n');
const everyAddress = [
  ...pageAddresses.map(({ page, query }) => ({ path: pagePaths[page], query })),
  ...listAddresses,
];
for (const { ms, path, query } of await openPages(everyAddress, {
  endpoint: servers.url,
  bucket: BUCKET,
})) {
  tell(ms, `${path}${query === '' ? '' : `?${query}`}`);
}
client.destroy();
