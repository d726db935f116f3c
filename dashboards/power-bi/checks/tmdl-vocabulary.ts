/**
 * The part of TMDL that this project uses, and what Power BI Desktop adds by itself when it saves:
 * the properties of each kind of object. Whatever else stands in a file is a slip, or a decision to
 * be made here.
 */
export const vocabulary: Readonly<Record<string, ReadonlySet<string>>> = {
  annotation: new Set(),
  changedProperty: new Set(),
  column: new Set([
    'dataType',
    'displayFolder',
    'formatString',
    'isHidden',
    'lineageTag',
    'sortByColumn',
    'sourceColumn',
    'sourceLineageTag',
    'sourceProviderType',
    'summarizeBy',
  ]),
  cultureInfo: new Set(),
  dataAccessOptions: new Set(['fastCombine', 'legacyRedirects', 'returnErrorValuesAsNull']),
  database: new Set(['compatibilityLevel']),
  expression: new Set(['lineageTag', 'queryGroup']),
  extendedProperty: new Set(),
  linguisticMetadata: new Set(['contentType']),
  // What is hidden cannot be found by whoever builds a visual.
  measure: new Set(['displayFolder', 'formatString', 'lineageTag']),
  model: new Set([
    'culture',
    'dataSourceDefaultMaxConnections',
    'defaultPowerBIDataSourceVersion',
    'discourageImplicitMeasures',
    'sourceQueryCulture',
  ]),
  partition: new Set(['mode', 'queryGroup', 'source']),
  queryGroup: new Set(),
  'ref cultureInfo': new Set(),
  'ref table': new Set(),
  // One direction only, and no promise that every key is there: both are what is not said.
  relationship: new Set(['fromColumn', 'toColumn']),
  table: new Set(['lineageTag']),
};

/** Kinds whose objects have no name. */
export const nameless: ReadonlySet<string> = new Set([
  'changedProperty',
  'dataAccessOptions',
  'database',
  'linguisticMetadata',
]);

const switches = new Set(['true', 'false']);
const cultures = new Set(['en-US']);

/** What some properties may be. */
export const allowedValues: Readonly<Record<string, ReadonlySet<string>>> = {
  dataType: new Set(['string', 'int64', 'double', 'decimal', 'dateTime', 'boolean']),
  // A column is no measure: sums are what the catalogue says they are.
  summarizeBy: new Set(['none']),
  mode: new Set(['directQuery']),
  culture: cultures,
  defaultPowerBIDataSourceVersion: new Set(['powerBI_V3']),
  sourceQueryCulture: cultures,
  discourageImplicitMeasures: new Set(['true']),
  isHidden: switches,
};

/** A name as it is meant: `'Log Entries'` without its quotes. */
export function unquoted(name: string): string {
  return name.replace(/^'(.*)'$/s, '$1').replaceAll("''", "'");
}
