import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  liveTicketChanges,
  type TicketChange,
} from '../../../../../infra/local/demo-data/live-tickets.ts';
import { seededRandom } from '../../../../../infra/local/demo-data/random.ts';
import {
  generateTickets,
  ticketId,
  type TicketBooks,
  type TicketRow,
} from '../../../../../infra/local/demo-data/tickets.ts';
import { judge } from '../../../../../schemas/datasets/support-tickets/rules.ts';

const july = { firstDay: '2025-07-01' };
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Counts with the pipeline's rules what the generator counted from how it made the rows. */
function booksByRules(rows: readonly TicketRow[]): TicketBooks {
  const books = { read: 0, shown: 0, repeats: 0, quarantined: 0, quarantinedRepeats: 0 };
  const seen = new Set<string>();
  for (const row of rows) {
    const text = JSON.stringify(row);
    const { IssUeCat, ...rest } = row;
    const { accepted } = judge({ ...rest, issue_category: IssUeCat });
    books.read += 1;
    if (seen.has(text)) books[accepted ? 'repeats' : 'quarantinedRepeats'] += 1;
    else books[accepted ? 'shown' : 'quarantined'] += 1;
    seen.add(text);
  }
  return books;
}

describe('generateTickets', () => {
  it('gives the same rows for the same seed, others for another', () => {
    expect(generateTickets({ seed: 7, ...july })).toEqual(generateTickets({ seed: 7, ...july }));
    expect(generateTickets({ seed: 7, ...july }).rows).not.toEqual(
      generateTickets({ seed: 8, ...july }).rows,
    );
  });

  it('keeps books that close and that the rules come to as well', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { rows, books } = generateTickets({ seed, ...july });
        const { read, shown, repeats, quarantined, quarantinedRepeats } = books;
        expect(read).toBe(rows.length);
        expect(shown + repeats + quarantined + quarantinedRepeats).toBe(read);
        expect(booksByRules(rows)).toEqual(books);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the same books by day, status and agent', () => {
    const month = generateTickets({ seed: 3, ...july });
    const days = Object.values(month.booksByDay);
    const total = (field: keyof TicketBooks) => days.reduce((sum, day) => sum + day[field], 0);
    expect(Object.keys(month.booksByDay)).toHaveLength(31);
    for (const field of Object.keys(month.books) as (keyof TicketBooks)[]) {
      expect(total(field)).toBe(month.books[field]);
    }
    for (const counts of [month.shownByStatus, month.shownByAgent]) {
      expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(month.books.shown);
    }
    const { rows } = generateTickets({ seed: 3, ...july, days: 1 });
    expect(month.booksByDay['2025-07-01']?.read).toBe(rows.length);
  });

  it('has CarePlus’ shape: one id a ticket, open means no resolution, in order of creation', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { rows } = generateTickets({ seed, ...july });
        const distinct = [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
        expect(new Set(distinct.map((row) => row.ticket_id)).size).toBe(distinct.length);
        for (const row of distinct) {
          expect(row.resolved_at === null).toBe(row.status === 'Open');
          expect(row.agent_feedback).toBe('');
          expect(row.ticket_id.slice(3, 7)).toBe(row.created_at.slice(5, 10).replace('-', ''));
        }
        const created = rows.map((row) => row.created_at);
        expect(created).toEqual([...created].sort());
        expect(rows.every((row) => (row.resolved_at ?? '') < '2025-08-01')).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('holds every defect of the real table', () => {
    const { rows, books } = generateTickets({ seed: 1, ...july });
    const values = (column: keyof TicketRow) => new Set(rows.map((row) => row[column]));
    expect([...values('priority')].sort()).toEqual(['Hgh', 'High', 'Low', 'Lw', 'Medium', 'Medum']);
    expect(values('num_interactions')).toContain('-999999');
    expect([...values('status')].sort()).toEqual(['Escalated', 'Open', 'Resolved']);
    expect(books.repeats).toBeGreaterThan(0);
    expect(books.quarantinedRepeats).toBeGreaterThan(0);
  });
});

describe('liveTicketChanges', () => {
  const noon = Date.parse('2025-08-01T12:00:00Z');

  function take(count: number, seed = 1, usedIds: Record<string, number> = {}): TicketChange[] {
    const { rows } = generateTickets({ seed, ...july });
    const tickets = rows.filter(({ status }) => status === 'Open');
    const random = seededRandom(seed);
    const begin = { tickets, usedIds };
    const changes = liveTicketChanges({ random, now: () => noon, begin });
    return Array.from({ length: count }, () => changes.next().value);
  }

  it('gives the same changes for the same beginning', () => {
    expect(take(200)).toEqual(take(200));
    expect(take(200)).not.toEqual(take(200, 2));
  });

  it('brings every kind of change', () => {
    const kinds = new Set(take(2000).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'correct',
      'delete',
      'escalate',
      'interaction',
      'new',
      'repeat',
      'reprioritise',
      'resolve',
    ]);
  });

  it('begins from an empty table too', () => {
    const begin = { tickets: [], usedIds: {} };
    const changes = liveTicketChanges({ random: seededRandom(5), now: () => noon, begin });
    expect(changes.next().value.kind).toBe('new');
  });

  it('never gives an id twice, also after a restart', () => {
    const ids = take(1500, 1, { '0801': 40 })
      .filter(({ kind }) => kind === 'new')
      .map((change) => change.ticketId);
    expect(ids[0]).toBe(ticketId(noon, 40));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('writes as many placeholders as values', () => {
    for (const { sql, values } of take(500)) {
      expect(sql.split('?').length - 1).toBe(values.length);
    }
  });
});
