import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BinlogEvent, ChangedRow } from '../../../cdc-reader/binlog-events.ts';
import { parseGtidPosition } from '../../../cdc-reader/gtid-position.ts';
import { ImageNumbering } from '../../../cdc-reader/image-numbering.ts';
import type { TableShape } from '../../../cdc-reader/table-shape.ts';
import {
  TransactionTracker,
  type NumberedChange,
  type TrackerOptions,
} from '../../../cdc-reader/transaction-tracker.ts';

const shape: TableShape = { columns: [], hash: 'h', mappedHash: 'mapped', keyField: 'id' };
const place = { file: 'binlog.000001', position: 1 };

function tracker(overrides: Partial<TrackerOptions> = {}, gtidSet = ''): TransactionTracker {
  return new TransactionTracker({
    table: {
      database: 'careplus',
      table: 'tickets',
      mappedColumns: new Set(['id']),
      ignoreCase: false,
    },
    gtids: parseGtidPosition(gtidSet, 'mariadb'),
    numbering: new ImageNumbering(100, 1),
    open: null,
    mappedHash: null,
    sourceTimeMs: 0,
    ...overrides,
  });
}

const group = (seq: number, overrides = {}): BinlogEvent => ({
  kind: 'group',
  gtid: `0-1-${seq}`,
  timeMs: seq * 1000,
  begun: true,
  prepared: false,
  ...overrides,
});
const ddlGroup = (seq: number) => group(seq, { begun: false });
const commit: BinlogEvent = { kind: 'commit' };
const statement = (text: string, database = 'careplus'): BinlogEvent => ({
  kind: 'statement',
  text,
  database,
  place,
});
const inserted = (id: string): ChangedRow => ({ before: null, after: { id } });
const updated = (id: string): ChangedRow => ({ before: { id }, after: { id: `${id}'` } });
const deleted = (id: string): ChangedRow => ({ before: { id }, after: null });
const rows = (op: 'c' | 'u' | 'd', ...changed: ChangedRow[]): BinlogEvent => ({
  kind: 'rows',
  op,
  shape,
  rows: changed,
  place,
});
const xid = '78:31:1';
const prepare: BinlogEvent = { kind: 'xa-prepare', xid, onePhase: false };
const xa = (what: string) => statement(`XA ${what} X'78',X'31',1`);

function apply(to: TransactionTracker, events: readonly BinlogEvent[]): NumberedChange[] {
  return events.flatMap((event) => [...to.apply(event)]);
}

const brief = ({ op, seq, transactionEnd }: NumberedChange) =>
  `${op}${seq}${transactionEnd ? '!' : ''}`;

describe('numbering', () => {
  it('gives an update two numbers and marks the end of each transaction', () => {
    const changes = apply(tracker(), [
      group(1),
      rows('c', inserted('a'), inserted('b')),
      rows('u', updated('a')),
      rows('d', deleted('b')),
      commit,
      group(2),
      rows('c', inserted('c')),
      commit,
    ]);
    expect(changes.map(brief)).toEqual(['c1', 'c2', 'u3', 'd5!', 'c6!']);
    expect(changes.map(({ row }) => row)).toEqual([0, 1, 2, 3, 0]);
    expect(changes.map(({ gtid, timeMs }) => [gtid, timeMs])).toEqual([
      ...Array<unknown>(4).fill(['0-1-1', 1000]),
      ['0-1-2', 2000],
    ]);
  });

  it('holds one change back until it knows whether the transaction goes on', () => {
    const tracked = tracker();
    expect(apply(tracked, [group(1), rows('c', inserted('a'))])).toEqual([]);
    expect(tracked.position()).toMatchObject({ gtidSet: '', nextSeq: 1, open: null });
    expect(apply(tracked, [rows('c', inserted('b'))]).map(brief)).toEqual(['c1']);
    expect(tracked.position()).toMatchObject({
      gtidSet: '',
      nextSeq: 2,
      open: { gtid: '0-1-1', imagesWritten: 1 },
    });
    expect(apply(tracked, [commit]).map(brief)).toEqual(['c2!']);
    expect(tracked.position()).toMatchObject({ gtidSet: '0-1-1', nextSeq: 3, open: null });
  });
});

