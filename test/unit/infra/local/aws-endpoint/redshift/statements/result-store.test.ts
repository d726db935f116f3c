import { afterEach, describe, expect, it } from 'vitest';
import {
  ResultLimitError,
  ResultStore,
} from '../../../../../../../infra/local/aws-endpoint/redshift/statements/result-store.ts';

const VARCHAR = 1043;
const INTEGER = 23;
const column = (name: string, dataTypeID: number) => ({ name, dataTypeID, dataTypeModifier: -1 });

describe('ResultStore', () => {
  const store = new ResultStore();
  afterEach(() => store.close());

  function writeRows(count: number, text: string) {
    const writer = store.writer();
    writer.describe([column('n', INTEGER), column('t', VARCHAR)]);
    for (let n = 0; n < count; n += 1) writer.add([String(n), text]);
    return writer.finish();
  }

  it('keeps a small result in memory', async () => {
    const result = writeRows(3, 'x');
    expect(result).toMatchObject({ rowCount: 3, pageCount: 1, diskBytes: 0, byteLength: 6 });
    expect(await result.page(0)).toEqual([
      [{ longValue: 0 }, { stringValue: 'x' }],
      [{ longValue: 1 }, { stringValue: 'x' }],
      [{ longValue: 2 }, { stringValue: 'x' }],
    ]);
  });

  it('holds a large result on disk and gives every row once, in order', async () => {
    const result = writeRows(5_500, 'é'.repeat(50));
    expect(result).toMatchObject({ rowCount: 5_500, pageCount: 6, memoryBytes: 0 });
    const numbers: unknown[] = [];
    for (let page = 0; page < result.pageCount; page += 1) {
      for (const [first, second] of await result.page(page)) {
        numbers.push(first && 'longValue' in first ? first.longValue : undefined);
        expect(second).toEqual({ stringValue: 'é'.repeat(50) });
      }
    }
    expect(numbers).toEqual(Array.from({ length: 5_500 }, (_, n) => n));
    result.discard();
    await expect(result.page(0)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends a page at 1 MiB of values too', () => {
    expect(writeRows(40, 'x'.repeat(60_000)).pageCount).toBeGreaterThan(1);
  });

  it('has one empty page without rows', async () => {
    const result = writeRows(0, '');
    expect(result.pageCount).toBe(1);
    expect(await result.page(0)).toEqual([]);
    expect(result.columns.map(({ name }) => name)).toEqual(['n', 't']);
  });

  it('refuses a row above 64 KB (data-api, "Considerations")', () => {
    expect(() => writeRows(1, 'é'.repeat(40_000))).toThrow(ResultLimitError);
  });
});
