import { z } from 'zod';
import type { AvroDecoder } from '../../runtime/avro/single-object-encoding.ts';
import { logRangeKinds, type LogBlock, type LogRange } from '../../schemas/log-entries.ts';

/** Reads blocks of one writer schema. */
export interface BlockDecoder {
  /** @throws when the bytes do not fit the schema, or the ranges do not tile the block. */
  decode(record: Buffer): LogBlock;
}

const field = <N extends string, T extends z.ZodType>(name: N, type: T) =>
  z.object({ name: z.literal(name), type });
const string = z.literal('string');
const long = z.literal('long');

const rangeFields = z.tuple([
  field('offset', long),
  field('length', long),
  field('kind', string),
  field('entry_id', string),
  field('bytes', z.literal('bytes')),
  field('truncated', z.literal('boolean')),
]);

/** What a writer schema must hold; later fields may follow. */
const blockSchema = z.object({
  name: z.literal('LogBlock'),
  fields: z
    .tuple([
      field('host', string),
      field('path', string),
      field('generation', string),
      field('generation_start', long),
      field('ranges', z.object({ items: z.object({ fields: rangeFields.rest(z.unknown()) }) })),
      field('read_at_ms', long),
    ])
    .rest(z.unknown()),
});

const ENTRY_ID = /^[0-9a-f]{32}$/;

/**
 * Checks one writer schema once, so that the records need not be checked field by field.
 *
 * @throws when the schema is not one of a block: then none of its records can be read.
 */
export function createBlockDecoder(schema: Pick<AvroDecoder, 'schema' | 'decode'>): BlockDecoder {
  const problem = blockSchema.safeParse(schema.schema).error;
  return {
    decode(record) {
      if (problem) throw new TypeError(`not a log block: ${z.prettifyError(problem)}`);
      const block = schema.decode(record) as LogBlock;
      checkRanges(block.ranges);
      return block;
    },
  };
}

function checkRanges(ranges: readonly LogRange[]): void {
  let at = ranges[0]?.offset;
  if (at === undefined) throw new TypeError('a block without ranges');
  for (const { offset, length, kind, entry_id: id } of ranges) {
    if (offset !== at || length <= 0) throw new TypeError(`the ranges do not tile at ${offset}`);
    if (!logRangeKinds.includes(kind)) throw new TypeError(`unknown kind of range ${kind}`);
    if (kind === 'filler' ? id !== '' : !ENTRY_ID.test(id)) {
      throw new TypeError(`not an entry id: ${id}`);
    }
    at = offset + length;
  }
}
