import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { findLogDataset, findTableDataset } from '../../schemas/datasets/registry.ts';
import { errorText, PipelineError } from '../pipeline-error.ts';
import { configSchema, type Config } from './config-schema.ts';

type Document = ReturnType<typeof parseDocument>;

/** Where there are containers and no files: the text stands in that environment variable. */
const IN_ENVIRONMENT = /^env:(\w+)$/;

/**
 * Reads and checks `careplus.yaml`.
 *
 * @param file its path, or `env:NAME` for a text in the environment.
 * @throws {PipelineError} CFG_9001 with every problem in one list: line, path, what was found,
 *   what to write.
 */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readText(file);
  } catch (cause) {
    throw new PipelineError('CFG_9001', `${file}: cannot be read: ${errorText(cause)}`, { cause });
  }
  return parseConfig(text, file);
}

function readText(file: string): string {
  const variable = IN_ENVIRONMENT.exec(file)?.[1];
  if (variable === undefined) return readFileSync(file, 'utf8');
  const text = process.env[variable];
  if (text === undefined) throw new Error('this environment variable is not set');
  return text;
}

/** The same from text; `file` only names it in messages. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors.map(
    (error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0] ?? ''}`,
  );
  if (syntax.length > 0) throw new PipelineError('CFG_9001', syntax.join('\n'));

  const parsed = configSchema.safeParse(valuesOf(document, file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => describe(issue, document, lines, file));
    throw new PipelineError('CFG_9001', problems.join('\n'));
  }
  const unknown = unknownNames(parsed.data).map(
    ({ path, what }) => `${file}:${lineOf(path, document, lines)}: ${path.join('.')}: ${what}`,
  );
  if (unknown.length > 0) throw new PipelineError('CFG_9001', unknown.join('\n'));
  return parsed.data;
}

function valuesOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases of aliases, which a few lines of text can make endless.
    throw new PipelineError('CFG_9001', `${file}: ${errorText(cause)}`, { cause });
  }
}

/** Names of datasets, and of their fields, that are none. */
function unknownNames({ datasets, logs }: Config): { path: readonly string[]; what: string }[] {
  const formats = Object.keys(logs?.files ?? {})
    .filter((name) => !findLogDataset(name))
    .map((name) => ({ path: ['logs', 'files', name], what: 'no such log format' }));
  const tables = Object.entries(datasets).flatMap(([name, { aliases = {} }]) => {
    const dataset = findTableDataset(name);
    if (!dataset) return [{ path: ['datasets', name], what: 'no such dataset' }];
    const fields = dataset.mapping.map(({ field }) => field);
    return Object.keys(aliases)
      .filter((field) => !fields.includes(field))
      .map((field) => ({
        path: ['datasets', name, 'aliases', field],
        what: `no such field; the fields are ${fields.join(', ')}`,
      }));
  });
  return [...formats, ...tables];
}

function describe(
  issue: z.core.$ZodIssue,
  document: Document,
  lines: LineCounter,
  file: string,
): string {
  const path = issue.path.map(String);
  const at = issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path;
  return `${file}:${lineOf(at, document, lines)}: ${at.join('.') || '(file)'}: ${issue.message}`;
}

/** Line of the deepest node that exists on the path. */
function lineOf(path: readonly string[], document: Document, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node) {
      const [start] = node.range as [number, number, number];
      return lines.linePos(start).line;
    }
  }
  return 1;
}
