import type { DifferenceList } from './differences.ts';

/** How far an epoch is shown, beside its number. */
interface FrontierRow {
  /** Its snapshot is whole. */
  readonly ready: number;
  /** It goes on. */
  readonly live: number;
  /** Up to which time it is complete, epoch ms. */
  readonly committed_ms: number;
}

/** What the warehouse's history and frontier of one source say of themselves. */
export interface HistoryFacts {
  /** Frontiers of this source that are shown. */
  readonly shownFrontiers: number;
  /** Number of the frontier. */
  readonly frontier: number;
  /** Columns of the frontier's row: as it is, and as it must be. */
  readonly frontierRow: FrontierRow;
  readonly expectedRow: FrontierRow;
  /** Whether the image at the frontier ends its source transaction; null when it is not there. */
  readonly transactionEnds: boolean | null;
  /** Ranges of numbers up to the frontier that the history lacks, first and last. */
  readonly missingNumbers: readonly (readonly [number, number])[];
  /** Numbers that the history holds more than once. */
  readonly doubledNumbers: readonly number[];
  /** Highest number of the history. */
  readonly last: number;
  /** Images whose signs in the history do not add up to the copies in the state. */
  readonly drift: readonly {
    readonly imageId: string;
    readonly history: number;
    readonly state: number;
  }[];
}

/**
 * Checks that the history is whole and adds up to the state: every number up to the frontier once,
 * nothing above it, and the frontier at the end of a source transaction.
 *
 * @returns how many rows or numbers are wrong.
 */
export function checkHistory(facts: HistoryFacts, differences: DifferenceList): number {
  let wrong = 0;
  const add = (size: number, ...[difference]: Parameters<DifferenceList['add']>) => {
    wrong += size;
    differences.add(difference);
  };
  if (facts.shownFrontiers !== 1) {
    const found = facts.shownFrontiers;
    add(1, { kind: 'wrong-frontier', key: 'frontier', expected: 1, found });
  }
  const { frontierRow: row, expectedRow } = facts;
  const names = ['ready', 'live', 'committed_ms'] as const;
  for (const name of names.filter((each) => row[each] !== expectedRow[each])) {
    add(1, { kind: 'wrong-frontier', key: name, expected: expectedRow[name], found: row[name] });
  }
  if (facts.transactionEnds !== true) {
    const found = facts.transactionEnds === null ? null : 0;
    add(1, { kind: 'half-transaction', key: `seq ${facts.frontier}`, expected: 1, found });
  }
  for (const [first, last] of facts.missingNumbers) {
    const key = first === last ? `seq ${first}` : `seq ${first}–${last}`;
    const expected = last - first + 1;
    add(expected, { kind: 'missing-number', key, expected, found: 0 });
  }
  for (const seq of facts.doubledNumbers) {
    add(1, { kind: 'number-twice', key: `seq ${seq}`, expected: 1, found: 2 });
  }
  if (facts.last > facts.frontier) {
    const { frontier: expected, last: found } = facts;
    add(found - expected, { kind: 'wrong-frontier', key: 'history', expected, found });
  }
  for (const { imageId, history, state } of facts.drift) {
    add(Math.abs(history - state), {
      kind: 'history-drift',
      key: `image ${imageId}`,
      expected: history,
      found: state,
    });
  }
  return wrong;
}
