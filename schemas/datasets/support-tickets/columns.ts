import type { CleanColumn } from '../dataset.ts';

export const cleanColumns = [
  { name: 'ticket_id', type: 'text', maxBytes: 256 },
  { name: 'created_at', type: 'timestamp' },
  { name: 'resolved_at', type: 'timestamp' },
  { name: 'agent', type: 'text', maxBytes: 256 },
  { name: 'priority', type: 'text', maxBytes: 64 },
  { name: 'num_interactions', type: 'integer' },
  { name: 'issue_category', type: 'text', maxBytes: 256 },
  { name: 'channel', type: 'text', maxBytes: 64 },
  { name: 'status', type: 'text', maxBytes: 64 },
] as const satisfies readonly CleanColumn[];
