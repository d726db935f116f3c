import { describe, expect, it } from 'vitest';
import { createListFile } from '../../../../../dashboards/web/lists/list-file.ts';
import { ticketList } from '../../../../../dashboards/web/lists/list-kinds.ts';
import { fakeWarehouse } from '../figure-rows.ts';

const row = {
  ...{ ticket_id: 'T1', created_at: '2025-07-01 01:00:00', resolved_at: null, agent: '=1+1' },
  ...{ priority: 'High', num_interactions: 3, issue_category: 'Bug, Report', channel: 'Chat' },
  status: 'Open',
};

/** A file of tickets whose rows come when the test says so. */
function setUp() {
  const answered = Promise.withResolvers<undefined>();
  const fake = fakeWarehouse(async () => {
    await answered.promise;
    return [[row]];
  });
  const read = createListFile(ticketList, {
    warehouse: fake.warehouse,
    signal: () => new AbortController().signal,
  });
  return { ...fake, read: (query: string) => read(new URLSearchParams(query)), answered };
}

describe('a list as a file', () => {
  it('holds all that the filter leaves, asked for once', async () => {
    const { read, asked, bound, answered } = setUp();
    const [first, second] = [read('status=Open&page=7'), read('status=Open')];
    answered.resolve(undefined);
    const text = await first;
    expect(text).toBe(
      '\uFEFFticket_id,created_at,resolved_at,status,priority,issue_category,channel,agent,num_interactions\r\n' +
        `T1,2025-07-01 01:00:00,,Open,High,"Bug, Report",Chat,'=1+1,3\r\n`,
    );
    expect(await second).toBe(text);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.[0]).toMatch(/WHERE .*status.* LIMIT 10000$/);
    expect(bound).toEqual([{ status_1: 'Open' }]);
    // What is made is not kept: the next one is of the state of then.
    await read('status=Open');
    expect(asked).toHaveLength(2);
  });

  it('is none of an address that is none, and only a few are made at a time', async () => {
    const { read, answered } = setUp();
    expect(read('from=2025-02-30')).toBe('none');
    const made = [1, 2, 3, 4].map((each) => read(`agent=A${each}`));
    expect(read('agent=A5')).toBe('full');
    answered.resolve(undefined);
    for (const each of made) expect(await each).toContain('T1');
    expect(read('agent=A5')).toBeInstanceOf(Promise);
  });

  it('gives its place back when the warehouse fails', async () => {
    const { read, answered } = setUp();
    const made = read('');
    answered.reject(new Error('down'));
    await expect(made).rejects.toThrow('down');
    for (let each = 0; each < 9; each += 1) await expect(read('')).rejects.toThrow('down');
  });
});
