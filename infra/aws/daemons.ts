/**
 * What runs on ECS, and what each of it may do: as much as its code calls, no more. A test walks
 * the code's imports and compares.
 */
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { allTopics, logDatasets, tableDatasets } from '../../schemas/datasets/registry.ts';
import {
  DOCTOR_KEY,
  holesKey,
  latestBatchKey,
  LOADER_PREFIX,
  processedPrefix,
} from '../../schemas/lake-layout.ts';
import { rawPrefix } from '../../schemas/raw-archive.ts';
import { sourceId } from '../../schemas/row-change.ts';
import {
  processorGroup,
  readerTransactionalId,
  shipperTransactionalId,
  topics,
  type Topic,
} from '../../schemas/topics.ts';
import type { Deployment } from './deployment.ts';

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
  readonly warehouse?: boolean;
  /** Connects to the source database. */
  readonly source?: boolean;
}

export interface DaemonPlan {
  /** As `careplus run` knows it. */
  readonly name: string;
  readonly cpu: 256 | 512 | 1024;
  readonly memoryMiB: 512 | 1024 | 2048;
  /** One at a time, also while a new version comes; or so many at most. */
  readonly tasks: 'one' | { readonly max: number };
  readonly rights: DaemonRights;
}

const datasets: readonly AnyDataset[] = [...tableDatasets, ...logDatasets];

/** Every service of a deployment. */
export function daemonPlans(deployment: Deployment): readonly DaemonPlan[] {
  const tables = tableDatasets.filter(({ name }) => name in deployment.datasets);
  const captured: readonly AnyDataset[] = [...tables, ...logDatasets];
  return [
    {
      name: 'cdc-reader',
      cpu: 512,
      memoryMiB: 1024,
      tasks: 'one',
      rights: {
        source: true,
        kafka: {
          reads: [topics.readerCheckpoints],
          writes: [topics.readerCheckpoints, topics.schemas, ...tables.map(({ topic }) => topic)],
          transactionalIds: readerTransactionalIds(deployment),
        },
      },
    },
    processor('ticket-processor', tables),
    processor('log-processor', logDatasets),
    {
      name: 'archiver',
      cpu: 256,
      memoryMiB: 1024,
      tasks: 'one',
      rights: {
        kafka: {
          reads: [
            ...[topics.schemas, topics.readerCheckpoints, topics.shipperCheckpoints],
            ...captured.map(({ topic }) => topic),
          ],
          watches: captured.map(processorGroup),
        },
        lake: {
          lists: captured.flatMap((each) => [rawPrefix(each), ...loaderReports(each)]),
          gets: captured.flatMap((each) => [`${rawPrefix(each)}*`, ...loaderReports(each)]),
          puts: captured.map((each) => `${rawPrefix(each)}*`),
        },
        delivers: captured,
      },
    },
    {
      name: 'warehouse-loader',
      cpu: 256,
      memoryMiB: 1024,
      tasks: 'one',
      rights: {
        lake: { lists: captured.map(processedPrefix), puts: [`${LOADER_PREFIX}*`] },
        warehouse: true,
      },
    },
    {
      name: 'dashboard',
      cpu: 256,
      memoryMiB: 1024,
      tasks: 'one',
      rights: {
        kafka: {
          reads: [topics.readerCheckpoints, topics.shipperCheckpoints],
          describes: datasets.map(({ topic }) => topic),
          watches: datasets.map(processorGroup),
        },
        lake: { lists: datasets.map(latestBatchKey), gets: datasets.map(latestBatchKey) },
        pages: true,
        warehouse: true,
      },
    },
  ];
}

/** Objects by which the loader tells where it is. */
function loaderReports(dataset: AnyDataset): string[] {
  return [holesKey(dataset), latestBatchKey(dataset)];
}

/** Arguments of the `careplus` command, which is the image's entry point (infra/package/Dockerfile). */
export function serviceCommand({ name }: DaemonPlan): readonly string[] {
  return ['run', name];
}

/** Firehose and the loader may be five minutes behind when all is well. */
export const verificationCommand: readonly string[] = ['verify', '--json', '--timeout', '15m'];

/** One-off work of a person or a schedule: `verify`, `status`, `replay`, `trace` … */
export function operationsRights(deployment: Deployment): DaemonRights {
  return {
    source: true,
    warehouse: true,
    kafka: {
      reads: allTopics,
      asksSettings: allTopics,
      // Dead letters go back into their topics; a snapshot is asked for in the reader's place.
      writes: [topics.readerCheckpoints, ...datasets.map(({ topic }) => topic)],
      watches: datasets.map(processorGroup),
      transactionalIds: readerTransactionalIds(deployment),
    },
    lake: {
      lists: [...datasets.map(({ name }) => `${name}/`), LOADER_PREFIX],
      gets: [...datasets.map(({ name }) => `${name}/*`), `${LOADER_PREFIX}*`],
      puts: [DOCTOR_KEY],
    },
    delivers: datasets,
    describesDelivery: datasets,
  };
}

/** The log shippers, which run where the logs are: what the identities that they have there may do. */
export function shipperRights({ logHosts }: Deployment): DaemonRights {
  const written = [topics.shipperCheckpoints, topics.schemas];
  return {
    kafka: {
      reads: [topics.shipperCheckpoints],
      writes: [...written, ...logDatasets.map(({ topic }) => topic)],
      transactionalIds: logHosts.map(shipperTransactionalId),
    },
  };
}

function processor(
  name: string,
  consumed: readonly (AnyDataset & { readonly topic: Topic })[],
): DaemonPlan {
  return {
    name,
    cpu: 512,
    memoryMiB: 1024,
    tasks: { max: Math.max(1, ...consumed.map(({ topic }) => topic.partitions)) },
    rights: {
      kafka: {
        reads: [topics.schemas, ...consumed.map(({ topic }) => topic)],
        writes: [topics.deadLetters],
        joins: consumed.map(processorGroup),
      },
      delivers: consumed,
    },
  };
}

function readerTransactionalIds({ source, datasets: captured }: Deployment): string[] {
  return Object.values(captured).map(({ database, table }) =>
    readerTransactionalId(sourceId(source.name, database, table)),
  );
}
