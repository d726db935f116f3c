import { lineOf } from '../../schemas/holes.ts';
import type { Numbering } from '../numbering.ts';
import { readBlockPlace } from './block-headers.ts';

/** The bytes of a log file: a record is a block, a row one range of it. */
export const byteNumbers: Numbering = {
  ofRecord(headers) {
    const place = readBlockPlace(headers);
    return place && { line: lineOf(place), from: place.first, to: place.end - 1 };
  },
  ofRow(row) {
    const [pos, length] = [Number(row['pos']), Number(row['len'])];
    const line = lineOf({ host: String(row['host']), generation: String(row['generation']) });
    return { line, from: pos, to: pos + length - 1 };
  },
};
