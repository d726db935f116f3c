/**
 * Rewrites a MySQL 8 dump, chunk by chunk, into what MariaDB takes. Pure: no files, no server.
 *
 *   const rewriter = new DumpRewriter();
 *   for (const chunk of chunks) output.write(rewriter.push(chunk));
 *   output.write(rewriter.end());
 *   rewriter.notes      what was changed, in words
 *
 * INSERT and REPLACE pass untouched, however long they are; other statements are rewritten outside
 * of string literals and comments. Lines keep their numbers, so that a server's message about line
 * 120 means line 120 of the dump. Bytes pass as they are, whatever their character set.
 */
import { PipelineError } from '../../runtime/pipeline-error.ts';

type Mode = 'code' | "'" | '"' | '`' | 'line comment' | 'block comment';

/** How the current statement is treated; null between two statements. */
type Treatment = 'copy' | 'rewrite' | null;

/** White space and plain comments; `/*!` and `/*M!` hold code that servers run. */
const LEADING = /(?:\s+|--(?=\s)[^\n]*\n|#[^\n]*\n|\/\*(?!M?!)[\s\S]*?\*\/)*/y;
const DELIMITER_LINE = /delimiter[ \t]+(\S+)[^\n]*\n?/iy;
const ROWS = /(?:insert|replace)\b/iy;
/** Enough to tell INSERT, REPLACE and DELIMITER from everything else. */
const LOOK_AHEAD = 16;
/** The end of a chunk that may be the beginning of `/*M!`, `-- `, `*` `/` or a delimiter. */
const HOLD_BACK = 4;

const END_OF: Readonly<Record<Exclude<Mode, 'code'>, RegExp>> = {
  "'": /\\[\s\S]|'/g,
  '"': /\\[\s\S]|"/g,
  '`': /`/g,
  'line comment': /\n/g,
  'block comment': /\*\//g,
};

const SYSTEM_DATABASES = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);

export class DumpRewriter {
  readonly #notes = new Map<string, number>();
  readonly #databases: string[] = [];
  #text = '';
  #statement = '';
  #treatment: Treatment = null;
  #mode: Mode = 'code';
  #delimiter = ';';
  #boundaries = boundaries(';');

  /** @returns what can be passed on already. @throws {PipelineError} CFG_9007 for a system database. */
  push(chunk: Buffer): Buffer {
    // One character a byte: the dump's own character set does not matter here.
    this.#text += chunk.toString('latin1');
    return this.#run(false);
  }

  /** @returns the rest, once the dump has ended. */
  end(): Buffer {
    return this.#run(true);
  }

  /** What was changed, each with how often. */
  get notes(): string[] {
    return [...this.#notes].map(([note, times]) =>
      times === 1 ? note : `${note} (${times} times)`,
    );
  }

  /** The databases that the dump creates or uses, in the order of their last mention. */
  get databases(): readonly string[] {
    return this.#databases;
  }

  #run(final: boolean): Buffer {
    const text = this.#text;
    const output: string[] = [];
    let position = 0;
    while (position < text.length) {
      if (this.#treatment === null) {
        const next = this.#begin(text, position, final, output);
        if (next === undefined) break;
        position = next;
        continue;
      }
      const { end, complete } = this.#scan(text, position, final);
      this.#take(text.slice(position, end), complete, output);
      position = end;
      if (!complete) break;
    }
    this.#text = text.slice(position);
    if (final) this.#take('', true, output);
    return Buffer.from(output.join(''), 'latin1');
  }

  /** Looks at what begins here. @returns where to go on; undefined if the rest must come first. */
  #begin(text: string, from: number, final: boolean, output: string[]): number | undefined {
    LEADING.lastIndex = from;
    LEADING.exec(text);
    const start = LEADING.lastIndex;
    if (!final && text.length - start < LOOK_AHEAD) return undefined;
    DELIMITER_LINE.lastIndex = start;
    const line = DELIMITER_LINE.exec(text);
    if (line !== null) {
      if (!final && !line[0].endsWith('\n')) return undefined;
      this.#delimiter = line[1] as string;
      this.#boundaries = boundaries(this.#delimiter);
      output.push(text.slice(from, DELIMITER_LINE.lastIndex));
      return DELIMITER_LINE.lastIndex;
    }
    ROWS.lastIndex = start;
    this.#treatment = ROWS.test(text) ? 'copy' : 'rewrite';
    this.#mode = 'code';
    return from;
  }

  /** Finds the end of the current statement from `from` on, or how far the text could be read. */
  #scan(text: string, from: number, final: boolean): { end: number; complete: boolean } {
    let at = from;
    for (;;) {
      if (this.#mode !== 'code') {
        const found = nextMatch(END_OF[this.#mode], text, at);
        if (found === undefined) {
          // A lone backslash or star at the end belongs to what follows.
          const held = !final && /[\\*]$/.test(text) ? 1 : 0;
          return { end: Math.max(at, text.length - held), complete: false };
        }
        at = found.end;
        if (!found.text.startsWith('\\')) this.#mode = 'code';
        continue;
      }
      const found = nextMatch(this.#boundaries, text, at);
      const start = found?.start ?? text.length;
      if (!final && start > text.length - HOLD_BACK) {
        return { end: Math.max(at, text.length - HOLD_BACK), complete: false };
      }
      if (found === undefined) return { end: text.length, complete: false };
      if (found.text === this.#delimiter) return { end: found.end, complete: true };
      this.#mode = modeAt(text, found);
      at = found.end;
    }
  }

  #take(piece: string, complete: boolean, output: string[]): void {
    if (this.#treatment === 'copy') output.push(piece);
    else this.#statement += piece;
    if (!complete) return;
    if (this.#treatment === 'rewrite') output.push(this.#rewrite(this.#statement));
    this.#statement = '';
    this.#treatment = null;
  }

  #rewrite(statement: string): string {
    const code = bareCode(statement);
    const database =
      /^(?:use|create\s+(?:database|schema)(?:\s+if\s+not\s+exists)?)\s+(`[^`]+`|\w+)/i;
    const named = database.exec(code)?.[1];
    if (named !== undefined) this.#enter(named.replaceAll('`', ''));
    const variable = /^set\s+(?:@@)?(?:session|global)?[\s.]*(sql_log_bin|gtid_purged)\s*:?=/i;
    const dropped = variable.exec(code)?.[1]?.toUpperCase();
    if (dropped === undefined) return this.#replaceNames(statement);
    const why =
      dropped === 'SQL_LOG_BIN'
        ? 'it would hide the rows from the binlog'
        : 'MariaDB has no such set';
    this.#note(`left out SET ${dropped}: ${why}`);
    return statement.replace(/[^\n]+/g, '');
  }

  #enter(latin1Name: string): void {
    const name = Buffer.from(latin1Name, 'latin1').toString('utf8');
    if (SYSTEM_DATABASES.has(name.toLowerCase())) {
      throw new PipelineError(
        'CFG_9007',
        `the dump holds the server's own database ${name}; dump only the databases of the tickets ` +
          '(mysqldump --databases NAME)',
      );
    }
    const known = this.#databases.indexOf(name);
    if (known !== -1) this.#databases.splice(known, 1);
    this.#databases.push(name);
  }

  #replaceNames(statement: string): string {
    return statement.replace(REWRITTEN, (match: string, ...rest: unknown[]) => {
      const { kept, definer, names } = rest.at(-1) as Partial<Record<string, string>>;
      if (kept !== undefined) return match;
      if (definer !== undefined) {
        // A definer who does not exist here would make every use of the object fail.
        this.#note('removed DEFINER clauses: the loading user defines the objects');
        return '';
      }
      if (names !== undefined) return `${names}utf8mb4`;
      return match.replace(COLLATION, (from: string, language?: string, order?: string) => {
        const to = mariadbCollation(order ?? '');
        const loss = language === undefined ? '' : ', without the rules of its language';
        this.#note(`replaced collation ${from} by ${to}${loss}`);
        return to;
      });
    });
  }

  #note(text: string): void {
    this.#notes.set(text, (this.#notes.get(text) ?? 0) + 1);
  }
}

