/**
 * What each daemon may do: as much as its code calls, no more. The CDK app makes roles from it
 * (`aws-policy.ts`), the local AWS endpoint holds the daemons to the same, and `careplus doctor
 * --daemon NAME` tries each of it. A test walks the code's imports and compares.
 */
import type { AnyDataset } from './datasets/any-dataset.ts';
import { allTopics, logDatasets, tableDatasets } from './datasets/registry.ts';
import { erasuresPrefix } from './erased-image.ts';
import { holesKey, latestBatchKey, LOADER_PREFIX, processedPrefix } from './lake-layout.ts';
import { rawPrefix } from './raw-archive.ts';
import { sourceId } from './row-change.ts';
import {
  processorGroup,
  readerTransactionalId,
  shipperTransactionalId,
  topics,
  type Topic,
} from './topics.ts';

/** Rights on the broker (MSK developer guide, "IAM access control": actions by resource). */
export interface KafkaRights {
  readonly describes?: readonly Topic[];
  readonly reads?: readonly Topic[];
  readonly writes?: readonly Topic[];
  /** Topics whose settings are asked for. */
  readonly asksSettings?: readonly Topic[];
  /** Groups in which it consumes. */
  readonly joins?: readonly string[];
  /** Groups of which it only reads the offsets. */
  readonly watches?: readonly string[];
  readonly transactionalIds?: readonly string[];
}

/** Rights on the lake's bucket, by prefix or key. */
export interface LakeRights {
  readonly lists?: readonly string[];
  readonly gets?: readonly string[];
  readonly puts?: readonly string[];
}

/** Rights of its user in the warehouse. */
export interface WarehouseRights {
  /** Schemas that are its own, with all that is in them; it also makes new ones. */
  readonly owns?: readonly string[];
  /** Schemas whose every table and view it reads. */
  readonly reads?: readonly string[];
  /** Tables, as `schema.table`, to which it adds rows. */
  readonly inserts?: readonly string[];
  /** Tables whose rows it changes. */
  readonly updates?: readonly string[];
}

export interface DaemonRights {
  readonly kafka?: KafkaRights;
  readonly lake?: LakeRights;
  /** Datasets to whose delivery stream it sends. */
  readonly delivers?: readonly AnyDataset[];
  /** Datasets of whose delivery stream it asks how it is set. */
  readonly describesDelivery?: readonly AnyDataset[];
  /** Serves the pages, which a token opens. */
  readonly pages?: boolean;
  /** Runs statements in the warehouse. */
  readonly warehouse?: WarehouseRights;
  /** Connects to the source database. */
  readonly source?: boolean;
  /** Reads the log files of its machine. */
  readonly logFiles?: boolean;
}

/** What the rights of an installation depend on. */
export interface RightsScope {
  /** Name of the source's server in event ids. */
  readonly sourceName: string;
  /** By dataset name: the table that it is read from. */
  readonly tables: Readonly<Record<string, { readonly database: string; readonly table: string }>>;
  /** Hosts whose logs are shipped. */
  readonly logHosts: readonly string[];
}

/** Daemons as `careplus run` knows them, and the one-off work of a person or a schedule. */
export const identities = [
  'cdc-reader',
  'log-shipper',
  'ticket-processor',
  'log-processor',
  'archiver',
  'warehouse-loader',
  'dashboard',
  'operations',
] as const;

export type Identity = (typeof identities)[number];

/** One-off work: `verify`, `status`, `replay`, `trace` … */
export const OPERATIONS = 'operations' satisfies Identity;

export function isIdentity(name: string): name is Identity {
  return identities.some((identity) => identity === name);
}

/** Schemas of the warehouse. */
const warehouseSchemas = ['stage', 'careplus', 'ops', 'reporting'] as const;

/** What is loaded, and what is shown of it; `stage` is the loader's alone. */
const readableSchemas = warehouseSchemas.filter((schema) => schema !== 'stage');

const datasets: readonly AnyDataset[] = [...tableDatasets, ...logDatasets];

