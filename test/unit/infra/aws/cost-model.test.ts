import { describe, expect, test } from 'vitest';
import { monthlyCosts, wakes } from '../../../../infra/aws/cost-model.ts';
import { parseDeployment } from '../../../../infra/aws/deployment.ts';
import { example } from './fixtures/example-deployment.ts';

const usd = (scale: number, part: string, deployment = example) =>
  monthlyCosts(deployment, scale).find((cost) => cost.part.startsWith(part))?.usd ?? NaN;

describe('costs', () => {
  test('the floor does not move with the volume', () => {
    for (const part of ['MSK', 'RDS', 'Fargate', 'Load balancer']) {
      expect(usd(100, part)).toBe(usd(1, part));
    }
    // Three brokers, 730 hours, 0.408 USD.
    expect(usd(1, 'MSK')).toBe(894);
  });

  test('a warehouse that never sleeps costs its hours, and no more', () => {
    const always = Math.round(730 * 4 * 0.375);
    expect(usd(10_000, 'Redshift')).toBe(always);
    expect(usd(1, 'Redshift')).toBeLessThan(usd(10, 'Redshift'));
  });

  test('a longer cadence wakes it less often', () => {
    const slow = parseDeployment({
      ...example,
      warehouse: { ...example.warehouse, cadenceSeconds: 300 },
    });
    expect(usd(100, 'Redshift', slow)).toBe(Math.round((730 * 4 * 0.375) / 5));
  });

  test('few events wake it once each, many once a window', () => {
    expect(wakes(1, 60)).toBeCloseTo(1, 3);
    expect(wakes(10_000_000, 60)).toBeCloseTo((730 * 3_600) / 60, 0);
    // As many events as windows: 1 − 1/e of them have one.
    expect(wakes(43_800, 60) / 43_800).toBeCloseTo(1 - 1 / Math.E, 6);
  });
});
