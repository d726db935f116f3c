import { describe, expect, it } from 'vitest';
import { parseRawKey, rawKey } from '../../../schemas/raw-archive.ts';

const dataset = { name: 'support-tickets' };

describe('names of the raw archive', () => {
  it('are read back as they were written', () => {
    const range = { topic: 'careplus.ticket-changes', partition: 11, first: 0n, last: 2n ** 62n };
    const key = rawKey(dataset, '2025-07-01', range);
    expect(key).toBe(
      'support-tickets/raw/dt=2025-07-01/careplus.ticket-changes-11-00000000000000000000-04611686018427387904.jsonl.gz',
    );
    expect(parseRawKey(key)).toEqual({ ...range, day: '2025-07-01' });
  });

  it('stand in the order of offsets', () => {
    const key = (first: bigint) =>
      rawKey(dataset, '2025-07-01', { topic: 't', partition: 0, first, last: first });
    const keys = [100n, 9n, 10n].map(key);
    expect(keys.toSorted()).toEqual([9n, 10n, 100n].map(key));
  });

  it.each([
    'support-tickets/processed/dt=2025-07-01/hour=00/object',
    'support-tickets/raw/dt=2025-07-01/t-0-1.jsonl.gz',
    'support-tickets/raw/dt=2025-07-01/t-0-1-2.jsonl',
  ])('are told from other keys: %s', (key) => {
    expect(parseRawKey(key)).toBeUndefined();
  });
});