describe('position', () => {
  it('holds after each change that is handed out, also inside of apply', () => {
    const tracked = tracker();
    const seen: [string, number][] = [];
    for (const event of [group(1), rows('c', inserted('a'), inserted('b')), commit]) {
      for (const { seq } of tracked.apply(event)) {
        const { gtidSet, nextSeq } = tracked.position();
        expect(nextSeq).toBe(seq + 1);
        seen.push([gtidSet, seq]);
      }
    }
    expect(seen).toEqual([
      ['', 1],
      ['0-1-1', 2],
    ]);
  });

  it('moves with statements and transactions of other tables', () => {
    const tracked = tracker();
    apply(tracked, [ddlGroup(1), statement('CREATE TABLE other (a INT)')]);
    expect(tracked.position().gtidSet).toBe('0-1-1');
    apply(tracked, [group(2), commit]);
    expect(tracked.position()).toMatchObject({ gtidSet: '0-1-2', sourceTimeMs: 2000, nextSeq: 1 });
    apply(tracked, [group(3), statement('SAVEPOINT `s`'), statement('COMMIT')]);
    expect(tracked.position().gtidSet).toBe('0-1-3');
  });

  it('takes a MySQL group to begin with BEGIN and to end with its commit', () => {
    const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
    const gtids = parseGtidPosition('', 'mysql');
    const tracked = tracker({ gtids });
    const mysqlGroup = (seq: number) => group(seq, { gtid: `${uuid}:${seq}`, begun: false });
    const changes = apply(tracked, [
      mysqlGroup(1),
      statement('BEGIN'),
      statement('SAVEPOINT `s`'),
      rows('c', inserted('a')),
      commit,
      mysqlGroup(2),
      statement('CREATE TABLE other (a INT)'),
    ]);
    expect(changes.map(brief)).toEqual(['c1!']);
    expect(tracked.position().gtidSet).toBe(`${uuid}:1-2`);
  });
});

describe('statements about the table', () => {
  it.each(['TRUNCATE tickets', 'DROP TABLE `tickets`'])('%s is a barrier', (text) => {
    const tracked = tracker({ mappedHash: 'old' });
    const changes = apply(tracked, [ddlGroup(1), statement(text)]);
    expect(changes.map(brief)).toEqual(['t1!']);
    expect(tracked.position()).toMatchObject({ gtidSet: '0-1-1', nextSeq: 2, shapeHash: null });
  });

  it('goes on with the rows of a table that was made anew in one statement', () => {
    const changes = apply(tracker(), [
      group(1),
      statement('CREATE OR REPLACE TABLE `tickets` (`id` text)'),
      rows('c', inserted('a')),
      commit,
    ]);
    expect(changes.map(brief)).toEqual(['t1!', 'c2!']);
  });

  it.each([
    ['ALTER TABLE tickets CHANGE id key_ TEXT', undefined],
    ['UPDATE tickets SET id = 1', 'CDC_1007'],
  ])('%s ends the epoch before its own transaction', (text, code) => {
    const tracked = tracker();
    apply(tracked, [group(1), commit, ddlGroup(2), statement(text)]);
    expect(tracked.epochEnd?.reason).toBeDefined();
    expect(tracked.epochEnd?.alarm?.code).toBe(code);
    expect(tracked.position().gtidSet).toBe('0-1-1');
  });

  it('ends the epoch when a mapped column looks different', () => {
    const tracked = tracker({ mappedHash: 'another' });
    expect(apply(tracked, [group(1), rows('c', inserted('a'))])).toEqual([]);
    expect(tracked.epochEnd?.reason).toContain('mapped column');
  });

  it('ends the epoch and raises an alarm at rows that cannot be read', () => {
    const tracked = tracker();
    apply(tracked, [group(1), { kind: 'unreadable-rows', reason: 'MINIMAL' }]);
    expect(tracked.epochEnd?.alarm?.code).toBe('CDC_1007');
  });

  it('ends the epoch when rows were rolled back inside the binlog', () => {
    for (const text of ['ROLLBACK TO `s`', 'ROLLBACK']) {
      const tracked = tracker();
      apply(tracked, [group(1), rows('c', inserted('a')), statement(text)]);
      expect(tracked.epochEnd).not.toBeNull();
    }
    const others = tracker();
    apply(others, [group(1), statement('ROLLBACK TO `s`'), statement('ROLLBACK')]);
    expect(others.epochEnd).toBeNull();
    expect(others.position().gtidSet).toBe('0-1-1');
  });
});

