import type { IHeaders } from 'kafkajs';
import type { NumberRange } from '../schemas/holes.ts';
import type { LakeRow } from './batch-processor.ts';

/** Which numbers the records and rows of a kind of dataset carry. */
export interface Numbering {
  /** By the headers alone; undefined where the record is not the reader's or the shipper's. */
  ofRecord(headers: IHeaders | undefined): NumberRange | undefined;
  ofRow(row: LakeRow): NumberRange;
}
