import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakdown, measure, openPage } from './live-page.ts';
import { createTestStack, type TestStack } from './local-stack.ts';

/** The published month of CarePlus: not part of this repository, tested where it lies beside it. */
const month = path.resolve(import.meta.dirname, '../../../shared/careplus');
const dump = path.join(month, 'careplus_support_db.sql');
const logs = path.join(month, 'support-logs');

describe.runIf(existsSync(month))('the real month of CarePlus', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await createTestStack();
  });
  afterAll(() => stack.close());

  const query = async (sql: string) => {
    const { stdout } = await stack.careplus(['--json', 'query', sql]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
  };

  // 810 = 607 shown + 47 repeats + 139 quarantined + 17 repeats of those, and 2,650 = 2,245 shown
  // + 211 repeats + 178 quarantined + 16 repeats of those.
  it('closes the books of tickets and logs', async () => {
    const run = await stack.careplus(
      ['--json', 'up', '--tickets', dump, '--logs', logs, '--until-idle', '--keep-running'],
      170_000,
    );
    expect(run.code, run.stderr).toBe(0);
    const result = JSON.parse(run.stdout) as { datasets: object[] };
    const nothingElse = { superseded: 0, dead_lettered: 0, in_flight: 0, unexplained: 0 };
    expect(result.datasets).toEqual([
      expect.objectContaining({
        dataset: 'tickets',
        read: 810,
        shown: 607,
        repeats: 47,
        quarantined: 139,
        quarantined_repeats: 17,
        ...nothingElse,
      }),
      expect.objectContaining({
        dataset: 'logs',
        read: 2_650,
        shown: 2_245,
        repeats: 211,
        quarantined: 178,
        quarantined_repeats: 16,
        ...nothingElse,
      }),
    ]);
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

  it('shows the published figures of the logs', async () => {
    const debug = "SELECT COUNT(*) AS n FROM reporting.log_entries WHERE log_level = 'DEBUG'";
    expect(await query(debug)).toEqual([{ n: 890 }]);
    const firstOfJuly = "FROM reporting.log_entries WHERE logged_date = DATE '2025-07-01'";
    const byLevel = `SELECT log_level, COUNT(*) AS n ${firstOfJuly} GROUP BY log_level ORDER BY 1`;
    expect(await query(byLevel)).toEqual([
      { log_level: 'DEBUG', n: 37 },
      { log_level: 'INFO', n: 46 },
      { log_level: 'WARNING', n: 6 },
    ]);
    expect(await query(`SELECT COUNT(DISTINCT ticket_id) AS n ${firstOfJuly}`)).toEqual([
      { n: 30 },
    ]);
  });

  it('averages integers to an integer in the warehouse, as Redshift does', async () => {
    expect(await query('SELECT AVG(num_interactions) AS mean FROM careplus.tickets')).toEqual([
      { mean: 4 },
    ]);
  });
});
