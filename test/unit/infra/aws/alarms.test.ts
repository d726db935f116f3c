import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { cdcReader } from '../../../../cdc-reader/main.ts';
import { dashboard } from '../../../../dashboards/web/main.ts';
import { alarmPlans, logMetrics } from '../../../../infra/aws/alarms.ts';
import { METRICS_NAMESPACE } from '../../../../infra/aws/daemon-configuration.ts';
import { parseConfig } from '../../../../runtime/config/load-config.ts';
import { createProgress } from '../../../../runtime/daemon/progress.ts';
import { registerTroubles, type DaemonDefinition } from '../../../../runtime/daemon/run-daemon.ts';
import { createEmbeddedMetrics } from '../../../../runtime/observability/embedded-metrics.ts';
import { createLog } from '../../../../runtime/observability/log.ts';
import { watchedMetrics } from '../../../../schemas/daemon-metrics.ts';
import { archiver } from '../../../../stream-processors/archiver.ts';
import { logProcessor } from '../../../../stream-processors/log-processor.ts';
import { ticketProcessor } from '../../../../stream-processors/ticket-processor.ts';
import { warehouseLoader } from '../../../../warehouse-loader/main.ts';
import { example } from './fixtures/example-deployment.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const plans = alarmPlans(example);

/** Names of the metrics that a daemon writes to its stdout, built as for a run. */
async function writtenBy(definition: DaemonDefinition): Promise<string[]> {
  const text = readFileSync(path.join(root, 'careplus.yaml'), 'utf8');
  // From the environment instead.
  const config = parseConfig(text.replace(/passwordFile: .*/, ''), 'careplus.yaml');
  const registry = new Registry();
  const progress = createProgress();
  registerTroubles(registry, progress);
  const daemon = await definition.build({
    config,
    log: createLog('test', 'silent'),
    metrics: registry,
    progress,
  });
  await daemon.close();
  const { name: daemonName } = definition;
  const embedded = createEmbeddedMetrics({
    ...{ registry, namespace: METRICS_NAMESPACE, daemon: daemonName },
  });
  return (await embedded.lines()).flatMap((line) => Object.keys(JSON.parse(line) as object));
}

describe('alarms', () => {
  test('have ids of their own', () => {
    const ids = plans.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('look no further back than CloudWatch does', () => {
    for (const { id, periodMinutes, periods } of plans) {
      const days = (periodMinutes * periods) / (24 * 60);
      expect(days, id).toBeLessThanOrEqual(periodMinutes >= 60 ? 7 : 1);
    }
  });

  test('each metric that they watch is written by that daemon', async () => {
    process.env['CAREPLUS_MYSQL_PASSWORD'] ??= 'unused';
    const daemons = [
      ...[cdcReader, ticketProcessor, logProcessor, archiver, warehouseLoader, dashboard],
    ];
    const written = new Map<string, string[]>();
    for (const daemon of daemons) written.set(daemon.name, await writtenBy(daemon));
    const own = plans.filter(({ metric }) => metric.namespace === METRICS_NAMESPACE);
    const watched = new Set<string>();
    for (const { id, metric } of own) {
      const { daemon } = metric.dimensions;
      if (daemon === undefined) continue;
      watched.add(metric.name);
      expect(written.get(daemon), id).toContain(metric.name);
    }
    expect(watched).toEqual(new Set(Object.values(watchedMetrics)));
  });

  test('those that are made of log lines have a name of their own', () => {
    const names = plans.flatMap(({ metric }) =>
      metric.namespace === METRICS_NAMESPACE && metric.dimensions['daemon'] === undefined
        ? metric.name
        : [],
    );
    expect(names.sort()).toEqual(Object.values(logMetrics).sort());
  });

  test('whatever says "it is alive" takes silence for bad', () => {
    const quietIsBad = plans.filter(({ silenceIsBad }) => silenceIsBad).map(({ id }) => id);
    expect(quietIsBad).toEqual(
      expect.arrayContaining([
        'cdc-reader-lag',
        'binlog-headroom',
        'processor-lag-tickets',
        'processor-lag-logs',
        'logs-silent',
        'loader-age',
        'unfillable',
        'verification-missing',
        ...['archiver', 'cdc-reader', 'dashboard', 'log-processor', 'ticket-processor'].map(
          (name) => `tasks-${name}`,
        ),
        'tasks-warehouse-loader',
      ]),
    );
  });

  test('the binlog’s alarm comes at half of what the source keeps', () => {
    const plan = plans.find(({ id }) => id === 'binlog-headroom');
    expect(plan?.threshold).toBe((example.source.binlogRetentionHours * 3_600) / 2);
  });
});
