import { describe, expect, it } from 'vitest';
import {
  filterKey,
  noFilter,
  parseFilter,
  ticketFilters,
  type Filter,
} from '../../../../../../dashboards/web/figures/filters.ts';

interface Address {
  readonly filterQuery: (filter: Filter) => URLSearchParams;
  readonly addressOf: (path: string, query: URLSearchParams) => string;
  readonly drillAddress: (path: string, filter: Filter, place: Record<string, string>) => string;
  readonly isNarrowed: (filter: Filter) => boolean;
}

const { filterQuery, addressOf, drillAddress, isNarrowed } = (await import(
  new URL('../../../../../../dashboards/web/page/filters/address.js', import.meta.url).href
)) as Address;

const filter: Filter = {
  from: '2025-07-01',
  to: null,
  values: { agent: ['', `O'Neill & "Co" +%`], status: ['Open'] },
};

describe('addresses', () => {
  it('say a filter so that the server reads the same one', () => {
    const read = parseFilter(ticketFilters, filterQuery(filter)) ?? noFilter;
    expect(filterKey(read)).toBe(filterKey(filter));
    expect(addressOf('tickets', filterQuery(noFilter))).toBe('tickets');
  });

  it('lead from a place of a chart to what stands behind it, within the filter', () => {
    const address = drillAddress('tickets', filter, { status: 'Resolved', channel: '' });
    const read = parseFilter(ticketFilters, new URLSearchParams(address.split('?')[1]));
    expect(read?.values).toEqual({ ...filter.values, status: ['Resolved'], channel: [''] });
    expect(read?.from).toBe('2025-07-01');
  });

  it('tell whether anything is chosen', () => {
    expect(isNarrowed(noFilter)).toBe(false);
    expect(isNarrowed(filter)).toBe(true);
    expect(isNarrowed({ ...noFilter, values: { agent: [''] } })).toBe(true);
  });
});
