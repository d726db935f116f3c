import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { ReplayBound } from '../../stream-processors/replay/replay-source.ts';

/** What to replay, as texts: so it stands on the command line and in the file of a broken-off one. */
export const replayRequestSchema = z.strictObject({
  dataset: z.string(),
  source: z.enum(['topic', 'lake']),
  from: z.string(),
  to: z.string(),
  seqs: z.string().optional(),
  epoch: z.string().optional(),
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads `earliest`, `latest`, an offset, or an ISO 8601 time; one without a zone is UTC.
 *
 * @throws {InvalidArgumentError} which commander tells as bad usage.
 */
export function parseBound(text: string): ReplayBound {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (/^\d{1,18}$/.test(text)) return { kind: 'offset', offset: BigInt(text) };
  const isLocal = text.includes('T') && !/(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = TIME.test(text) ? Date.parse(isLocal ? `${text}Z` : text) : NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      'Write earliest, latest, an offset, or a time such as 2025-07-01T00:00Z.',
    );
  }
  return { kind: 'time', ms };
}

/** Numbers of images, both ends included. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `a-b` or one number. @throws {InvalidArgumentError} */
export function parseSeqs(text: string): SeqRange {
  const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || last < first) {
    throw new InvalidArgumentError('Write two numbers such as 100-200, the lower one first.');
  }
  return { first, last };
}

/** Reads a whole number above zero. @throws {InvalidArgumentError} */
export function parsePositive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Write a number above 0.');
  return Number(text);
}

/** Lets commander check an option and keeps its text. */
export function checked(parse: (text: string) => unknown): (text: string) => string {
  return (text) => {
    parse(text);
    return text;
  };
}
