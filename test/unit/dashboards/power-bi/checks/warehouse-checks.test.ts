import { describe, expect, it } from 'vitest';
import { readSemanticModel } from '../../../../../dashboards/power-bi/checks/semantic-model.ts';
import {
  checkWarehouse,
  type ViewColumn,
} from '../../../../../dashboards/power-bi/checks/warehouse-checks.ts';
import { files } from './damage.ts';

const table = 'CarePlus.SemanticModel/definition/tables/Pets.tmdl';
const partition = (files.get(table.replace('Pets', 'Tickets')) ?? '')
  .split('\tpartition ')[1]
  ?.replace('"tickets"', '"pets"');
const { model } = readSemanticModel(
  new Map([
    [
      table,
      `/// Pets, each once.
table Pets
	/// How many legs it has.
	column Legs
		dataType: int64
		sourceColumn: legs

	/// Day of birth.
	column Born
		dataType: dateTime
		sourceColumn: born

	partition ${partition ?? ''}`,
    ],
  ]),
);

const columns: readonly ViewColumn[] = [
  { view: 'pets', name: 'legs', type: 'integer', length: null, comment: 'How many legs it has.' },
  { view: 'pets', name: 'born', type: 'date', length: null, comment: 'Day of birth.' },
  { view: 'pets', name: 'not_in_the_model', type: 'bigint', length: null, comment: '' },
];
const comments = new Map([['pets', 'Pets, each once.']]);

function problems(changed: readonly ViewColumn[], viewComments = comments): string[] {
  return checkWarehouse(model, changed, viewComments).map(({ problem }) => problem);
}

const without = (name: string) => columns.filter((column) => column.name !== name);
const withLegs = (change: Partial<ViewColumn>) =>
  columns.map((column) => (column.name === 'legs' ? { ...column, ...change } : column));

describe('checkWarehouse', () => {
  it('is content with a model that shows a part of the warehouse', () => {
    expect(problems(columns)).toEqual([]);
  });

  it.each([
    [
      'a view that is not there',
      [],
      new Map<string, string>(),
      ['Pets: there is no view reporting.pets'],
    ],
    ['a column that is not there', without('legs'), comments, ['Pets: pets has no column legs']],
    [
      'a type that does not fit',
      withLegs({ type: 'numeric' }),
      comments,
      ['Pets: Legs is int64, legs numeric'],
    ],
    [
      'a type nobody has thought of',
      withLegs({ type: 'interval' }),
      comments,
      ['Pets: Legs is int64, legs interval'],
    ],
    [
      'a text that Power BI refuses',
      withLegs({ length: 65_535 }),
      comments,
      ['Pets: legs may be longer than 32764 characters'],
    ],
    [
      'a column of another view',
      withLegs({ view: 'cars' }),
      comments,
      ['Pets: pets has no column legs'],
    ],
    [
      'another meaning of a column',
      withLegs({ comment: 'Legs.' }),
      comments,
      ['Pets: description of Legs must be Legs.'],
    ],
    [
      'another meaning of a view',
      columns,
      new Map([['pets', 'Cars.']]),
      ['Pets: description must be Cars.'],
    ],
  ])('finds %s', (_what, changed, viewComments, expected) => {
    expect(problems(changed, viewComments)).toEqual(expected);
  });
});
