import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../../../runtime/redshift/data-api.ts';
import { createRedshiftWarehouse } from '../../../../../dashboards/web/figures/warehouse.ts';

describe('warehouse behind the Data API', () => {
  it('runs the queries as one batch and gives the rows of each in order', async () => {
    const batches: Batch[] = [];
    const warehouse = createRedshiftWarehouse({
      async runBatch(batch) {
        batches.push(batch);
        return { id: 'run' };
      },
      result: async (id) => ({ columns: [], rows: [{ id }] }),
    });
    const { signal } = new AbortController();
    const read = () => warehouse.readTogether(['SELECT 1', 'SELECT 2'], { signal });
    expect(await read()).toEqual([[{ id: 'run:1' }], [{ id: 'run:2' }]]);
    await read();
    expect(batches.map(({ statements }) => statements)).toEqual([
      ['SELECT 1', 'SELECT 2'],
      ['SELECT 1', 'SELECT 2'],
    ]);
    // The same token would give the old rows.
    expect(new Set(batches.map(({ token }) => token)).size).toBe(2);
  });
});
