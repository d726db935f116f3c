import {
  createComparison,
  type LaterChanges,
  type UnreadableImages,
} from '../../../../operations/verify/comparison.ts';
import { emptyBooks } from '../../../../operations/verify/books.ts';
import { createDifferenceList } from '../../../../operations/verify/differences.ts';
import { readSource } from '../../../../operations/verify/source-reading.ts';
import type { RawImage } from '../../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import {
  allReadable,
  cleanTicket,
  idOf,
  judged,
  noDetails,
  nothingLater,
  stateOf,
  ticket,
  type Part,
} from './readings.ts';

// T1 three times; T2 in two versions, of which the later counts; T3 twice, with two faults.
export const first = ticket();
export const older = ticket({ ticket_id: 'T2', agent: 'Bob' });
export const newer = ticket({
  ticket_id: 'T2',
  resolved_at: '2025-07-02 09:00:00',
  status: 'Resolved',
});
export const faulty = ticket({ ticket_id: 'T3', num_interactions: '-1', priority: 'Urgent' });
export const rows = [first, first, first, older, newer, faulty, faulty];
export const reasons = 'priority:unknown-value,num_interactions:negative-count';

export const tables = { state: 'state', shown: 'shown', quarantine: 'quarantine' };

export const goodBooks = {
  ...emptyBooks,
  read: 7,
  shown: 2,
  repeats: 2,
  superseded: 1,
  quarantined: 1,
  quarantined_repeats: 1,
};

export function goodWarehouse(): Part {
  const newerCells = [...cleanTicket];
  newerCells[0] = 'T2';
  newerCells[2] = Date.UTC(2025, 6, 2, 9);
  newerCells[8] = 'Resolved';
  return {
    state: [
      stateOf(first, 3),
      { ...stateOf(older), isLatest: false },
      stateOf(newer),
      stateOf(faulty, 2),
    ],
    details: noDetails,
    shown: [
      { imageId: idOf(first), copies: 3, cells: cleanTicket },
      { imageId: idOf(newer), copies: 1, cells: newerCells },
    ],
    quarantine: [{ imageId: idOf(faulty), copies: 2, reasons }],
  };
}

export async function compare(
  part: Part,
  options: {
    readonly source?: readonly RawImage[];
    readonly later?: LaterChanges;
    readonly unreadable?: UnreadableImages;
    readonly rulesVersion?: number;
  } = {},
) {
  const differences = createDifferenceList();
  const comparison = createComparison({
    ...{ tables, judged },
    cleanColumns: supportTickets.cleanColumns,
    rulesVersion: options.rulesVersion ?? supportTickets.rulesVersion,
    source: await readSource(supportTickets, options.source ?? rows),
    later: options.later ?? nothingLater,
    unreadable: options.unreadable ?? allReadable,
    differences,
  });
  await comparison.add(part);
  const result = comparison.finish();
  const told = differences.first.map(({ kind, key, expected, found }) => ({
    ...{ kind, key, expected, found },
  }));
  return { ...result, differences: told, placed: differences.first };
}

/** The good warehouse with one thing spoiled. */
export function spoiled(spoil: (part: Part) => void): Part {
  const part = goodWarehouse();
  spoil(part);
  return part;
}
