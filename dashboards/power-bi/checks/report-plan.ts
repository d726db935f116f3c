/**
 * What each visual of the report shows, said apart from its file: a column or a measure that was put
 * in the place of another one reads as well as the right one, and its title says the old.
 */
import type { Finding } from './project-files.ts';
import { REPORT_DEFINITION, fieldReferences, type Report, type Visual } from './report.ts';

/** Of one visual: its type, the fields of each role in their order, and what it is sorted by. */
type Planned = readonly [
  visualType: string,
  roles: Readonly<Record<string, string>>,
  sort?: string | undefined,
];

const title: Planned = ['textbox', {}];
const pages: Planned = ['pageNavigator', {}];
const card = (...measures: readonly string[]): Planned => [
  'cardVisual',
  { Data: measures.join(', ') },
];
const slicer = (column: string): Planned => ['slicer', { Values: column }];
const table = (sort: string, ...columns: readonly string[]): Planned => [
  'tableEx',
  { Values: columns.join(', ') },
  sort,
];
/** The longest bar first. */
const bars = (category: string, measure: string): Planned => [
  'clusteredBarChart',
  { Category: category, Y: measure },
  `${measure} Descending`,
];
/** In the order of their categories. */
const inOrder = (
  visualType: string,
  category: string,
  values: Readonly<Record<string, string>>,
): Planned => [visualType, { Category: category, ...values }, `${category} Ascending`];
const heatMap = (rows: string, columns: string, measure: string): Planned => [
  'pivotTable',
  { Rows: rows, Columns: columns, Values: measure },
];

const ticketSlicers = {
  slicer_created: slicer('Tickets.Created Date'),
  slicer_agent: slicer('Tickets.Agent'),
  slicer_channel: slicer('Tickets.Channel'),
  slicer_priority: slicer('Tickets.Priority'),
  slicer_status: slicer('Tickets.Status'),
  slicer_category: slicer('Tickets.Issue Category'),
};

/** The columns of the books, with what they add up to first. */
const ticketBooks = [
  'Ticket Books.Rows Read',
  'Ticket Books.Rows Shown',
  'Ticket Books.Rows Repeated',
  'Ticket Books.Rows Superseded',
  'Ticket Books.Rows Quarantined',
  'Ticket Books.Quarantined Rows Repeated',
  'Ticket Books.Dead-lettered',
];
const logBooks = [
  'Log Books.Logs Read',
  'Log Books.Logs Shown',
  'Log Books.Log Repeats',
  'Log Books.Logs Set Aside',
  'Log Books.Repeats of Logs Set Aside',
  'Log Books.Dead-lettered Logs',
];

