import fc from 'fast-check';
import { imageId, keyHash, unreadableImageId } from '../../schemas/image-identity.ts';
import { UNREADABLE_RANK } from '../../schemas/image-row.ts';
import type { SignedImage } from './multiset-model.ts';

/**
 * Random histories of a table without keys, what a reader publishes of them, and what is true at
 * each number: the second opinion beside the model.
 */

/** A row of the source table. Few keys and values, so that whole rows are often identical. */
export interface SourceRow {
  readonly key: string | null;
  readonly value: number;
}

type RowOp =
  | { readonly do: 'insert'; readonly row: SourceRow }
  | { readonly do: 'insert-same'; readonly at: number }
  | { readonly do: 'update'; readonly at: number; readonly row: Partial<SourceRow> }
  | { readonly do: 'delete'; readonly at: number };

type SourceStep =
  { readonly do: 'transaction'; readonly ops: readonly RowOp[] } | { readonly do: 'truncate' };

type HistoryStep =
  | SourceStep
  | {
      readonly do: 'snapshot';
      /** What happens at the source while the snapshot runs. */
      readonly meanwhile: readonly SourceStep[];
      readonly brokenOff: boolean;
      /** The table's columns have changed: all its rows are others now, and the old epoch is over. */
      readonly reshaped: boolean;
    };

export interface History {
  readonly initial: readonly SourceRow[];
  readonly steps: readonly HistoryStep[];
}

/** An image as published, with what its row held. */
export interface PublishedImage extends SignedImage {
  readonly row: SourceRow | undefined;
  /** Time of the source: how many of its transactions were committed. */
  readonly time: number;
  /** The Kafka key of its record: all that an unreadable record leaves of its key. */
  readonly recordKey: string | null;
}

/** The source table at a number where a reader of the warehouse may stand. */
interface Boundary {
  readonly time: number;
  readonly rows: readonly SourceRow[];
  /** How often its columns had changed. */
  readonly shape: number;
}

export interface PublishedHistory {
  readonly source: string;
  readonly images: readonly PublishedImage[];
  /** By `epoch/seq`. */
  readonly boundaries: ReadonlyMap<string, Boundary>;
  /** Where a warehouse that has everything stands. */
  readonly end: { readonly epoch: number; readonly seq: number };
}

const row = fc.record({
  key: fc.constantFrom('T1', 'T2', 'T3', null),
  value: fc.integer({ min: 0, max: 5 }),
});
const at = fc.nat({ max: 20 });
const rowOp = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('insert' as const), row }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('insert-same' as const), at }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      at,
      row: fc.oneof(
        row,
        row.map(({ value }) => ({ value })),
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), at }) },
);
const sourceStep: fc.Arbitrary<SourceStep> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      ops: fc.array(rowOp, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const) }) },
);
const historyStep: fc.Arbitrary<HistoryStep> = fc.oneof(
  { weight: 8, arbitrary: sourceStep },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('snapshot' as const),
      meanwhile: fc.array(sourceStep, { maxLength: 4 }),
      brokenOff: fc.boolean(),
      reshaped: fc.integer({ min: 0, max: 2 }).map((die) => die === 0),
    }),
  },
);

export const history: fc.Arbitrary<History> = fc.record({
  initial: fc.array(row, { maxLength: 8 }),
  steps: fc.array(historyStep, { maxLength: 20 }),
});

/** Identity of a row of a table of this shape, by the contract's functions. */
export function identityOf(
  { key, value }: SourceRow,
  shape: number,
): { key: string; image: string } {
  const image = imageId([key, String(value), ...Array<null>(shape).fill(null)]);
  return { key: keyHash(key, image), image };
}

/** Two values share a rank, so that the image id has to decide between some contents. */
function rankOf({ value }: SourceRow): number {
  return value >> 1;
}

/** What a record that cannot be read leaves: its number, and the key of its record. */
export function unreadable(image: PublishedImage): PublishedImage {
  const id = unreadableImageId(image.seq);
  return {
    ...image,
    kind: 'X',
    key: keyHash(image.recordKey, id),
    image: id,
    rank: UNREADABLE_RANK,
    rulesVersion: 0,
    row: undefined,
  };
}

