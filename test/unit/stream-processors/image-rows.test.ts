import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import type { RawImage } from '../../../schemas/datasets/dataset.ts';
import { imageRowColumns, ORIGINAL_MAX_BYTES } from '../../../schemas/image-row.ts';
import { changeHeaders } from '../../../schemas/row-change.ts';
import { readChangeNumbers } from '../../../stream-processors/tables/change-headers.ts';
import {
  imageRows,
  placeholderRow,
  unreadableRows,
} from '../../../stream-processors/tables/image-rows.ts';
import { fitText } from '../../../stream-processors/text-limits.ts';

const ticket: RawImage = {
  ticket_id: 'T1',
  created_at: '2025-07-01 00:13',
  resolved_at: null,
  agent: 'Ada',
  priority: 'Hgh',
  num_interactions: '7',
  issue_category: 'Bug Report',
  channel: 'Chat',
  status: 'Open',
};
const evidence = { partition: 2, offset: 9, gtid: '0-1-5', committedMs: 1_000, readAtMs: 2_000 };
const numbers = {
  source: 's.db.t',
  epoch: 5,
  seq: 7,
  images: 1,
  op: 'c',
  transactionEnd: true,
} as const;

describe('image rows', () => {
  it('gives an accepted image its clean columns', () => {
    const [row, ...rest] = imageRows(
      supportTickets,
      numbers,
      { before: null, after: ticket },
      evidence,
    );
    expect(rest).toEqual([]);
    expect(row).toMatchObject({
      source: 's.db.t',
      epoch: 5,
      seq: 7,
      tx_end: 1,
      kind: '+',
      accepted: 1,
      priority: 'High',
      num_interactions: 7,
      created_at_ms: Date.UTC(2025, 6, 1, 0, 13),
      resolved_at_ms: null,
      book_day: '2025-07-01',
    });
    expect(row).not.toHaveProperty('original');
  });

  it('numbers the two images of an update and ends the transaction at the second', () => {
    const after = { ...ticket, status: 'Escalated' };
    const rows = imageRows(
      supportTickets,
      { ...numbers, op: 'u', images: 2 },
      { before: ticket, after },
      evidence,
    );
    expect(rows.map(({ kind, seq, tx_end, status }) => [kind, seq, tx_end, status])).toEqual([
      ['-', 7, 0, 'Open'],
      ['+', 8, 1, 'Escalated'],
    ]);
  });

  it('keeps the original of a quarantined image, cut with its true length', () => {
    const agent = 'ä'.repeat(20_000);
    const raw = { ...ticket, agent, num_interactions: '-1' };
    const [row] = imageRows(supportTickets, numbers, { before: null, after: raw }, evidence);
    expect(row).toMatchObject({
      accepted: 0,
      reasons: 'num_interactions:negative-count',
      ticket_id: 'T1',
      original_bytes: Buffer.byteLength(JSON.stringify(raw)),
    });
    expect(Buffer.byteLength(String(row?.['original']))).toBeLessThanOrEqual(ORIGINAL_MAX_BYTES);
  });

  it('leaves a numbered marker for each image that cannot be read', () => {
    const rows = unreadableRows(supportTickets, { ...numbers, op: 'u', images: 2 }, 'T1', evidence);
    expect(rows.map(({ kind, seq, tx_end, image_id }) => [kind, seq, tx_end, image_id])).toEqual([
      ['X', 7, 0, 'x:7'],
      ['X', 8, 1, 'x:8'],
    ]);
    const [readable] = imageRows(
      supportTickets,
      numbers,
      { before: null, after: ticket },
      evidence,
    );
    expect(rows[0]?.['key_hash']).toBe(readable?.['key_hash']);
  });

  it('needs no body for a barrier and a snapshot end', () => {
    for (const [op, kind] of [
      ['t', 'T'],
      ['e', 'E'],
    ] as const) {
      expect(unreadableRows(supportTickets, { ...numbers, op }, 's.db.t', evidence)).toEqual(
        imageRows(supportTickets, { ...numbers, op }, { before: null, after: null }, evidence),
      );
      const [row] = unreadableRows(supportTickets, { ...numbers, op }, null, evidence);
      expect(row?.['kind']).toBe(kind);
    }
  });

  it('writes only columns that the lake has, within their widths, whatever the row holds', () => {
    const columns = new Map(imageRowColumns(supportTickets).map((c) => [c.name, c.warehouseType]));
    const anyText = fc.option(fc.string({ unit: 'binary', maxLength: 400 }), { nil: null });
    const anyRow = fc.record(
      Object.fromEntries(supportTickets.mapping.map(({ field }) => [field, anyText])),
    );
    fc.assert(
      fc.property(anyRow, (raw) => {
        const rows = imageRows(supportTickets, numbers, { before: null, after: raw }, evidence);
        for (const [name, value] of rows.flatMap((row) => Object.entries(row))) {
          const type = columns.get(name);
          expect(type, name).toBeDefined();
          const width = /^VARCHAR\((\d+)\)$/.exec(type ?? '')?.[1];
          if (width === undefined || value === null) continue;
          expect(Buffer.byteLength(String(value)), name).toBeLessThanOrEqual(Number(width));
          expect(String(value)).not.toContain('\0');
        }
      }),
    );
  });
});

