import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { watchedMetrics } from '../schemas/daemon-metrics.ts';

/** What the loader tells Prometheus, by dataset. */
export function createLoaderMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['dataset'];
  /** Called before what waits is read: a batch may take long, and its objects grow older meanwhile. */
  const beforeReading: (() => void)[] = [];
  return {
    beforeReading,
    batches: new Counter({
      name: 'careplus_loader_batches_total',
      help: 'Batches in the warehouse.',
      labelNames,
      registers,
    }),
    objects: new Counter({
      name: 'careplus_loader_objects_total',
      help: 'Objects of the lake in the warehouse.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: watchedMetrics.loaderErrors,
      help: 'Attempts that failed.',
      labelNames: ['dataset', 'error_code'],
      registers,
    }),
    setAside: new Counter({
      name: watchedMetrics.setAsideObjects,
      help: 'Objects that were not loaded.',
      labelNames: ['dataset', 'outcome'],
      registers,
    }),
    waiting: new Gauge({
      name: 'careplus_loader_waiting_objects',
      help: 'Objects that were found and are not loaded yet.',
      labelNames,
      registers,
      collect() {
        for (const note of beforeReading) note();
      },
    }),
    oldestWaiting: new Gauge({
      name: watchedMetrics.oldestWaiting,
      help: 'Age of the oldest object that was found and is not loaded yet, 0 when none waits.',
      labelNames,
      registers,
    }),
    pending: new Gauge({
      name: 'careplus_loader_pending_images',
      help: 'Rows above the frontier.',
      labelNames,
      registers,
    }),
    missing: new Gauge({
      name: watchedMetrics.missingNumbers,
      help: 'Numbers or bytes below waiting rows that did not arrive in time.',
      labelNames,
      registers,
    }),
    duration: new Histogram({
      name: 'careplus_loader_batch_duration_seconds',
      help: 'From the submit of a batch to its end.',
      labelNames,
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
  };
}

export type LoaderMetrics = ReturnType<typeof createLoaderMetrics>;
