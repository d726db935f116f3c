/** Checks that the measures of the model are those of the catalogue, in DAX and in SQL. */
import type { Measure } from '../../../schemas/measures.ts';
import type { Moment } from '../../../schemas/moments.ts';
import type { Percentile } from '../../../schemas/percentiles.ts';
import {
  DaxError,
  parseDax,
  parsePercentile,
  type DaxAggregate,
  type DaxFigure,
  type DaxPercentile,
} from './dax.ts';
import { SEMANTIC_MODEL, type Finding, type ProjectFiles } from './project-files.ts';
import { MODEL_DEFINITION, viewOf, type ModelTable, type SemanticModel } from './semantic-model.ts';

type CatalogueMeasure = Measure | Moment | Percentile;

/** What the model says of a measure, as `///`: what it means and what is counted. */
function measureDescription({ description, population }: CatalogueMeasure): string {
  return `${description} Counted: ${population}.`;
}

/** Both ways: each of the catalogue is in the model word for word, and there is no other. */
export function checkCatalogue(
  model: SemanticModel,
  catalogue: readonly CatalogueMeasure[],
): Finding[] {
  const byTitle = new Map(catalogue.map((measure) => [measure.title, measure]));
  const findings: Finding[] = [];
  const found = new Set<string>();
  for (const table of model.tables) {
    for (const { name, file, dax, format, object } of table.measures) {
      const measure = byTitle.get(name);
      const say = (problem: string) =>
        findings.push({ file, problem: `measure ${name}: ${problem}` });
      if (measure === undefined) {
        say('not in the catalogue (schemas/measures.ts)');
        continue;
      }
      found.add(name);
      const expected = measureDescription(measure);
      if (dax !== measure.dax) say(`DAX must be ${measure.dax}`);
      if (format !== measure.format) say(`format must be ${measure.format}`);
      if (object.description !== expected) say(`description must be ${expected}`);
      if (measure.sql.from !== `reporting.${viewOf(table) ?? ''}`) {
        say(`belongs to the table of ${measure.sql.from}`);
      }
    }
  }
  for (const title of byTitle.keys()) {
    if (!found.has(title)) {
      findings.push({
        file: MODEL_DEFINITION,
        problem: `measure ${title} of the catalogue is missing`,
      });
    }
  }
  return findings;
}

/**
 * Every name in every DAX text is a table and a column of the model, and the DAX, said in SQL by
 * the columns' sources, is the SQL twin.
 */
export function checkDax(model: SemanticModel, catalogue: readonly CatalogueMeasure[]): Finding[] {
  const tables = new Map(model.tables.map((table) => [table.name, table]));
  const twins = new Map(catalogue.map((measure) => [measure.title, measure]));
  return model.tables.flatMap((table) =>
    table.measures.flatMap(({ name, file, dax }) => {
      const say = (problem: string): Finding => ({ file, problem: `measure ${name}: ${problem}` });
      try {
        const percentile = parsePercentile(dax);
        const sql = percentile ? rankOf(percentile, tables) : sqlOf(parseDax(dax), tables);
        const twin = twins.get(name);
        return twin === undefined || sql === twinOf(twin)
          ? []
          : [say(`its DAX is ${sql} in SQL, its twin ${twinOf(twin)}`)];
      } catch (error) {
        if (!(error instanceof DaxError)) throw error;
        return [say(error.message)];
      }
    }),
  );
}

const QUERY_FILE = `${SEMANTIC_MODEL}/DAXQueries/Every measure.dax`;

/** The query by which a person compares Power BI with the page asks for every measure, and runs. */
export function checkQuery(files: ProjectFiles, catalogue: readonly CatalogueMeasure[]): Finding[] {
  const asked = catalogue.map(({ title }) => `\t"${title}", [${title}]`);
  const expected = ['EVALUATE', 'ROW(', ...asked.join(',\n').split('\n'), ')'];
  const found = (files.get(QUERY_FILE) ?? '').trimEnd().split(/\r?\n/);
  const wrong = expected.findIndex((line, index) => line !== found[index]);
  if (wrong === -1 && found.length === expected.length) return [];
  const line = wrong === -1 ? expected.length : wrong;
  return [
    {
      file: QUERY_FILE,
      problem: `line ${line + 1} must be ${expected[line] ?? 'the end'}, found ${found[line] ?? 'the end'}`,
    },
  ];
}

