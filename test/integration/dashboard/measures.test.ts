import { beforeAll, describe, expect, it } from 'vitest';
import {
  measureSql,
  ticketBooks,
  ticketMeasures,
  type Measure,
} from '../../../schemas/measures.ts';
import { assembleFigures, ticketQueries } from '../../../dashboards/web/measure-queries.ts';
import { createRedshiftWarehouse } from '../../../dashboards/web/warehouse.ts';
import { EPOCH, SOURCE, startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();

let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
  return () => warehouse.close();
}, 60_000);

async function readFigures() {
  const page = createRedshiftWarehouse(warehouse.api);
  return assembleFigures(await page.readTogether(ticketQueries(), { signal }));
}

describe('measures over the warehouse', () => {
  it('of an empty warehouse are zero or nothing', async () => {
    const { measures, breakdowns, books, quarantine, recent, frontiers } = await readFigures();
    for (const { name, sql } of ticketMeasures) {
      const ratio = 'denominator' in sql;
      expect(measures[name]).toEqual({
        value: ratio ? null : 0,
        numerator: 0,
        denominator: ratio ? 0 : null,
      });
    }
    expect(Object.values(breakdowns).flat()).toEqual([]);
    expect(new Set(Object.values(books))).toEqual(new Set([0]));
    expect([quarantine, recent]).toEqual([[], []]);
    expect(frontiers).toEqual([
      { source: SOURCE, epoch: EPOCH, seq: 41, committedMs: 1_760_000_000_000 },
    ]);
  });

  it('are those that a person counts', async () => {
    const unknownPriority = { accepted: 0, reasons: 'priority:unknown-value' } as const;
    await warehouse.putRows([
      {
        ticket_id: 'T1',
        copies: 3,
        status: 'Resolved',
        num_interactions: 4,
        resolved: '2025-07-01T10:00:30Z',
      },
      {
        ticket_id: 'T2',
        priority: 'Low',
        channel: 'Chat',
        issue_category: 'Login',
        created: '2025-07-01T23:59:59Z',
      },
      {
        ticket_id: 'T3',
        agent: 'Kim',
        status: 'Escalated',
        priority: 'Low',
        num_interactions: 5,
        created: '2025-07-02T00:00:00Z',
        resolved: '2025-07-02T00:01:31Z',
      },
      // An earlier state of T3, twice: one superseded row and its repeat.
      { ticket_id: 'T3', is_latest: 0, copies: 2, agent: 'Nobody', num_interactions: 500 },
      { ticket_id: 'T4', copies: 2, ...unknownPriority },
      { ticket_id: 'T5', ...unknownPriority },
      { ticket_id: 'T6', accepted: 0, reasons: 'agent:missing,status:missing' },
      { ticket_id: null, accepted: 0, rules_version: 0, reasons: 'unreadable' },
      // Neither is there: a row that went too often, and one of an epoch that is over.
      { ticket_id: 'T7', copies: -1, num_interactions: 500 },
      { ticket_id: 'T8', epoch: EPOCH - 1, num_interactions: 500 },
    ]);
    const { measures, breakdowns, books, quarantine, recent } = await readFigures();

    const values = Object.fromEntries(
      Object.entries(measures).map(([name, { value }]) => [name, value]),
    );
    expect(values).toEqual({
      tickets_shown: 3,
      tickets_resolved: 1,
      tickets_open: 1,
      tickets_escalated: 1,
      agents: 2,
      resolution_rate: 1 / 3,
      // 4 + 1 + 5; neither repeats nor the superseded row weigh.
      mean_interactions: 10 / 3,
      // 30 s and 91 s: whole minutes, or an average of integers, would say 1 or 0.
      mean_resolution_minutes: 121 / 2 / 60,
      tickets_quarantined: 4,
    });
    const pairs = (name: string) => breakdowns[name]?.map(({ label, value }) => [label, value]);
    expect(pairs('tickets_by_agent')).toEqual([
      ['Ann', 2],
      ['Kim', 1],
    ]);
    expect(pairs('tickets_by_status')).toEqual([
      ['Escalated', 1],
      ['Open', 1],
      ['Resolved', 1],
    ]);
    expect(pairs('tickets_by_priority')).toEqual([
      ['Low', 2],
      ['High', 1],
    ]);
    expect(pairs('tickets_by_channel')).toEqual([
      ['Email', 2],
      ['Chat', 1],
    ]);
    expect(pairs('tickets_by_issue_category')).toEqual([
      ['Bug', 2],
      ['Login', 1],
    ]);
    expect(pairs('tickets_by_day')).toEqual([
      ['2025-07-02', 1],
      ['2025-07-01', 2],
    ]);
    expect(pairs('resolution_rate_by_channel')).toEqual([
      ['Email', 1 / 2],
      ['Chat', 0],
    ]);
    expect(breakdowns['resolution_minutes_by_priority']).toEqual([
      { label: 'High', value: 0.5, numerator: 30, denominator: 1 },
      { label: 'Low', value: 91 / 60, numerator: 91, denominator: 1 },
    ]);
    expect(breakdowns['resolution_minutes_by_issue_category']).toEqual([
      { label: 'Bug', value: 121 / 2 / 60, numerator: 121, denominator: 2 },
      { label: 'Login', value: null, numerator: 0, denominator: 0 },
    ]);
    expect(quarantine).toEqual([
      { reasons: 'priority:unknown-value', count: 2 },
      { reasons: 'agent:missing,status:missing', count: 1 },
      { reasons: 'unreadable', count: 1 },
    ]);
    // 12 = 3 + 3 + 1 + 3 + 1 + 1
    expect(books).toEqual({
      read: 12,
      shown: 3,
      repeats: 3,
      superseded: 1,
      quarantined: 3,
      quarantined_repeats: 1,
      dead_lettered: 1,
    });
    expect(recent.map(({ ticket_id, created_at }) => [ticket_id, created_at])).toEqual([
      ['T3', '2025-07-02 00:00:00'],
      ['T2', '2025-07-01 23:59:59'],
      ['T1', '2025-07-01 10:00:00'],
    ]);
    expect(recent[0]).toEqual({
      ticket_id: 'T3',
      created_at: '2025-07-02 00:00:00',
      resolved_at: '2025-07-02 00:01:31',
      agent: 'Kim',
      priority: 'Low',
      num_interactions: 5,
      issue_category: 'Bug',
      channel: 'Email',
      status: 'Escalated',
    });
  });

  it('are the same by each SQL twin alone as in the one query of the page', async () => {
    const { measures, books } = await readFigures();
    const catalogue: readonly Measure[] = [...ticketMeasures, ...ticketBooks];
    for (const measure of catalogue) {
      const { rows } = await warehouse.api.query(measureSql(measure), { signal });
      const figure = measures[measure.name] ?? {
        numerator: books[measure.name.replace('books_', '') as keyof typeof books],
        denominator: null,
      };
      expect([measure.name, Number(rows[0]?.['numerator'])]).toEqual([
        measure.name,
        figure.numerator,
      ]);
      const denominator = rows[0]?.['denominator'];
      expect(denominator === undefined ? null : Number(denominator)).toBe(figure.denominator);
    }
  });

  it('are of one state, whatever is committed between the queries', async () => {
    const writing = new AbortController();
    const move = (status: string, copies: number) =>
      `UPDATE careplus.ticket_state SET status = '${status}', copies = ${copies} WHERE ticket_id = 'T2'`;
    const writer = (async () => {
      let moves = 0;
      for (; !writing.signal.aborted; moves += 1) {
        await warehouse.loader.query(moves % 2 === 0 ? move('Resolved', -1) : move('Open', 1));
      }
      return moves;
    })();
    const seen = new Set<number>();
    for (let read = 0; read < 40; read += 1) {
      const { measures, breakdowns, books, recent } = await readFigures();
      const shown = measures['tickets_shown']?.value ?? NaN;
      seen.add(shown);
      expect(books.shown).toBe(shown);
      expect(recent).toHaveLength(shown);
      const agents = breakdowns['tickets_by_agent'] ?? [];
      expect(agents.reduce((sum, { numerator }) => sum + numerator, 0)).toBe(shown);
    }
    writing.abort();
    expect(await writer).toBeGreaterThan(40);
    expect(seen).toEqual(new Set([2, 3]));
    await warehouse.loader.query(move('Open', 1));
  });
});
