import { DialectError } from './dialect-error.ts';

type TokenKind = 'word' | 'quoted-name' | 'string' | 'number' | 'parameter' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  /** Words in lower case; names and strings without quotes; parameters without colon. */
  readonly value: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
}

/** Operators of several characters, longest first: the first that fits is taken. */
const operators = ['!~~', '::', '<>', '!=', '<=', '>=', '||', '<<', '>>', '!~', '~*', '->', ':='];
const singleCharacters = '()[]{},.;=<>+-*/%^|&#~!@?$:';

const wordPattern = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const numberPattern = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const parameterPattern = /:([A-Za-z_][A-Za-z0-9_]*)/y;

/**
 * Splits one SQL text as Amazon Redshift reads it: a backslash escapes inside a string, names in
 * double quotes fold to lower case like all others (r_names), block comments nest.
 *
 * @throws {DialectError} on an unterminated string, name or comment, or an unknown character.
 */
export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let spaced = false;

  const fail = (reason: string, token: string): never => {
    throw new DialectError({ reason, ruling: 'amazon-redshift', statement: 'statement', token });
  };
  const push = (kind: TokenKind, end: number, value: string): void => {
    tokens.push({ kind, text: sql.slice(position, end), value, spaced });
    position = end;
    spaced = false;
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(sql);
  };

  while (position < sql.length) {
    const char = sql.charAt(position);
    const pair = sql.slice(position, position + 2);
    if (/\s/.test(char)) {
      position += 1;
      spaced = true;
    } else if (pair === '--') {
      const end = sql.indexOf('\n', position);
      position = end === -1 ? sql.length : end;
      spaced = true;
    } else if (pair === '/*') {
      position = endOfComment(sql, position) ?? fail('unterminated comment', pair);
      spaced = true;
    } else if (char === "'") {
      const end = endOfString(sql, position) ?? fail('unterminated string', char);
      push('string', end, unescapeString(sql.slice(position + 1, end - 1)));
    } else if (char === '"') {
      const end = endOfName(sql, position) ?? fail('unterminated quoted name', char);
      const name = sql.slice(position + 1, end - 1).replaceAll('""', '"');
      push('quoted-name', end, name.toLowerCase());
    } else {
      const word = match(wordPattern);
      const number = match(numberPattern);
      const parameter = pair === '::' ? null : match(parameterPattern);
      if (word) push('word', position + word[0].length, word[0].toLowerCase());
      else if (number) push('number', position + number[0].length, number[0]);
      else if (parameter) push('parameter', position + parameter[0].length, parameter[1] ?? '');
      else {
        const single = singleCharacters.includes(char) ? char : undefined;
        const operator = operators.find((text) => sql.startsWith(text, position)) ?? single;
        if (operator === undefined) return fail('unexpected character', char);
        push('operator', position + operator.length, operator);
      }
    }
  }
  tokens.push({ kind: 'end', text: '', value: '', spaced });
  return tokens;
}

/** Index behind the comment that begins at `start`, or nothing when it never ends. */
function endOfComment(sql: string, start: number): number | undefined {
  let depth = 0;
  for (let index = start; index < sql.length; index += 1) {
    const pair = sql.slice(index, index + 2);
    if (pair === '/*') depth += 1;
    else if (pair === '*/') depth -= 1;
    else continue;
    index += 1;
    if (depth === 0) return index + 1;
  }
  return undefined;
}

function endOfString(sql: string, start: number): number | undefined {
  for (let index = start + 1; index < sql.length; index += 1) {
    const char = sql.charAt(index);
    if (char === '\\') index += 1;
    else if (char === "'") {
      if (sql.charAt(index + 1) !== "'") return index + 1;
      index += 1;
    }
  }
  return undefined;
}

function endOfName(sql: string, start: number): number | undefined {
  for (let index = start + 1; index < sql.length; index += 1) {
    if (sql.charAt(index) !== '"') continue;
    if (sql.charAt(index + 1) !== '"') return index + 1;
    index += 1;
  }
  return undefined;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
};

function unescapeString(body: string): string {
  return body.replace(/''|\\([\s\S])/g, (_, escaped?: string) =>
    escaped === undefined ? "'" : (escapes[escaped] ?? escaped),
  );
}
