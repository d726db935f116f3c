import { describe, expect, it } from 'vitest';
import { lifeLines } from '../../../../operations/trace/life-lines.ts';
import { beganMs } from '../../../../operations/trace/object-evidence.ts';
import { tracedImage } from '../../../../operations/trace/trace-ticket.ts';
import type { CurrentRow, TicketLife } from '../../../../operations/trace/ticket-life.ts';
import { ticketState, type StoredImage } from '../../../../operations/trace/warehouse-life.ts';

const committedMs = Date.UTC(2025, 6, 1, 10);

const image: StoredImage = {
  ...{ source: 'main.care.tickets', epoch: 7, seq: 12, kind: '+', inSnapshot: false },
  ...{ applied: true, accepted: true, rulesVersion: 1, reasons: null, status: 'Open' },
  ...{ gtid: '0-1-44', committedMs, readAtMs: committedMs + 40, partition: 3, offset: '900' },
};

const row = (condition: CurrentRow['condition']): CurrentRow => ({
  ...{ event_id: 'main.care.tickets:7:12', condition, copies: 1, rules_version: 1 },
  ...{ reasons: condition === 'quarantined' ? 'status:unknown-value' : null, values: {} },
});

describe('what became of a ticket', () => {
  it('is told by the rows that are there, else by what has arrived', () => {
    const applied = [{ applied: true }];
    expect(ticketState([row('superseded'), row('shown')], applied)).toBe('shown');
    expect(ticketState([row('quarantined'), row('superseded')], applied)).toBe('quarantined');
    expect(ticketState([row('unreadable')], applied)).toBe('quarantined');
    expect(ticketState([], applied)).toBe('deleted');
    expect(ticketState([], [{ applied: false }])).toBe('waiting');
  });
});

describe('an image', () => {
  it('carries each hop with its age since the commit', () => {
    const traced = tracedImage(
      image,
      {
        foundIn: 'archive',
        producedMs: committedMs + 60,
        binlog: { file: 'bin.000001', position: 777, row: 0 },
      },
      [{ key: 'support-tickets/processed/a.parquet', batchId: 'b1', loadedMs: committedMs + 3000 }],
    );
    expect(traced).toEqual({
      event_id: 'main.care.tickets:7:12',
      change: 'appeared',
      source: {
        committed_at: '2025-07-01T10:00:00.000Z',
        gtid: '0-1-44',
        binlog: { file: 'bin.000001', position: 777, row: 0 },
        in_snapshot: false,
      },
      read: { at: '2025-07-01T10:00:00.040Z', age_ms: 40 },
      record: {
        ...{ topic: 'careplus.ticket-changes', partition: 3, offset: '900', found_in: 'archive' },
        produced: { at: '2025-07-01T10:00:00.060Z', age_ms: 60 },
      },
      verdict: { outcome: 'accepted', rules_version: 1, reasons: null, status: 'Open' },
      objects: [
        {
          ...{ key: 'support-tickets/processed/a.parquet', batch_id: 'b1' },
          loaded: { at: '2025-07-01T10:00:03.000Z', age_ms: 3000 },
        },
      ],
      applied: true,
    });
  });

  it('says what is not known, and tells unreadable from quarantined', () => {
    const lost = tracedImage(
      { ...image, kind: 'X', accepted: false, rulesVersion: 0 },
      undefined,
      [],
    );
    expect(lost).toMatchObject({
      change: 'unreadable',
      verdict: { outcome: 'unreadable' },
      objects: [],
    });
    expect(lost.record).toMatchObject({ found_in: null, produced: null });
    expect(tracedImage({ ...image, partition: null }, undefined, []).record).toBeNull();
    expect(tracedImage({ ...image, accepted: false }, undefined, []).verdict.outcome).toBe(
      'quarantined',
    );
  });
});

describe('for a person', () => {
  const life: TicketLife = {
    ...{ ticket_id: 'T1', state: 'quarantined', rows: [row('quarantined')], images_total: 2 },
    images: [tracedImage({ ...image, applied: false }, undefined, [])],
    ...{ log_entries: [], log_entries_total: 0 },
  };

  it('the first line says what became of it, and nothing that is left out is hidden', () => {
    const lines = lifeLines(life);
    expect(lines[0]).toBe('T1 is in quarantine and not shown');
    expect(lines[1]).toContain('status:unknown-value');
    expect(lines[2]).toBe('2 changes, the newest 1 of them');
    expect(lines[3]).toContain('(waits)');
    expect(lines.join('\n')).toContain('in neither topic nor archive');
    expect(lines.join('\n')).toContain('object   not found');
  });
});

it('the name of an object tells when it began', () => {
  const key = 'support-tickets/processed/dt=2025-07-01/hour=10/s-1-2025-07-01-10-00-03-ab.parquet';
  expect(beganMs(key)).toBe(committedMs + 3000);
  expect(beganMs('support-tickets/processed/other.parquet')).toBeUndefined();
});
