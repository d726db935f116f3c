import { z } from 'zod';
import { announcementVersion } from './format-version.ts';

/** Numbers of one line, both ends included: images of an epoch, or bytes of a log file. */
export interface NumberRange {
  /** What is numbered: the beginning that its event ids share, see {@link lineOf}. */
  readonly line: string;
  readonly from: number;
  readonly to: number;
}

const range = { from: z.number().int(), to: z.number().int() };
const imageHole = z.object({ source: z.string(), epoch: z.number().int(), ...range });
const byteHole = z.object({ host: z.string(), generation: z.string(), ...range });

/** An epoch of a table, or a generation of a log file. */
export type NumberedPlace =
  | { readonly source: string; readonly epoch: number }
  | { readonly host: string; readonly generation: string };

/** Names what is numbered: `source:epoch` or `host:generation`. */
export function lineOf(place: NumberedPlace): string {
  return 'source' in place ? `${place.source}:${place.epoch}` : `${place.host}:${place.generation}`;
}

/** Id of an event: its line and its number. */
export function eventIdOf({ line, from }: Pick<NumberRange, 'line' | 'from'>): string {
  return `${line}:${from}`;
}

/**
 * What the loader says of a dataset's missing numbers, in the object `holesKey` of the lake: it is
 * overwritten when a frontier has stood for longer than objects may be late, and when none does.
 */
export const holesSchema = z.object({
  version: announcementVersion,
  holes: z.array(
    z
      .union([imageHole, byteHole])
      .transform((hole): NumberRange => ({ line: lineOf(hole), from: hole.from, to: hole.to })),
  ),
});
