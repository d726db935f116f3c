import type { Breakdown, Measure } from './measure.ts';

export const ticketMeasures = [
  {
    name: 'tickets_shown',
    title: 'Total Tickets',
    dax: 'COUNTROWS(Tickets)',
    sql: { from: 'reporting.tickets', numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'every ticket shown',
    description: 'Tickets, each counted once however often its row is repeated at the source.',
  },
  {
    name: 'tickets_resolved',
    title: 'Resolved Tickets',
    dax: 'CALCULATE(COUNTROWS(Tickets), KEEPFILTERS(Tickets[Status] = "Resolved"))',
    sql: { from: 'reporting.tickets', where: "status = 'Resolved'", numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'tickets with status Resolved',
    description: 'Tickets whose status is Resolved.',
  },
  {
    name: 'tickets_open',
    title: 'Open Tickets',
    dax: 'CALCULATE(COUNTROWS(Tickets), KEEPFILTERS(Tickets[Status] = "Open"))',
    sql: { from: 'reporting.tickets', where: "status = 'Open'", numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'tickets with status Open',
    description: 'Tickets whose status is Open.',
  },
  {
    name: 'tickets_escalated',
    title: 'Escalated Tickets',
    dax: 'CALCULATE(COUNTROWS(Tickets), KEEPFILTERS(Tickets[Status] = "Escalated"))',
    sql: { from: 'reporting.tickets', where: "status = 'Escalated'", numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'tickets with status Escalated',
    description: 'Tickets whose status is Escalated.',
  },
  {
    name: 'agents',
    title: 'Total Agents',
    dax: 'DISTINCTCOUNTNOBLANK(Tickets[Agent])',
    sql: { from: 'reporting.tickets', numerator: 'COUNT(DISTINCT agent)' },
    format: '#,0',
    population: 'agents of the tickets shown',
    description: 'Different agents who have at least one ticket.',
  },
  {
    name: 'resolution_rate',
    title: 'Resolution Rate',
    dax: 'DIVIDE(SUM(Tickets[Is Resolved]), COUNTROWS(Tickets))',
    sql: { from: 'reporting.tickets', numerator: 'SUM(is_resolved)', denominator: 'COUNT(*)' },
    format: '0.0 %',
    population: 'every ticket shown',
    description: 'Share of tickets whose status is Resolved.',
  },
  {
    name: 'mean_interactions',
    title: 'Avg Interactions',
    dax: 'DIVIDE(SUM(Tickets[Num Interactions]), COUNT(Tickets[Num Interactions]))',
    sql: {
      from: 'reporting.tickets',
      numerator: 'SUM(num_interactions)',
      denominator: 'COUNT(num_interactions)',
    },
    format: '#,0.00',
    population: 'every ticket shown',
    description: 'Interactions per ticket. Repeated rows do not weigh twice.',
  },
  {
    name: 'mean_resolution_minutes',
    title: 'Avg Resolution Minutes',
    dax: 'DIVIDE(SUM(Tickets[Resolution Seconds]), COUNT(Tickets[Resolution Seconds])) / 60',
    sql: {
      from: 'reporting.tickets',
      numerator: 'SUM(resolution_seconds)',
      denominator: 'COUNT(resolution_seconds)',
    },
    divisor: 60,
    format: '#,0.00',
    population: 'tickets with a resolution time, escalated ones included',
    description:
      'Minutes from creation to resolution. Summed in whole seconds, for a minute is not always whole.',
  },
  {
    name: 'tickets_quarantined',
    title: 'Quarantined Rows',
    dax: 'CALCULATE(COUNTROWS(Quarantine), KEEPFILTERS(Quarantine[Dataset] = "tickets"))',
    sql: { from: 'reporting.quarantine', where: "dataset = 'tickets'", numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'different rows set aside by the rules or unreadable',
    description: 'Rows that are set aside now, each counted once; updating a row can free it.',
  },
] as const satisfies readonly Measure[];

/** One figure of the books: a column of `reporting.ticket_books`, summed over all days. */
function book(
  column: 'copies_read' | 'shown' | 'repeats' | 'superseded' | BooksOfBadRows,
  title: string,
  daxColumn: string,
  description: string,
) {
  return {
    name: `books_${column === 'copies_read' ? 'read' : column}`,
    title,
    dax: `SUM('Ticket Books'[${daxColumn}])`,
    sql: { from: 'reporting.ticket_books', numerator: `SUM(${column})` },
    format: '#,0',
    population: 'rows in the source table now',
    description,
  } as const satisfies Measure;
}
type BooksOfBadRows = 'quarantined' | 'quarantined_repeats' | 'dead_lettered';

/**
 * The books: read = shown + repeats + superseded + quarantined + quarantined repeats +
 * dead-lettered, at the state that the warehouse shows.
 */
export const ticketBooks: readonly Measure[] = [
  book('copies_read', 'Rows Read', 'Copies Read', 'Rows that the source table holds.'),
  book('shown', 'Rows Shown', 'Shown', 'Rows that count as a ticket.'),
  book(
    'repeats',
    'Rows Repeated',
    'Repeats',
    'Further copies of an accepted row, whole and identical.',
  ),
  book(
    'superseded',
    'Rows Superseded',
    'Superseded',
    'Accepted rows of a ticket for which a row with later activity counts.',
  ),
  book(
    'quarantined',
    'Rows Quarantined',
    'Quarantined',
    'Different rows that the rules set aside.',
  ),
  book(
    'quarantined_repeats',
    'Quarantined Rows Repeated',
    'Quarantined Repeats',
    'Further copies of a row that is set aside.',
  ),
  book(
    'dead_lettered',
    'Dead-lettered',
    'Dead Lettered',
    'Rows whose record could not be read; its bytes stand in the dead-letter topic.',
  ),
];

const byAgent = { column: 'agent', dax: 'Tickets[Agent]' };
const byStatus = { column: 'status', dax: 'Tickets[Status]' };
const byPriority = { column: 'priority', dax: 'Tickets[Priority]' };
const byChannel = { column: 'channel', dax: 'Tickets[Channel]' };
const byIssueCategory = { column: 'issue_category', dax: 'Tickets[Issue Category]' };

export const ticketBreakdowns = [
  {
    name: 'tickets_by_agent',
    title: 'Tickets by agent',
    measure: 'tickets_shown',
    by: byAgent,
    order: 'largest',
  },
  {
    name: 'tickets_by_status',
    title: 'Tickets by status',
    measure: 'tickets_shown',
    by: byStatus,
    order: 'largest',
  },
  {
    name: 'tickets_by_priority',
    title: 'Tickets by priority',
    measure: 'tickets_shown',
    by: byPriority,
    order: 'largest',
  },
  {
    name: 'tickets_by_channel',
    title: 'Tickets by channel',
    measure: 'tickets_shown',
    by: byChannel,
    order: 'largest',
  },
  {
    name: 'tickets_by_issue_category',
    title: 'Tickets by issue category',
    measure: 'tickets_shown',
    by: byIssueCategory,
    order: 'largest',
  },
  {
    name: 'tickets_by_day',
    title: 'Tickets by day created',
    measure: 'tickets_shown',
    by: { column: 'created_date', dax: 'Tickets[Created Date]' },
    order: 'latest',
  },
  {
    name: 'resolution_rate_by_channel',
    title: 'Resolution rate by channel',
    measure: 'resolution_rate',
    by: byChannel,
    order: 'largest',
  },
  {
    name: 'resolution_minutes_by_priority',
    title: 'Mean resolution minutes by priority',
    measure: 'mean_resolution_minutes',
    by: byPriority,
    order: 'largest',
  },
  {
    name: 'resolution_minutes_by_issue_category',
    title: 'Mean resolution minutes by issue category',
    measure: 'mean_resolution_minutes',
    by: byIssueCategory,
    order: 'largest',
  },
  {
    name: 'quarantined_by_reasons',
    title: 'Quarantined rows by reason',
    measure: 'tickets_quarantined',
    by: { column: 'reasons', dax: 'Quarantine[Reasons]' },
    order: 'largest',
  },
] as const satisfies readonly Breakdown[];
