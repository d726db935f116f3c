import { describe, expect, it } from 'vitest';
import { parsePutBatch } from '../../../../../../infra/local/aws-endpoint/firehose/put-input.ts';

const base64 = (bytes: number) => Buffer.alloc(bytes).toString('base64');
const put = (...data: readonly string[]) =>
  parsePutBatch({ DeliveryStreamName: 'd', Records: data.map((Data) => ({ Data })) });

describe('parsePutBatch', () => {
  it('measures the data before base64', () => {
    expect(put('', 'AA==', 'AAA=', 'AAAA').sizes).toEqual([0, 1, 2, 3]);
  });

  it('takes what just fits: 500 records, 1,000 KiB each, 4 MiB together', () => {
    expect(put(...Array.from({ length: 500 }, () => base64(8388))).records).toHaveLength(500);
    expect(put(base64(1000 * 1024)).sizes).toEqual([1_024_000]);
  });

  it.each([
    ['no record', [], 'ValidationException'],
    ['501 records', Array.from({ length: 501 }, () => 'AAAA'), 'ValidationException'],
    ['a record above 1,000 KiB', [base64(1000 * 1024 + 1)], 'ValidationException'],
    [
      'more than 4 MiB together',
      Array.from({ length: 5 }, () => base64(1000 * 1024)),
      'InvalidArgumentException',
    ],
    ['no base64', ['{"a":1}'], 'SerializationException'],
    ['cut base64', ['AAA'], 'SerializationException'],
    ['a line end in base64', ['AAA\n'], 'SerializationException'],
  ])('refuses %s', (_, data, type) => {
    expect(() => put(...data)).toThrow(expect.objectContaining({ type }));
  });
});
