import { describe, expect, it } from 'vitest';
import { putBatches } from '../../../../stream-processors/firehose/put-batches.ts';

const sizes = (records: readonly Buffer[]) => [...putBatches(records)].map(({ length }) => length);

describe('the calls of a batch', () => {
  it('hold at most 500 records', () => {
    const records = Array.from({ length: 1_100 }, () => Buffer.from('x'));
    expect(sizes(records)).toEqual([500, 500, 100]);
    expect([...putBatches(records)].flat()).toEqual([...records.keys()]);
  });

  it('hold at most 3 MiB, which are 4 in base64', () => {
    expect(sizes(Array.from({ length: 5 }, () => Buffer.alloc(900 * 1024)))).toEqual([3, 2]);
    expect(sizes(Array.from({ length: 4 }, () => Buffer.alloc(768 * 1024)))).toEqual([4]);
  });

  it('leave out a record over 1,000 KiB', () => {
    const [fits, over] = [Buffer.alloc(1000 * 1024), Buffer.alloc(1000 * 1024 + 1)];
    expect([...putBatches([over, fits, over])]).toEqual([[1]]);
    expect([...putBatches([over])]).toEqual([]);
  });
});
