import type { RawImage } from '../dataset.ts';
import { compileRules, type RuleTable } from '../rule-table.ts';
import { parseUtcDateTime } from '../strict-values.ts';

/** Raise with every change of the table below: the highest version's verdict wins in the warehouse. */
export const rulesVersion = 1;

/** The rules of a support ticket; `rule-examples.ts` shows each at work, `docs/rules.md` tells them. */
export const rules = {
  fields: [
    { field: 'ticket_id', kind: 'label' },
    { field: 'created_at', kind: 'time' },
    { field: 'resolved_at', kind: 'time', whenNull: 'the ticket is open' },
    { field: 'agent', kind: 'label' },
    {
      field: 'priority',
      kind: 'word',
      words: ['Low', 'Medium', 'High'],
      mended: { Lw: 'Low', Medum: 'Medium', Hgh: 'High' },
    },
    { field: 'num_interactions', kind: 'count' },
    { field: 'issue_category', kind: 'label' },
    { field: 'channel', kind: 'label' },
    { field: 'status', kind: 'word', words: ['Open', 'Resolved', 'Escalated'], mended: {} },
  ],
  orders: [{ earlier: 'created_at', later: 'resolved_at', reason: 'before-created' }],
} as const satisfies RuleTable;

/** Judges one ticket image by the table; a pure function of both. */
export const judge = compileRules(rules);

/** Last activity in epoch ms, 0 if the texts hold no time. Frozen: it must not move with the rules. */
export function rank(raw: RawImage): number {
  const times = [raw['created_at'], raw['resolved_at']].map((text) =>
    text == null ? 0 : (parseUtcDateTime(text) ?? 0),
  );
  return Math.max(0, ...times);
}

/** First ten characters of `created_at` where they are a date, else `unknown`. Frozen. */
export function bookDay(raw: RawImage): string {
  const day = raw['created_at']?.slice(0, 10) ?? '';
  return parseUtcDateTime(`${day} 00:00`) === undefined ? 'unknown' : day;
}
