import { describe, expect, it } from 'vitest';
import { supportTickets as dataset } from '../../../schemas/datasets/support-tickets/index.ts';
import {
  erasedColumns,
  erasedRow,
  erasureKey,
  isErased,
  parseErasureKey,
} from '../../../schemas/erased-image.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';

const columns = imageRowColumns(dataset);
const key = 'a'.repeat(32);

/** A row with something in every column. */
const fullRow = (kind: string) => ({
  ...Object.fromEntries(
    columns.map(({ name, glueType }) => [name, glueType === 'string' ? `text of ${name}` : 7]),
  ),
  kind,
});

describe('an erased image', () => {
  it('keeps its numbers, sign, key hash and place, and nothing else of what it held', () => {
    expect(erasedRow(fullRow('-'))).toEqual({
      ...{ source: 'text of source', epoch: 7, seq: 7, tx_end: 7, kind: '-' },
      ...{ key_hash: 'text of key_hash', gtid: 'text of gtid', committed_ms: 7, read_at_ms: 7 },
      ...{ kafka_partition: 7, kafka_offset: 7 },
      ...{ image_id: 'erased', rank: 0, accepted: 0, reasons: 'record:erased' },
      // The highest INTEGER of Redshift and Parquet: no later judgement is higher.
      rules_version: 2 ** 31 - 1,
    });
  });

  it('is told apart by number where it could not be read: no other one cancels it', () => {
    expect(erasedRow(fullRow('X'))['image_id']).toBe('text of image_id');
  });

  it('is the same in SQL: every column is kept, set or NULL', () => {
    const set = new Map(erasedColumns(dataset));
    const row = erasedRow(fullRow('+'));
    for (const { name } of columns) {
      const sql = set.get(name);
      if (sql === undefined) expect(row[name], name).toBe(fullRow('+')[name as 'kind']);
      else if (sql === 'NULL') expect(row[name], name).toBeUndefined();
      else expect(sql, name).toContain(String(row[name]));
    }
    expect(set.size).toBeGreaterThan(10);
  });
});

describe('an erasure', () => {
  const erasure = { keyHash: key, source: 'a/b:ü.db.t %', epoch: 20, seq: 5 };

  it('stands in a name that is read back as it was, and no other name is one', () => {
    const name = erasureKey(dataset, erasure);
    expect(name.split('/')).toHaveLength(5);
    expect(parseErasureKey(dataset, name)).toEqual(erasure);
    for (const other of ['_loader/erased/support-tickets/x', `${name}/y`, name.slice(1)]) {
      expect(parseErasureKey(dataset, other)).toBeUndefined();
    }
    expect(parseErasureKey(dataset, `${erasureKey(dataset, erasure)}%`)).toBeUndefined();
  });

  it.each([
    [20, 5, true],
    [20, 6, false],
    [19, 900, true],
    [21, 1, false],
  ])('of epoch 20 up to 5: image %i:%i is erased: %s', (epoch, seq, expected) => {
    expect(isErased(erasure, { source: erasure.source, epoch, seq })).toBe(expected);
    expect(isErased(erasure, { source: 'another', epoch, seq })).toBe(false);
  });
});