/** A column that figures are split by, in both languages. */
interface Split {
  readonly column: string;
  readonly dax: string;
}

/** The columns that breakdowns and heat maps go by are the same in the model as in the warehouse. */
export function checkSplits(model: SemanticModel, splits: readonly Split[]): Finding[] {
  const tables = new Map(model.tables.map((table) => [table.name, table]));
  return splits.flatMap(({ column, dax }) => {
    const say = (problem: string) => [{ file: MODEL_DEFINITION, problem: `${dax}: ${problem}` }];
    try {
      const { numerator } = parseDax(`COUNT(${dax})`);
      const source = sourceOf(numerator.table, numerator.column ?? '', tables);
      return source === column ? [] : say(`shows ${source}, not ${column}`);
    } catch (error) {
      if (!(error instanceof DaxError)) throw error;
      return say(error.message);
    }
  });
}

const sqlFunctions = {
  COUNTROWS: () => 'COUNT(*)',
  SUM: (column: string) => `SUM(${column})`,
  COUNT: (column: string) => `COUNT(${column})`,
  DISTINCTCOUNTNOBLANK: (column: string) => `COUNT(DISTINCT ${column})`,
  MIN: (column: string) => `MIN(${column})`,
} as const;

function sqlOf(
  { numerator, denominator, divisor }: DaxFigure,
  tables: ReadonlyMap<string, ModelTable>,
): string {
  return [numerator, denominator]
    .filter((part) => part !== undefined)
    .map((part) => aggregateSql(part, tables))
    .concat(divisor === undefined ? [] : [`${divisor}`])
    .join(' / ');
}

function aggregateSql(aggregate: DaxAggregate, tables: ReadonlyMap<string, ModelTable>): string {
  const { table, column, where } = aggregate;
  const source = column === undefined ? '*' : sourceOf(table, column, tables);
  const view = viewOf(tableNamed(table, tables)) ?? '?';
  const from = `${sqlFunctions[aggregate.function](source)} FROM reporting.${view}`;
  if (where === undefined) return from;
  if (where.table !== table) throw new DaxError(`the filter is on another table, ${where.table}`);
  return `${from} WHERE ${sourceOf(table, where.column, tables)} = '${where.equals}'`;
}

/** No SQL, but the same words for both twins: `percentileSql` makes the statement of them. */
function rankOf(
  { table, column, percent, divisor }: DaxPercentile,
  tables: ReadonlyMap<string, ModelTable>,
): string {
  const view = viewOf(tableNamed(table, tables)) ?? '?';
  return rankText(`reporting.${view}`, sourceOf(table, column, tables), percent, divisor);
}

function rankText(from: string, column: string, percent: number, divisor?: number): string {
  return `P${percent}(${column}) FROM ${from}${divisor === undefined ? '' : ` / ${divisor}`}`;
}

function twinOf(measure: CatalogueMeasure): string {
  if ('percent' in measure.sql) {
    const { from, bucket, percent } = measure.sql;
    return rankText(from, bucket, percent, 'divisor' in measure ? measure.divisor : undefined);
  }
  const { from, where, numerator } = measure.sql;
  const denominator = 'denominator' in measure.sql ? measure.sql.denominator : undefined;
  const divisor = 'divisor' in measure ? measure.divisor : undefined;
  return [numerator, denominator]
    .filter((part) => part !== undefined)
    .map((part) => `${part} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`)
    .concat(divisor === undefined ? [] : [`${divisor}`])
    .join(' / ');
}

function tableNamed(name: string, tables: ReadonlyMap<string, ModelTable>): ModelTable {
  const table = tables.get(name);
  if (table === undefined) throw new DaxError(`there is no table ${name}`);
  return table;
}

function sourceOf(table: string, column: string, tables: ReadonlyMap<string, ModelTable>): string {
  const found = tableNamed(table, tables).columns.find(({ name }) => name === column);
  if (found === undefined) throw new DaxError(`there is no column ${table}[${column}]`);
  return found.sourceColumn;
}
