import { readFileSync } from 'node:fs';
import { checkProject } from '../../../../../dashboards/power-bi/checks/check-project.ts';
import {
  readProject,
  type ProjectFiles,
} from '../../../../../dashboards/power-bi/checks/project-files.ts';

/** A change of one file, or several, of the project. */
export type Damage = (files: ProjectFiles) => ProjectFiles;

/** Puts one text in the place of another, which must be there. */
export function replace(file: string, from: string, to: string): Damage {
  return (files) => {
    const text = files.get(file);
    if (text?.includes(from) !== true) throw new Error(`${file} does not hold ${from}`);
    return new Map(files).set(
      file,
      text.replace(from, () => to),
    );
  };
}

/** Puts a visual elsewhere, on the page or on the phone. */
export function place(file: string, position: Readonly<Record<string, number | string>>): Damage {
  return (files) => {
    const visual = JSON.parse(files.get(file) ?? '') as { readonly position: object };
    const moved = { ...visual, position: { ...visual.position, ...position } };
    return add(file, JSON.stringify(moved))(files);
  };
}

/** Sets one value of a JSON file, told by the keys that lead to it; undefined takes it out. */
export function set(file: string, keys: readonly (string | number)[], value: unknown): Damage {
  return (files) => {
    const document: unknown = JSON.parse(files.get(file) ?? '');
    const last = keys.at(-1) ?? '';
    const owner = keys
      .slice(0, -1)
      .reduce((part, key) => (part as Record<string | number, unknown>)[key], document);
    (owner as Record<string | number, unknown>)[last] = value;
    return add(file, JSON.stringify(document, null, 2))(files);
  };
}

/** A literal of a formatting property. */
export function literal(value: string): object {
  return { expr: { Literal: { Value: value } } };
}

export function add(file: string, text: string): Damage {
  return (files) => new Map(files).set(file, text);
}

export function remove(file: string): Damage {
  return (files) => {
    const rest = new Map(files);
    if (!rest.delete(file)) throw new Error(`there is no ${file}`);
    return rest;
  };
}

export function rename(from: string, to: string): Damage {
  return (files) => add(to, files.get(from) ?? '')(remove(from)(files));
}

/** What the checks say of a damaged copy, a line each. */
export function problemsAfter(damage: Damage): string {
  return checkProject(damage(files), styleSheet)
    .map(({ file, problem }) => `${file}: ${problem}`)
    .join('\n');
}

/** The project as it is. */
export const files = readProject();

/** Of the web page, whose colours the report repeats. */
export const styleSheet = readFileSync(
  new URL('../../../../../dashboards/web/page/theme.css', import.meta.url),
  'utf8',
);
