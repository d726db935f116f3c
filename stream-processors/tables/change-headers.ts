import type { IHeaders } from 'kafkajs';
import { changeHeaders, changeOps, type ChangeOp } from '../../schemas/row-change.ts';
import { headerText, wholeNumber } from '../record-headers.ts';

/** What a change record's headers say of its numbers, without its bytes. */
export interface ChangeNumbers {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly images: 1 | 2;
  readonly op: ChangeOp;
  readonly transactionEnd: boolean;
}

/**
 * Reads the numbers from a record's headers.
 *
 * @returns undefined where a header is missing or malformed: then the record was not the reader's.
 */
export function readChangeNumbers(headers: IHeaders | undefined): ChangeNumbers | undefined {
  const source = headerText(headers, changeHeaders.source);
  const epoch = positive(headerText(headers, changeHeaders.epoch));
  const seq = positive(headerText(headers, changeHeaders.seq));
  const images = headerText(headers, changeHeaders.images);
  const op = changeOps.find((known) => known === headerText(headers, changeHeaders.kind));
  const end = headerText(headers, changeHeaders.transactionEnd);
  if (source === undefined || source === '' || source.length > 255) return undefined;
  if (epoch === undefined || seq === undefined || op === undefined) return undefined;
  if (images !== (op === 'u' ? '2' : '1') || (end !== '0' && end !== '1')) return undefined;
  return { source, epoch, seq, images: op === 'u' ? 2 : 1, op, transactionEnd: end === '1' };
}

function positive(text: string | undefined): number | undefined {
  const value = wholeNumber(text);
  return value === 0 ? undefined : value;
}
