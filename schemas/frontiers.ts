import { z } from 'zod';
import { announcementVersion } from './format-version.ts';
import { lineOf } from './holes.ts';

/** How far the warehouse is in one line of numbers. */
export interface Frontier {
  readonly line: string;
  /** The last number below which nothing is missing. */
  readonly at: number;
  /** Rows that wait above it. */
  readonly waiting: number;
}

const count = z.number().int();
const epoch = z
  .object({ source: z.string(), epoch: count, seq: count, waiting: count })
  .transform((each): Frontier => ({ line: lineOf(each), at: each.seq, waiting: each.waiting }));
const file = z
  .object({ host: z.string(), generation: z.string(), upto: count, waiting: count })
  .transform((each): Frontier => ({
    line: lineOf(each),
    at: each.upto - 1,
    waiting: each.waiting,
  }));

/**
 * What the loader says of every live epoch, or of the files that were read last, in the object
 * `latestBatchKey` of the lake: it is overwritten after each batch.
 */
export const frontiersSchema = z.union([
  z
    .object({ version: announcementVersion, epochs: z.array(epoch) })
    .transform(({ epochs }) => epochs),
  z.object({ version: announcementVersion, files: z.array(file) }).transform(({ files }) => files),
]);

/** Files that the loader names at most, the ones that were read last; of others it says nothing. */
export const MAX_REPORTED_FILES = 1000;
