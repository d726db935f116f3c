import { beforeAll, describe, expect, it } from 'vitest';
import {
  logBooks,
  logMeasures,
  measureSql,
  ticketBooks,
  ticketMeasures,
  type Measure,
} from '../../../schemas/measures.ts';
import { filterSql, noFilter, ticketFilters } from '../../../dashboards/web/figures/filters.ts';
import { assembleLogFigures, logQueries } from '../../../dashboards/web/figures/log-figures.ts';
import {
  assemblePipeline,
  pipelineQueries,
} from '../../../dashboards/web/figures/pipeline-figures.ts';
import { createQuarantinePages } from '../../../dashboards/web/lists/quarantine-pages.ts';
import { assembleFigures, ticketQueries } from '../../../dashboards/web/figures/ticket-figures.ts';
import { createRedshiftWarehouse } from '../../../dashboards/web/figures/warehouse.ts';
import { EPOCH, SOURCE, startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

const { signal } = new AbortController();

const everything = filterSql(ticketFilters, noFilter);
let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
  return () => warehouse.close();
}, 60_000);

async function readFigures() {
  const page = createRedshiftWarehouse(warehouse.api);
  return assembleFigures(await page.readTogether(ticketQueries(everything), { signal }));
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
      ticketMeasures.map(({ name }) => [name, measures[name]?.value]),
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
    // Up to a minute: 30 s; up to two: 91 s.
    expect(measures['p50_resolution_minutes']?.value).toBe(1);
    expect(measures['p90_resolution_minutes']?.value).toBe(2);
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

describe('measures of the logs', () => {
  const page = () => createRedshiftWarehouse(warehouse.api);
  const read = async () =>
    assembleLogFigures(await page().readTogether(logQueries(everything), { signal }));

  it('are those that a person counts, and the same by each SQL twin alone', async () => {
    await warehouse.putLogEntries([
      { message: 'first', logged: '2025-07-01T00:21:00Z', copies: 2, response_time_ms: 1_000 },
      {
        message: 'second',
        logged: '2025-07-01T00:59:59Z',
        ticket_id: 'T2',
        log_level: 'ERROR',
        is_error: 1,
        response_time_ms: 499,
        cpu_percent_hundredths: 10_000,
      },
      {
        message: 'third',
        logged: '2025-07-02T23:00:00Z',
        ticket_id: null,
        component: 'careplus.other',
        response_time_ms: null,
        cpu_percent_hundredths: null,
      },
      { message: 'bad', copies: 3, accepted: 0, reasons: 'response_time_ms:negative' },
      { message: 'x', copies: 1, accepted: 0, reasons: 'block:unreadable', rules_version: 0 },
    ]);
    const { measures, breakdowns, quarantine, books, slowest, newest, frontiers } = await read();
    const values = Object.entries(measures).map(([name, { value }]) => [name, value]);
    expect(Object.fromEntries(values)).toEqual({
      log_entries: 3,
      logged_tickets: 2,
      log_errors: 1,
      error_rate: 1 / 3,
      // 1,000 and 499 over the two that have one.
      mean_response_ms: 749.5,
      // The upper edges of 499 and 1,000.
      p50_response_ms: 500,
      p95_response_ms: 1_000,
      p99_response_ms: 1_000,
      // 27.64 % and 100 %.
      mean_cpu_percent: (2_764 + 10_000) / 2 / 100,
      logs_quarantined: 2,
    });
    const pairs = (name: string) => breakdowns[name]?.map(({ label, value }) => [label, value]);
    expect(pairs('logs_by_level')).toEqual([
      ['INFO', 2],
      ['ERROR', 1],
    ]);
    expect(pairs('logs_by_hour')).toEqual([
      ['0', 2],
      ['23', 1],
    ]);
    expect(pairs('logs_by_day')).toEqual([
      ['2025-07-02', 1],
      ['2025-07-01', 2],
    ]);
    expect(pairs('logs_by_response_range')).toEqual([
      [null, 1],
      ['0-499 ms', 1],
      ['1000-1499 ms', 1],
    ]);
    expect(pairs('error_rate_by_component')).toEqual([
      ['careplus.support', 1 / 2],
      ['careplus.other', 0],
    ]);
    expect(quarantine).toEqual([
      { reasons: 'block:unreadable', count: 1 },
      { reasons: 'response_time_ms:negative', count: 1 },
    ]);
    // 8 = 3 + 1 + 1 + 2 + 1
    expect(books).toEqual({
      read: 8,
      shown: 3,
      repeats: 1,
      superseded: 0,
      quarantined: 1,
      quarantined_repeats: 2,
      dead_lettered: 1,
    });
    expect(slowest.map(({ message }) => message)).toEqual(['first', 'second']);
    expect(newest.map(({ message }) => message)).toEqual(['third', 'second', 'first']);
    expect(frontiers).toEqual([
      { source: 'app-1', epoch: 0, seq: 800, committedMs: 1_760_000_000_000 },
    ]);

    for (const measure of [...logMeasures, ...logBooks] as readonly Measure[]) {
      const { rows } = await warehouse.api.query(measureSql(measure), { signal });
      const figure = measures[measure.name] ?? {
        numerator: books[measure.name.replace('log_books_', '') as keyof typeof books],
        denominator: null,
      };
      const { numerator, denominator } = rows[0] ?? {};
      expect([measure.name, Number(numerator)]).toEqual([measure.name, figure.numerator]);
      expect(denominator === undefined ? null : Number(denominator)).toBe(figure.denominator);
    }
  });

  it('stand beside those of the tickets on the pipeline page', async () => {
    await warehouse.database.query(
      `INSERT INTO ops.verifications VALUES
         ('tickets', TIMESTAMP '2025-07-02 10:00:00', 1, '{"differences_total":0}'),
         ('tickets', TIMESTAMP '2025-07-02 11:00:00', 0, '{"differences_total":2}'),
         ('other', TIMESTAMP '2025-07-03 11:00:00', 1, 'no JSON')`,
    );
    const { tickets, logs } = assemblePipeline(
      await page().readTogether(pipelineQueries(), { signal }),
    );
    expect(tickets.verification).toEqual({
      verifiedAtMs: Date.UTC(2025, 6, 2, 11),
      ok: false,
      differences: 2,
    });
    expect(logs.verification).toBeNull();
    expect(tickets.books.read).toBe(12);
    expect(logs.books.read).toBe(8);
    for (const { books, days } of [tickets, logs]) {
      const sum = days.reduce((total, day) => total + day.read, 0);
      expect(sum).toBe(books.read);
    }
    expect(logs.days.map(({ day, shown }) => [day, shown])).toEqual([
      ['2025-07-02', 1],
      ['2025-07-01', 2],
    ]);
    expect(logs.quarantine).toContainEqual({ reasons: 'response_time_ms:negative', count: 1 });
  });

  it('leave what is set aside to be looked at, page by page, by dataset and by reason', async () => {
    const pages = createQuarantinePages(page());
    const readPage = (filter: Partial<Parameters<typeof pages.read>[0]>) =>
      pages.read({ dataset: null, reason: null, page: 1, ...filter }, { state: '1', signal });
    const all = await readPage({});
    expect([all.total, all.rows.length]).toEqual([6, 6]);
    const logs = await readPage({ dataset: 'logs', reason: 'response_time_ms:negative' });
    expect(logs).toMatchObject({
      total: 1,
      rows: [{ dataset: 'logs', copies: 3, original: 'bad', original_encoding: 'utf8' }],
    });
    // One reason of a list counts, a part of one does not.
    expect((await readPage({ reason: 'agent:missing' })).total).toBe(1);
    expect((await readPage({ reason: 'missing' })).total).toBe(0);
    expect((await readPage({ page: 2 })).rows).toEqual([]);
  });
});
