import { entryTopic } from '../../topics.ts';
import type { LogDataset } from '../log-dataset.ts';
import { cleanColumns } from './columns.ts';
import { bookDay, judge, keyOf, rulesVersion, sortMs } from './rules.ts';

export const supportLogs: LogDataset = {
  name: 'support-logs',
  shortName: 'logs',
  entity: 'log',
  topic: entryTopic('careplus.log-entries'),
  stream: 'careplus-support-logs',
  glueTable: 'support_log_entries',
  rulesVersion,
  keyField: 'ticket_id',
  cleanColumns,
  judge,
  keyOf,
  sortMs,
  bookDay,
};
