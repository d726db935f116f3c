/** The Power BI project as texts by path, so that a damaged copy costs nothing to make. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Texts of a project by path below `dashboards/power-bi`, with forward slashes. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** What a check has to say of one file. */
export interface Finding {
  readonly file: string;
  readonly problem: string;
}

/** The project in this repository. */
export const PROJECT_FOLDER = path.dirname(import.meta.dirname);

export const REPORT = 'CarePlus.Report';
export const SEMANTIC_MODEL = 'CarePlus.SemanticModel';

/** Made by Power BI Desktop for one person and one machine; `.gitignore` lists both. */
const PRIVATE_FILES = /\/\.pbi\/(localSettings\.json|cache\.abf)$/;

/** Reads the files that make the project: not the checks, nor the documentation. */
export function readProject(folder: string = PROJECT_FOLDER): ProjectFiles {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'),
    )
    .filter((file) => file.startsWith('CarePlus.') && !PRIVATE_FILES.test(file))
    .sort();
  return new Map(files.map((file) => [file, readText(path.join(folder, file))]));
}

function readText(file: string): string {
  return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
}

/** Files of one extension below a folder of the project. */
export function filesBelow(files: ProjectFiles, folder: string, extension: string): string[] {
  return [...files.keys()].filter((file) => file.startsWith(folder) && file.endsWith(extension));
}
