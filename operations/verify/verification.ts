import type { Config } from '../../runtime/config/config-schema.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { findTableDataset } from '../../schemas/datasets/registry.ts';
import { sourceId } from '../../schemas/row-change.ts';
import type { Books } from './books.ts';
import { waitUntilCovered, type Coverage, type CoverageOptions } from './coverage.ts';
import type { Difference } from './differences.ts';
import { connectSource, currentGtid, type SourceConnection } from './source-connection.ts';
import { readSource } from './source-reading.ts';
import { openTableSnapshot, type TableName } from './source-table.ts';
import { sqlText } from './sql-text.ts';
import { verifyDataset, type DatasetResult, type DatasetSides } from './verify-dataset.ts';
import { findLastInside, readFrontier, readWarehouse } from './warehouse-reading.ts';
import type { WarehouseScope } from './warehouse-statements.ts';

export interface VerificationOptions {
  readonly api: DataApi;
  /** How long the warehouse may take to reach the source's position, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Books and place of one dataset, as `careplus verify --json` writes them. */
interface DatasetVerification extends Books {
  readonly dataset: string;
  readonly ok: boolean;
  readonly source: string;
  readonly gtid: string;
  readonly epoch: number | null;
  readonly seq: number;
  readonly frontier: number;
  readonly rules_version: number;
  readonly attempts: number;
  readonly differences_total: number;
}

/** Books of the rows that belong to one day, `unknown` where they name none. */
interface DayBooks extends Books {
  readonly dataset: string;
  readonly day: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly verified_at: string;
  readonly datasets: readonly DatasetVerification[];
  readonly days: readonly DayBooks[];
  /** The first ones of every dataset. */
  readonly differences: readonly ({ readonly dataset: string } & Difference)[];
  readonly differences_total: number;
}

/** A dataset of the configuration with its table and its place in the warehouse. */
interface Target extends WarehouseScope {
  readonly table: TableName;
}

/**
 * Verifies every configured dataset: the warehouse against the rules applied to what the source
 * holds now.
 *
 * @throws {PipelineError} when a side cannot be read; differences are a result, not an error.
 */
export async function verify(config: Config, options: VerificationOptions): Promise<Verification> {
  await using connection = await connectSource(config.source, options.signal);
  const results: [Target, DatasetResult][] = [];
  for (const target of targetsOf(config)) {
    const sides = sidesOf(config, target, connection, options);
    results.push([target, await verifyDataset(target.dataset, sides)]);
  }
  const datasets = results.map(([target, result]) => summary(target, result));
  return {
    ok: datasets.every(({ ok }) => ok),
    verified_at: new Date().toISOString(),
    datasets,
    days: results.flatMap(([{ dataset }, { days }]) =>
      [...days]
        .map(([day, books]) => ({ dataset: dataset.shortName, day, ...books }))
        .sort((a, b) => (a.day < b.day ? -1 : 1)),
    ),
    differences: results.flatMap(([{ dataset }, { differences }]) =>
      differences.first.map((difference) => ({ dataset: dataset.shortName, ...difference })),
    ),
    differences_total: datasets.reduce((sum, each) => sum + each.differences_total, 0),
  };
}

/**
 * Waits until everything that was committed at the call is in the warehouse.
 *
 * @returns the position, and for each dataset whether it was reached.
 */
export async function waitUntilIdle(
  config: Config,
  options: VerificationOptions,
): Promise<{ gtid: string; datasets: ({ dataset: string; source: string } & Coverage)[] }> {
  await using connection = await connectSource(config.source, options.signal);
  const gtid = await currentGtid(connection);
  const datasets = await Promise.all(
    targetsOf(config).map(async (target) => {
      const coverage = await waitUntilCovered(target, gtid, coverageOptions(config, options));
      return { dataset: target.dataset.shortName, source: target.source, ...coverage };
    }),
  );
  return { gtid, datasets };
}

/** Keeps a result in `ops.verifications`, where the page and later readers find it. */
export async function recordVerification(
  api: DataApi,
  { verified_at, datasets }: Verification,
  signal: AbortSignal,
): Promise<void> {
  const time = verified_at.replace('T', ' ').slice(0, 19);
  for (const books of datasets) {
    await api.query(
      `INSERT INTO ops.verifications (dataset, verified_at, ok, books) VALUES ` +
        `(${sqlText(books.dataset)}, TIMESTAMP '${time}', ${books.ok ? 1 : 0}, ` +
        `${sqlText(JSON.stringify(books))})`,
      { signal },
    );
  }
}

function targetsOf(config: Config): Target[] {
  return Object.entries(config.datasets).map(([name, { database, table }]) => {
    const dataset = findTableDataset(name);
    if (!dataset) throw new TypeError(`no such dataset: ${name}`);
    const source = sourceId(config.source.name, database, table);
    return { dataset, source, table: { database, table } };
  });
}

function coverageOptions(config: Config, options: VerificationOptions): CoverageOptions {
  return {
    ...options,
    kafka: createKafka(config.kafka, {
      clientId: 'careplus-operations',
      // stdout belongs to the verb's result.
      log: createLog('careplus', 'silent'),
    }),
    // The frontier moves once a batch: looking much more often only costs the warehouse.
    pollMs: Math.min(5_000, Math.max(200, config.loader.cadenceMs / 4)),
  };
}

function sidesOf(
  config: Config,
  target: Target,
  connection: SourceConnection,
  options: VerificationOptions,
): DatasetSides {
  const { api, signal, note } = options;
  const { dataset, table } = target;
  const coverage = coverageOptions(config, options);
  return {
    async shownEpoch() {
      try {
        return (await readFrontier(api, target, signal))?.epoch;
      } catch (error) {
        // Before the loader's first start its tables are not there.
        if (findPipelineError(error)?.code !== 'WH_5001') throw error;
        note(`${dataset.shortName}: ${errorText(error)}`);
        return undefined;
      }
    },
    async readSource() {
      const { gtid, rows } = await openTableSnapshot(connection, dataset, table);
      note(`${dataset.shortName}: reading ${table.database}.${table.table} as of ${gtid}`);
      return { gtid, reading: await readSource(dataset, rows) };
    },
    waitUntilCovered: (gtid) => waitUntilCovered(target, gtid, coverage),
    findLastInside: (frontier, gtid) => findLastInside(api, target, frontier, gtid, signal),
    readWarehouse: (place) => readWarehouse(api, target, { ...place, signal }),
  };
}

function summary({ dataset, source }: Target, result: DatasetResult): DatasetVerification {
  const { gtid, epoch, seq, frontier, attempts, differences, books } = result;
  return {
    dataset: dataset.shortName,
    ok: differences.total === 0,
    ...books,
    source,
    gtid,
    epoch,
    seq,
    frontier,
    rules_version: dataset.rulesVersion,
    attempts,
    differences_total: differences.total,
  };
}
