import type { Config } from '../../runtime/config/config-schema.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';
import type { DataApi } from '../../runtime/redshift/data-api.ts';
import { openBucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import { withAliases } from '../../schemas/datasets/projection.ts';
import { findTableDataset, logDatasets } from '../../schemas/datasets/registry.ts';
import { sourceId } from '../../schemas/row-change.ts';
import { readShipped, summaryOfArrived, verifyArrivedLogs } from './arrived-logs.ts';
import { readSources, waitUntilCovered, type CoverageOptions, type Hop } from './coverage.ts';
import { checkArchivedHistory } from './archived-history.ts';
import type { DifferenceList } from './differences.ts';
import { archivedImages } from './raw-history.ts';
import { waitUntilLogsCovered } from './log-coverage.ts';
import { listLogFiles } from './log-files.ts';
import {
  logSides,
  logTargetsOf,
  verifyLogs,
  type LogResult,
  type LogTarget,
} from './log-verification.ts';
import { connectSource, currentGtid, type SourceConnection } from './source-connection.ts';
import { readSource } from './source-reading.ts';
import { openTableSnapshot, type TableName } from './source-table.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';
import type {
  DatasetVerification,
  LogVerification,
  TableVerification,
  Verification,
} from './verification-result.ts';
import { verifyDataset, type DatasetResult, type DatasetSides } from './verify-dataset.ts';
import { findLastInside, readFrontier, readWarehouse } from './warehouse-reading.ts';
import type { WarehouseScope } from './warehouse-statements.ts';

export interface VerificationOptions {
  readonly api: DataApi;
  /** How long the warehouse may take to reach the source's position, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  /** Compares the history of tables with the raw archive, too: reads all of it. */
  readonly history?: boolean;
}

/** A dataset of the configuration with its table and its place in the warehouse. */
interface Target extends WarehouseScope {
  readonly table: TableName;
}

/**
 * Verifies every configured dataset: the warehouse against the rules applied to what the source
 * holds now. Without `logs` in the configuration the log files are other machines': then what has
 * arrived of them is verified.
 *
 * @throws {PipelineError} when a side cannot be read; differences are a result, not an error.
 */
export async function verify(config: Config, options: VerificationOptions): Promise<Verification> {
  const results: [string, DatasetVerification, Pick<DatasetResult, 'days' | 'differences'>][] = [];
  {
    await using connection = await connectSource(config.source, options.signal);
    for (const target of targetsOf(config)) {
      const sides = sidesOf(config, target, connection, options);
      const result = await verifyDataset(target.dataset, sides);
      results.push([target.dataset.shortName, summary(target, result), result]);
    }
  }
  for (const target of logTargetsOf(config)) {
    const result = await verifyLogs(
      target,
      logSides(target, {
        ...options,
        waitUntilCovered: (files) =>
          waitUntilLogsCovered(target, files, coverageOptions(config, options)),
      }),
    );
    results.push([target.dataset.shortName, logSummary(target, result), result]);
  }
  for (const dataset of config.logs === undefined ? logDatasets : []) {
    const coverage = coverageOptions(config, options);
    const shipped = await readShipped(dataset, coverage);
    const result = await verifyArrivedLogs(dataset, shipped, coverage);
    if (result) results.push([dataset.shortName, summaryOfArrived(dataset, result), result]);
  }
  const datasets = results.map(([, each]) => each);
  return {
    ok: datasets.every(({ ok }) => ok),
    verified_at: new Date().toISOString(),
    datasets,
    days: results.flatMap(([dataset, , { days }]) =>
      [...days]
        .map(([day, books]) => ({ dataset, day, ...books }))
        .sort((a, b) => (a.day < b.day ? -1 : 1)),
    ),
    differences: results.flatMap(([dataset, , { differences }]) =>
      differences.first.map((difference) => ({ dataset, ...difference })),
    ),
    differences_total: datasets.reduce((sum, each) => sum + each.differences_total, 0),
  };
}

/** What a dataset that is not there in time waits for. */
interface LateDataset {
  readonly hop: Hop;
  readonly wanted: string;
  readonly found: string;
}

/** Whether a dataset has arrived. */
export interface IdleDataset {
  readonly dataset: string;
  readonly source: string;
  readonly late: LateDataset | undefined;
  /** Where it is, by stable names. */
  readonly place: Readonly<Record<string, number>>;
  /** The same in words. */
  readonly reached: string;
}

/**
 * Waits until everything that was committed at the call, and every byte that the log files had, is
 * in the warehouse.
 *
 * @returns the position, and for each dataset whether it was reached.
 */
export async function waitUntilIdle(
  config: Config,
  options: VerificationOptions,
): Promise<{ gtid: string; datasets: readonly IdleDataset[] }> {
  await using connection = await connectSource(config.source, options.signal);
  const gtid = await currentGtid(connection);
  const coverage = coverageOptions(config, options);
  const tables = targetsOf(config).map(async (target): Promise<IdleDataset> => {
    const result = await waitUntilCovered(target, gtid, coverage);
    const { epoch = 0, seq = 0 } = result.frontier ?? {};
    return {
      dataset: target.dataset.shortName,
      source: target.source,
      late: result.covered ? undefined : result,
      place: result.frontier ? { epoch, seq } : {},
      reached: `up to ${seq} of epoch ${epoch}`,
    };
  });
  const logs = logTargetsOf(config).map(async (target): Promise<IdleDataset> => {
    const files = await listLogFiles(target);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const { late } = await waitUntilLogsCovered(target, files, coverage);
    return {
      dataset: target.dataset.shortName,
      source: target.host,
      late,
      place: { files: files.length, bytes },
      reached: `all ${bytes} bytes of ${files.length} files`,
    };
  });
  return { gtid, datasets: await Promise.all([...tables, ...logs]) };
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
        `(${quoteText(books.dataset)}, TIMESTAMP '${time}', ${books.ok ? 1 : 0}, ` +
        `${quoteText(JSON.stringify(books))})`,
      { signal },
    );
  }
}

