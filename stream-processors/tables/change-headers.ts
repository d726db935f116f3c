import type { IHeaders } from 'kafkajs';
import { changeHeaders, changeOps, type ChangeOp } from '../../schemas/row-change.ts';

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
  const source = text(headers, changeHeaders.source);
  const epoch = positive(text(headers, changeHeaders.epoch));
  const seq = positive(text(headers, changeHeaders.seq));
  const images = text(headers, changeHeaders.images);
  const op = changeOps.find((known) => known === text(headers, changeHeaders.kind));
  const end = text(headers, changeHeaders.transactionEnd);
  if (source === undefined || source === '' || source.length > 255) return undefined;
  if (epoch === undefined || seq === undefined || op === undefined) return undefined;
  if (images !== (op === 'u' ? '2' : '1') || (end !== '0' && end !== '1')) return undefined;
  return { source, epoch, seq, images: op === 'u' ? 2 : 1, op, transactionEnd: end === '1' };
}

function text(headers: IHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  if (value === undefined || Array.isArray(value)) return undefined;
  return value.toString();
}

function positive(value: string | undefined): number | undefined {
  if (value === undefined || !/^[1-9][0-9]{0,15}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
