import { describe, expect, it } from 'vitest';
import {
  createQuarantinePages,
  parseQuarantineFilter,
  quarantineQueries,
} from '../../../../../dashboards/web/lists/quarantine-pages.ts';
import { fakeWarehouse } from '../figure-rows.ts';

const parse = (query: string) => parseQuarantineFilter(new URLSearchParams(query));
const { signal } = new AbortController();

describe('filter of the quarantine', () => {
  it('is open where nothing is said', () => {
    expect(parse('')).toEqual({ dataset: null, reason: null, page: 1 });
    expect(parse('dataset=logs&reason=response_time_ms:negative&page=12')).toEqual({
      dataset: 'logs',
      reason: 'response_time_ms:negative',
      page: 12,
    });
    expect(parse('reason=unreadable')?.reason).toBe('unreadable');
  });

  it.each([
    'dataset=others',
    "dataset=tickets'",
    "reason=a'b",
    'reason=a,b',
    'reason=a:b:c',
    'reason=%25',
    'reason=a%5C',
    `reason=${'a'.repeat(201)}`,
    'page=0',
    'page=-1',
    'page=1e3',
    'page=1001',
    'page=1;DROP',
  ])('refuses %s', (query) => {
    expect(parse(query)).toBeUndefined();
  });

  it('asks for the whole reason and for one page', () => {
    const { queries, parameters } = quarantineQueries({
      dataset: 'tickets',
      reason: 'agent:missing',
      page: 3,
    });
    const [count, rows] = queries;
    for (const query of [count, rows]) {
      expect(query).toContain('dataset = CAST(:dataset AS VARCHAR(64))');
      expect(query).toContain("',' || CAST(:reason AS VARCHAR(2048)) || ','");
    }
    expect(parameters).toEqual({ dataset: 'tickets', reason: 'agent:missing' });
    expect(rows).toMatch(/LIMIT 10 OFFSET 20$/);
  });
});

describe('pages of the quarantine', () => {
  const row = {
    dataset: 'logs',
    event_id: 'app-1:1-a:5',
    ticket_id: null,
    reasons: 'record:unreadable',
    copies: 2,
    original: '<img src=x>',
    original_encoding: 'utf8',
    original_bytes: 11,
    raw_pointer: 'kafka:0:1',
    rules_version: 1,
    quarantined_at: '2025-07-01 10:00:00',
  };

  it('are asked for once per warehouse state', async () => {
    const { warehouse, asked } = fakeWarehouse(() => [[{ total: 1 }], [row]]);
    const pages = createQuarantinePages(warehouse);
    const filter = { dataset: null, reason: null, page: 1 };
    const [first, again] = await Promise.all([
      pages.read(filter, { state: '1', signal }),
      pages.read(filter, { state: '1', signal }),
    ]);
    expect(again).toBe(first);
    expect(first).toMatchObject({ page: 1, page_size: 10, total: 1 });
    expect(first.rows[0]).toEqual({
      ...row,
      meaning: [expect.objectContaining({ field: 'record', reason: 'unreadable' })],
    });
    expect(asked).toHaveLength(1);
    await pages.read({ ...filter, page: 2 }, { state: '1', signal });
    await pages.read(filter, { state: '2', signal });
    expect(asked).toHaveLength(3);
  });

  it('that failed are asked for again', async () => {
    let down = true;
    const { warehouse, asked } = fakeWarehouse(() => {
      if (down) throw new Error('down');
      return [[{ total: 0 }], []];
    });
    const pages = createQuarantinePages(warehouse);
    const filter = { dataset: null, reason: null, page: 1 };
    await expect(pages.read(filter, { state: '1', signal })).rejects.toThrow('down');
    down = false;
    expect((await pages.read(filter, { state: '1', signal })).total).toBe(0);
    expect(asked).toHaveLength(2);
  });
});
