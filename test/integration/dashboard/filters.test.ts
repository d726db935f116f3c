import { beforeAll, describe, expect, it } from 'vitest';
import {
  filterSql,
  logFilters,
  parseFilter,
  ticketFilters,
  type Filter,
  type FilterSet,
} from '../../../dashboards/web/figures/filters.ts';
import { assembleLogFigures, logQueries } from '../../../dashboards/web/figures/log-figures.ts';
import { assembleFigures, ticketQueries } from '../../../dashboards/web/figures/ticket-figures.ts';
import {
  createRedshiftWarehouse,
  type Warehouse,
} from '../../../dashboards/web/figures/warehouse.ts';
import { listQueries } from '../../../dashboards/web/lists/list-feed.ts';
import { ticketList } from '../../../dashboards/web/lists/list-kinds.ts';
import { assembleTrace, traceQueries } from '../../../dashboards/web/lists/ticket-trace.ts';
import { startLocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();
const odd = `O'Neill \\ "x"; -- :agent_1 %`;

function filterOf(set: FilterSet, query: string): Filter {
  const filter = parseFilter(set, new URLSearchParams(query));
  if (!filter) throw new Error(`refused: ${query}`);
  return filter;
}

describe('filters over the warehouse', () => {
  let page: Warehouse;

  beforeAll(async () => {
    const warehouse = await startLocalWarehouse();
    page = createRedshiftWarehouse(warehouse.api);
    await warehouse.putRows([
      { ticket_id: 'T1', created: '2025-07-01T23:59:59Z', num_interactions: 3 },
      { ticket_id: 'T2', agent: odd, created: '2025-07-02T00:00:00Z', num_interactions: 4 },
      { ticket_id: 'T3', agent: 'Kim', channel: 'Chat', created: '2025-07-03T10:00:00Z' },
      { ticket_id: 'T4', agent: 'Kim', accepted: 0, reasons: 'status:missing' },
      ...Array.from({ length: 60 }, (_each, index) => ({
        ticket_id: `L${String(index).padStart(2, '0')}`,
        ...{ agent: 'Lee', status: 'Resolved', created: '2025-08-01T10:00:00Z' },
      })),
    ]);
    await warehouse.putLogEntries([
      { message: 'one', log_level: 'ERROR', ticket_id: 'T2', logged: '2025-07-02T05:00:00Z' },
      { message: 'two', log_level: 'INFO', ticket_id: 'T2', logged: '2025-07-02T06:00:00Z' },
      { message: 'three', log_level: 'INFO', ticket_id: 'T1', logged: '2025-07-03T06:00:00Z' },
    ]);
    return () => warehouse.close();
  }, 60_000);

  async function tickets(query: string) {
    const { parameters, ...sql } = filterSql(ticketFilters, filterOf(ticketFilters, query));
    const rows = await page.readTogether(ticketQueries({ parameters, ...sql }), {
      ...{ parameters, signal },
    });
    return assembleFigures(rows);
  }

  it.each([
    ['agent=Kim', 1],
    ['agent=Kim&agent=Ann', 2],
    [`agent=${encodeURIComponent(odd)}`, 1],
    ['agent=kim', 0],
    ['agent=', 0],
    ['from=2025-07-02&to=2025-07-03', 2],
    ['to=2025-07-01', 1],
    ['status=Resolved&channel=Chat', 0],
    ['weekday=2&hour=23', 1],
  ])('%s leaves %i tickets', async (query, count) => {
    const { measures, recent } = await tickets(query);
    expect(measures['tickets_shown']?.value).toBe(count);
    expect(recent).toHaveLength(Math.min(count, 10));
  });

  it('leave books, quarantine and what can be chosen whole', async () => {
    const { books, measures, choices } = await tickets('agent=Kim');
    expect([books.read, measures['tickets_quarantined']?.value]).toEqual([64, 1]);
    const values = (name: string) => choices.columns.find((each) => each.name === name)?.values;
    expect(values('agent')).toEqual([
      { value: 'Lee', count: 60 },
      { value: 'Ann', count: 1 },
      { value: 'Kim', count: 1 },
      { value: odd, count: 1 },
    ]);
    expect(values('category')).toEqual([]);
    expect([choices.firstDay, choices.lastDay]).toEqual(['2025-07-01', '2025-08-01']);
  });

  it('list page by page, every ticket once', async () => {
    const ids: (string | null)[] = [];
    for (const number of [1, 2]) {
      const choice = { filter: filterOf(ticketFilters, 'agent=Lee'), page: number };
      const { queries, parameters } = listQueries(ticketList, choice);
      const [counts = [], rows = []] = await page.readTogether(queries, { parameters, signal });
      expect(counts).toEqual([{ total: 60 }]);
      ids.push(...rows.map((row) => ticketList.rowOf(row).ticket_id));
    }
    expect(new Set(ids).size).toBe(60);
    expect(ids[0]).toBe('L59');
  });

  it('narrow the logs down', async () => {
    const sql = filterSql(logFilters, filterOf(logFilters, 'level=INFO&from=2025-07-02&hour=6'));
    const rows = await page.readTogether(logQueries(sql), { parameters: sql.parameters, signal });
    const { measures, newest } = assembleLogFigures(rows);
    expect(measures['log_entries']?.value).toBe(2);
    expect(newest.map(({ message }) => message)).toEqual(['three', 'two']);
  });

  it('find one ticket and what was logged of it', async () => {
    const { queries, parameters } = traceQueries('T2');
    const life = assembleTrace(await page.readTogether(queries, { parameters, signal }));
    expect(life.ticket).toMatchObject({ ticket_id: 'T2', agent: odd });
    expect(life.entries.map(({ message }) => message)).toEqual(['two', 'one']);
    expect(life).toMatchObject({ changes: [], set_aside: 0, cut: false });
    const none = traceQueries(`T2' OR 'a' = 'a`);
    const nothing = await page.readTogether(none.queries, { ...none, signal });
    expect(assembleTrace(nothing).ticket).toBeNull();
  });
});
