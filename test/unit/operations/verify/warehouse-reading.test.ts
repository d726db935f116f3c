import { describe, expect, it } from 'vitest';
import { findLastInside } from '../../../../operations/verify/warehouse-reading.ts';
import { imageSlices } from '../../../../operations/verify/warehouse-statements.ts';
import { quoteText } from '../../../../runtime/sql/quoting.ts';
import type { DataApi, WarehouseRow } from '../../../../runtime/redshift/data-api.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';

const scope = { dataset: supportTickets, source: 'server.db.table' };

/** A history in which transaction n is one row with number n, except the rows of a snapshot. */
function historyOf(transactions: number, snapshotRows: number): { api: DataApi; asked: string[] } {
  const asked: string[] = [];
  const api = {
    async query(sql: string) {
      asked.push(sql);
      const [, from = 0, to = 0] = (/seq > (\d+) AND seq <= (\d+)/.exec(sql) ?? []).map(Number);
      const rows: WarehouseRow[] = [];
      for (let seq = Math.min(to, transactions); seq > from; seq -= 1) {
        const gtid = seq <= snapshotRows ? null : `0-1-${seq}`;
        if (gtid !== null || rows.at(-1)?.['gtid'] !== null) rows.push({ gtid, first_seq: seq });
      }
      return { columns: [], rows };
    },
  } as unknown as DataApi;
  return { api, asked };
}

describe('the last number inside a GTID', () => {
  const { signal } = new AbortController();
  const find = (api: DataApi, seq: number, gtid: string) =>
    findLastInside(api, scope, { epoch: 7, seq }, gtid, signal);

  it('is the frontier when nothing came after', async () => {
    const { api, asked } = historyOf(20_000, 0);
    expect(await find(api, 20_000, '0-1-20000')).toBe(20_000);
    expect(asked).toHaveLength(1);
  });

  it('lies before the first transaction that is outside, however far back', async () => {
    const { api } = historyOf(20_000, 0);
    expect(await find(api, 20_000, '0-1-19999')).toBe(19_999);
    expect(await find(api, 20_000, '0-1-3')).toBe(3);
  });

  it('counts the rows of a snapshot as inside', async () => {
    const { api } = historyOf(500, 400);
    expect(await find(api, 500, '0-1-1')).toBe(400);
  });

  it('is 0 when all of the epoch is outside', async () => {
    const { api } = historyOf(500, 0);
    expect(await find(api, 500, '5-1-1')).toBe(0);
  });
});

describe('slices of image ids', () => {
  it.each([1, 2, 4, 8, 16])('%i of them hold every id exactly once', (count) => {
    const slices = imageSlices(count);
    expect(slices).toHaveLength(count);
    for (const id of ['', '00ff', '0', '7fff', '8000', 'ffff', 'zz']) {
      const holding = slices.filter(
        ({ from, to }) => (from === null || id >= from) && (to === null || id < to),
      );
      expect(holding).toHaveLength(1);
    }
  });
});

it('writes texts as literals that Redshift and PostgreSQL read alike', () => {
  expect(quoteText("it's")).toBe("'it''s'");
  expect(quoteText('a\\b')).toBe("'a' || CHR(92) || 'b'");
});
