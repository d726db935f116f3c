import { entryTopic } from '../../topics.ts';
import type { LogDataset } from '../log-dataset.ts';
import { cleanColumns } from './columns.ts';
import { framing } from './entry-framing.ts';
import { ruleExamples } from './rule-examples.ts';
import { bookDay, judge, keyOf, rules, rulesVersion, sortMs } from './rules.ts';

export const supportLogs: LogDataset = {
  name: 'support-logs',
  shortName: 'logs',
  entity: 'log',
  topic: entryTopic('careplus.log-entries'),
  stream: 'careplus-support-logs',
  glueTable: 'support_log_entries',
  framing,
  rulesVersion,
  rules,
  ruleExamples,
  keyField: 'ticket_id',
  cleanColumns,
  judge,
  keyOf,
  sortMs,
  bookDay,
  summary: {
    dimensions: {
      level: 'log_level',
      component: 'component',
      event_type: 'event_type',
      user_agent: 'user_agent',
    },
    sums: ['response_time_ms', 'cpu_percent_hundredths'],
    errorFlag: 'is_error',
    ranges: [
      ['0-499 ms', 500],
      ['500-999 ms', 1000],
      ['1000-1499 ms', 1500],
      ['1500 ms or more', null],
    ],
    level: { column: 'log_level', error: 'ERROR' },
  },
};
