/** Checks of the report against the model and of the references between its own files. */
import {
  fieldReferences,
  literalText,
  parseJson,
  REPORT_DEFINITION,
  type Page,
  type Report,
} from './report.ts';
import { filesBelow, REPORT, type Finding, type ProjectFiles } from './project-files.ts';
import type { SemanticModel } from './semantic-model.ts';

/** Fixed interval of the page refresh; README.md says why. */
const PAGE_REFRESH = "'PT30S'";

const NAME = /^[\w-]{1,50}$/;

/** Every field that any file of the report names is in the model, and under the right heading. */
export function checkFields(files: ProjectFiles, model: SemanticModel): Finding[] {
  const columns = new Set<string>();
  const measures = new Set<string>();
  for (const table of model.tables) {
    for (const { name } of table.columns) columns.add(`${table.name}.${name}`);
    for (const { name } of table.measures) measures.add(`${table.name}.${name}`);
  }
  return filesBelow(files, REPORT_DEFINITION, '.json').flatMap((file) =>
    fieldReferences(parseJson(files.get(file) ?? '')).flatMap(({ kind, table, name }) => {
      const known = kind === 'Column' ? columns : measures;
      return known.has(`${table}.${name}`)
        ? []
        : [{ file, problem: `the model has no ${kind.toLowerCase()} ${table}.${name}` }];
    }),
  );
}

/** A column that a visual sums up by itself is a figure that no catalogue knows. */
export function checkAggregations(files: ProjectFiles): Finding[] {
  return filesBelow(files, REPORT_DEFINITION, '.json').flatMap((file) =>
    /"Aggregation"\s*:/.test(files.get(file) ?? '')
      ? [{ file, problem: 'aggregates a column: a figure is a measure of the catalogue' }]
      : [],
  );
}

/** `queryRef` ties formatting to a field: it is the field's own name. */
export function checkQueryRefs({ pages }: Report): Finding[] {
  return pages.flatMap(({ visuals }) =>
    visuals.flatMap(({ file, content }) =>
      Object.values(content.visual.query?.queryState ?? {}).flatMap(({ projections }) =>
        projections.flatMap(({ field, queryRef, nativeQueryRef }) => {
          const [reference] = fieldReferences(field);
          const expected = reference === undefined ? '' : `${reference.table}.${reference.name}`;
          return [
            ...(queryRef === expected ? [] : [`queryRef ${queryRef} must be ${expected}`]),
            ...(nativeQueryRef === undefined || nativeQueryRef === reference?.name
              ? []
              : [`nativeQueryRef ${nativeQueryRef} must be ${reference?.name ?? ''}`]),
          ].map((problem) => ({ file, problem }));
        }),
      ),
    ),
  );
}

export function checkPages({ pages, order }: Report): Finding[] {
  const file = `${REPORT_DEFINITION}/pages/pages.json`;
  const findings: Finding[] = [];
  const folders = pages.map(({ folder }) => folder);
  if (order !== undefined) {
    const listed = order.pageOrder;
    if ([...listed].sort().join() !== [...folders].sort().join()) {
      findings.push({ file, problem: `pageOrder must list ${folders.join(', ')}` });
    }
    if (!listed.includes(order.activePageName)) {
      findings.push({ file, problem: `activePageName ${order.activePageName} is no page` });
    }
  }
  return [...findings, ...pages.flatMap(checkNames), ...pages.flatMap(checkRefresh)];
}

function checkNames({ file, folder, content, visuals }: Page): Finding[] {
  return [
    { file, folder, name: content.name },
    ...visuals.map((visual) => ({ ...visual, name: visual.content.name })),
  ].flatMap((named) => [
    ...(NAME.test(named.name)
      ? []
      : [{ file: named.file, problem: `name ${named.name}: 1 to 50 letters, digits, _ or -` }]),
    ...(named.name === named.folder
      ? []
      : [{ file: named.file, problem: `name ${named.name} is not that of its folder` }]),
  ]);
}

function checkRefresh({ file, content }: Page): Finding[] {
  const properties = content.objects?.['pageRefresh']?.[0]?.properties ?? {};
  const isOn = literalText(properties['show']) === 'true';
  // A refresh by change detection takes a measure and a capacity of its own, whatever stands beside it.
  return isOn &&
    !('refreshType' in properties) &&
    literalText(properties['duration']) === PAGE_REFRESH
    ? []
    : [{ file, problem: `pageRefresh must be on, every ${PAGE_REFRESH}` }];
}

/** A custom theme needs its file, its registration and its name in `themeCollection`. */
export function checkTheme(files: ProjectFiles, { settings }: Report): Finding[] {
  if (settings === undefined) return [];
  const file = `${REPORT_DEFINITION}/report.json`;
  const { name, type } = settings.themeCollection.customTheme;
  const registered = settings.resourcePackages.flatMap((each) =>
    each.type === 'RegisteredResources' ? each.items : [],
  );
  const folder = `${REPORT}/StaticResources/RegisteredResources/`;
  const problems: string[] = [];
  if (type !== 'RegisteredResources') problems.push('customTheme must be of RegisteredResources');
  if (!registered.some((item) => item.type === 'CustomTheme' && item.name === name)) {
    problems.push(`the theme ${name} is not registered as CustomTheme`);
  }
  for (const item of registered) {
    if (!files.has(folder + item.path)) problems.push(`the resource ${item.path} has no file`);
  }
  const paths = new Set(registered.map((item) => folder + item.path));
  for (const path of filesBelow(files, folder, '')) {
    if (!paths.has(path)) problems.push(`${path} is not registered`);
  }
  return problems.map((problem) => ({ file, problem }));
}
