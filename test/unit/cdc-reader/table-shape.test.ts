import { describe, expect, it } from 'vitest';
import { fromBinlog } from '../../../cdc-reader/canonical-value.ts';
import {
  createRowReader,
  describeShape,
  normalizeType,
  type ColumnDefinition,
} from '../../../cdc-reader/table-shape.ts';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';

const dataset: TableDataset = {
  ...supportTickets,
  keyField: 'id',
  mapping: [
    { field: 'id', column: 'Id' },
    { field: 'category', column: 'IssUeCat', aliases: ['category'] },
  ],
};
const text = (name: string, charset: string | null = 'utf8mb4'): ColumnDefinition => ({
  name,
  type: 'text',
  charset,
});
const id: ColumnDefinition = { name: 'ID', type: 'int(11)', charset: null };

describe('normalizeType', () => {
  it.each([
    ['int(11)', null, 'int'],
    ['int(10) unsigned zerofill', null, 'int unsigned'],
    ['bigint unsigned', null, 'bigint unsigned'],
    ['double(10,2)', null, 'double'],
    ['decimal(10,2) unsigned', null, 'decimal(10,2) unsigned'],
    ['year(4)', null, 'year'],
    ['varchar(255)', 'latin1', 'varchar latin1'],
    ['varchar(50) /*M!100301 COMPRESSED*/', 'utf8mb4', 'varchar utf8mb4'],
    ['longtext', 'utf8mb4', 'longtext utf8mb4'],
    ["enum('a(1)','b''c')", 'utf8mb4', "enum('a(1)','b''c') utf8mb4"],
    ['binary(16)', null, 'binary(16)'],
    ['varbinary(20)', null, 'varbinary'],
    ['datetime(6)', null, 'datetime(6)'],
    ['bit(10)', null, 'bit(10)'],
    ['uuid', null, 'uuid'],
  ])('%s %s is %s', (type, charset, expected) => {
    expect(normalizeType({ name: 'c', type, charset })).toBe(expected);
  });
});

describe('describeShape', () => {
  it('is the same for both spellings of a type', () => {
    const other: ColumnDefinition = { ...id, type: 'int' };
    expect(describeShape(dataset, [id, text('IssUeCat')])).toEqual(
      describeShape(dataset, [other, text('IssUeCat')]),
    );
  });

  it('keeps its mapped hash when unmapped columns come, go or move', () => {
    const before = describeShape(dataset, [id, text('IssUeCat')]);
    const after = describeShape(dataset, [text('note'), text('IssUeCat'), id]);
    expect(after.mappedHash).toBe(before.mappedHash);
    expect(after.hash).not.toBe(before.hash);
  });

  it.each([
    ['name', [id, text('category')]],
    ['type', [{ ...id, type: 'bigint(20)' }, text('IssUeCat')]],
    ['character set', [id, text('IssUeCat', 'latin1')]],
  ])('has another mapped hash when the %s of a mapped column changes', (_, definitions) => {
    const before = describeShape(dataset, [id, text('IssUeCat')]);
    expect(describeShape(dataset, definitions).mappedHash).not.toBe(before.mappedHash);
  });

  it('tells which field each column feeds, under whatever name it was found', () => {
    const { columns } = describeShape(dataset, [text('note'), text('category'), id]);
    expect(columns.map(({ name, mappedField }) => [name, mappedField])).toEqual([
      ['note', undefined],
      ['category', 'category'],
      ['ID', 'id'],
    ]);
  });

  it('is another one when a column feeds another field', () => {
    const [one, other] = [dataset, { ...dataset, mapping: dataset.mapping.slice(0, 1) }].map(
      (each) => describeShape(each, [id, text('IssUeCat')]),
    );
    expect(one?.hash).not.toBe(other?.hash);
  });

  it('names the line of the configuration that cures a missing column', () => {
    expect(() => describeShape(dataset, [id, text('cat')])).toThrow(
      expect.objectContaining({
        code: 'CDC_1003',
        message: expect.stringContaining(
          'under datasets: support-tickets: aliases: { category: [new_name] }',
        ) as string,
      }),
    );
  });

  it('refuses a mapped column that cannot be read and leaves out an unmapped one', () => {
    const point: ColumnDefinition = { name: 'place', type: 'point', charset: null };
    const shape = describeShape(dataset, [id, point, text('IssUeCat'), text('old', 'sjis')]);
    expect(shape.columns.map(({ name }) => name)).toEqual(['ID', 'IssUeCat']);
    expect(() => describeShape(dataset, [id, text('IssUeCat', 'sjis')])).toThrow(
      expect.objectContaining({ code: 'CDC_1001' }),
    );
  });
});

describe('createRowReader', () => {
  it('gives canonical texts by field, NULL apart from the empty text', () => {
    const shape = describeShape(dataset, [id, text('IssUeCat'), text('a-b')]);
    const read = createRowReader(
      shape,
      fromBinlog,
      (row: Record<string, unknown>, { name }) => row[name],
    );
    expect(read({ ID: 7, IssUeCat: '', 'a-b': null })).toEqual({
      ID: '7',
      IssUeCat: '',
      x_612d62: null,
    });
  });

  it('cuts the values of mapped columns at one length, and no others', () => {
    const shape = describeShape(dataset, [id, text('IssUeCat'), text('note')]);
    const read = createRowReader(
      shape,
      fromBinlog,
      (row: Record<string, unknown>, { name }) => row[name],
    );
    const [fits, long] = ['x'.repeat(65_535), 'x'.repeat(65_536)];
    expect(read({ ID: 7, IssUeCat: fits, note: long })).toEqual({
      ID: '7',
      IssUeCat: fits,
      note: long,
    });
    expect(read({ ID: 7, IssUeCat: long, note: '' })['IssUeCat']).toMatch(
      /^x{65535}… \[65536 bytes, /,
    );
  });
});
