/** Checks of the relationships between the tables of the semantic model. */
import type { Finding } from './project-files.ts';
import { MODEL_DEFINITION, type SemanticModel } from './semantic-model.ts';
import { unquoted } from './tmdl-vocabulary.ts';

/** What all tables share a ticket by. */
const TICKET = 'Tickets.Ticket Key';

/**
 * Both ends are columns of one type; every table that knows its ticket leans on the tickets; and a
 * filter reaches each table on one way, for Power BI does not load a model with two.
 */
export function checkRelationships({ roots, tables }: SemanticModel): Finding[] {
  const types: ReadonlyMap<string, string> = new Map(
    tables.flatMap((table) =>
      table.columns.map(({ name, dataType }) => [`${table.name}.${name}`, dataType] as const),
    ),
  );
  const relationships = relationshipsOf(roots);
  const findings = relationships.flatMap(({ file, from, to }) => {
    const missing = [from, to].filter((end) => !types.has(end));
    const [fromType = '', toType = ''] = [types.get(from), types.get(to)];
    return [
      ...missing.map((end) => ({ file, problem: `a relationship of no column ${end}` })),
      ...(missing.length === 0 && fromType !== toType
        ? [{ file, problem: `${from} joins ${fromType} to ${toType}` }]
        : []),
    ];
  });
  const related = new Set(relationships.flatMap(({ from, to }) => (to === TICKET ? [from] : [])));
  const alone = [...types.keys()].filter(
    (column) => column.endsWith('.Ticket Key') && column !== TICKET && !related.has(column),
  );
  return [
    ...findings,
    ...[
      ...alone.map((column) => `${column} is not related to ${TICKET}`),
      ...ambiguousWays(relationships),
    ].map((problem) => ({ file: `${MODEL_DEFINITION}/relationships.tmdl`, problem })),
  ];
}

/** Tables that a choice in one of them narrows: itself, and those that lean on it. */
export function filteredTables({ roots }: SemanticModel): (table: string) => ReadonlySet<string> {
  const relationships = relationshipsOf(roots);
  return (table) => {
    const reached = new Set([table]);
    for (const each of reached) {
      for (const { from, to } of relationships)
        if (tableOf(to) === each) reached.add(tableOf(from));
    }
    return reached;
  };
}

function relationshipsOf(roots: SemanticModel['roots']) {
  return roots
    .filter(({ object }) => object.kind === 'relationship')
    .map(({ file, object }) => ({
      file,
      from: columnName(object.properties.get('fromColumn')),
      to: columnName(object.properties.get('toColumn')),
    }));
}

const tableOf = (column: string) => column.slice(0, column.lastIndexOf('.'));

/** A filter goes from the one side, `to`, to the many. */
function ambiguousWays(
  relationships: readonly { readonly from: string; readonly to: string }[],
): string[] {
  const filtered = (table: string) =>
    relationships.flatMap(({ from, to }) => (tableOf(to) === table ? [tableOf(from)] : []));
  const starts = new Set(relationships.map(({ to }) => tableOf(to)));
  return [...starts].flatMap((start) => {
    const reached = new Set([start]);
    const twice: string[] = [];
    for (const table of reached) {
      for (const next of filtered(table)) {
        if (reached.has(next)) twice.push(`${start} filters ${next} on more than one way`);
        reached.add(next);
      }
    }
    return twice;
  });
}

/** `'Log Entries'.'Ticket Key'` without its quotes. */
function columnName(reference = ''): string {
  return reference
    .split(/\.(?=(?:[^']*'[^']*')*[^']*$)/)
    .map(unquoted)
    .join('.');
}
