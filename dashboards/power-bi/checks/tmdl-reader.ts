/**
 * Reads TMDL, the text form of a tabular model: one object or property a line, nested by tabs
 * (Microsoft Learn: "Tabular Model Definition Language (TMDL) overview").
 *
 *   /// description
 *   measure 'Total Tickets' = COUNTROWS(Tickets)
 *   	formatString: #,0
 *
 * An expression stands behind `=` or on lines two tabs deeper, as it is or between three backticks.
 */

import { unquoted, vocabulary } from './tmdl-vocabulary.ts';

export interface TmdlObject {
  /** `table`, `column`, `measure`, …; `ref table` where a model only names one. */
  readonly kind: string;
  /** Without its quotes; empty where an object has no name. */
  readonly name: string;
  readonly line: number;
  /** The lines of `///` directly above, joined. */
  readonly description: string;
  /** Expression or value behind the name's `=`. */
  readonly value: string | undefined;
  /** Texts by name; a bare word is `true`. */
  readonly properties: ReadonlyMap<string, string>;
  readonly children: readonly TmdlObject[];
}

/** A line that is no TMDL. */
export class TmdlError extends Error {
  override readonly name = 'TmdlError';

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
  }
}

const objectKinds = new Set(Object.keys(vocabulary));

interface OpenObject extends TmdlObject {
  readonly properties: Map<string, string>;
  readonly children: OpenObject[];
}

interface Line {
  readonly number: number;
  readonly tabs: number;
  readonly text: string;
}

const OBJECT =
  /^(ref [a-zA-Z]+|[a-zA-Z]+)(?:[ \t]+('(?:[^']|'')+'|[^\s'=:]+))?[ \t]*(?:=[ \t]*(.*))?$/s;
const PROPERTY = /^([a-zA-Z]+)[ \t]*:[ \t]*(.*)$/s;
const EXPRESSION_PROPERTY = /^([a-zA-Z]+)[ \t]*=[ \t]*(.*)$/s;
/** Properties that are expressions; all others stand behind a colon. */
const expressionProperties = new Set(['source']);
const FENCE = '```';

/**
 * @returns the objects at column 0, in their order.
 * @throws {TmdlError} at the first line that cannot be read.
 */
export function readTmdl(text: string): readonly TmdlObject[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n').map(measureLine);
  const roots: OpenObject[] = [];
  /** The object that lines of each depth belong to. */
  const open: OpenObject[] = [];
  let description: string[] = [];
  for (let index = 0; index < lines.length;) {
    const line = at(lines, index);
    index += 1;
    if (line.text === '') {
      if (description.length > 0) {
        throw new TmdlError(line.number, 'a description belongs to the line below it');
      }
      continue;
    }
    if (line.text.startsWith(' ')) throw new TmdlError(line.number, 'indented by spaces, not tabs');
    if (line.tabs > open.length) throw new TmdlError(line.number, 'indented too deeply');
    if (line.text.startsWith('///')) {
      description.push(line.text.slice(3).trim());
      continue;
    }
    open.length = line.tabs;
    const parent = open.at(-1);
    const { kind, name, isExpression, value: first } = readStatement(line);
    const { value, next } = isExpression
      ? readExpression(first ?? '', line, lines, index)
      : { value: first, next: index };
    index = next;
    if (kind !== undefined) {
      const object: OpenObject = {
        kind,
        name,
        line: line.number,
        description: description.join(' '),
        value,
        properties: new Map(),
        children: [],
      };
      (parent?.children ?? roots).push(object);
      open.push(object);
    } else {
      if (description.length > 0) throw new TmdlError(line.number, 'only objects are described');
      if (parent === undefined) throw new TmdlError(line.number, 'a property of nothing');
      if (parent.children.length > 0) {
        throw new TmdlError(line.number, `${name} stands behind the objects of its ${parent.kind}`);
      }
      if (parent.properties.has(name)) throw new TmdlError(line.number, `${name} is set twice`);
      parent.properties.set(name, value ?? 'true');
    }
    description = [];
  }
  return roots;
}

interface Statement {
  /** Undefined for a property. */
  readonly kind: string | undefined;
  readonly name: string;
  readonly value: string | undefined;
  /** The value stands behind `=` and may go on below. */
  readonly isExpression: boolean;
}

function readStatement({ number, text }: Line): Statement {
  const property = PROPERTY.exec(text);
  if (property?.[1] !== undefined) {
    return { kind: undefined, name: property[1], value: property[2], isExpression: false };
  }
  const object = OBJECT.exec(text);
  if (object?.[1] !== undefined && objectKinds.has(object[1])) {
    return {
      kind: object[1],
      name: unquoted(object[2] ?? ''),
      value: object[3],
      isExpression: object[3] !== undefined,
    };
  }
  const expression = EXPRESSION_PROPERTY.exec(text);
  if (expression?.[1] !== undefined && expressionProperties.has(expression[1])) {
    return { kind: undefined, name: expression[1], value: expression[2], isExpression: true };
  }
  if (!/^[a-zA-Z]+$/.test(text)) {
    throw new TmdlError(number, `neither an object nor a property: ${text}`);
  }
  return { kind: undefined, name: text, value: undefined, isExpression: false };
}

/** What stands behind `=`: on the same line, on deeper ones, or between fences. */
function readExpression(
  first: string,
  { tabs, number }: Line,
  lines: readonly Line[],
  start: number,
): { readonly value: string; readonly next: number } {
  if (first !== '' && first !== FENCE) return { value: first, next: start };
  const deep = tabs + 2;
  const body: string[] = [];
  let index = start;
  for (; index < lines.length; index += 1) {
    const line = at(lines, index);
    const isBlank = line.text.trim() === '';
    if (first === FENCE && line.text.trim() === FENCE) {
      return { value: body.join('\n'), next: index + 1 };
    }
    if (!isBlank && line.tabs < deep) break;
    body.push('\t'.repeat(Math.max(0, line.tabs - deep)) + line.text);
  }
  const value = body.join('\n').trimEnd();
  if (first === FENCE) throw new TmdlError(number, 'the fence is not closed');
  if (value === '') throw new TmdlError(number, 'an expression is missing');
  return { value, next: index };
}

function measureLine(text: string, index: number): Line {
  const tabs = /^\t*/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(tabs).trimEnd();
  return { number: index + 1, tabs, text: rest };
}

function at(lines: readonly Line[], index: number): Line {
  const line = lines[index];
  if (line === undefined) throw new RangeError(`no line ${index + 1}`);
  return line;
}