export function daemonRights(scope: RightsScope): Readonly<Record<Identity, DaemonRights>> {
  const tables = tableDatasets.filter(({ name }) => name in scope.tables);
  const captured: readonly AnyDataset[] = [...tables, ...logDatasets];
  const readerIds = Object.values(scope.tables).map(({ database, table }) =>
    readerTransactionalId(sourceId(scope.sourceName, database, table)),
  );
  return {
    'cdc-reader': {
      source: true,
      kafka: {
        reads: [topics.readerCheckpoints],
        writes: [topics.readerCheckpoints, topics.schemas, ...tables.map(({ topic }) => topic)],
        transactionalIds: readerIds,
      },
    },
    // It runs where the logs are: what the identity that it has there may do.
    'log-shipper': {
      logFiles: true,
      kafka: {
        reads: [topics.shipperCheckpoints],
        writes: [
          ...[topics.shipperCheckpoints, topics.schemas],
          ...logDatasets.map(({ topic }) => topic),
        ],
        transactionalIds: scope.logHosts.map(shipperTransactionalId),
      },
    },
    'ticket-processor': { ...processor(tables), lake: { lists: tables.map(erasuresPrefix) } },
    'log-processor': processor(logDatasets),
    archiver: {
      kafka: {
        reads: [
          ...[topics.schemas, topics.readerCheckpoints, topics.shipperCheckpoints],
          ...captured.map(({ topic }) => topic),
        ],
        watches: captured.map(processorGroup),
      },
      lake: {
        lists: [
          ...captured.flatMap((each) => [rawPrefix(each), ...loaderReports(each)]),
          ...tables.map(erasuresPrefix),
        ],
        gets: captured.flatMap((each) => [`${rawPrefix(each)}*`, ...loaderReports(each)]),
        puts: captured.map((each) => `${rawPrefix(each)}*`),
      },
      delivers: captured,
    },
    'warehouse-loader': {
      lake: { lists: captured.map(processedPrefix), puts: [`${LOADER_PREFIX}*`] },
      warehouse: { owns: warehouseSchemas },
    },
    dashboard: {
      kafka: {
        reads: [topics.readerCheckpoints, topics.shipperCheckpoints],
        describes: datasets.map(({ topic }) => topic),
        watches: datasets.map(processorGroup),
      },
      lake: { lists: datasets.map(latestBatchKey), gets: datasets.map(latestBatchKey) },
      pages: true,
      warehouse: { reads: readableSchemas },
    },
    operations: {
      source: true,
      warehouse: {
        reads: readableSchemas,
        // `careplus verify` keeps what it found; `careplus forget` erases.
        inserts: ['ops.verifications'],
        updates: tables.flatMap(({ entity }) => [
          ...[`careplus.${entity}_changes`, `ops.${entity}_ledger`],
        ]),
      },
      kafka: {
        reads: allTopics,
        asksSettings: allTopics,
        // Dead letters go back into their topics; a snapshot is asked for in the reader's place.
        writes: [topics.readerCheckpoints, ...datasets.map(({ topic }) => topic)],
        watches: datasets.map(processorGroup),
        transactionalIds: readerIds,
      },
      lake: {
        lists: [...datasets.map(({ name }) => `${name}/`), LOADER_PREFIX],
        gets: [...datasets.map(({ name }) => `${name}/*`), `${LOADER_PREFIX}*`],
        puts: tables.flatMap((each) => [`${each.name}/*`, `${erasuresPrefix(each)}*`]),
      },
      delivers: datasets,
      describesDelivery: datasets,
    },
  };
}

/** Objects by which the loader tells where it is. */
function loaderReports(dataset: AnyDataset): string[] {
  return [holesKey(dataset), latestBatchKey(dataset)];
}

function processor(consumed: readonly (AnyDataset & { readonly topic: Topic })[]): DaemonRights {
  return {
    kafka: {
      reads: [topics.schemas, ...consumed.map(({ topic }) => topic)],
      writes: [topics.deadLetters],
      joins: consumed.map(processorGroup),
    },
    delivers: consumed,
  };
}
