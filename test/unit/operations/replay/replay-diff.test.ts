import { describe, expect, it } from 'vitest';
import { createDiffSink } from '../../../../operations/replay/replay-diff.ts';
import type { DataApi, WarehouseRow } from '../../../../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../../../../schemas/datasets/any-dataset.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import type { LakeRow } from '../../../../stream-processors/batch-processor.ts';
import { byteNumbers } from '../../../../stream-processors/logs/byte-numbers.ts';
import { imageNumbers } from '../../../../stream-processors/tables/image-numbers.ts';

const signal = new AbortController().signal;

/** A warehouse that answers by what a query reads from. */
function warehouse(answers: Readonly<Record<string, readonly WarehouseRow[]>>) {
  const queries: string[] = [];
  const query = async (sql: string) => {
    queries.push(sql);
    const [, rows = []] = Object.entries(answers).find(([part]) => sql.includes(part)) ?? [];
    return { columns: [], rows };
  };
  return { api: { query } as unknown as DataApi, queries };
}

async function diffOf(
  dataset: AnyDataset,
  answers: Readonly<Record<string, readonly WarehouseRow[]>>,
  rows: readonly LakeRow[],
) {
  const { api, queries } = warehouse(answers);
  const numbering = dataset.shortName === 'logs' ? byteNumbers : imageNumbers;
  const sink = createDiffSink(api, dataset, numbering);
  await sink.take(rows, signal);
  return { diff: await sink.finish(signal), queries };
}

describe('what a replay of a table would change', () => {
  const frontier = { source: 's', epoch: 7, seq: 100, shown: 1 };
  const row = (seq: number, verdict: LakeRow): LakeRow => ({
    ...{ source: 's', epoch: 7, seq, kind: '+', rules_version: 1 },
    ...verdict,
  });
  /** An image that is the live row of its content, and the latest of its ticket. */
  const old = (seq: number, verdict: WarehouseRow): WarehouseRow => ({
    ...{ seq, image_id: `i${seq}`, is_latest: 1, rules_version: 0.5, reasons: null },
    ...{ agent: 'Ada', num_interactions: 10 },
    ...verdict,
  });
  const diffOfImages = (older: readonly WarehouseRow[], rows: readonly LakeRow[]) =>
    diffOf(supportTickets, { ticket_changes: older, ticket_frontier: [frontier] }, rows);

  it('is told by kind and reason, with the figures that move', async () => {
    const good = { accepted: 1, agent: 'Ada', num_interactions: 10 };
    const { diff } = await diffOfImages(
      [
        ...[1, 2, 3, 4].map((seq) => old(seq, { accepted: 0, reasons: 'status:unknown-value' })),
        old(5, { accepted: 1 }),
        old(6, { accepted: 0, reasons: 'a:missing' }),
        old(7, { accepted: 1 }),
        old(8, { accepted: 0, rules_version: 0, reasons: 'record:unreadable' }),
        old(9, { accepted: 1 }),
      ],
      [
        ...[1, 2, 3, 4].map((seq) => row(seq, good)),
        row(5, { accepted: 0, reasons: 'agent:missing' }),
        row(6, { accepted: 0, reasons: 'b:missing' }),
        row(7, { ...good, agent: 'Eve', num_interactions: 13 }),
        row(8, good),
        row(9, good),
      ],
    );
    expect(diff).toEqual({
      changes: [
        {
          ...{ change: 'accepted', what: 'status:unknown-value', rows: 4, events: 4 },
          examples: ['s:7:1', 's:7:2', 's:7:3'],
        },
        {
          ...{ change: 'quarantined', what: 'agent:missing', rows: 1, events: 1 },
          examples: ['s:7:5'],
        },
        {
          ...{ change: 'reasons', what: 'a:missing → b:missing', rows: 1, events: 1 },
          examples: ['s:7:6'],
        },
        {
          ...{ change: 'values', what: 'agent,num_interactions', rows: 1, events: 1 },
          examples: ['s:7:7'],
        },
        { change: 'readable', what: 'accepted', rows: 1, events: 1, examples: ['s:7:8'] },
      ],
      // Four tickets come with 10 each, one goes with 10, one has 3 more.
      figures: { shown: 3, quarantined: -3, sums: { num_interactions: 33 } },
      not_in_warehouse: 0,
      unchanged: 1,
    });
  });

  it('counts a row once that many images tell, and history that no row has any more', async () => {
    const reasons = 'agent:missing';
    const { diff } = await diffOfImages(
      [
        old(1, { accepted: 0, reasons, image_id: 'same' }),
        old(2, { accepted: 0, reasons, image_id: 'same' }),
        old(3, { accepted: 0, reasons, is_latest: null }),
        old(4, { accepted: 0, reasons, is_latest: 0 }),
      ],
      [1, 2, 3, 4].map((seq) => row(seq, { accepted: 1, agent: 'Ada', num_interactions: 1 })),
    );
    expect(diff).toMatchObject({
      changes: [{ rows: 2, events: 4, examples: ['s:7:1', 's:7:3', 's:7:4'] }],
      // The one that is not the latest of its ticket leaves quarantine, but is superseded.
      figures: { shown: 1, quarantined: -2, sums: { num_interactions: 1 } },
    });
  });

  it('is nothing where the same rules judged, and what is above the frontier comes anew', async () => {
    const { diff } = await diffOfImages(
      [],
      [1, 100, 101].map((seq) => row(seq, { accepted: 1 })),
    );
    expect(diff).toMatchObject({ changes: [], not_in_warehouse: 1, unchanged: 2 });
  });

  it('is nothing for what was readable once and is not now', async () => {
    const { diff } = await diffOfImages(
      [old(1, { accepted: 1 })],
      [row(1, { kind: 'X', accepted: 0, rules_version: 0, reasons: 'record:unreadable' })],
    );
    expect(diff).toMatchObject({ changes: [], unchanged: 1 });
  });

  it('leaves markers and closed epochs out', async () => {
    const { diff, queries } = await diffOfImages(
      [],
      [row(1, { kind: 'E' }), row(2, { epoch: 3, accepted: 1 })],
    );
    expect(diff).toMatchObject({ changes: [], not_in_warehouse: 0, unchanged: 0 });
    expect(queries).toHaveLength(1);
  });
});

