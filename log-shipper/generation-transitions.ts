import type { ShipperCheckpoint } from '../schemas/checkpoint.ts';

/**
 * `open` it has the name that it was found by; `rotated` it was renamed or moved, and may still be
 * written; `truncated` its bytes were overwritten, a new generation began in the same file; `gone`
 * no name leads to it any more, though it may still be open.
 */
export type GenerationState = ShipperCheckpoint['state'];

/**
 * What is seen of a file: `present` under its name; `moved` it exists, but not under its name;
 * `shrunk` it is shorter than what was read of it, or begins otherwise; `unlinked` it has no name.
 */
export type GenerationEvent = 'present' | 'moved' | 'shrunk' | 'unlinked';

/** Complete: a state or an event that is missing here does not compile. */
export const transitions: Readonly<
  Record<GenerationState, Readonly<Record<GenerationEvent, GenerationState>>>
> = {
  open: { present: 'open', moved: 'rotated', shrunk: 'truncated', unlinked: 'gone' },
  // Whoever renamed it may take the next name for it: only one that keeps its name is open.
  rotated: { present: 'rotated', moved: 'rotated', shrunk: 'truncated', unlinked: 'gone' },
  // What is in the file now belongs to another generation, whatever becomes of it.
  truncated: {
    present: 'truncated',
    moved: 'truncated',
    shrunk: 'truncated',
    unlinked: 'truncated',
  },
  gone: { present: 'gone', moved: 'gone', shrunk: 'truncated', unlinked: 'gone' },
};

/** Whether bytes of the generation can still be read. */
export const isReadable: Readonly<Record<GenerationState, boolean>> = {
  open: true,
  rotated: true,
  truncated: false,
  gone: true,
};

/**
 * What becomes of the checkpoint of a generation that is not read any further: it goes when all
 * that was ever seen of the file is shipped, else it stays and tells what was lost.
 */
export function lastRecord(shippedBytes: number, seenBytes: number): 'tombstone' | 'evidence' {
  return shippedBytes >= seenBytes ? 'tombstone' : 'evidence';
}
