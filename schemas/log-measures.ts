import type { Breakdown, Measure } from './measure.ts';

export const logMeasures = [
  {
    name: 'log_entries',
    title: 'Total Logs',
    dax: "COUNTROWS('Log Entries')",
    sql: { from: 'reporting.log_entries', numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'every log entry shown',
    description: 'Log entries, each counted once however often it stands in the files.',
  },
  {
    name: 'logged_tickets',
    title: 'Logged Tickets',
    dax: "DISTINCTCOUNTNOBLANK('Log Entries'[Ticket ID])",
    sql: { from: 'reporting.log_entries', numerator: 'COUNT(DISTINCT ticket_id)' },
    format: '#,0',
    population: 'tickets of the log entries shown',
    description: 'Different tickets that have at least one log entry.',
  },
  {
    name: 'log_errors',
    title: 'Errors',
    dax: "SUM('Log Entries'[Error Count])",
    sql: { from: 'reporting.log_entries', numerator: 'SUM(error_count)' },
    format: '#,0',
    population: 'log entries that say Error=true',
    description: 'Log entries that tell of an error.',
  },
  {
    name: 'error_rate',
    title: 'Error Rate',
    dax: "DIVIDE(SUM('Log Entries'[Error Count]), COUNTROWS('Log Entries'))",
    sql: {
      from: 'reporting.log_entries',
      numerator: 'SUM(error_count)',
      denominator: 'COUNT(*)',
    },
    format: '0.0 %',
    population: 'every log entry shown',
    description: 'Share of log entries that tell of an error.',
  },
  {
    name: 'mean_response_ms',
    title: 'Avg Response ms',
    dax: "DIVIDE(SUM('Log Entries'[Response Time ms]), COUNT('Log Entries'[Response Time ms]))",
    sql: {
      from: 'reporting.log_entries',
      numerator: 'SUM(response_time_ms)',
      denominator: 'COUNT(response_time_ms)',
    },
    format: '#,0.00',
    population: 'every log entry shown',
    description: 'Milliseconds per response.',
  },
  {
    name: 'mean_cpu_percent',
    title: 'Avg CPU %',
    dax: "DIVIDE(SUM('Log Entries'[CPU Hundredths]), COUNT('Log Entries'[CPU Hundredths])) / 100",
    sql: {
      from: 'reporting.log_entries',
      numerator: 'SUM(cpu_hundredths)',
      denominator: 'COUNT(cpu_hundredths)',
    },
    divisor: 100,
    format: '#,0.00',
    population: 'every log entry shown',
    description: 'CPU use in percent. Summed in whole hundredths, so that the sum is exact.',
  },
  {
    name: 'logs_quarantined',
    title: 'Quarantined Logs',
    dax: 'CALCULATE(COUNTROWS(Quarantine), KEEPFILTERS(Quarantine[Dataset] = "logs"))',
    sql: { from: 'reporting.quarantine', where: "dataset = 'logs'", numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'different log entries set aside by the rules or unreadable',
    description: 'Log entries that are set aside now, each counted once.',
  },
] as const satisfies readonly Measure[];

/** One figure of the books: a column of `reporting.log_books`, summed over all days. */
function book(
  column:
    'copies_read' | 'shown' | 'repeats' | 'quarantined' | 'quarantined_repeats' | 'dead_lettered',
  title: string,
  daxColumn: string,
  description: string,
) {
  return {
    name: `log_books_${column === 'copies_read' ? 'read' : column}`,
    title,
    dax: `SUM('Log Books'[${daxColumn}])`,
    sql: { from: 'reporting.log_books', numerator: `SUM(${column})` },
    format: '#,0',
    population: 'entries in all log files read',
    description,
  } as const satisfies Measure;
}

/** The books: read = shown + repeats + quarantined + quarantined repeats + dead-lettered. */
export const logBooks: readonly Measure[] = [
  book('copies_read', 'Logs Read', 'Copies Read', 'Entries that stand in the files.'),
  book('shown', 'Logs Shown', 'Shown', 'Different entries that the rules accept.'),
  book('repeats', 'Log Repeats', 'Repeats', 'Further copies of an accepted entry, word for word.'),
  book(
    'quarantined',
    'Logs Set Aside',
    'Quarantined',
    'Different entries that the rules set aside.',
  ),
  book(
    'quarantined_repeats',
    'Repeats of Logs Set Aside',
    'Quarantined Repeats',
    'Further copies of an entry that is set aside.',
  ),
  book(
    'dead_lettered',
    'Dead-lettered Logs',
    'Dead Lettered',
    'Blocks of entries that could not be read; their bytes stand in the dead-letter topic.',
  ),
];

const byLevel = { column: 'log_level', dax: "'Log Entries'[Log Level]" };
const byComponent = { column: 'component', dax: "'Log Entries'[Component]" };
const byEventType = { column: 'event_type', dax: "'Log Entries'[Event Type]" };
const byHour = { column: 'logged_hour', dax: "'Log Entries'[Logged Hour]" };

export const logBreakdowns = [
  {
    name: 'logs_by_level',
    title: 'Logs by level',
    measure: 'log_entries',
    by: byLevel,
    order: 'largest',
  },
  {
    name: 'response_ms_by_level',
    title: 'Mean response by level',
    measure: 'mean_response_ms',
    by: byLevel,
    order: 'largest',
  },
  {
    name: 'logs_by_component',
    title: 'Logs by component',
    measure: 'log_entries',
    by: byComponent,
    order: 'largest',
  },
  {
    name: 'error_rate_by_component',
    title: 'Error rate by component',
    measure: 'error_rate',
    by: byComponent,
    order: 'largest',
  },
  {
    name: 'logs_by_event_type',
    title: 'Logs by event type',
    measure: 'log_entries',
    by: byEventType,
    order: 'largest',
  },
  {
    name: 'error_rate_by_event_type',
    title: 'Error rate by event type',
    measure: 'error_rate',
    by: byEventType,
    order: 'largest',
  },
  {
    name: 'logs_by_response_range',
    title: 'Logs by response time',
    measure: 'log_entries',
    by: { column: 'response_range', dax: "'Log Entries'[Response Range]" },
    order: 'largest',
  },
  {
    name: 'logs_by_user_agent',
    title: 'Logs by user agent',
    measure: 'log_entries',
    by: { column: 'user_agent', dax: "'Log Entries'[User Agent]" },
    order: 'largest',
  },
  {
    name: 'logs_by_hour',
    title: 'Logs by hour of day',
    measure: 'log_entries',
    by: byHour,
    order: 'largest',
  },
  {
    name: 'response_ms_by_hour',
    title: 'Mean response by hour of day',
    measure: 'mean_response_ms',
    by: byHour,
    order: 'largest',
  },
  {
    name: 'logs_by_day',
    title: 'Logs by day',
    measure: 'log_entries',
    by: { column: 'logged_date', dax: "'Log Entries'[Logged Date]" },
    order: 'latest',
  },
  {
    name: 'quarantined_logs_by_reasons',
    title: 'Quarantined logs by reason',
    measure: 'logs_quarantined',
    by: { column: 'reasons', dax: 'Quarantine[Reasons]' },
    order: 'largest',
  },
] as const satisfies readonly Breakdown[];
