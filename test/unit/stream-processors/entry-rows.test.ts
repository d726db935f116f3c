import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { ORIGINAL_MAX_BYTES } from '../../../schemas/image-row.ts';
import { logRangeKinds, type LogRange } from '../../../schemas/log-entries.ts';
import { logRowColumns } from '../../../schemas/log-row.ts';
import { entryRows, placeholderRow } from '../../../stream-processors/logs/entry-rows.ts';
import { block, entryText, filler, range } from './log-blocks.ts';

const record = { partition: 1, offset: 2 };

function rowOf(one: LogRange) {
  const [row, ...rest] = entryRows(supportLogs, block([one]), record);
  expect(rest).toEqual([]);
  return row ?? {};
}

describe('the row of a log range', () => {
  it('holds the clean columns of an accepted entry and no original', () => {
    const row = rowOf(range(7, entryText()));
    expect(row).toMatchObject({
      ...{ kind: 'E', accepted: 1, rules_version: supportLogs.rulesVersion },
      logged_at_ms: Date.UTC(2025, 2, 4, 5, 6, 7),
      sort_ms: Date.UTC(2025, 2, 4, 5, 6, 7),
      ...{ log_level: 'INFO', cpu_percent_hundredths: 750, is_error: 1, trace_id: null },
      book_day: '2025-03-04',
    });
    expect(row['original']).toBeUndefined();
  });

  it('holds a quarantined entry as it stood, with its ticket and day', () => {
    const text = entryText({ responseTime: '-4ms' });
    expect(rowOf(range(0, text))).toMatchObject({
      ...{ accepted: 0, reasons: 'response_time_ms:negative', ticket_id: 'T-9' },
      ...{ original: text, original_encoding: 'utf8', original_bytes: text.length },
      ...{ book_day: '2025-03-04', sort_ms: Date.UTC(2025, 2, 4, 5, 6, 7) },
    });
  });

  it.each([
    [
      'bytes that are no UTF-8',
      Buffer.from([...Buffer.from(entryText()), 0xff]),
      'entry:invalid-utf8',
    ],
    ['NUL', Buffer.from('2025-03-04 05:06:07 \0'), 'entry:unparsable'],
  ])('keeps %s in base64', (_, bytes, reasons) => {
    const row = rowOf(range(0, bytes));
    expect(row).toMatchObject({ reasons, original_encoding: 'base64', book_day: '2025-03-04' });
    expect(Buffer.from(String(row['original']), 'base64')).toEqual(bytes);
  });

  it('cuts a long original and tells its length', () => {
    const bad = `${entryText().slice(0, -4)} ${'é'.repeat(40_000)}`;
    const text = rowOf(range(0, bad));
    expect(Buffer.byteLength(String(text['original']))).toBe(ORIGINAL_MAX_BYTES - 1);
    const bytes = rowOf(range(0, Buffer.concat([Buffer.from(bad), Buffer.of(0xff)])));
    expect(String(bytes['original'])).toHaveLength(ORIGINAL_MAX_BYTES);
    expect(bytes['original_bytes']).toBe(Buffer.byteLength(bad) + 1);
  });

  it('does not judge what is no whole entry', () => {
    const text = entryText();
    expect(rowOf(range(0, text, { truncated: true, length: 900_000 }))).toMatchObject({
      ...{ reasons: 'entry:too-long', original_bytes: 900_000, original_encoding: 'utf8' },
    });
    const inside = Buffer.from(`${text}é`).subarray(0, -1);
    expect(rowOf(range(0, inside, { truncated: true, length: 900_000 }))).toMatchObject({
      ...{ reasons: 'entry:too-long', original: text },
    });
    expect(rowOf(range(0, text, { kind: 'head' }))).toMatchObject({
      ...{ kind: 'E', accepted: 0, reasons: 'entry:cut-by-rotation' },
    });
    expect(rowOf(range(0, 'TraceID=None\n---\n', { kind: 'continued' }))).toMatchObject({
      ...{ kind: 'E', reasons: 'entry:unparsable,entry:continued' },
    });
  });

  it('covers the second part of an entry and filler, and judges neither', () => {
    expect(rowOf(range(0, '=None\n---\n', { kind: 'tail' }))).toMatchObject({
      ...{ kind: 'P', accepted: 0, original: '=None\n---\n', entry_id: '0'.padStart(32, 'a') },
    });
    expect(rowOf(filler(5, 2))).toMatchObject({ kind: 'F', pos: 5, len: 2, entry_id: '' });
  });

  it('fits the lake whatever the bytes are', () => {
    const columns = new Map(logRowColumns(supportLogs).map((column) => [column.name, column]));
    const piece = fc.constantFrom('"', '|', '=', '\n', '\0', 'é', '😀', ' Message="', 'TicketID=');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
      fc
        .array(fc.oneof(piece, fc.string()), { maxLength: 60 })
        .map((parts) => Buffer.from(entryText().replace('paid', () => parts.join('').repeat(30)))),
    );
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom(...logRangeKinds),
        fc.boolean(),
        (text, kind, truncated) => {
          for (const [name, value] of Object.entries(rowOf(range(0, text, { kind, truncated })))) {
            const column = columns.get(name);
            expect(column, name).toBeDefined();
            if (value === null || column === undefined) continue;
            expect(typeof value).toBe(column.glueType === 'string' ? 'string' : 'number');
            if (typeof value !== 'string') continue;
            expect(value).not.toContain('\0');
            const width = Number(/\d+/.exec(column.warehouseType)?.[0]);
            expect(Buffer.byteLength(value), name).toBeLessThanOrEqual(width);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the placeholder of a row that the lake refuses', () => {
  it('covers the range of an entry and holds nothing of it', () => {
    const row = rowOf(range(7, entryText()));
    expect(placeholderRow(row)).toEqual({
      ...{ host: 'web-1', generation: '1741064767000-f00d', generation_start: 0, pos: 7 },
      ...{ len: entryText().length, kind: 'X', entry_id: '', rules_version: 0, accepted: 0 },
      ...{ sort_ms: 0, reasons: 'record:refused', book_day: 'unknown', read_at_ms: 6_000 },
      ...{ kafka_partition: 1, kafka_offset: 2 },
    });
  });

  it('is none for filler, in which nothing could be refused', () => {
    expect(placeholderRow(rowOf(filler(0, 3)))).toBeUndefined();
  });
});
