import type { ServiceFault } from '../faults.ts';

type FailRecords = Extract<ServiceFault, { readonly action: 'fail-records' }>;

/** 2^32 over the golden ratio: its multiples spread evenly and follow no short period (Weyl). */
const STEP = 0x9e37_79b1;

/** Decides which records of a call a `fail-records` rule refuses. */
export class RecordRefusals {
  /** Records that a share was asked of. */
  #asked = 0;

  /** @param records data in base64. @returns positions in the call. */
  *of(rule: FailRecords, records: readonly string[]): Generator<number> {
    for (const [position, base64] of records.entries()) {
      const listed = position >= rule.first && position < rule.first + rule.count;
      if (listed || this.#isOfShare(rule.share) || holds(base64, rule.containing)) yield position;
    }
  }

  #isOfShare(share: number): boolean {
    if (share === 0) return false;
    this.#asked += 1;
    return (Math.imul(this.#asked, STEP) >>> 0) / 2 ** 32 < share;
  }
}

function holds(base64: string, text: string | undefined): boolean {
  return text !== undefined && Buffer.from(base64, 'base64').toString('utf8').includes(text);
}
