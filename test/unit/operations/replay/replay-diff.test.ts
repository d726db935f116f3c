import { describe, expect, it } from 'vitest';
import { createDiffSink } from '../../../../operations/replay/replay-diff.ts';
import type { DataApi, WarehouseRow } from '../../../../runtime/redshift/data-api.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import type { LakeRow } from '../../../../stream-processors/batch-processor.ts';

const signal = new AbortController().signal;

/** A warehouse whose frontier stands at 100, with the verdicts of older rules. */
function warehouse(older: readonly WarehouseRow[]) {
  const queries: string[] = [];
  const query = async (sql: string) => {
    queries.push(sql);
    const isFrontier = !sql.includes('seq >=');
    return {
      columns: [],
      rows: isFrontier ? [{ source: 's', epoch: 7, seq: 100 }] : older,
    };
  };
  return { api: { query } as unknown as DataApi, queries };
}

const row = (seq: number, verdict: LakeRow): LakeRow => ({
  ...{ source: 's', epoch: 7, seq, kind: '+', rules_version: 1 },
  ...verdict,
});
const old = (seq: number, verdict: WarehouseRow): WarehouseRow => ({
  ...{ seq, rules_version: 0.5, reasons: null, agent: 'Ada' },
  ...verdict,
});

async function diffOf(older: readonly WarehouseRow[], rows: readonly LakeRow[]) {
  const { api, queries } = warehouse(older);
  const sink = createDiffSink(api, supportTickets);
  await sink.take(rows, signal);
  return { diff: await sink.finish(signal), queries };
}

describe('what a replay would change', () => {
  it('is told by kind and reason, with examples', async () => {
    const { diff } = await diffOf(
      [
        ...[1, 2, 3, 4].map((seq) => old(seq, { accepted: 0, reasons: 'status:unknown-value' })),
        old(5, { accepted: 1 }),
        old(6, { accepted: 0, reasons: 'a:missing' }),
        old(7, { accepted: 1 }),
        old(8, { accepted: 0, rules_version: 0, reasons: 'record:unreadable' }),
        old(9, { accepted: 1 }),
      ],
      [
        ...[1, 2, 3, 4].map((seq) => row(seq, { accepted: 1, agent: 'Ada' })),
        row(5, { accepted: 0, reasons: 'agent:missing' }),
        row(6, { accepted: 0, reasons: 'b:missing' }),
        row(7, { accepted: 1, agent: 'Eve' }),
        row(8, { accepted: 1, agent: 'Ada' }),
        row(9, { accepted: 1, agent: 'Ada' }),
      ],
    );
    expect(diff).toEqual({
      changes: [
        {
          change: 'accepted',
          what: 'status:unknown-value',
          images: 4,
          examples: ['s:7:1', 's:7:2', 's:7:3'],
        },
        { change: 'quarantined', what: 'agent:missing', images: 1, examples: ['s:7:5'] },
        { change: 'reasons', what: 'a:missing → b:missing', images: 1, examples: ['s:7:6'] },
        { change: 'values', what: 'agent', images: 1, examples: ['s:7:7'] },
        { change: 'readable', what: 'accepted', images: 1, examples: ['s:7:8'] },
      ],
      not_in_warehouse: 0,
      unchanged: 1,
    });
  });

  it('is nothing where the same rules judged, and what is above the frontier comes anew', async () => {
    const { diff } = await diffOf(
      [],
      [1, 100, 101].map((seq) => row(seq, { accepted: 1 })),
    );
    expect(diff).toEqual({ changes: [], not_in_warehouse: 1, unchanged: 2 });
  });

  it('leaves markers and closed epochs out', async () => {
    const { diff, queries } = await diffOf(
      [],
      [row(1, { kind: 'E' }), row(2, { epoch: 3, accepted: 1 })],
    );
    expect(diff).toEqual({ changes: [], not_in_warehouse: 0, unchanged: 0 });
    expect(queries).toHaveLength(1);
  });
});
