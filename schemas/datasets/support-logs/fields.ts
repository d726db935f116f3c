/**
 * The text of one support log entry:
 *
 *     entry  = head { blank field } [ line end "---" ]
 *     head   = time " [" level "] " component " -"
 *     time   = date " " time of day                two runs of characters without blanks
 *     field  = name "=" value                      in any order
 *     value  = '"' { character | '\"' | '\\' } '"' may hold blanks and line ends
 *            | { character but blank, '"' and '|' }
 *     blank  = spaces, tabs, line ends and '|'
 *
 * A line may end with CR LF and in blanks; a byte order mark may stand in front. `None` without
 * quotes is NULL.
 */
export interface LogFields {
  readonly head: { readonly time: string; readonly level: string; readonly component: string };
  /** By the name that stands in the text; null for `None`. */
  readonly values: ReadonlyMap<string, string | null>;
  /** Names that stand there more than once: which value counts cannot be told. */
  readonly repeated: readonly string[];
}

const HEAD = /^(\S+ \S+) \[([^\s[\]]+)\] (\S+) -(?=[\s|]|$)/;
const FIELD =
  /[\s|]+([A-Za-z][A-Za-z0-9_]*)=(?:"([^"\\]*(?:\\[\s\S][^"\\]*)*)"|([^\s"|]*))(?=[\s|]|$)/y;
const TERMINATOR = /(?:^|\n)---\s*$/;

/** @returns the parts of the entry, undefined where the text is none. */
export function parseLogFields(entry: string): LogFields | undefined {
  const text = withoutFrame(entry);
  const head = HEAD.exec(text);
  if (!head) return undefined;
  const [whole, time = '', level = '', component = ''] = head;
  const values = new Map<string, string | null>();
  const repeated: string[] = [];
  let at = whole.length;
  while (at < text.length) {
    FIELD.lastIndex = at;
    const field = FIELD.exec(text);
    if (!field) return undefined;
    const [, name = '', quoted, bare = ''] = field;
    if (values.has(name)) repeated.push(name);
    values.set(name, quoted === undefined ? bareValue(bare) : unescaped(quoted));
    at = FIELD.lastIndex;
  }
  return { head: { time, level, component }, values, repeated };
}

/** The entry without byte order mark, terminator, carriage returns and blanks at its ends. */
export function withoutFrame(entry: string): string {
  const text = entry.replaceAll('\r\n', '\n').replace(/^[\uFEFF\s]+/, '');
  return text.replace(TERMINATOR, '').trimEnd();
}

function bareValue(text: string): string | null {
  return text === 'None' ? null : text;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(["\\])/g, '$1') : text;
}
