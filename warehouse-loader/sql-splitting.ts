/**
 * Splits an SQL text into its statements: at `;` outside of strings, quoted names and comments.
 * Comments are left out and white space at the ends is trimmed.
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ';') {
      statements.push(current);
      current = '';
    } else if (token.startsWith('--') || token.startsWith('/*')) {
      current += ' ';
    } else {
      current += token;
    }
  }
  return [...statements, current].map((each) => each.trim()).filter((each) => each !== '');
}

/** A string, a quoted name, a comment, one separator, or a run of anything else. */
const TOKEN = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;|[^'"\-/;]+|[-/]/g;
