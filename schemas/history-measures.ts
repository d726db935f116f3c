import type { Breakdown, Matrix, Measure } from './measure.ts';

/** Figures of the tickets' statuses over time, their ages and their errors; see 007-history.sql. */
export const historyMeasures = [
  {
    name: 'tickets_opened',
    title: 'Openings',
    dax: "SUM('Ticket Backlog'[Opened])",
    sql: { from: 'reporting.ticket_backlog', numerator: 'SUM(opened)' },
    format: '#,0',
    population: 'tickets shown now, with all they have been through',
    description:
      'How often a ticket became open: once when it was created, once at each reopening.',
  },
  {
    name: 'tickets_closed',
    title: 'Closings',
    dax: "SUM('Ticket Backlog'[Closed])",
    sql: { from: 'reporting.ticket_backlog', numerator: 'SUM(closed)' },
    format: '#,0',
    population: 'tickets shown now, with all they have been through',
    description: 'How often a ticket was open no longer, because it was resolved or escalated.',
  },
  {
    name: 'backlog',
    title: 'Backlog',
    dax: "SUM('Ticket Backlog'[Open Tickets])",
    sql: { from: 'reporting.ticket_backlog', numerator: 'SUM(open_tickets)' },
    format: '#,0',
    population: 'tickets shown now, with all they have been through',
    description:
      'Open tickets at the end of an hour; only by hour, for a sum over several hours means nothing.',
  },
  {
    name: 'tickets_reopened',
    title: 'Reopened Tickets',
    dax: "CALCULATE(DISTINCTCOUNTNOBLANK('Ticket Periods'[Ticket Key]), KEEPFILTERS('Ticket Periods'[Transition] = \"Reopened\"))",
    sql: {
      from: 'reporting.ticket_periods',
      where: "transition = 'Reopened'",
      numerator: 'COUNT(DISTINCT ticket_key)',
    },
    format: '#,0',
    population: 'tickets shown now',
    description: 'Tickets that became open again after they had been resolved or escalated.',
  },
  {
    name: 'reopen_rate',
    title: 'Reopen Rate',
    dax: "DIVIDE(SUM('Ticket Periods'[Is Reopening]), COUNT('Ticket Periods'[Closed Ticket]))",
    sql: {
      from: 'reporting.ticket_periods',
      numerator: 'SUM(is_reopening)',
      denominator: 'COUNT(closed_ticket)',
    },
    format: '0.0 %',
    population: 'closings of tickets shown now',
    description: 'Share of closings after which the ticket became open again.',
  },
  {
    name: 'mean_hours_in_status',
    title: 'Avg Hours in Status',
    dax: "DIVIDE(SUM('Ticket Periods'[Period Seconds]), COUNT('Ticket Periods'[Period Seconds])) / 3600",
    sql: {
      from: 'reporting.ticket_periods',
      numerator: 'SUM(period_seconds)',
      denominator: 'COUNT(period_seconds)',
    },
    divisor: 3600,
    format: '#,0.00',
    population: 'times that a ticket shown now had a status and left it',
    description:
      'Hours from entering a status to leaving it. The status it has now does not count.',
  },
  {
    name: 'mean_open_age_hours',
    title: 'Avg Age of Open Tickets (h)',
    dax: "DIVIDE(SUM('Ticket Ages'[Age Seconds]), COUNT('Ticket Ages'[Age Seconds])) / 3600",
    sql: {
      from: 'reporting.ticket_ages',
      numerator: 'SUM(age_seconds)',
      denominator: 'COUNT(age_seconds)',
    },
    divisor: 3600,
    format: '#,0.00',
    population: 'tickets with status Open',
    description:
      'Hours since an open ticket was created, up to the newest time that a ticket tells.',
  },
  {
    name: 'open_tickets_by_age',
    title: 'Open Tickets of an Age',
    dax: "COUNTROWS('Ticket Ages')",
    sql: { from: 'reporting.ticket_ages', numerator: 'COUNT(*)' },
    format: '#,0',
    population: 'tickets with status Open',
    description: 'Open tickets, made to be split by their age.',
  },
  {
    name: 'ticket_errors',
    title: 'Errors of Tickets',
    dax: "CALCULATE(SUM('Ticket Errors'[Errors]), KEEPFILTERS('Ticket Errors'[Ticket Shown] = \"Yes\"))",
    sql: {
      from: 'reporting.ticket_errors',
      where: "ticket_shown = 'Yes'",
      numerator: 'SUM(errors)',
    },
    format: '#,0',
    population: 'log entries of level ERROR that name a ticket that is shown',
    description: 'Errors that were logged while a ticket was worked on.',
  },
  {
    name: 'tickets_with_errors',
    title: 'Tickets with Errors',
    dax: "CALCULATE(COUNTROWS('Ticket Errors'), KEEPFILTERS('Ticket Errors'[Ticket Shown] = \"Yes\"))",
    sql: {
      from: 'reporting.ticket_errors',
      where: "ticket_shown = 'Yes'",
      numerator: 'COUNT(*)',
    },
    format: '#,0',
    population: 'tickets shown',
    description: 'Tickets for which at least one log entry has level ERROR.',
  },
  {
    name: 'errors_without_ticket',
    title: 'Errors without Ticket',
    dax: "CALCULATE(SUM('Ticket Errors'[Errors]), KEEPFILTERS('Ticket Errors'[Ticket Shown] = \"No\"))",
    sql: {
      from: 'reporting.ticket_errors',
      where: "ticket_shown = 'No'",
      numerator: 'SUM(errors)',
    },
    format: '#,0',
    population: 'log entries of level ERROR that name a ticket that is not shown',
    description: 'Errors of tickets that are in quarantine, deleted or were never read.',
  },
] as const satisfies readonly Measure[];

