import { describe, expect, it } from 'vitest';
import { acceptedBy, listQuarantine } from '../../../../operations/quarantine/quarantine-rows.ts';
import type { DataApi } from '../../../../runtime/redshift/data-api.ts';

const signal = new AbortController().signal;

describe('what is in quarantine', () => {
  it('is listed by reason, with its meaning and its own examples', async () => {
    const queries: string[] = [];
    const api = {
      query: async (sql: string) => {
        queries.push(sql);
        const group = { dataset: 'tickets', reasons: 'agent:missing' };
        return {
          columns: [],
          rows: sql.includes('COUNT(*)')
            ? [{ ...group, row_count: 2, copy_count: 3 }]
            : [
                { ...group, event_id: 's:7:9', ticket_id: 'T9' },
                { ...group, reasons: 'other', event_id: 's:7:1', ticket_id: null },
              ],
        };
      },
    } as unknown as DataApi;
    const groups = await listQuarantine(api, { reason: "a'b", dataset: 'tickets' }, signal);
    expect(groups).toEqual([
      {
        ...{ dataset: 'tickets', reasons: 'agent:missing', rows: 2, copies: 3 },
        meaning: [expect.objectContaining({ field: 'agent', reason: 'missing' })],
        examples: [{ event_id: 's:7:9', ticket_id: 'T9' }],
      },
    ]);
    for (const sql of queries) expect(sql).toContain("LIKE '%,a''b,%'");
  });

  it('tells what the broken rule accepts', () => {
    const accepted = (field: string | null, reason: string) =>
      acceptedBy('tickets', { field, reason, sentence: '' });
    expect(accepted('status', 'unknown-value')).toBe('Open, Resolved, Escalated');
    expect(accepted('resolved_at', 'before-created')).toBe('resolved_at is not before created_at');
    expect(accepted('record', 'unreadable')).toBeNull();
    const ofLogs = (field: string, reason: string) =>
      acceptedBy('logs', { field, reason, sentence: '' });
    expect(ofLogs('log_level', 'unknown-value')).toBe('DEBUG, INFO, WARNING, ERROR');
    expect(ofLogs('entry', 'unparsable')).toContain('[LEVEL]');
    expect(ofLogs('entry', 'too-long')).toBeNull();
  });
});
