import type { LogColumn } from '../log-dataset.ts';

export const cleanColumns = [
  { name: 'logged_at', type: 'timestamp' },
  { name: 'log_level', type: 'text', maxBytes: 16 },
  { name: 'component', type: 'text', maxBytes: 256 },
  { name: 'ticket_id', type: 'text', maxBytes: 256 },
  { name: 'session_id', type: 'text', maxBytes: 256 },
  { name: 'ip', type: 'text', maxBytes: 64 },
  { name: 'response_time_ms', type: 'integer' },
  { name: 'cpu_percent', type: 'hundredths' },
  { name: 'event_type', type: 'text', maxBytes: 256 },
  { name: 'is_error', type: 'boolean' },
  { name: 'user_agent', type: 'text', maxBytes: 1024 },
  { name: 'message', type: 'text', maxBytes: 16384 },
  { name: 'debug', type: 'text', maxBytes: 4096 },
  { name: 'trace_id', type: 'text', maxBytes: 256 },
] as const satisfies readonly LogColumn[];
