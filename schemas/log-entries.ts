/**
 * One Kafka record carries a block of consecutive ranges of one log file.
 *
 * A file generation (one file from its creation to its end, whatever it is renamed to) is tiled by
 * ranges: an entry's range runs from the end of the range before it to the end of its own
 * terminator and line end; bytes that belong to no entry are a range of kind `filler`. So whether
 * anything is missing is arithmetic: a range begins where the one before it ended.
 */

/**
 * `entry` a whole entry; `head` the first part of an entry that a rotation cut; `tail` its second
 * part, in the next generation, with the id of the head; `continued` what came after the tail of a
 * quiet file had been shipped as it stood; `filler` bytes of no entry (BOM, blank lines).
 */
export const logRangeKinds = ['entry', 'head', 'tail', 'continued', 'filler'] as const;
export type LogRangeKind = (typeof logRangeKinds)[number];

export interface LogRange {
  /** First byte in the generation. */
  readonly offset: number;
  /** Bytes, terminator and line end included. */
  readonly length: number;
  readonly kind: LogRangeKind;
  /** 32 hex digits, see `logEntryId`; '' for filler. */
  readonly entry_id: string;
  /** The range's bytes as they stand in the file; cut at `MAX_ENTRY_BYTES`, empty for filler. */
  readonly bytes: Buffer;
  /** `length` bytes were read, but `bytes` holds only their beginning. */
  readonly truncated: boolean;
}

export interface LogBlock {
  readonly host: string;
  /** Path at the time of reading: evidence, for files are renamed. */
  readonly path: string;
  /** `<birth ms>-<fingerprint>`: sorts by time. */
  readonly generation: string;
  /** Offset at which reading of this generation began (0 unless the configuration said otherwise). */
  readonly generation_start: number;
  readonly ranges: readonly LogRange[];
  readonly read_at_ms: number;
}

/** Bytes of one entry that travel; the rest stays in the file, the id covers all of it. */
export const MAX_ENTRY_BYTES = 256 * 1024;

/** Kafka header names of a block; they repeat the range, so that an unreadable block leaves a marker. */
export const logHeaders = {
  host: 'careplus-host',
  generation: 'careplus-generation',
  generationStart: 'careplus-generation-start',
  /** First byte of the block's first range. */
  first: 'careplus-first',
  /** Byte behind the block's last range. */
  end: 'careplus-end',
} as const;

/** Writer schema of a block. A new field gets a default and a new name for the record's namespace stays. */
export const logBlockSchema = {
  type: 'record',
  name: 'LogBlock',
  namespace: 'careplus.logs',
  fields: [
    { name: 'host', type: 'string' },
    { name: 'path', type: 'string' },
    { name: 'generation', type: 'string' },
    { name: 'generation_start', type: 'long' },
    {
      name: 'ranges',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'LogRange',
          fields: [
            { name: 'offset', type: 'long' },
            { name: 'length', type: 'long' },
            { name: 'kind', type: 'string' },
            { name: 'entry_id', type: 'string' },
            { name: 'bytes', type: 'bytes' },
            { name: 'truncated', type: 'boolean' },
          ],
        },
      },
    },
    { name: 'read_at_ms', type: 'long' },
  ],
} as const;
