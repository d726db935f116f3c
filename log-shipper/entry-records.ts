import { createEncoder } from '../runtime/avro/single-object-encoding.ts';
import type { OutgoingMessage } from '../runtime/kafka/transactional-writer.ts';
import {
  logBlockSchema,
  logHeaders,
  type LogBlock,
  type LogRange,
} from '../schemas/log-entries.ts';

/** What one block holds at most; a single range may be larger. */
const MAX_BLOCK_BYTES = 256 * 1024;
const MAX_BLOCK_RANGES = 500;

/** What all ranges of a block have in common. */
type BlockOrigin = Omit<LogBlock, 'ranges'>;

export type BlockEncoder = (origin: BlockOrigin, ranges: readonly LogRange[]) => OutgoingMessage[];

/** Makes Kafka records of consecutive ranges of one generation; the bytes are copied. */
export function createBlockEncoder(): BlockEncoder {
  const encoder = createEncoder(logBlockSchema);
  return (origin, ranges) =>
    blocks(ranges).map((block) => ({
      key: `${origin.host}:${origin.path}`,
      value: encoder.encode({ ...origin, ranges: block } satisfies LogBlock),
      headers: headersOf(origin, block),
    }));
}

function blocks(ranges: readonly LogRange[]): LogRange[][] {
  const found: LogRange[][] = [];
  let bytes = Infinity;
  for (const range of ranges) {
    const last = found.at(-1);
    bytes += range.bytes.length;
    if (last && last.length < MAX_BLOCK_RANGES && bytes <= MAX_BLOCK_BYTES) {
      last.push(range);
    } else {
      found.push([range]);
      bytes = range.bytes.length;
    }
  }
  return found;
}

function headersOf(origin: BlockOrigin, ranges: readonly LogRange[]): Record<string, string> {
  const [first, last] = [ranges[0], ranges.at(-1)];
  return {
    [logHeaders.host]: origin.host,
    [logHeaders.generation]: origin.generation,
    [logHeaders.generationStart]: String(origin.generation_start),
    [logHeaders.first]: String(first?.offset ?? 0),
    [logHeaders.end]: String((last?.offset ?? 0) + (last?.length ?? 0)),
  };
}
