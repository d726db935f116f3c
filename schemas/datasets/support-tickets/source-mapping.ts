import type { MappedColumn } from '../dataset.ts';

/** `agent_feedback` is always empty at CarePlus and stays unmapped. */
export const mapping = [
  { field: 'ticket_id', column: 'ticket_id' },
  { field: 'created_at', column: 'created_at' },
  { field: 'resolved_at', column: 'resolved_at' },
  { field: 'agent', column: 'agent' },
  { field: 'priority', column: 'priority' },
  { field: 'num_interactions', column: 'num_interactions' },
  { field: 'issue_category', column: 'IssUeCat', aliases: ['issue_category'] },
  { field: 'channel', column: 'channel' },
  { field: 'status', column: 'status' },
] as const satisfies readonly MappedColumn[];
