/** Checks of the semantic model by itself: known properties, one mode, pure navigation, unique names. */
import { MODEL_DEFINITION, viewOf, type ModelTable, type SemanticModel } from './semantic-model.ts';
import type { Finding } from './project-files.ts';
import { PLACEHOLDER_HOST } from './secret-checks.ts';
import type { TmdlObject } from './tmdl-reader.ts';
import { allowedValues, nameless, unquoted, vocabulary } from './tmdl-vocabulary.ts';

/** Each parameter and what stands in it until a person sets it. */
const parameters: Readonly<Record<string, string>> = {
  RedshiftDatabase: 'careplus',
  RedshiftSchema: 'reporting',
  RedshiftServer: `${PLACEHOLDER_HOST}:5439`,
};
const PARAMETER =
  /^"([^"]*)" meta \[IsParameterQuery=true,Type="Text",IsParameterQueryRequired=true\]$/;

/** Lineage tags need 1540; what Desktop of 2026 does not know yet it does not open. */
const compatibilityLevels = { from: 1600, upTo: 1702 };
/** A capacity for everybody allows ten connections to a source at a time. */
const MAX_CONNECTIONS = 10;
/** Else Desktop makes a hidden calendar for each date: a calculated table, which DirectQuery has not. */
const AUTO_CALENDARS = '__PBI_TimeIntelligenceEnabled';
const TAG = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Everything about the model that needs neither the report nor the warehouse. */
export function checkModel(model: SemanticModel): Finding[] {
  return [
    ...model.roots.flatMap(({ file, object }) => checkObject(file, object)),
    ...checkSettings(model),
    ...checkParameters(model),
    ...checkTableOrder(model),
    ...model.tables.flatMap(checkTable),
    ...checkNames(model),
    ...checkLineage(model),
  ];
}

function checkObject(file: string, object: TmdlObject): Finding[] {
  const allowed = vocabulary[object.kind];
  const where = `line ${object.line}: ${object.kind} ${object.name}`.trimEnd();
  const unnamed =
    object.name === '' && !nameless.has(object.kind)
      ? [{ file, problem: `${where} has no name` }]
      : [];
  const own = [...object.properties].flatMap(([property, value]) => {
    if (allowed?.has(property) !== true) {
      return [{ file, problem: `${where}: unknown property ${property}` }];
    }
    const values = allowedValues[property];
    return values === undefined || values.has(value)
      ? []
      : [{ file, problem: `${where}: ${property} may not be ${value}` }];
  });
  return [...unnamed, ...own, ...object.children.flatMap((child) => checkObject(file, child))];
}

/** What the model says of itself, once for all its tables. */
function checkSettings({ roots }: SemanticModel): Finding[] {
  const file = `${MODEL_DEFINITION}/model.tmdl`;
  const rootOf = (kind: string, name?: string) =>
    roots.find(({ object }) => object.kind === kind && (name === undefined || object.name === name))
      ?.object;
  const level = Number(rootOf('database')?.properties.get('compatibilityLevel'));
  const settings = rootOf('model')?.properties;
  const connections = Number(settings?.get('dataSourceDefaultMaxConnections'));
  const { from, upTo } = compatibilityLevels;
  const required = ['defaultPowerBIDataSourceVersion', 'discourageImplicitMeasures'];
  return [
    ...(level >= from && level <= upTo
      ? []
      : [
          {
            file: `${MODEL_DEFINITION}/database.tmdl`,
            problem: `compatibilityLevel must be ${from} to ${upTo}`,
          },
        ]),
    ...[
      ...required.filter((name) => settings?.has(name) !== true).map((name) => `must say ${name}`),
      ...(connections >= 1 && connections <= MAX_CONNECTIONS
        ? []
        : [`dataSourceDefaultMaxConnections must be 1 to ${MAX_CONNECTIONS}`]),
      ...(rootOf('annotation', AUTO_CALENDARS)?.value === '0'
        ? []
        : [`annotation ${AUTO_CALENDARS} must be 0`]),
    ].map((problem) => ({ file, problem })),
  ];
}

/** Server, database and schema: what a person sets, and nothing secret. */
function checkParameters(model: SemanticModel): Finding[] {
  const file = `${MODEL_DEFINITION}/expressions.tmdl`;
  const names = Object.keys(parameters);
  if ([...model.parameters.keys()].sort().join() !== names.join()) {
    return [{ file, problem: `parameters must be ${names.join(', ')}` }];
  }
  return [...model.parameters].flatMap(([name, expression]) => {
    const value = PARAMETER.exec(expression.replace(/ ?([=,]) ?/g, '$1'))?.[1];
    if (value === undefined) return [{ file, problem: `${name} is no text parameter` }];
    const placeholder = parameters[name] ?? '';
    return value === placeholder
      ? []
      : [{ file, problem: `${name} must be ${placeholder}: a warehouse's own stays out of Git` }];
  });
}

