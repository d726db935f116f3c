import type { ChangeOp } from '../schemas/row-change.ts';

/** Images that a record of this kind holds; each has a number of its own. */
export function imagesOf(op: ChangeOp): 1 | 2 {
  return op === 'u' ? 2 : 1;
}

/** Hands out the numbers 1, 2, 3 … of one epoch without a gap. */
export class ImageNumbering {
  readonly epoch: number;
  #next: number;

  constructor(epoch: number, next: number) {
    this.epoch = epoch;
    this.#next = next;
  }

  /** Number that the next image will get. */
  get next(): number {
    return this.#next;
  }

  /** @returns the number of the record's first image. */
  take(op: ChangeOp): number {
    const first = this.#next;
    this.#next += imagesOf(op);
    return first;
  }
}

/**
 * Number of the epoch that begins now. Seconds since 1970 keep it above every earlier one even if
 * the checkpoints are lost; the previous number keeps it so even if the clock goes back.
 */
export function nextEpoch(previous: number | undefined, nowMs: number): number {
  return Math.max((previous ?? 0) + 1, Math.floor(nowMs / 1000));
}