const plan: Readonly<Record<string, Readonly<Record<string, Planned>>>> = {
  ticket_insights: {
    ...{ title, pages, ...ticketSlicers },
    as_of: card('Freshness.Tickets As Of'),
    figures: card(
      'Tickets.Total Tickets',
      'Tickets.Resolved Tickets',
      'Tickets.Open Tickets',
      'Tickets.Escalated Tickets',
      'Tickets.Resolution Rate',
      'Tickets.Avg Resolution Minutes',
      'Tickets.P50 Resolution Minutes',
      'Tickets.P90 Resolution Minutes',
      'Tickets.Avg Interactions',
      'Tickets.Total Agents',
    ),
    tickets_by_day: inOrder('clusteredColumnChart', 'Tickets.Created Date', {
      Y: 'Tickets.Total Tickets',
    }),
    status_by_channel: inOrder('hundredPercentStackedBarChart', 'Tickets.Channel', {
      Series: 'Tickets.Status',
      Y: 'Tickets.Total Tickets',
    }),
    tickets_by_agent: bars('Tickets.Agent', 'Tickets.Total Tickets'),
    minutes_by_category: bars('Tickets.Issue Category', 'Tickets.Avg Resolution Minutes'),
    minutes_by_priority: bars('Tickets.Priority', 'Tickets.Avg Resolution Minutes'),
    tickets: table(
      'Tickets.Created At Descending',
      'Tickets.Ticket ID',
      'Tickets.Created At',
      'Tickets.Agent',
      'Tickets.Priority',
      'Tickets.Channel',
      'Tickets.Status',
      'Tickets.Num Interactions',
    ),
  },
  ticket_history: {
    ...{ title, pages, ...ticketSlicers },
    as_of: card('Freshness.Tickets As Of'),
    figures: card(
      'Ticket Periods.Reopened Tickets',
      'Ticket Periods.Reopen Rate',
      'Ticket Periods.Avg Hours in Status',
      'Ticket Ages.Open Tickets of an Age',
      'Ticket Ages.Avg Age of Open Tickets (h)',
      'Ticket Errors.Tickets with Errors',
      'Ticket Errors.Errors of Tickets',
    ),
    backlog_by_hour: inOrder('lineChart', 'Ticket Backlog.Backlog Hour', {
      Y: 'Ticket Backlog.Backlog',
    }),
    opened_and_closed: inOrder('clusteredColumnChart', 'Ticket Backlog.Backlog Date', {
      Y: 'Ticket Backlog.Openings, Ticket Backlog.Closings',
    }),
    open_by_age: inOrder('clusteredColumnChart', 'Ticket Ages.Age Range', {
      Y: 'Ticket Ages.Open Tickets of an Age',
    }),
    hours_in_status: bars('Ticket Periods.Status', 'Ticket Periods.Avg Hours in Status'),
    reopened_by_agent: bars('Ticket Periods.Agent', 'Ticket Periods.Reopened Tickets'),
    tickets_by_weekday_and_hour: heatMap(
      'Tickets.Created Weekday',
      'Tickets.Created Hour',
      'Tickets.Total Tickets',
    ),
  },
  system_logs_performance: {
    ...{ title, pages },
    as_of: card('Freshness.Logs As Of'),
    slicer_logged: slicer('Log Entries.Logged Date'),
    slicer_level: slicer('Log Entries.Log Level'),
    slicer_component: slicer('Log Entries.Component'),
    slicer_event: slicer('Log Entries.Event Type'),
    slicer_agent_of_the_ticket: slicer('Tickets.Agent'),
    slicer_status_of_the_ticket: slicer('Tickets.Status'),
    figures: card(
      'Log Entries.Total Logs',
      'Log Entries.Logged Tickets',
      'Log Entries.Errors',
      'Log Entries.Error Rate',
      'Log Entries.Avg Response ms',
      'Log Entries.P50 Response ms',
      'Log Entries.P95 Response ms',
      'Log Entries.P99 Response ms',
      'Log Entries.Avg CPU %',
    ),
    response_and_cpu_by_hour: inOrder('lineChart', 'Log Entries.Logged Hour', {
      Y: 'Log Entries.Avg Response ms',
      Y2: 'Log Entries.Avg CPU %',
    }),
    logs_by_response_range: inOrder('clusteredColumnChart', 'Log Entries.Response Range', {
      Y: 'Log Entries.Total Logs, Log Entries.Logged Tickets',
    }),
    logs_by_level: bars('Log Entries.Log Level', 'Log Entries.Total Logs'),
    logs_by_user_agent: bars('Log Entries.User Agent', 'Log Entries.Total Logs'),
    errors_by_weekday_and_hour: heatMap(
      'Log Entries.Logged Weekday',
      'Log Entries.Logged Hour',
      'Log Entries.Errors',
    ),
    tickets_with_errors: table(
      'Ticket Errors.Errors of Tickets Descending',
      'Ticket Errors.Ticket ID',
      'Ticket Errors.Errors of Tickets',
      'Ticket Errors.Status',
      'Ticket Errors.Agent',
    ),
  },
  pipeline: {
    ...{ title, pages },
    as_of: card('Freshness.Tickets As Of', 'Freshness.Logs As Of'),
    ticket_books: card(...ticketBooks),
    log_books: card(...logBooks),
    ticket_books_by_day: table(
      'Ticket Books.Book Day Descending',
      'Ticket Books.Book Day',
      ...ticketBooks,
    ),
    log_books_by_day: table('Log Books.Book Day Descending', 'Log Books.Book Day', ...logBooks),
    tickets_by_reason: bars('Quarantine.Reasons', 'Quarantine.Quarantined Rows'),
    logs_by_reason: bars('Quarantine.Reasons', 'Quarantine.Quarantined Logs'),
    freshness: table(
      'Freshness.Complete Up To Ascending',
      'Freshness.Dataset',
      'Freshness.Source',
      'Freshness.Complete Up To',
    ),
    verifications: table(
      'Verifications.Verified At Descending',
      'Verifications.Verified At',
      'Verifications.Dataset',
      'Verifications.Ok',
    ),
  },
};

/** Both ways: each visual shows what is planned, and everything planned is there. */
export function checkPlan({ pages: found }: Report): Finding[] {
  const folder = `${REPORT_DEFINITION}/pages`;
  const wanted = new Map(
    Object.entries(plan).flatMap(([page, visuals]) =>
      Object.entries(visuals).map(([name, planned]) => [
        `${folder}/${page}/visuals/${name}/visual.json`,
        textOf(planned),
      ]),
    ),
  );
  const visuals = found.flatMap((page) => page.visuals);
  const there = new Set(visuals.map(({ file }) => file));
  return [
    ...[...wanted.keys()]
      .filter((file) => !there.has(file))
      .map((file) => ({ file, problem: 'is planned (checks/report-plan.ts) and not there' })),
    ...visuals.flatMap((visual) => {
      const { file } = visual;
      const expected = wanted.get(file) ?? 'nothing: it is not planned (checks/report-plan.ts)';
      const shown = shownBy(visual);
      return shown === expected ? [] : [{ file, problem: `shows ${shown}; must be ${expected}` }];
    }),
  ];
}

function textOf([visualType, roles, sort]: Planned): string {
  return [
    visualType,
    ...Object.entries(roles)
      .map(([role, fields]) => `${role} ${fields}`)
      .sort(),
    ...(sort === undefined ? [] : [`by ${sort}`]),
  ].join('; ');
}

function shownBy({ content: { visual } }: Visual): string {
  const { queryState = {}, sortDefinition } = visual.query ?? {};
  const sorts = (sortDefinition?.sort ?? []).map(
    ({ field, direction }) => `${nameOf(field)} ${direction}`,
  );
  return textOf([
    visual.visualType,
    Object.fromEntries(
      Object.entries(queryState).map(([role, { projections }]) => [
        role,
        projections.map(({ field }) => nameOf(field)).join(', '),
      ]),
    ),
    sorts.length === 0 ? undefined : sorts.join(', '),
  ]);
}

function nameOf(field: unknown): string {
  const [reference] = fieldReferences(field);
  return reference === undefined ? 'no field' : `${reference.table}.${reference.name}`;
}
