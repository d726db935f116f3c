/**
 * Splits a statement into tokens: enough to tell which tables it names and with which words it
 * begins. No grammar.
 */
export interface SqlToken {
  /** `word`: bare word, `name`: quoted identifier, `string`: literal, `sign`: one other character. */
  readonly kind: 'word' | 'name' | 'string' | 'sign';
  /** Identifier or literal without its quotes; words as written. */
  readonly text: string;
}

/**
 * One token, or one piece to pass over, at a time. The ends of executable comments are pieces of
 * their own, so that what they hold is read like the rest.
 */
const TOKEN = [
  String.raw`\s+`,
  String.raw`--(?=\s|$)[^\n]*`,
  String.raw`#[^\n]*`,
  String.raw`/\*M?!\d*`,
  String.raw`/\*[^]*?\*/`,
  String.raw`\*/`,
  String.raw`(?<word>[\w$\u0080-\uffff]+)`,
  '`(?<name>(?:[^`]|``)*)`',
  String.raw`"(?<quoted>(?:[^"\\]|\\[^]|"")*)"`,
  String.raw`'(?<string>(?:[^'\\]|\\[^]|'')*)'`,
  String.raw`(?<sign>[^])`,
].join('|');

/**
 * Comments vanish; executable ones leave their content, for the server ran it. A text in double
 * quotes is a `name`: under ANSI_QUOTES it is one, and the binlog event does not say.
 */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (const { groups } of sql.matchAll(new RegExp(TOKEN, 'gy'))) {
    const { word, name, quoted, string, sign } = groups ?? {};
    if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name.replaceAll('``', '`') });
    else if (quoted !== undefined) {
      tokens.push({ kind: 'name', text: quoted.replaceAll('""', '"') });
    } else if (string !== undefined) tokens.push({ kind: 'string', text: string });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

/** The bare word at a place in capitals, or '' if something else stands there. */
export function wordAt(tokens: readonly SqlToken[], index: number): string {
  const token = tokens[index];
  return token?.kind === 'word' ? token.text.toUpperCase() : '';
}

export function isSignAt(tokens: readonly SqlToken[], index: number, sign: string): boolean {
  const token = tokens[index];
  return token?.kind === 'sign' && token.text === sign;
}

/** The tokens from an index on, divided at the commas that stand outside of parentheses. */
export function splitAtCommas(tokens: readonly SqlToken[], from: number): SqlToken[][] {
  const parts: SqlToken[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(from)) {
    const sign = token.kind === 'sign' ? token.text : '';
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (sign === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}