/** @returns the configured tables. */
export function targetsOf(config: Config): Target[] {
  return Object.entries(config.datasets).map(([name, { database, table, aliases }]) => {
    const dataset = findTableDataset(name);
    if (!dataset) throw new TypeError(`no such dataset: ${name}`);
    const source = sourceId(config.source.name, database, table);
    return { dataset: withAliases(dataset, aliases), source, table: { database, table } };
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
    source: target.source,
    checkArchive: async (differences) =>
      options.history === true
        ? compareWithArchive(config, target, { api, signal, note, differences })
        : 0,
    knownSources: () => readSources(coverage),
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

function summary({ dataset, source }: Target, result: DatasetResult): TableVerification {
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

function logSummary({ dataset, host }: LogTarget, result: LogResult): LogVerification {
  return {
    dataset: dataset.shortName,
    ok: result.differences.total === 0,
    ...result.books,
    source: host,
    compared_with: 'files',
    files: result.files,
    bytes: result.bytes,
    gone_files: result.goneFiles,
    gone_entries: result.goneEntries,
    cut_entries: result.cutEntries,
    rules_version: dataset.rulesVersion,
    differences_total: result.differences.total,
  };
}

/** Compares a table's history with the raw archive. @returns how many rows are wrong. */
async function compareWithArchive(
  config: Config,
  target: Target,
  context: Pick<VerificationOptions, 'api' | 'signal' | 'note'> & {
    readonly differences: DifferenceList;
  },
): Promise<number> {
  const { signal, note } = context;
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config.kafka, { clientId: 'careplus-operations', log });
  const schemas = createWriterSchemas(kafka, { log });
  const client = createS3Client(config.aws);
  const bucket = openBucket(client, config.aws.bucket);
  note(`${target.dataset.shortName}: comparing the history with the raw archive`);
  try {
    const images = archivedImages(target, {
      keys: (prefix) => bucket.keys(prefix, signal),
      get: (key) => bucket.get(key, signal),
      decoder: (fingerprint) => schemas.lookup(fingerprint, signal),
    });
    const { compared, wrong } = await checkArchivedHistory(target, images, context);
    note(`${target.dataset.shortName}: ${compared} archived images compared`);
    return wrong;
  } finally {
    client.destroy();
  }
}
