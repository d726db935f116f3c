/**
 * Where a verb writes. With `--json` stdout holds JSON and nothing else; messages go to stderr in
 * either case, so that a result can always be piped.
 */
export interface Output {
  readonly json: boolean;
  /** The result as one JSON document; written only with `--json`. */
  document(value: object): void;
  /** One object of a list as one line; written only with `--json`. */
  line(value: object): void;
  /** A line of the result for a person; written only without `--json`. */
  text(line: string): void;
  /** A message beside the result: progress, a warning. */
  note(line: string): void;
}

/** The two streams of a process, or what a test puts in their place. */
export interface OutputStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Control characters and turns of the writing direction, which a ticket or a log line may hold: a
 * terminal would obey them. Line ends and tabs are ours.
 */
const STEERING = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/** As JSON writes them, so that a document stays the same document. */
function visible(text: string): string {
  return text.replaceAll(
    STEERING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function createOutput(streams: OutputStreams, json: boolean): Output {
  const { stdout, stderr } = streams;
  const writeJson = (value: object) => {
    if (json) stdout.write(`${visible(JSON.stringify(value))}\n`);
  };
  return {
    json,
    document: writeJson,
    line: writeJson,
    text: (line) => {
      if (!json) stdout.write(`${visible(line)}\n`);
    },
    note: (line) => {
      stderr.write(`${visible(line)}\n`);
    },
  };
}
