import { describe, expect, it } from 'vitest';
import {
  projectColumns,
  unmappedColumns,
  withAliases,
} from '../../../schemas/datasets/projection.ts';

const dataset = {
  mapping: [
    { field: 'id', column: 'Id' },
    { field: 'category', column: 'IssUeCat', aliases: ['category'] },
  ],
};

describe('the projection of a table', () => {
  it('finds a column by its name before any alias', () => {
    const { mapping } = withAliases(dataset, { category: ['Kind'] });
    const found = (...columns: string[]) => projectColumns(mapping, ['id', ...columns]);
    const under = (name: string) => ({
      columns: new Map(Object.entries({ id: 'id', category: name })),
    });
    expect(found('kind', 'category', 'issuecat')).toEqual(under('issuecat'));
    expect(found('kind', 'category')).toEqual(under('category'));
    expect(found('kind')).toEqual(under('kind'));
    expect(found('other')).toEqual({ missing: [mapping[1]] });
  });

  it('never gives the column of one field to another', () => {
    const { mapping } = withAliases(dataset, { id: ['IssUeCat'] });
    expect(projectColumns(mapping, ['issuecat'])).toEqual({ missing: [mapping[0]] });
    const both = withAliases(dataset, { id: ['it'], category: ['it'] }).mapping;
    expect(projectColumns(both, ['it'])).toEqual({ missing: [both[1]] });
    expect(unmappedColumns(both, ['it', 'else'])).toEqual(['else']);
  });

  it('names what no field takes, the other name of a field too', () => {
    expect(unmappedColumns(dataset.mapping, ['ID', 'note', 'category', 'IssueCat'])).toEqual([
      ...['note', 'category'],
    ]);
    expect(unmappedColumns(dataset.mapping, ['note'])).toEqual(['note']);
  });

  it('leaves a dataset without aliases as it is', () => {
    expect(withAliases(dataset, undefined)).toEqual(dataset);
  });
});
