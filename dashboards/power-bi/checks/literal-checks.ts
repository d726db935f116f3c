/** Checks of the values that JSON files write out: Desktop reads each one as a text of its own grammar. */
import type { Finding, ProjectFiles } from './project-files.ts';
import { filesBelow, REPORT } from './project-files.ts';
import { parseJson, partsOf } from './report.ts';

/** A text in quotes, where a quote is doubled; a truth; a number and its kind; a time. */
const LITERAL = /^('(?:[^']|'')*'|true|false|null|-?\d+(?:\.\d+)?[DLM]|datetime'[\d:T.-]+')$/;
const COLOUR = /^'#[0-9a-f]{3,8}'$/i;

/** Keys and their values, in the order in which they stand: `JSON.parse` hides one that is there twice. */
const TEXT_OR_KEY = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

export function checkLiterals(files: ProjectFiles): Finding[] {
  return [...files.keys()]
    .filter((file) => /\.(json|pbip|pbir|pbism|platform)$/.test(file))
    .flatMap((file) => {
      const text = files.get(file) ?? '';
      const parts = partsOf(parseJson(text));
      const problems = literalsOf(parts).flatMap((literal) => {
        if (!LITERAL.test(literal)) return [`${literal} is no literal: a text stands in quotes`];
        return COLOUR.test(literal) ? [`the colour ${literal} is written out`] : [];
      });
      const written = [...text.matchAll(TEXT_OR_KEY)].filter(([, colon]) => colon !== undefined);
      const keys = parts.filter((part) => !Array.isArray(part)).flatMap(Object.keys);
      if (parts.length > 0 && written.length > keys.length) problems.push('holds a key twice');
      return problems.map((problem) => ({ file, problem }));
    });
}

/** Texts of every `Literal`, those of styles and fill rules included. */
function literalsOf(parts: readonly Readonly<Record<string, unknown>>[]): string[] {
  return parts.flatMap(({ Literal }) => {
    const value = (Literal as { readonly Value?: unknown } | undefined)?.Value;
    return typeof value === 'string' ? [value] : [];
  });
}

/** A report asks nobody but the warehouse, and leads nowhere: no address but those of the schemas. */
export function checkAddresses(files: ProjectFiles): Finding[] {
  return filesBelow(files, `${REPORT}/`, '').flatMap((file) =>
    partsOf(parseJson(files.get(file) ?? '')).flatMap((part) =>
      Object.entries(part).flatMap(([key, value]) =>
        key !== '$schema' && typeof value === 'string' && /\b(https?|file|data):/i.test(value)
          ? [{ file, problem: `leads to ${value}` }]
          : [],
      ),
    ),
  );
}
