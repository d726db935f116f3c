import { describe, expect, it } from 'vitest';
import type { RawImage } from '../../../schemas/datasets/dataset.ts';
import { parseCount, parseUtcDateTime } from '../../../schemas/datasets/strict-values.ts';
import { bookDay, judge, rank } from '../../../schemas/datasets/support-tickets/rules.ts';

const good: RawImage = {
  ticket_id: 'TCK1',
  created_at: '2025-07-01 00:13',
  resolved_at: '2025-07-01 02:47',
  agent: 'Kavya',
  priority: 'Low',
  num_interactions: '8',
  issue_category: 'Account Locked',
  channel: 'Web Form',
  status: 'Resolved',
};

describe('support ticket rules', () => {
  it('accept a whole ticket as it is', () => {
    expect(judge(good)).toEqual({
      accepted: true,
      clean: {
        ...good,
        created_at: Date.UTC(2025, 6, 1, 0, 13),
        resolved_at: Date.UTC(2025, 6, 1, 2, 47),
        num_interactions: 8,
      },
    });
  });

  it('name every reason of a row at once', () => {
    expect(judge({ ...good, num_interactions: '-1', priority: null })).toEqual({
      accepted: false,
      reasons: ['priority:missing', 'num_interactions:negative-count'],
    });
  });

  it('rank by the last activity and book by the day of creation', () => {
    expect(rank(good)).toBe(Date.UTC(2025, 6, 1, 2, 47));
    expect(rank({ ...good, created_at: 'x', resolved_at: null })).toBe(0);
    expect(bookDay(good)).toBe('2025-07-01');
    expect(bookDay({ ...good, created_at: '2025-02-29 10:00' })).toBe('unknown');
    expect(bookDay({ ...good, created_at: null })).toBe('unknown');
  });
});

describe('strict values', () => {
  it.each([
    ['2024-02-29 23:59', Date.UTC(2024, 1, 29, 23, 59)],
    ['2025-07-01 00:13:59', Date.UTC(2025, 6, 1, 0, 13, 59)],
    ['2025-07-01T00:13', Date.UTC(2025, 6, 1, 0, 13)],
    ['2025-07-01 00:13:05.250000', Date.UTC(2025, 6, 1, 0, 13, 5)],
    ['2025-07-01', undefined],
    ['2025-7-1 00:13', undefined],
    [' 2025-07-01 00:13', undefined],
    ['2025-13-01 00:13', undefined],
    ['2025-07-01 00:13Z', undefined],
  ])('reads the time %j', (text, ms) => {
    expect(parseUtcDateTime(text)).toBe(ms);
  });

  it.each([
    ['0', 0],
    ['007', 7],
    ['2147483647', 2_147_483_647],
    ['+5', undefined],
    ['5.0', undefined],
    ['99999999999', undefined],
  ])('reads the count %j', (text, count) => {
    expect(parseCount(text)).toBe(count);
  });
});