describe('what a replay of a log would change', () => {
  const row = (pos: number, verdict: LakeRow): LakeRow => ({
    ...{ host: 'h', generation: 'g', pos, len: 10, kind: 'E', rules_version: 2, sort_ms: 7 },
    ...verdict,
  });
  const old = (pos: number, entry_id: string, verdict: WarehouseRow): WarehouseRow => ({
    ...{ pos, entry_id, rules_version: 1, accepted: 0, reasons: 'log_level:unknown-value' },
    ...verdict,
  });
  const good = { accepted: 1, response_time_ms: 5, cpu_percent_hundredths: 150 };

  it('counts an entry once however often it was written, and its figures', async () => {
    const { diff } = await diffOf(
      supportLogs,
      { log_arrivals: [old(0, 'a', {}), old(10, 'a', {}), old(20, 'b', good)] },
      [row(0, good), row(10, good), row(20, good), row(30, { kind: 'F' })],
    );
    expect(diff).toEqual({
      changes: [
        {
          ...{ change: 'accepted', what: 'log_level:unknown-value', rows: 1, events: 2 },
          examples: ['h:g:0'],
        },
      ],
      figures: {
        ...{ shown: 1, quarantined: -1 },
        sums: { response_time_ms: 5, cpu_percent_hundredths: 150 },
      },
      not_in_warehouse: 0,
      unchanged: 1,
    });
  });

  it('tells what was unreadable from what has not arrived', async () => {
    const { diff } = await diffOf(
      supportLogs,
      { log_arrivals: [], log_unreadable: [{ pos: 100, len: 20 }] },
      [row(90, good), row(100, good), row(110, good), row(120, good)],
    );
    expect(diff).toMatchObject({
      changes: [{ change: 'readable', what: 'accepted', rows: 1, events: 2 }],
      figures: { shown: 0, quarantined: 0, sums: {} },
      not_in_warehouse: 2,
    });
  });
});
