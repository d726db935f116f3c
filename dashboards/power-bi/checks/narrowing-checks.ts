/**
 * Nothing but a slicer narrows the figures of a page: a filter that somebody leaves in a pane, in a
 * slicer or between two visuals makes each figure of it wrong, and no title says so.
 */
import type { Finding, ProjectFiles } from './project-files.ts';
import { fieldReferences, parseJson, partsOf, REPORT_DEFINITION, type Report } from './report.ts';
import { filesBelow } from './project-files.ts';
import { filteredTables } from './relationship-checks.ts';
import type { SemanticModel } from './semantic-model.ts';

/** Desktop lists a visual's fields as filters without a condition; a condition has FROM and WHERE. */
export function checkFilters(files: ProjectFiles): Finding[] {
  return filesBelow(files, REPORT_DEFINITION, '.json').flatMap((file) => {
    const parts = partsOf(parseJson(files.get(file) ?? ''));
    return parts.some((part) => 'From' in part && 'Where' in part)
      ? [{ file, problem: 'holds a filter: figures are those that the slicers leave' }]
      : [];
  });
}

/** A page or a visual that nobody sees, and what leads away from where a person is. */
export function checkVisibility({ pages }: Report): Finding[] {
  return pages.flatMap(({ file, content, visuals }) => [
    ...['visibility', 'type', 'visualInteractions']
      .filter((property) => property in content)
      .map((property) => ({ file, problem: `may not say ${property}: every page is seen whole` })),
    ...visuals.flatMap((visual) =>
      ['isHidden', 'parentGroupName']
        .filter((property) => property in visual.content)
        .map((property) => ({ file: visual.file, problem: `may not say ${property}` })),
    ),
    ...visuals
      .filter(({ content: { visual } }) => visual.visualContainerObjects?.['visualLink'])
      .map(({ file: own }) => ({ file: own, problem: 'may not lead elsewhere: visualLink' })),
  ]);
}

/**
 * A visual splits its measures by columns that filter their tables: by any other column, each bar
 * would show the whole.
 */
export function checkReach({ pages }: Report, model: SemanticModel): Finding[] {
  const filtered = filteredTables(model);
  return pages.flatMap(({ visuals }) =>
    visuals.flatMap(({ file, content: { visual } }) => {
      const fields = Object.values(visual.query?.queryState ?? {}).flatMap(({ projections }) =>
        projections.flatMap(({ field }) => fieldReferences(field)),
      );
      const columns = fields.filter(({ kind }) => kind === 'Column');
      const measures = fields.filter(({ kind }) => kind === 'Measure');
      return columns.flatMap((column) =>
        measures
          .filter(({ table }) => !filtered(column.table).has(table))
          .map((measure) => ({
            file,
            problem: `${column.table}.${column.name} does not filter ${measure.table}.${measure.name}`,
          })),
      );
    }),
  );
}
