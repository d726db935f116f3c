import { expect, it } from 'vitest';
import { replace, problemsAfter, type Damage } from './damage.ts';

const definition = 'CarePlus.SemanticModel/definition';
const tickets = `${definition}/tables/Tickets.tmdl`;
const query = 'CarePlus.SemanticModel/DAXQueries/Every measure.dax';

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'another DAX than the catalogue',
    replace(tickets, 'COUNTROWS(Tickets)', 'COUNT(Tickets[Ticket ID])'),
    /DAX must be COUNTROWS/,
  ],
  [
    'DAX that is not its SQL twin',
    replace(tickets, 'sourceColumn: num_interactions', 'sourceColumn: resolution_seconds'),
    /its DAX is SUM\(resolution_seconds\)/,
  ],
  [
    'DAX of a column that is not there',
    replace(tickets, "column 'Is Resolved'", "column 'Is Closed'"),
    /no column Tickets\[Is Resolved\]/,
  ],
  [
    'DAX outside of the subset',
    replace(tickets, 'COUNTROWS(Tickets)', 'AVERAGE(Tickets[Num Interactions])'),
    /AVERAGE is not allowed/,
  ],
  [
    'a measure that is not in the catalogue',
    replace(tickets, "measure 'Total Tickets'", "measure 'All Tickets'"),
    /All Tickets: not in the catalogue/,
  ],
  [
    'a measure that is missing',
    replace(tickets, "measure 'Total Tickets'", "measure 'All Tickets'"),
    /Total Tickets of the catalogue is missing/,
  ],
  [
    'another format',
    replace(tickets, 'formatString: #,0', 'formatString: 0'),
    /format must be #,0/,
  ],
  [
    'another meaning',
    replace(tickets, 'Tickets, each counted once', 'Rows'),
    /description must be Tickets, each/,
  ],
  [
    'a measure in another table',
    replace(`${definition}/tables/Log Books.tmdl`, '"log_books"', '"log_entries"'),
    /belongs to the table of reporting\.log_books/,
  ],
  [
    'a breakdown by a column that is not there',
    replace(tickets, 'column Channel', 'column Way'),
    /Tickets\[Channel\]: there is no column Tickets\[Channel\]/,
  ],
  [
    'a breakdown by another column than the page’s',
    replace(tickets, 'sourceColumn: channel', 'sourceColumn: status'),
    /Tickets\[Channel\]: shows status, not channel/,
  ],
  [
    'a measure that the query of all forgets',
    replace(query, '\t"Open Tickets", [Open Tickets],\n', ''),
    /line 5 must be \t"Open Tickets", \[Open Tickets\],, found \t"Escalated/,
  ],
  [
    'a measure that the query of all invents',
    replace(query, '[Open Tickets]', '[Closed Tickets]'),
    /line 5 must be .*found \t"Open Tickets", \[Closed Tickets\]/,
  ],
  [
    'a percentile of another column',
    replace(tickets, 'sourceColumn: resolution_bucket_seconds', 'sourceColumn: num_messages'),
    /its DAX is P50\(num_messages\) FROM reporting\.tickets \/ 60 in SQL/,
  ],
  [
    'another percentile',
    replace(tickets, 'Total * 90)', 'Total * 95)'),
    /its DAX is P95\(resolution_bucket_seconds\)/,
  ],
  [
    'a percentile of another form',
    replace(tickets, '<= Edge)', '< Edge)'),
    /measure P50 Resolution Minutes: /,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
