import { createHash } from 'node:crypto';
import type { Config } from '../runtime/config/config-schema.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { withAliases } from '../schemas/datasets/projection.ts';
import { findTableDataset } from '../schemas/datasets/registry.ts';
import { sourceId } from '../schemas/row-change.ts';

/** One captured table: everything that its stream needs to know, all set. */
export interface TableStreamConfig {
  readonly dataset: TableDataset;
  readonly sourceId: string;
  /** Name of the server in source ids. */
  readonly server: string;
  readonly database: string;
  readonly table: string;
  /** Replica id of this stream's own binlog connection. */
  readonly serverId: number;
  readonly heartbeatMs: number;
  readonly checkpointIntervalMs: number;
  /** Hash over what decides the numbering: with another one the checkpoint cannot be gone on from. */
  readonly configHash: string;
}

/**
 * The streams of a configuration, one per table. A server gives each binlog connection with an id
 * that it knows already the place of the older one, so every stream has an id of its own: the
 * configured one, and those after it, in the order of the datasets' names.
 */
export function tableStreams(config: Config): TableStreamConfig[] {
  const { source } = config;
  return Object.entries(config.datasets)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { database, table, aliases }], index) => {
      const dataset = findTableDataset(name);
      if (!dataset) throw new PipelineError('CFG_9001', `datasets.${name}: no such dataset`);
      return {
        dataset: withAliases(dataset, aliases),
        sourceId: sourceId(source.name, database, table),
        server: source.name,
        database,
        table,
        serverId: source.serverId + index,
        heartbeatMs: source.heartbeatSeconds * 1000,
        checkpointIntervalMs: source.checkpointIntervalMs,
        configHash: hashOf([
          database,
          table,
          // Aliases are left out: they cure a stream, they do not change what it has written.
          dataset.mapping.map(({ field, column }) => [field, column]),
        ]),
      };
    });
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
