/**
 * Checks of every JSON file against Microsoft's published schemas (MIT, github.com/microsoft/json-schemas).
 * They are not part of this repository: whoever has a copy names its folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parseJson } from './report.ts';
import { filesBelow, REPORT, type Finding, type ProjectFiles } from './project-files.ts';

const ADDRESS = 'https://developer.microsoft.com/json-schemas/';

export interface SchemaSet {
  /** @returns undefined for a `$schema` that is not in the set. */
  schema(address: string): ValidateFunction | undefined;
  readonly theme: ValidateFunction;
}

/** Reads a folder with `fabric/…/schema.json` and `theme/reportThemeSchema-*.json`. */
export function readSchemaSet(folder: string): SchemaSet {
  // `strict` would warn of hundreds of places; the theme schema breaks its meta-schema.
  const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  const read = (file: string) =>
    JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Record<string, unknown>;
  for (const file of files.filter((each) => each.startsWith('fabric'))) {
    // Embedded schemas call themselves by another name than those who refer to them.
    ajv.addSchema({ ...read(file), $id: ADDRESS + file.replaceAll(path.sep, '/') });
  }
  const newest = files
    .filter((file) => file.startsWith('theme'))
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error(`no theme schema in ${folder}`);
  return { schema: (address) => ajv.getSchema(address), theme: ajv.compile(read(newest)) };
}

/** @returns findings, and how many files were validated. */
export function checkSchemas(
  files: ProjectFiles,
  schemas: SchemaSet,
): { readonly findings: readonly Finding[]; readonly validated: number } {
  const themes = new Set(filesBelow(files, `${REPORT}/StaticResources/`, '.json'));
  const documents = [...files.keys()].filter((file) =>
    /\.(json|pbip|pbir|pbism|platform)$/.test(file),
  );
  const findings = documents.flatMap((file): Finding[] => {
    const document = parseJson(files.get(file) ?? '');
    if (document === undefined) return [{ file, problem: 'no JSON' }];
    const address = (document as { readonly $schema?: unknown }).$schema;
    const validate = themes.has(file) ? schemas.theme : schemaOf(address, schemas);
    if (validate === undefined) {
      return [
        {
          file,
          problem: `schema ${String(address)} is not in the set: add it, or pin one that is`,
        },
      ];
    }
    if (validate(document)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => ({
      file,
      problem: `${instancePath || '/'} ${message ?? ''}`,
    }));
  });
  return { findings, validated: documents.length };
}

function schemaOf(address: unknown, schemas: SchemaSet): ValidateFunction | undefined {
  return typeof address === 'string' ? schemas.schema(address) : undefined;
}
