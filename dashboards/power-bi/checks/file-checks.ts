/** Checks of which files there are, and of how they point at each other. */
import { parseJson, REPORT_DEFINITION } from './report.ts';
import { REPORT, SEMANTIC_MODEL, type Finding, type ProjectFiles } from './project-files.ts';

const required = [
  'CarePlus.pbip',
  `${REPORT}/.platform`,
  `${REPORT}/definition.pbir`,
  `${REPORT_DEFINITION}/report.json`,
  `${REPORT_DEFINITION}/version.json`,
  `${REPORT_DEFINITION}/pages/pages.json`,
  `${SEMANTIC_MODEL}/.platform`,
  `${SEMANTIC_MODEL}/definition.pbism`,
  `${SEMANTIC_MODEL}/definition/database.tmdl`,
  `${SEMANTIC_MODEL}/definition/expressions.tmdl`,
  `${SEMANTIC_MODEL}/definition/model.tmdl`,
];

/** Files of the report beside the required ones, and the file that makes them belong somewhere. */
const optional: readonly (readonly [RegExp, (path: string) => string])[] = [
  [/^pages\/[^/]+\/page\.json$/, (file) => file],
  [
    /^pages\/[^/]+\/visuals\/[^/]+\/visual\.json$/,
    (file) => file.replace(/visuals\/.*/, 'page.json'),
  ],
  [
    /^pages\/[^/]+\/visuals\/[^/]+\/mobile\.json$/,
    (file) => file.replace('mobile.json', 'visual.json'),
  ],
];

/**
 * What Desktop leaves beside the definitions. Whatever else lies there is stray: a `report.json` or
 * a `model.bim` of the older form would be read in the place of the definition, or keep it closed.
 */
const beside = [
  /^CarePlus\.Report\/(StaticResources\/.+|semanticModelDiagramLayout\.json)$/,
  /^CarePlus\.SemanticModel\/definition\/(tables|cultures)\/[^/]+\.tmdl$/,
  /^CarePlus\.SemanticModel\/DAXQueries\/([^/]+\.dax|\.pbi\/daxQueries\.json)$/,
  /^CarePlus\.SemanticModel\/(definition\/relationships\.tmdl|diagramLayout\.json)$/,
  /^CarePlus\.\w+\/\.pbi\/editorSettings\.json$/,
];

/** What must be there is there, and nothing else: a file without its owner is never shown. */
export function checkFiles(files: ProjectFiles): Finding[] {
  const missing = required.filter((file) => !files.has(file));
  const stray = [...files.keys()].filter((file) => {
    if (required.includes(file)) return false;
    if (!file.startsWith(`${REPORT_DEFINITION}/`)) {
      return !beside.some((pattern) => pattern.test(file));
    }
    const below = file.slice(REPORT_DEFINITION.length + 1);
    const [, ownerOf] = optional.find(([pattern]) => pattern.test(below)) ?? [];
    return ownerOf === undefined || !files.has(`${REPORT_DEFINITION}/${ownerOf(below)}`);
  });
  return [
    ...missing.map((file) => ({ file, problem: 'is missing' })),
    ...stray.map((file) => ({ file, problem: 'belongs to nothing in this report' })),
  ];
}

/** Formats of the items: an older one is read as other files than these. */
const formats = [
  [`${SEMANTIC_MODEL}/definition.pbism`, '4', 'below, the model is no TMDL'],
  [`${REPORT}/definition.pbir`, '4', 'below, the report is one file'],
  [`${REPORT_DEFINITION}/version.json`, '2', 'that of the pages and visuals here'],
] as const;

const GUID = /^(?!0{8}-)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The kind of document that each file says it is; which version of it, the schemas know. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^CarePlus\.pbip$/, 'pbip/pbipProperties'],
  [/\/\.platform$/, 'gitIntegration/platformProperties'],
  [/\/definition\.pbir$/, 'item/report/definitionProperties'],
  [/\/definition\.pbism$/, 'item/semanticModel/definitionProperties'],
  [/\/definition\/version\.json$/, 'item/report/definition/versionMetadata'],
  [/\/definition\/report\.json$/, 'item/report/definition/report'],
  [/\/pages\/pages\.json$/, 'item/report/definition/pagesMetadata'],
  [/\/page\.json$/, 'item/report/definition/page'],
  [/\/visual\.json$/, 'item/report/definition/visualContainer'],
  [/\/mobile\.json$/, 'item/report/definition/visualContainerMobileState'],
];
const SCHEMA =
  /^https:\/\/developer\.microsoft\.com\/json-schemas\/fabric\/(.+)\/[\d.]+\/schema\.json$/;

/** A file without its `$schema`, or with that of another kind, is one that Desktop does not open. */
export function checkKinds(files: ProjectFiles): Finding[] {
  return [...files].flatMap(([file, text]) => {
    const [, kind] = kinds.find(([pattern]) => pattern.test(file)) ?? [];
    if (kind === undefined) return [];
    const address = (parseJson(text) as { readonly $schema?: unknown } | undefined)?.$schema;
    const said = typeof address === 'string' ? SCHEMA.exec(address)?.[1] : undefined;
    return said === kind ? [] : [{ file, problem: `$schema must be a version of ${kind}` }];
  });
}

/** Project, report and model point at each other, and are different items. */
export function checkArtifacts(files: ProjectFiles): Finding[] {
  const valueOf = (file: string, ...keys: readonly (string | number)[]): unknown =>
    keys.reduce<unknown>(
      (value, key) => (value as Partial<Record<string | number, unknown>> | undefined)?.[key],
      parseJson(files.get(file) ?? ''),
    );
  const [ofReport, ofModel] = [`${REPORT}/.platform`, `${SEMANTIC_MODEL}/.platform`];
  const expected: readonly (readonly [string, string, ...(string | number)[]])[] = [
    [REPORT, 'CarePlus.pbip', 'artifacts', 0, 'report', 'path'],
    [`../${SEMANTIC_MODEL}`, `${REPORT}/definition.pbir`, 'datasetReference', 'byPath', 'path'],
    ['Report', ofReport, 'metadata', 'type'],
    ['SemanticModel', ofModel, 'metadata', 'type'],
    ['CarePlus', ofReport, 'metadata', 'displayName'],
    ['CarePlus', ofModel, 'metadata', 'displayName'],
    ['2.0', ofReport, 'config', 'version'],
    ['2.0', ofModel, 'config', 'version'],
  ];
  const findings = expected.flatMap(([value, file, ...keys]) =>
    valueOf(file, ...keys) === value
      ? []
      : [{ file, problem: `${keys.join('.')} must be ${value}` }],
  );
  for (const [file, major, why] of formats) {
    const version = valueOf(file, 'version');
    if (typeof version !== 'string' || version.split('.')[0] !== major) {
      findings.push({ file, problem: `version must be ${major}.x: ${why}` });
    }
  }
  const ids = [ofReport, ofModel].map((file) => valueOf(file, 'config', 'logicalId'));
  if (ids.some((id) => typeof id !== 'string' || !GUID.test(id)) || ids[0] === ids[1]) {
    findings.push({ file: ofReport, problem: 'report and model need a GUID as logicalId each' });
  }
  const reference = valueOf(`${REPORT}/definition.pbir`, 'datasetReference');
  if (typeof reference === 'object' && reference !== null && 'byConnection' in reference) {
    const problem = 'byConnection belongs to what is published, and names a workspace';
    findings.push({ file: `${REPORT}/definition.pbir`, problem });
  }
  return findings;
}
