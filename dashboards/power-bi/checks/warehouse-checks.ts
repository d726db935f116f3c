/** Checks that the model shows what the warehouse has: views, columns, types and their meaning. */
import { viewOf, type SemanticModel } from './semantic-model.ts';
import type { Finding } from './project-files.ts';

/** A column of a view of `reporting`, as `information_schema.columns` and the comments tell it. */
export interface ViewColumn {
  readonly view: string;
  readonly name: string;
  readonly type: string;
  /** Characters that a text may have; null where nothing limits it, and for other types. */
  readonly length: number | null;
  readonly comment: string;
}

/** Power BI refuses longer texts in DirectQuery. */
const TEXT_LIMIT = 32_764;

/**
 * Types of the model that a type of the warehouse may have. A sum without a precision is no int64:
 * Power BI reads NUMERIC(38, 0) as a decimal number.
 */
const fittingTypes: Readonly<Record<string, readonly string[]>> = {
  'character varying': ['string'],
  text: ['string'],
  smallint: ['int64'],
  integer: ['int64'],
  bigint: ['int64'],
  numeric: ['double', 'decimal'],
  boolean: ['boolean'],
  date: ['dateTime'],
  'timestamp without time zone': ['dateTime'],
};

export function checkWarehouse(
  model: SemanticModel,
  columns: readonly ViewColumn[],
  viewComments: ReadonlyMap<string, string>,
): Finding[] {
  return model.tables.flatMap((table) => {
    const { file, name } = table;
    const view = viewOf(table);
    if (view === undefined || !viewComments.has(view)) {
      return [{ file, problem: `${name}: there is no view reporting.${view ?? ''}` }];
    }
    const problems: string[] = [];
    if (table.object.description !== viewComments.get(view)) {
      problems.push(`description must be ${viewComments.get(view) ?? ''}`);
    }
    for (const column of table.columns) {
      const source = columns.find(
        (each) => each.view === view && each.name === column.sourceColumn,
      );
      if (source === undefined) {
        problems.push(`${view} has no column ${column.sourceColumn}`);
        continue;
      }
      if (fittingTypes[source.type]?.includes(column.dataType) !== true) {
        problems.push(
          `${column.name} is ${column.dataType}, ${column.sourceColumn} ${source.type}`,
        );
      }
      if ((source.length ?? 0) > TEXT_LIMIT) {
        problems.push(`${column.sourceColumn} may be longer than ${TEXT_LIMIT} characters`);
      }
      if (column.object.description !== source.comment) {
        problems.push(`description of ${column.name} must be ${source.comment}`);
      }
    }
    return problems.map((problem) => ({ file, problem: `${name}: ${problem}` }));
  });
}