const COLLATION = /utf8mb4_(?:([a-z]+(?:_[a-z]+)?)_)?0900_(ai_ci|as_ci|as_cs(?:_ks)?|bin)\b/i;

/** What is rewritten, tried in this order at every position; literals and comments are kept. */
const REWRITTEN = new RegExp(
  [
    String.raw`\bcollate\s*=?\s*(?:'${COLLATION.source}'|"${COLLATION.source}")`,
    // Each part of a literal can be read in one way only: one without an end is given up at once.
    String.raw`(?<kept>'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*"|\x60[^\x60]*\x60` +
      String.raw`|--\s[^\n]*|#[^\n]*|/\*(?!M?!)[\s\S]*?\*/)`,
    String.raw`(?<definer>\bdefiner\s*=\s*${account()}@${account()})`,
    String.raw`\b${COLLATION.source}`,
    String.raw`(?<names>\bset\s+names\s+)utf8(?:mb3)?\b`,
  ].join('|'),
  'gi',
);

function account(): string {
  return String.raw`(?:\x60[^\x60]*\x60|'[^']*'|[\w.%]+)`;
}

/** MySQL 8's collations compare without padding; so do these. */
function mariadbCollation(order: string): string {
  const name = order.toLowerCase().replace('_ks', '');
  return name === 'bin' ? 'utf8mb4_nopad_bin' : `utf8mb4_uca1400_nopad_${name}`;
}

/** The statement's first words, as the server reads them. */
function bareCode(statement: string): string {
  LEADING.lastIndex = 0;
  LEADING.exec(statement);
  return statement
    .slice(LEADING.lastIndex, LEADING.lastIndex + 400)
    .replace(/\/\*M?!\d*|\*\//g, ' ')
    .trim();
}

interface Match {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function nextMatch(pattern: RegExp, text: string, from: number): Match | undefined {
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  if (found === null) return undefined;
  return { text: found[0], start: found.index, end: found.index + found[0].length };
}

/** In which mode the text goes on behind something that may begin a literal or a comment. */
function modeAt(text: string, { text: token, end }: Match): Mode {
  switch (token) {
    case "'":
    case '"':
    case '`':
      return token;
    case '#':
      return 'line comment';
    case '--':
      return /\s/.test(text[end] ?? ' ') ? 'line comment' : 'code';
    default:
      return /^M?!/.test(text.slice(end, end + 2)) ? 'code' : 'block comment';
  }
}

/** What ends a statement or begins something that may hide its end. */
function boundaries(delimiter: string): RegExp {
  const literal = delimiter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`${literal}|['"\`#]|--|/\\*`, 'g');
}
