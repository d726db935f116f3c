import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { createEmbeddedMetrics } from '../../../../runtime/observability/embedded-metrics.ts';

function setUp() {
  const registry = new Registry();
  const registers = [registry];
  const embedded = createEmbeddedMetrics({
    registry,
    namespace: 'Test',
    daemon: 'some-daemon',
    now: () => 1_700_000_000_000,
  });
  const read = async () =>
    (await embedded.lines()).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { registers, read };
}

describe('embedded metrics', () => {
  test('a line holds what the format asks for', async () => {
    const { registers, read } = setUp();
    new Gauge({ name: 'lag_seconds', help: 'h', registers }).set(1.5);
    new Gauge({ name: 'heap_bytes', help: 'h', registers }).set(10);
    expect(await read()).toEqual([
      {
        _aws: {
          Timestamp: 1_700_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Test',
              Dimensions: [['daemon']],
              Metrics: [
                { Name: 'lag_seconds', Unit: 'Seconds' },
                { Name: 'heap_bytes', Unit: 'Bytes' },
              ],
            },
          ],
        },
        daemon: 'some-daemon',
        lag_seconds: 1.5,
        heap_bytes: 10,
      },
    ]);
  });

  test('a counter tells what came since the last line, and zero when nothing came', async () => {
    const { registers, read } = setUp();
    const counter = new Counter({ name: 'rows_total', help: 'h', registers });
    counter.inc(5);
    expect(await read()).toMatchObject([{ rows_total: 5 }]);
    expect(await read()).toMatchObject([{ rows_total: 0 }]);
    counter.inc(2);
    expect(await read()).toMatchObject([{ rows_total: 2 }]);
  });

  test('labels give a data point each, and a metric without any yet gives zero', async () => {
    const { registers, read } = setUp();
    const labelNames = ['dataset'];
    const gauge = new Gauge({ name: 'missing', help: 'h', labelNames, registers });
    const counter = new Counter({ name: 'errors_total', help: 'h', labelNames, registers });
    expect(await read()).toMatchObject([{ missing: 0, errors_total: 0 }]);
    gauge.set({ dataset: 'a' }, 3);
    gauge.set({ dataset: 'b' }, 0);
    counter.inc({ dataset: 'a' }, 4);
    expect(await read()).toMatchObject([{ missing: [3, 0], errors_total: 4 }]);
    counter.inc({ dataset: 'b' });
    expect(await read()).toMatchObject([{ errors_total: [0, 1] }]);
  });

  test('more series than the format takes become one value', async () => {
    const { registers, read } = setUp();
    const gauge = new Gauge({ name: 'lag', help: 'h', labelNames: ['n'], registers });
    const counter = new Counter({ name: 'c_total', help: 'h', labelNames: ['n'], registers });
    for (let n = 1; n <= 101; n += 1) {
      gauge.set({ n }, n);
      counter.inc({ n });
    }
    expect(await read()).toMatchObject([{ lag: 101, c_total: 101 }]);
  });

  test('more metrics than a directive takes go on another line', async () => {
    const { registers, read } = setUp();
    for (let n = 0; n < 101; n += 1) new Gauge({ name: `g${n}`, help: 'h', registers });
    const lines = await read();
    expect(lines.map((line) => Object.keys(line).length - 2)).toEqual([100, 1]);
  });

  test('histograms are left out, and nothing at all is no line', async () => {
    const { registers, read } = setUp();
    new Histogram({ name: 'duration_seconds', help: 'h', registers }).observe(1);
    expect(await read()).toEqual([]);
  });
});
