import { changeTopic } from '../../topics.ts';
import type { TableDataset } from '../dataset.ts';
import { cleanColumns } from './columns.ts';
import { ruleExamples } from './rule-examples.ts';
import { bookDay, judge, rank, rules, rulesVersion } from './rules.ts';
import { mapping } from './source-mapping.ts';

export const supportTickets: TableDataset = {
  name: 'support-tickets',
  shortName: 'tickets',
  entity: 'ticket',
  sourceTable: 'support_tickets',
  topic: changeTopic('careplus.ticket-changes'),
  stream: 'careplus-support-tickets',
  glueTable: 'support_ticket_images',
  rulesVersion,
  rules,
  ruleExamples,
  mapping,
  keyField: 'ticket_id',
  cleanColumns,
  judge,
  rank,
  bookDay,
  lifecycle: {
    status: 'status',
    begun: 'created_at',
    ended: 'resolved_at',
    firstStatus: 'Open',
    carried: ['agent', 'priority', 'issue_category', 'channel'],
  },
};