/** `ref table` lines fix the order; one without a file is ignored by Power BI, without a word. */
function checkTableOrder({ roots, tables }: SemanticModel): Finding[] {
  const file = `${MODEL_DEFINITION}/model.tmdl`;
  const refs = roots.flatMap(({ object }) => (object.kind === 'ref table' ? [object.name] : []));
  const names = new Set(tables.map(({ name }) => name));
  return [
    ...refs.filter((ref) => !names.has(ref)).map((ref) => `ref table ${ref} has no file`),
    ...[...names].filter((name) => !refs.includes(name)).map((name) => `no ref table ${name}`),
  ].map((problem) => ({ file, problem }));
}

function checkTable(table: ModelTable): Finding[] {
  const { file, name, columns, partitions, object } = table;
  const problems: string[] = [];
  if (file !== `${MODEL_DEFINITION}/tables/${name}.tmdl`) {
    problems.push('the file is not named after its table');
  }
  if (object.description === '') problems.push('no description');
  if (partitions.length !== 1) problems.push('a table has one partition');
  for (const partition of partitions) {
    if (partition.value !== 'm') problems.push('the partition is not of M');
    if (partition.properties.get('mode') === undefined) problems.push('the partition has no mode');
  }
  if (viewOf(table) === undefined) {
    problems.push('the partition must only navigate: server, schema, view');
  }
  const sources = columns.map(({ sourceColumn }) => sourceColumn);
  if (new Set(sources).size < sources.length) problems.push('two columns of one sourceColumn');
  for (const column of columns) {
    if (column.sourceColumn === '') problems.push(`column ${column.name} has no sourceColumn`);
    if (column.dataType === '') problems.push(`column ${column.name} has no dataType`);
    if (!column.object.properties.has('summarizeBy')) {
      problems.push(`column ${column.name} must say summarizeBy: none`);
    }
    const sortBy = column.object.properties.get('sortByColumn');
    const others = columns.filter((other) => other !== column);
    if (sortBy !== undefined && !others.some((other) => other.name === unquoted(sortBy))) {
      problems.push(`column ${column.name} is sorted by ${sortBy}, which is not there`);
    }
  }
  return problems.map((problem) => ({ file, problem: `${name}: ${problem}` }));
}

/** Names are the same to DAX whatever their case; a measure's name is the whole model's. */
function checkNames({ roots, tables }: SemanticModel): Finding[] {
  const measures = new Map<string, string>();
  const known = new Set<string>();
  const findings: Finding[] = [];
  for (const { file, object } of roots) {
    const name = `${object.kind} ${object.name}`;
    if (known.has(name.toLowerCase())) findings.push({ file, problem: `${name} is there twice` });
    known.add(name.toLowerCase());
  }
  for (const { name: table, file, columns, measures: own } of tables) {
    const columnNames = new Set<string>();
    for (const { name } of columns) {
      const key = name.toLowerCase();
      if (columnNames.has(key)) findings.push({ file, problem: `column ${name} is there twice` });
      columnNames.add(key);
    }
    for (const { name } of own) {
      const key = name.toLowerCase();
      const other = measures.get(key);
      if (other !== undefined) {
        findings.push({ file, problem: `measure ${name} is in ${other} and in ${table}` });
      }
      if (columnNames.has(key)) {
        findings.push({ file, problem: `${name} is a column and a measure` });
      }
      measures.set(key, table);
    }
  }
  return findings;
}

/** Tags tie a report to renamed fields: each object has one of its own. */
function checkLineage({ roots }: SemanticModel): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  const visit = (file: string, object: TmdlObject) => {
    const tag = object.properties.get('lineageTag');
    const mayHave = vocabulary[object.kind]?.has('lineageTag') ?? false;
    if (tag === undefined && mayHave) {
      findings.push({ file, problem: `${object.kind} ${object.name} has no lineageTag` });
    }
    if (tag !== undefined && !TAG.test(tag)) {
      findings.push({ file, problem: `the lineageTag of ${object.name} is no GUID` });
    }
    if (tag !== undefined && seen.has(tag)) {
      findings.push({ file, problem: `the lineageTag of ${object.name} is used twice` });
    }
    if (tag !== undefined) seen.add(tag);
    for (const child of object.children) visit(file, child);
  };
  for (const { file, object } of roots) visit(file, object);
  return findings;
}
