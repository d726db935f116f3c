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
  readonly filterOf: (search: string) => Filter & { readonly last: number | null };
  readonly lastOf: (search: string) => number | null;
  readonly isComparable: (before: { from: string }, firstDay: string | null) => boolean;
}

const { filterQuery, addressOf, drillAddress, isNarrowed, filterOf, lastOf, isComparable } =
  (await import(
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

  it('are read before the server has answered as it will read them', () => {
    const search = `?${filterQuery(filter).toString()}&page=3`;
    expect(filterKey(filterOf(search))).toBe(filterKey(filter));
    expect(filterOf('')).toEqual({ ...noFilter, last: null });
  });

  it('mean the last days, whichever they are, beside the days of now', () => {
    const week: Filter = { ...noFilter, from: '2025-07-25', to: '2025-07-31' };
    const query = filterQuery({ ...week, last: 7 } as Filter).toString();
    expect(query).toBe('from=2025-07-25&to=2025-07-31&last=7');
    expect(filterOf(`?${query}`)).toEqual({ ...week, last: 7 });
    expect(parseFilter(ticketFilters, new URLSearchParams(query))).toEqual(week);
    // A drill is about the days that were seen.
    expect(drillAddress('tickets', week, {})).not.toContain('last');
    for (const none of ['', '?last=', '?last=8', '?last=-7', '?last=7d']) {
      expect(lastOf(none)).toBeNull();
    }
  });

  it('compare only with days that the data hold', () => {
    expect(isComparable({ from: '2025-07-18' }, '2025-07-18')).toBe(true);
    expect(isComparable({ from: '2025-07-17' }, '2025-07-18')).toBe(false);
    expect(isComparable({ from: '2025-07-17' }, null)).toBe(false);
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