/** Plays a history at the source and publishes it as the reader does: images get version 0. */
export function publish(source: string, { initial, steps }: History): PublishedHistory {
  const images: PublishedImage[] = [];
  const boundaries = new Map<string, Boundary>();
  let rows: readonly SourceRow[] = initial;
  let time = 0;
  let shape = 0;
  let lastEpoch = 0;

  type Unnumbered = Pick<PublishedImage, 'kind' | 'row' | 'recordKey'>;
  /** A stream of one epoch. */
  const openEpoch = () => {
    lastEpoch += 1;
    const epoch = lastEpoch;
    let seq = 0;
    const write = (transaction: readonly Unnumbered[]) => {
      for (const [index, image] of transaction.entries()) {
        seq += 1;
        const identity = image.row ? identityOf(image.row, shape) : { key: '', image: '' };
        images.push({
          ...{ source, epoch, seq, time, rulesVersion: 0 },
          ...{ txEnd: index === transaction.length - 1, rank: image.row ? rankOf(image.row) : 0 },
          ...identity,
          ...image,
        });
      }
    };
    return {
      write,
      /** Rows of a snapshot: each may be applied on its own, for none is shown before the end. */
      writeRows: (all: readonly SourceRow[]) => {
        for (const each of all) write([{ kind: '+', row: each, recordKey: each.key }]);
      },
      markEnd: () => write([{ kind: 'E', row: undefined, recordKey: null }]),
      /** Says that a reader may stand here. */
      note: () => boundaries.set(`${epoch}/${seq}`, { time, rows, shape }),
      get position() {
        return { epoch, seq };
      },
    };
  };

  /** One step at the source: its images, or undefined when it changed nothing. */
  const commit = (step: SourceStep): readonly Unnumbered[] | undefined => {
    const transaction: Unnumbered[] = [];
    if (step.do === 'truncate') {
      rows = [];
      transaction.push({ kind: 'T', row: undefined, recordKey: null });
    } else {
      for (const op of step.ops) {
        const change = applyOp(rows, op);
        if (!change) continue;
        rows = change.rows;
        const recordKey = (change.after ?? change.before)?.key ?? null;
        if (change.before) transaction.push({ kind: '-', row: change.before, recordKey });
        if (change.after) transaction.push({ kind: '+', row: change.after, recordKey });
      }
    }
    if (transaction.length === 0) return undefined;
    time += 1;
    return transaction;
  };

  const snapshotNow = () => {
    const epoch = openEpoch();
    epoch.writeRows(rows);
    epoch.markEnd();
    epoch.note();
    return epoch;
  };

  let stream = snapshotNow();
  for (const step of steps) {
    if (step.do !== 'snapshot') {
      const transaction = commit(step);
      if (transaction) stream.write(transaction);
      stream.note();
      continue;
    }
    if (step.reshaped) shape += 1;
    const snapshotRows = rows;
    const next = openEpoch();
    const missed: { transaction: readonly Unnumbered[]; time: number }[] = [];
    for (const meanwhile of step.meanwhile) {
      const transaction = commit(meanwhile);
      if (!transaction) continue;
      missed.push({ transaction, time });
      if (step.reshaped) continue;
      stream.write(transaction);
      stream.note();
    }
    if (step.brokenOff) {
      next.writeRows(snapshotRows.slice(1));
      // The old epoch goes on, or another attempt has to come.
      if (step.reshaped) stream = snapshotNow();
      continue;
    }
    // Another scan finds the same rows in another order.
    next.writeRows(snapshotRows.toReversed());
    for (const { transaction } of missed) next.write(transaction);
    next.markEnd();
    next.note();
    stream = next;
  }
  return { source, images, boundaries, end: stream.position };
}

function applyOp(
  rows: readonly SourceRow[],
  op: RowOp,
): { rows: readonly SourceRow[]; before?: SourceRow; after?: SourceRow } | undefined {
  if (op.do === 'insert') return { rows: [...rows, op.row], after: op.row };
  const index = rows.length === 0 ? -1 : op.at % rows.length;
  const chosen = rows[index];
  if (!chosen) return undefined;
  switch (op.do) {
    case 'insert-same':
      return { rows: [...rows, chosen], after: chosen };
    case 'delete':
      return { rows: rows.toSpliced(index, 1), before: chosen };
    case 'update': {
      const after = { ...chosen, ...op.row };
      return { rows: rows.with(index, after), before: chosen, after };
    }
  }
}
