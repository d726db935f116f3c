import { describe, expect, it } from 'vitest';
import { ticketFilters } from '../../../../../dashboards/web/figures/filters.ts';
import { listQueries, parseList } from '../../../../../dashboards/web/lists/list-feed.ts';
import { ticketList } from '../../../../../dashboards/web/lists/list-kinds.ts';
import { parseTicketId, traceQueries } from '../../../../../dashboards/web/lists/ticket-trace.ts';

describe('address of a list', () => {
  const parse = (query: string) => parseList(ticketFilters, new URLSearchParams(query));

  it('names a filter and a page', () => {
    expect(parse('')?.page).toBe(1);
    expect(parse('page=12&status=Open')).toMatchObject({
      page: 12,
      filter: { values: { status: ['Open'] } },
    });
  });

  it.each(['page=0', 'page=-1', 'page=1e3', 'page=1001', 'page=2;DROP', 'from=2025-02-30'])(
    'refuses %s',
    (query) => {
      expect(parse(query)).toBeUndefined();
    },
  );

  it('asks for one page, bounded, and for what the filter leaves', () => {
    const choice = parse('page=3&agent=Ann');
    if (!choice) throw new Error('refused');
    const { queries, parameters } = listQueries(ticketList, choice);
    expect(queries[1]).toMatch(/LIMIT 50 OFFSET 100$/);
    for (const query of queries.slice(0, 2)) expect(query).toContain(':agent_1');
    expect(parameters).toEqual({ agent_1: 'Ann' });
  });
});

describe('address of a ticket', () => {
  const parse = (query: string) => parseTicketId(new URLSearchParams(query));

  it('names one ticket, whatever its name', () => {
    expect(parse('id=T1')).toBe('T1');
    expect(parse(`id=${encodeURIComponent(`'; --`)}`)).toBe(`'; --`);
    for (const query of ['', 'id=', 'id=%00', `id=${'a'.repeat(257)}`]) {
      expect(parse(query)).toBeUndefined();
    }
  });

  it('is bound in every query that asks for it', () => {
    const { queries, parameters } = traceQueries(`'; --`);
    expect(parameters).toEqual({ ticket: `'; --` });
    expect(queries.join()).not.toContain(`'; --`);
    for (const query of queries.slice(0, 5)) expect(query).toContain(':ticket');
    for (const query of queries) expect(query).toMatch(/FROM reporting\./);
  });
});
