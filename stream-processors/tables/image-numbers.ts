import { lineOf } from '../../schemas/holes.ts';
import type { Numbering } from '../numbering.ts';
import { readChangeNumbers } from './change-headers.ts';

/** The images of a table: a record of an update has two. */
export const imageNumbers: Numbering = {
  ofRecord(headers) {
    const numbers = readChangeNumbers(headers);
    if (numbers === undefined) return undefined;
    const { seq, images } = numbers;
    return { line: lineOf(numbers), from: seq, to: seq + images - 1 };
  },
  ofRow(row) {
    const seq = Number(row['seq']);
    const line = lineOf({ source: String(row['source']), epoch: Number(row['epoch']) });
    return { line, from: seq, to: seq };
  },
};
