/** Checks of the columns of the semantic model: how they are shown and in which order. */
import type { Finding } from './project-files.ts';
import type { ModelTable, SemanticModel } from './semantic-model.ts';
import { unquoted } from './tmdl-vocabulary.ts';

/** Formats by type: Power BI gives a number without one thousands and decimals, and a time the viewer's own. */
const formats: Readonly<Record<string, readonly string[]>> = {
  dateTime: ['yyyy-mm-dd', 'yyyy-mm-dd hh:nn:ss'],
  int64: ['0'],
  double: ['#,0', '#,0.00'],
};

/** Columns of the views that the model leaves out: they name a person, or hold what was set aside. */
const leftOut = new Set(['ip', 'session_id', 'original', 'debug']);

export function checkColumns({ tables }: SemanticModel): Finding[] {
  return tables.flatMap((table) => [
    ...columnProblems(table).map((problem) => ({ file: table.file, problem })),
    ...orderProblems(table).map((problem) => ({ file: table.file, problem })),
  ]);
}

function columnProblems({ name: table, columns }: ModelTable): string[] {
  return columns.flatMap(({ name, object, dataType, sourceColumn }) => {
    const format = object.properties.get('formatString');
    const wanted = formats[dataType];
    return [
      ...(object.value === undefined
        ? []
        : [`${table}[${name}] is calculated: make it in the view`]),
      ...(wanted === undefined || wanted.includes(format ?? '')
        ? []
        : [`${table}[${name}]: formatString of ${dataType} must be ${wanted.join(' or ')}`]),
      ...(leftOut.has(sourceColumn)
        ? [`${table}[${name}] shows ${sourceColumn}, left out on purpose`]
        : []),
    ];
  });
}

/** A range stands in the order of its number, `Age Range` by `Age Order`; everything else in its own. */
function orderProblems({ name: table, columns }: ModelTable): string[] {
  return columns.flatMap(({ name, object }) => {
    const sortBy = object.properties.get('sortByColumn');
    const wanted = / Range$/.test(name) ? name.replace(/Range$/, 'Order') : undefined;
    return (sortBy && unquoted(sortBy)) === wanted
      ? []
      : [`${table}[${name}] must be sorted by ${wanted ?? 'nothing else'}`];
  });
}
