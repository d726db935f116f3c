import { describe, expect, it } from 'vitest';
import { committedRecords, type FetchedMessage } from '../../../../runtime/kafka/topic-fetcher.ts';

interface Batch {
  readonly first: number;
  /** Offsets of the batch without those that compaction removed. */
  readonly offsets: readonly number[];
  /** Of the batch as it was written. */
  readonly last: number;
  readonly producer?: string;
  /** A control batch: what its marker says. */
  readonly marker?: 'commit' | 'abort';
  readonly key?: Buffer;
}

function messagesOf({ first, offsets, last, producer, marker, key }: Batch): FetchedMessage[] {
  const markerKey = Buffer.from([0, 0, 0, marker === 'commit' ? 1 : 0]);
  return offsets.map((offset) => ({
    key: marker ? markerKey : (key ?? Buffer.from(`${offset}`)),
    value: Buffer.from('x'),
    timestamp: '0',
    attributes: 0,
    offset: `${offset}`,
    headers: {},
    isControlRecord: marker !== undefined,
    batchContext: {
      firstOffset: `${first}`,
      lastOffsetDelta: last - first,
      producerId: producer ?? '-1',
      inTransaction: producer !== undefined,
    },
  }));
}

function read(position: number, batches: readonly Batch[], aborted: [string, number][] = []) {
  const { messages, next } = committedRecords(
    batches.flatMap(messagesOf),
    aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset: `${firstOffset}` })),
    BigInt(position),
  );
  return { offsets: messages.map(({ offset }) => Number(offset)), next: Number(next) };
}

describe('what a read_committed reader takes from a fetch', () => {
  it('begins at its position though the broker sends whole batches', () => {
    expect(read(2, [{ first: 0, offsets: [0, 1, 2, 3], last: 3 }])).toEqual({
      offsets: [2, 3],
      next: 4,
    });
  });

  it('goes on behind records that compaction removed from the end of a batch', () => {
    expect(read(0, [{ first: 0, offsets: [0, 2], last: 9 }])).toEqual({
      offsets: [0, 2],
      next: 10,
    });
    expect(read(5, [{ first: 0, offsets: [0, 2], last: 9 }])).toEqual({ offsets: [], next: 10 });
  });

  it('stays when nothing came', () => {
    expect(read(7, [])).toEqual({ offsets: [], next: 7 });
  });

  it('leaves markers out and goes on behind them', () => {
    const batches: Batch[] = [
      { first: 0, offsets: [0, 1], last: 1, producer: 'p' },
      { first: 2, offsets: [2], last: 2, producer: 'p', marker: 'commit' },
    ];
    expect(read(0, batches)).toEqual({ offsets: [0, 1], next: 3 });
  });

  it('leaves out the aborted transaction of one producer, not the records of others between', () => {
    const batches: Batch[] = [
      { first: 0, offsets: [0], last: 0, producer: 'p' },
      { first: 1, offsets: [1], last: 1, producer: 'q' },
      { first: 2, offsets: [2], last: 2 },
      { first: 3, offsets: [3], last: 3, producer: 'p' },
      { first: 4, offsets: [4], last: 4, producer: 'p', marker: 'abort' },
      { first: 5, offsets: [5], last: 5, producer: 'p' },
      { first: 6, offsets: [6], last: 6, producer: 'q', marker: 'commit' },
      { first: 7, offsets: [7], last: 7, producer: 'p', marker: 'commit' },
    ];
    expect(read(0, batches, [['p', 0]])).toEqual({ offsets: [1, 2, 5], next: 8 });
  });

  it('knows two aborted transactions of one producer apart', () => {
    const batches: Batch[] = [
      { first: 0, offsets: [0], last: 0, producer: 'p' },
      { first: 1, offsets: [1], last: 1, producer: 'p', marker: 'abort' },
      { first: 2, offsets: [2], last: 2, producer: 'p' },
      { first: 3, offsets: [3], last: 3, producer: 'p', marker: 'commit' },
      { first: 4, offsets: [4], last: 4, producer: 'p' },
      { first: 5, offsets: [5], last: 5, producer: 'p', marker: 'abort' },
    ];
    const aborted: [string, number][] = [
      ['p', 4],
      ['p', 0],
    ];
    expect(read(0, batches, aborted)).toEqual({ offsets: [2], next: 6 });
  });

  it('leaves out an aborted transaction that began before its position', () => {
    const batches: Batch[] = [
      { first: 4, offsets: [4, 5], last: 5, producer: 'p' },
      { first: 6, offsets: [6], last: 6, producer: 'p', marker: 'abort' },
      { first: 7, offsets: [7], last: 7 },
    ];
    expect(read(5, batches, [['p', 1]])).toEqual({ offsets: [7], next: 8 });
  });

  it('does not take a record whose key looks like an abort marker for one', () => {
    const batches: Batch[] = [
      { first: 0, offsets: [0], last: 0, producer: 'p', key: Buffer.alloc(4) },
      { first: 1, offsets: [1], last: 1, producer: 'p' },
      { first: 2, offsets: [2], last: 2, producer: 'p', marker: 'abort' },
    ];
    expect(read(0, batches, [['p', 0]])).toEqual({ offsets: [], next: 3 });
  });
});
