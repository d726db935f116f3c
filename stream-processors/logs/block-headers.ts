import type { IHeaders } from 'kafkajs';
import { logHeaders } from '../../schemas/log-entries.ts';
import { headerText, wholeNumber } from '../record-headers.ts';

/** What a block's headers say of its place in a file, without its bytes. */
export interface BlockPlace {
  readonly host: string;
  readonly generation: string;
  readonly generationStart: number;
  /** First byte of the block. */
  readonly first: number;
  /** Byte behind the block. */
  readonly end: number;
}

const HOST_MAX_BYTES = 255;
const GENERATION_MAX_BYTES = 128;

/**
 * Reads the place from a record's headers.
 *
 * @returns undefined where a header is missing or malformed: then the record was not the shipper's.
 */
export function readBlockPlace(headers: IHeaders | undefined): BlockPlace | undefined {
  const host = name(headerText(headers, logHeaders.host), HOST_MAX_BYTES);
  const generation = name(headerText(headers, logHeaders.generation), GENERATION_MAX_BYTES);
  const generationStart = wholeNumber(headerText(headers, logHeaders.generationStart));
  const first = wholeNumber(headerText(headers, logHeaders.first));
  const end = wholeNumber(headerText(headers, logHeaders.end));
  if (host === undefined || generation === undefined) return undefined;
  if (generationStart === undefined || first === undefined || end === undefined) return undefined;
  if (first < generationStart || end <= first) return undefined;
  return { host, generation, generationStart, first, end };
}

/** Names are keys in the warehouse: not empty, not cut, and no NUL, which it cannot hold. */
function name(text: string | undefined, maxBytes: number): string | undefined {
  if (text === undefined || text === '' || text.includes('\0')) return undefined;
  return Buffer.byteLength(text) <= maxBytes ? text : undefined;
}