describe('change headers', () => {
  const good = {
    [changeHeaders.source]: 's.db.t',
    [changeHeaders.epoch]: '5',
    [changeHeaders.seq]: '7',
    [changeHeaders.images]: '1',
    [changeHeaders.kind]: 'c',
    [changeHeaders.transactionEnd]: '1',
  };

  it('reads what the reader writes', () => {
    expect(readChangeNumbers(good)).toEqual(numbers);
  });

  it.each([
    ['no headers', undefined],
    ['no source', { ...good, [changeHeaders.source]: '' }],
    ['a sequence that is no number', { ...good, [changeHeaders.seq]: '7x' }],
    ['number zero', { ...good, [changeHeaders.seq]: '0' }],
    ['an unknown kind', { ...good, [changeHeaders.kind]: 'z' }],
    ['one image of an update', { ...good, [changeHeaders.kind]: 'u' }],
    ['two images of an insert', { ...good, [changeHeaders.images]: '2' }],
    ['a header given twice', { ...good, [changeHeaders.seq]: ['7', '8'] }],
  ])('refuses %s', (_, headers) => {
    expect(readChangeNumbers(headers)).toBeUndefined();
  });
});

describe('fitting a text', () => {
  it('cuts between characters and tells the true length', () => {
    expect(fitText('aä€😀', 6)).toEqual({ text: 'aä€', cutFromBytes: 10 });
    expect(fitText('aä€😀', 5)).toEqual({ text: 'aä', cutFromBytes: 10 });
    expect(fitText('aä€😀', 10)).toEqual({ text: 'aä€😀' });
  });

  it('replaces NUL, which no warehouse stores', () => {
    expect(fitText('a\0b', 100)).toEqual({ text: 'a\ufffdb' });
  });

  it('never exceeds the width and never breaks a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, width) => {
        const { text: fitted, cutFromBytes } = fitText(text, width);
        expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(width);
        if (cutFromBytes !== undefined) expect(cutFromBytes).toBeGreaterThan(width);
        expect(text.replaceAll('\0', '\ufffd').toWellFormed()).toContain(fitted.toWellFormed());
      }),
    );
  });
});

describe('the placeholder of a row that the lake refuses', () => {
  it('keeps number, key and evidence of an image, and nothing of what may be refused', () => {
    const update = { ...numbers, op: 'u', images: 2 } as const;
    const rows = imageRows(supportTickets, update, { before: ticket, after: ticket }, evidence);
    const placeholders = rows.map((row) => placeholderRow(supportTickets, row));
    expect(placeholders).toMatchObject([
      { source: 's.db.t', epoch: 5, seq: 7, tx_end: 0, kind: 'X', key_hash: rows[0]?.['key_hash'] },
      { source: 's.db.t', epoch: 5, seq: 8, tx_end: 1, kind: 'X', key_hash: rows[1]?.['key_hash'] },
    ]);
    expect(placeholders[1]).toMatchObject({
      ...{ image_id: 'x:8', rules_version: 0, accepted: 0, reasons: 'record:refused' },
      ...{ ticket_id: 'T1', gtid: '0-1-5', kafka_partition: 2, kafka_offset: 9 },
    });
    const lake = new Set(imageRowColumns(supportTickets).map(({ name }) => name));
    const columns = placeholders.flatMap((row) => Object.keys(row ?? {}));
    expect(columns.filter((column) => !lake.has(column))).toEqual([]);
    expect(JSON.stringify(placeholders)).not.toContain('Ada');
  });

  it('is none for what does something: a barrier, or the end of a snapshot', () => {
    for (const op of ['t', 'e'] as const) {
      const [row = {}] = imageRows(
        supportTickets,
        { ...numbers, op },
        { before: null, after: null },
        evidence,
      );
      expect(placeholderRow(supportTickets, row)).toBeUndefined();
    }
  });
});
