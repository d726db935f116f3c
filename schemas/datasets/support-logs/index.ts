import { entryTopic } from '../../topics.ts';
import type { LogDataset } from '../log-dataset.ts';
import { cleanColumns } from './columns.ts';
import { ruleExamples } from './rule-examples.ts';
import { bookDay, judge, keyOf, rules, rulesVersion, sortMs } from './rules.ts';

export const supportLogs: LogDataset = {
  name: 'support-logs',
  shortName: 'logs',
  entity: 'log',
  topic: entryTopic('careplus.log-entries'),
  stream: 'careplus-support-logs',
  glueTable: 'support_log_entries',
  rulesVersion,
  rules,
  ruleExamples,
  keyField: 'ticket_id',
  cleanColumns,
  judge,
  keyOf,
  sortMs,
  bookDay,
};
