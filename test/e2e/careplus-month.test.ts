import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakdown, measure, openPage } from './live-page.ts';
import { createTestStack, type TestStack } from './local-stack.ts';

/** The published month of CarePlus: not part of this repository, tested where it lies beside it. */
const dump = path.resolve(import.meta.dirname, '../../../shared/careplus/careplus_support_db.sql');

describe.runIf(existsSync(dump))('the real month of CarePlus', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await createTestStack();
  });
  afterAll(() => stack.close());

  it('closes the books: 810 = 607 shown + 47 repeats + 139 quarantined + 17 repeats of those', async () => {
    const run = await stack.careplus(
      ['--json', 'up', '--tickets', dump, '--until-idle', '--keep-running'],
      170_000,
    );
    expect(run.code, run.stderr).toBe(0);
    const result = JSON.parse(run.stdout) as { datasets: object[] };
    expect(result.datasets).toContainEqual(
      expect.objectContaining({
        dataset: 'tickets',
        read: 810,
        shown: 607,
        repeats: 47,
        quarantined: 139,
        quarantined_repeats: 17,
        superseded: 0,
        dead_lettered: 0,
        in_flight: 0,
        unexplained: 0,
      }),
    );
  });

  it('shows the published figures, and the averages over rows that count once', async () => {
    const page = openPage(stack.env()['CAREPLUS_DASHBOARD_URL'] ?? '');
    try {
      const state = await page.until('figures', (now) => now.state === 'live');
      expect(breakdown(state, 'tickets_by_status')).toEqual({
        Resolved: 489,
        Open: 94,
        Escalated: 24,
      });
      expect(breakdown(state, 'tickets_by_agent')).toEqual({
        Rohit: 130,
        Kavya: 129,
        Arjun: 120,
        Sneha: 119,
        Ananya: 109,
      });
      expect(measure(state, 'mean_interactions')).toBeCloseTo(4.6161, 4);
      expect(measure(state, 'mean_resolution_minutes')).toBeCloseTo(1_081.2593, 4);
      expect(state.quarantine).toEqual([
        expect.objectContaining({ reasons: 'num_interactions:negative-count', count: 139 }),
      ]);
    } finally {
      page.close();
    }
  });

  it('averages integers to an integer in the warehouse, as Redshift does', async () => {
    const query = 'SELECT AVG(num_interactions) AS mean FROM careplus.tickets';
    const { stdout } = await stack.careplus(['--json', 'query', query]);
    expect(JSON.parse(stdout)).toEqual({ mean: 4 });
  });
});