describe('XA transactions', () => {
  const prepared = (seq: number) => [
    group(seq, { prepared: true }),
    rows('c', inserted('a')),
    rows('u', updated('a')),
    xa('END'),
    prepare,
  ];

  it('count when they are committed, with the numbers of that moment', () => {
    const tracked = tracker();
    const changes = apply(tracked, [
      ...prepared(1),
      group(2),
      rows('c', inserted('b')),
      commit,
      ddlGroup(3),
      xa('COMMIT'),
    ]);
    expect(changes.map(brief)).toEqual(['c1!', 'c2', 'u3!']);
    expect(changes.at(-1)).toMatchObject({ gtid: '0-1-3', timeMs: 3000 });
    expect(tracked.position().gtidSet).toBe('0-1-3');
  });

  it('leave nothing when they are rolled back', () => {
    const tracked = tracker();
    expect(apply(tracked, [...prepared(1), ddlGroup(2), xa('ROLLBACK')])).toEqual([]);
    expect(tracked.position()).toMatchObject({ gtidSet: '0-1-2', nextSeq: 1 });
  });

  it('count at once when they have one phase', () => {
    const events = [
      group(1, { begun: false }),
      statement("XA START X'78',X'31',1"),
      rows('c', inserted('a')),
      xa('END'),
      { kind: 'xa-prepare', xid, onePhase: true } as const,
    ];
    expect(apply(tracker(), events).map(brief)).toEqual(['c1!']);
  });

  it('end the epoch when their rows are not known, or are too many', () => {
    const unknown = tracker();
    apply(unknown, [ddlGroup(1), xa('COMMIT')]);
    expect(unknown.epochEnd?.reason).toContain('before the reader started');
    const many = tracker();
    const block = Array.from({ length: 5_001 }, (_, index) => inserted(String(index)));
    apply(many, [
      group(1, { prepared: true }),
      rows('c', ...block),
      rows('c', ...block),
      prepare,
      ddlGroup(2),
      xa('COMMIT'),
    ]);
    expect(many.epochEnd?.reason).toContain('more than');
  });
});

describe('resuming inside of a transaction', () => {
  const events = [
    group(7),
    rows('c', inserted('a'), inserted('b')),
    rows('u', updated('a'), updated('b')),
    rows('d', deleted("a'")),
    commit,
  ];

  it('goes on with the same numbers wherever the transaction was cut', () => {
    const row = fc.record({ op: fc.constantFrom('c', 'u', 'd'), id: fc.string() });
    const histories = fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(histories, fc.nat(), (transactions, cut) => {
        const history = transactions.map((changed, index) => [
          group(index + 1),
          ...changed.map(({ op, id }) => {
            const change = { c: inserted, u: updated, d: deleted }[op](id);
            return rows(op, change);
          }),
          commit,
        ]);
        const whole = tracker();
        const all: NumberedChange[] = [];
        const checkpoints = [whole.position()];
        for (const event of history.flat()) {
          for (const change of whole.apply(event)) {
            all.push(change);
            checkpoints.push(whole.position());
          }
        }
        const at = cut % checkpoints.length;
        const from = checkpoints[at];
        if (!from) throw new Error('no checkpoint');
        const finished = Number(from.gtidSet.split('-')[2] ?? 0);
        const resumed = tracker(
          {
            numbering: new ImageNumbering(from.epoch, from.nextSeq),
            open: from.open,
            mappedHash: from.shapeHash,
            sourceTimeMs: from.sourceTimeMs,
          },
          from.gtidSet,
        );
        expect(apply(resumed, history.slice(finished).flat())).toEqual(all.slice(at));
        expect(resumed.position()).toEqual(whole.position());
      }),
    );
  });

  it('keeps the checkpoint while it compares what is already written', () => {
    const first = tracker();
    apply(first, events.slice(0, 3));
    const { open, nextSeq } = first.position();
    const resumed = tracker({ open, numbering: new ImageNumbering(100, nextSeq) });
    apply(resumed, events.slice(0, 2));
    expect(resumed.position()).toMatchObject({ open, nextSeq });
  });

  it.each([
    ['other values', [group(7), rows('c', inserted('x'), inserted('b')), ...events.slice(2)]],
    ['fewer images', [group(7), rows('c', inserted('a')), commit]],
    ['other borders', [group(7), rows('c', inserted('a')), rows('u', updated('b'), updated('c'))]],
    ['another transaction', [group(8), rows('c', inserted('a')), commit]],
  ])('refuses %s with CDC_1006', (_, again) => {
    const first = tracker();
    apply(first, events.slice(0, 3));
    const { open, nextSeq } = first.position();
    const resumed = tracker({ open, numbering: new ImageNumbering(100, nextSeq) });
    expect(() => apply(resumed, again)).toThrow(expect.objectContaining({ code: 'CDC_1006' }));
  });
});
