import type { Config } from '../runtime/config/config-schema.ts';
import { logHostOf, type LogHost } from '../runtime/config/log-files.ts';
import { PipelineError } from '../runtime/pipeline-error.ts';

/** What one shipper ships, and how. */
export interface ShipperConfig extends LogHost {
  /** The brokers: shippers of one host to different clusters do not exclude each other. */
  readonly cluster: string;
  readonly idleFlushMs: number;
}

/** @throws {PipelineError} CFG_9001 when the configuration names no log files. */
export function shipperConfig({ logs, kafka }: Config): ShipperConfig {
  if (!logs) throw new PipelineError('CFG_9001', '`logs` is missing: name the files to ship');
  return {
    ...logHostOf(logs),
    cluster: kafka.clusterArn ?? (kafka.brokers ?? []).toSorted().join(','),
    idleFlushMs: logs.idleFlushMs,
  };
}
