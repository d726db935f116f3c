import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** A file of accepted records that will become one object. */
export interface Segment {
  /** Arrival of the oldest record, epoch ms. */
  readonly arrivalMs: number;
  readonly uuid: string;
}

/** One accepted record as the spool holds it. */
export interface SpooledRecord {
  readonly arrivalMs: number;
  /** The record's data, base64. */
  readonly base64: string;
}

/** A segment gets its name with its first record; everything that it becomes is named after it. */
export function newSegment(arrivalMs: number): Segment {
  return { arrivalMs, uuid: randomUUID() };
}

export function segmentFile({ arrivalMs, uuid }: Segment): string {
  return `${String(arrivalMs).padStart(15, '0')}.${uuid}.records`;
}

/** @returns undefined for a file that is none. */
export function parseSegmentFile(name: string): Segment | undefined {
  const [, arrival, uuid] = /^(\d{15})\.([0-9a-f-]{36})\.records$/.exec(name) ?? [];
  return arrival === undefined || uuid === undefined
    ? undefined
    : { arrivalMs: Number(arrival), uuid };
}

/** The second name of an object that is delivered twice: the same for the same segment. */
export function duplicateUuid({ uuid }: Segment): string {
  const hex = createHash('sha256').update(`duplicate ${uuid}`).digest('hex');
  return [8, 12, 16, 20, 32]
    .map((end, index, ends) => hex.slice(ends[index - 1] ?? 0, end))
    .join('-');
}

/** A number below 2^31 that is the same for the same segment. */
export function segmentSeed({ uuid }: Segment): number {
  return createHash('sha256').update(uuid).digest().readUInt32BE() >>> 1;
}

export function recordLine({ arrivalMs, base64 }: SpooledRecord): string {
  return `${arrivalMs} ${base64}\n`;
}

/** Reads a segment's records in order. A last line without its end was never acknowledged: it is cut. */
export async function* readSegment(path: string): AsyncGenerator<readonly SpooledRecord[], void> {
  let rest = '';
  const stream = createReadStream(path, { encoding: 'latin1', highWaterMark: 256 * 1024 });
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines.map((line) => {
      const blank = line.indexOf(' ');
      return { arrivalMs: Number(line.slice(0, blank)), base64: line.slice(blank + 1) };
    });
  }
}
