import { hostname } from 'node:os';
import path from 'node:path';
import type { Config } from '../runtime/config/config-schema.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';

/** What one shipper ships, and how. */
export interface ShipperConfig {
  readonly host: string;
  /** The brokers: shippers of one host to different clusters do not exclude each other. */
  readonly cluster: string;
  /** Paths with `*` and `?`. */
  readonly patterns: readonly string[];
  readonly idleFlushMs: number;
}

/** @throws {PipelineError} CFG_9001 when the configuration names no log files. */
export function shipperConfig({ logs, kafka }: Config): ShipperConfig {
  if (!logs) throw new PipelineError('CFG_9001', '`logs` is missing: name the files to ship');
  const { host = hostname(), directory, include, paths = [], idleFlushMs } = logs;
  const patterns = directory === undefined ? paths : [path.join(directory, include)];
  return {
    host,
    cluster: kafka.clusterArn ?? (kafka.brokers ?? []).toSorted().join(','),
    patterns,
    idleFlushMs,
  };
}