const ofErrors = (column: string, title: string) => ({
  column,
  dax: `'Ticket Errors'[${title}]`,
});

export const historyBreakdowns = [
  {
    name: 'backlog_by_hour',
    title: 'Open tickets by hour',
    measure: 'backlog',
    by: { column: 'backlog_hour', dax: "'Ticket Backlog'[Backlog Hour]" },
    order: 'latest',
  },
  {
    name: 'hours_in_status',
    title: 'Mean hours in a status',
    measure: 'mean_hours_in_status',
    by: { column: 'status', dax: "'Ticket Periods'[Status]" },
    order: 'largest',
  },
  {
    name: 'open_tickets_by_age_range',
    title: 'Open tickets by age',
    measure: 'open_tickets_by_age',
    by: { column: 'age_range', dax: "'Ticket Ages'[Age Range]" },
    order: 'largest',
  },
  {
    name: 'ticket_errors_by_issue_category',
    title: 'Errors by issue category of the ticket',
    measure: 'ticket_errors',
    by: ofErrors('issue_category', 'Issue Category'),
    order: 'largest',
  },
  {
    name: 'ticket_errors_by_status',
    title: 'Errors by status of the ticket',
    measure: 'ticket_errors',
    by: ofErrors('status', 'Status'),
    order: 'largest',
  },
  {
    name: 'ticket_errors_by_ticket',
    title: 'Tickets with the most errors',
    measure: 'ticket_errors',
    by: ofErrors('ticket_id', 'Ticket ID'),
    order: 'largest',
    byRow: true,
  },
] as const satisfies readonly Breakdown[];

/** Weekday (1 is Monday) × hour of the day, UTC. */
export const heatMaps = [
  {
    name: 'tickets_by_weekday_and_hour',
    title: 'Tickets created by weekday and hour',
    measure: 'tickets_shown',
    rows: { column: 'created_weekday', dax: 'Tickets[Created Weekday]' },
    columns: { column: 'created_hour', dax: 'Tickets[Created Hour]' },
  },
  {
    name: 'errors_by_weekday_and_hour',
    title: 'Errors by weekday and hour',
    measure: 'log_errors',
    rows: { column: 'logged_weekday', dax: "'Log Entries'[Logged Weekday]" },
    columns: { column: 'logged_hour', dax: "'Log Entries'[Logged Hour]" },
  },
] as const satisfies readonly Matrix[];
