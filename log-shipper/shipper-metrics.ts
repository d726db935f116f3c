import { Counter, Gauge, type Registry } from 'prom-client';
import { logRangeKinds, type LogRange, type LogRangeKind } from '../schemas/log-entries.ts';

/** Counters of the shipper; updated per read or per transaction, never per entry. */
export interface ShipperMetrics {
  read(ranges: readonly LogRange[]): void;
  blocksWritten(count: number): void;
  failed(code: string): void;
  /** @param pendingBytes bytes that were seen in files but are not in the topic. */
  setFiles(files: number, pendingBytes: number): void;
}

export function createShipperMetrics(registry: Registry): ShipperMetrics {
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({
      name: `careplus_log_shipper_${name}_total`,
      help,
      labelNames,
      registers: [registry],
    });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `careplus_log_shipper_${name}`, help, registers: [registry] });
  const bytes = counter('bytes', 'Bytes of log files divided into ranges');
  const ranges = counter('ranges', 'Ranges of log files, by kind', ['kind']);
  const blocks = counter('blocks', 'Blocks written to the topic');
  const errors = counter('errors', 'Files and attempts that failed', ['error_code']);
  const files = gauge('files', 'Files that are tailed');
  const pending = gauge('pending_bytes', 'Bytes seen in files that are not in the topic');
  return {
    read(read) {
      const counts = new Map<LogRangeKind, number>();
      let length = 0;
      for (const range of read) {
        counts.set(range.kind, (counts.get(range.kind) ?? 0) + 1);
        length += range.length;
      }
      bytes.inc(length);
      for (const kind of logRangeKinds) ranges.inc({ kind }, counts.get(kind) ?? 0);
    },
    blocksWritten: (count) => blocks.inc(count),
    failed: (code) => errors.inc({ error_code: code }),
    setFiles(count, pendingBytes) {
      files.set(count);
      pending.set(pendingBytes);
    },
  };
}
