import { Counter, Gauge, type Registry } from 'prom-client';
import { watchedMetrics } from '../schemas/daemon-metrics.ts';

/** Counters of one table's stream; updated per batch, never per row. */
export interface ReaderMetrics {
  recordsWritten(count: number): void;
  imagesRead(count: number): void;
  transactionsRead(count: number): void;
  snapshotTaken(): void;
  failed(code: string): void;
  /** Seconds between the commit of what was read last and now; 0 when the source has nothing more. */
  setLag(seconds: number): void;
}

/** Registers the metrics once; a stream gets its own by its source id. */
export function createReaderMetrics(registry: Registry): (sourceId: string) => ReaderMetrics {
  const counter = (name: string, help: string, labels: string[] = []) =>
    new Counter({
      name,
      help,
      labelNames: ['source', ...labels],
      registers: [registry],
    });
  const records = counter(
    'careplus_cdc_reader_records_total',
    'Change records written to the topic',
  );
  const images = counter('careplus_cdc_reader_images_total', 'Row images and markers numbered');
  const transactions = counter(
    'careplus_cdc_reader_transactions_total',
    'Source transactions read, of any table',
  );
  const snapshots = counter('careplus_cdc_reader_snapshots_total', 'Snapshots taken');
  const errors = counter(watchedMetrics.readerErrors, 'Attempts that ended with an error', [
    'error_code',
  ]);
  const lag = new Gauge({
    name: watchedMetrics.readerLag,
    help: 'Age of the newest source transaction read, 0 when the source has nothing more',
    labelNames: ['source'],
    registers: [registry],
  });
  return (source) => ({
    recordsWritten: (count) => records.inc({ source }, count),
    imagesRead: (count) => images.inc({ source }, count),
    transactionsRead: (count) => transactions.inc({ source }, count),
    snapshotTaken: () => snapshots.inc({ source }),
    failed: (code) => errors.inc({ source, error_code: code }),
    setLag: (seconds) => lag.set({ source }, seconds),
  });
}
