import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectColumns } from '../../../schemas/datasets/projection.ts';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { imageId, keyHash } from '../../../schemas/image-identity.ts';
import { imageRowColumns } from '../../../schemas/image-row.ts';
import { streamDefinition } from '../../../schemas/lake-layout.ts';
import { logRowColumns, logVerdictColumns } from '../../../schemas/log-row.ts';
import { avroFieldName, rowChangeSchema } from '../../../schemas/row-change.ts';

const folder = new URL('../../../schemas/warehouse/', import.meta.url);
const sql = readdirSync(folder)
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  .join('\n');

/** Columns of a CREATE TABLE in the migrations, as `name TYPE`. */
function migrationColumns(table: string): string[] {
  const start = sql.indexOf(`CREATE TABLE IF NOT EXISTS ${table} (`);
  const body = sql.slice(sql.indexOf('(', start) + 1, sql.indexOf('\n)', start));
  return body
    .split('\n')
    .map((line) => line.trim().replace(/( NOT NULL)?,?$/, ''))
    .filter((line) => line !== '');
}

describe('contracts', () => {
  it('give lake, stage and history the same columns in the same order: COPY binds by position', () => {
    for (const dataset of tableDatasets) {
      const expected = imageRowColumns(dataset).map((c) => `${c.name} ${c.warehouseType}`);
      expect(migrationColumns(`stage.${dataset.entity}_image`)).toEqual(expected);
      expect(migrationColumns(`careplus.${dataset.entity}_changes`)).toEqual(expected);
      expect(streamDefinition(dataset, 60).table.columns.map((c) => c.name)).toEqual(
        imageRowColumns(dataset).map((c) => c.name),
      );
    }
  });

  it('give lake, stage and state of a log the same columns in the same order', () => {
    for (const dataset of logDatasets) {
      const expected = logRowColumns(dataset).map((c) => `${c.name} ${c.warehouseType}`);
      const verdict = logVerdictColumns(dataset).map((c) => `${c.name} ${c.warehouseType}`);
      expect(migrationColumns(`stage.${dataset.entity}_entry`)).toEqual(expected);
      const state = migrationColumns(`careplus.${dataset.entity}_entry`);
      expect(state.slice(-verdict.length)).toEqual(verdict);
      expect(streamDefinition(dataset, 60).table.columns.map((c) => c.name)).toEqual(
        logRowColumns(dataset).map((c) => c.name),
      );
    }
  });

  it('find mapped columns by name or alias, without case, and name the missing ones', () => {
    const mapping = [
      { field: 'id', column: 'ID' },
      { field: 'category', column: 'IssUeCat', aliases: ['issue_category'] },
    ];
    expect(projectColumns(mapping, ['extra', 'id', 'Issue_Category'])).toEqual({
      columns: new Map([
        ['id', 'id'],
        ['category', 'Issue_Category'],
      ]),
    });
    expect(projectColumns(mapping, ['id'])).toEqual({ missing: [mapping[1]] });
  });

  it('tell images apart whatever their values are', () => {
    const value = fc.option(
      fc.string({ unit: 'binary' }).map((s) => s.toWellFormed()),
      { nil: null },
    );
    const row = fc.array(value, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(row, row, (a, b) => {
        expect(imageId(a) === imageId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(imageId(['ab', 'c', null])).not.toBe(imageId(['a', 'bc', null]));
    expect(imageId([null])).not.toBe(imageId(['']));
  });

  it('give a row without a key a key of its own', () => {
    expect(keyHash(null, 'one')).not.toBe(keyHash(null, 'two'));
    expect(keyHash('', 'one')).toBe(keyHash(null, 'one'));
    expect(keyHash('T1', 'one')).toBe(keyHash('T1', 'two'));
    expect(keyHash('T1 ', 'one')).not.toBe(keyHash('T1', 'one'));
  });

  it('turn any column name into an Avro name without clashes', () => {
    expect(avroFieldName('IssUeCat')).toBe('IssUeCat');
    const names = ['order id', 'größe', '1st', 'x_c3b6', 'ö'];
    const encoded = names.map(avroFieldName);
    expect(new Set(encoded).size).toBe(names.length);
    for (const name of encoded) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
    expect(rowChangeSchema('abc', [{ name: 'größe', type: 'text' }]).namespace).toContain('abc');
  });
});
