import type { Registry } from 'prom-client';

export interface EmbeddedMetrics {
  /** The lines of one interval, without line ends; none when the registry is empty. */
  lines(): Promise<string[]>;
}

export interface EmbeddedMetricsOptions {
  readonly registry: Registry;
  /** CloudWatch namespace. */
  readonly namespace: string;
  /** The only dimension: alarms stand on a daemon, the labels' values are its data points. */
  readonly daemon: string;
  readonly now?: () => number;
}

/** Limits of the format: metrics a directive, values a metric. */
const MAX_METRICS = 100;
const MAX_VALUES = 100;

/**
 * Writes a registry in CloudWatch's embedded metric format (CloudWatch user guide, "Specification:
 * Embedded metric format"): whoever takes the process's stdout to CloudWatch Logs needs no agent.
 * A gauge is written as it stands, a counter as what came to it since the last call, zero
 * included: an alarm must be able to tell "nothing" from "no sign of life". Histograms stay with
 * Prometheus.
 */
export function createEmbeddedMetrics(options: EmbeddedMetricsOptions): EmbeddedMetrics {
  const { registry, namespace, daemon, now = Date.now } = options;
  const counted = new Map<string, number>();

  const growth = (name: string, { labels, value }: Series): number => {
    const series = JSON.stringify([name, Object.entries(labels).sort()]);
    const before = counted.get(series) ?? 0;
    counted.set(series, value);
    return value - before;
  };

  /** A metric with labels that none was written for yet has no value: zero of them were seen. */
  const valuesOf = ({ name, type, values }: NumberMetric): number[] => {
    if (values.length === 0) return [0];
    return values.map((each) => (type === 'counter' ? growth(name, each) : each.value));
  };

  return {
    async lines() {
      const metrics = numberMetrics(await registry.getMetricsAsJSON());
      const timestamp = now();
      return chunks(metrics, MAX_METRICS).map((chunk) =>
        JSON.stringify({
          _aws: {
            Timestamp: timestamp,
            CloudWatchMetrics: [
              {
                Namespace: namespace,
                Dimensions: [['daemon']],
                Metrics: chunk.map(({ name }) => ({ Name: name, Unit: unitOf(name) })),
              },
            ],
          },
          daemon,
          ...Object.fromEntries(
            chunk.map((metric) => [metric.name, fit(valuesOf(metric), metric.type)]),
          ),
        }),
      );
    },
  };
}

interface Series {
  readonly labels: object;
  readonly value: number;
}

interface NumberMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly values: readonly Series[];
}

type AnyMetric = Omit<NumberMetric, 'type'> & { readonly type: unknown };

function numberMetrics(metrics: readonly AnyMetric[]): NumberMetric[] {
  return metrics.flatMap(({ name, type, values }) =>
    type === 'counter' || type === 'gauge' ? { name, type, values } : [],
  );
}

/** More series than the format takes are one value: their sum, or for gauges the greatest. */
function fit(values: readonly number[], type: NumberMetric['type']): number | readonly number[] {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return only;
  if (values.length <= MAX_VALUES) return values;
  return type === 'counter' ? values.reduce((sum, each) => sum + each, 0) : Math.max(...values);
}

function unitOf(name: string): 'Seconds' | 'Bytes' | 'Count' {
  if (name.endsWith('_seconds')) return 'Seconds';
  return /_bytes(_total)?$/.test(name) ? 'Bytes' : 'Count';
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
