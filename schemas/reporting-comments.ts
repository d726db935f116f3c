import { isTableDataset, type AnyDataset } from './datasets/any-dataset.ts';
import type { FieldRule, LogFieldRule } from './datasets/field-rules.ts';
import { describeRule } from './datasets/rule-description.ts';

/** What stands in the catalogue beside a view or a column of one. */
export interface ReportingComment {
  /** As `COMMENT ON` names it: `VIEW …` or `COLUMN …`. */
  readonly target: string;
  readonly meaning: string;
}

/**
 * What a dataset's own views of `reporting` and their columns mean, as comments of the catalogue,
 * where people and tools find them: of each column what its rule accepts.
 */
export function reportingComments(dataset: AnyDataset): readonly ReportingComment[] {
  const { entity, name, keyField } = dataset;
  const isTable = isTableDataset(dataset);
  const rows = `reporting.${entity}${isTable ? 's' : '_entries'}`;
  const books = `reporting.${entity}_books`;
  return [
    onView(
      rows,
      `What the rules accept of ${name}, once for each ${isTable ? keyField : 'entry'}.`,
    ),
    ...(isTable
      ? []
      : [onColumn(rows, 'entry_id', 'Hash over the host and the bytes of the entry.')]),
    ...dataset.cleanColumns.map((column) =>
      onColumn(rows, column.name, meaningOf(dataset, column.name)),
    ),
    ...(isTable ? [] : [onColumn(rows, 'copies', 'How often the entry stands in the files.')]),
    onView(books, `The books of ${name} by day: copies_read is the sum of the other columns.`),
    ...Object.entries(booksColumns)
      .filter(([column]) => isTable || column !== 'superseded')
      .map(([column, meaning]) => onColumn(books, column, meaning)),
  ];
}

const booksColumns = {
  book_day: 'Day that the source tells, or unknown.',
  copies_read: 'What the source holds, every copy.',
  shown: 'What the rules accept, each once.',
  repeats: 'Further copies of what is accepted.',
  superseded: 'What the rules accept, while another row of the same key counts.',
  quarantined: 'What the rules set aside, each once.',
  quarantined_repeats: 'Further copies of what is set aside.',
  dead_lettered: 'What could not be read.',
} as const;

function meaningOf({ rules }: AnyDataset, column: string): string {
  const rule = rules.fields.find(({ field }) => field === column);
  if (rule === undefined) return column;
  const where = isLogRule(rule) ? `As ${rule.text} in the entry` : 'Accepted';
  return `${where}: ${describeRule(rule).accepted}.`;
}

function isLogRule(rule: FieldRule | LogFieldRule): rule is LogFieldRule {
  return 'text' in rule;
}

function onView(view: string, meaning: string): ReportingComment {
  return { target: `VIEW ${view}`, meaning };
}

function onColumn(view: string, column: string, meaning: string): ReportingComment {
  return { target: `COLUMN ${view}.${column}`, meaning };
}
