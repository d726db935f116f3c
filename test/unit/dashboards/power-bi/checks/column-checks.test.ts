import { expect, it } from 'vitest';
import { problemsAfter, replace, type Damage } from './damage.ts';

const tables = 'CarePlus.SemanticModel/definition/tables';
const tickets = `${tables}/Tickets.tmdl`;
const logs = `${tables}/Log Entries.tmdl`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a calculated column',
    replace(tickets, '\tcolumn Agent\n', '\tcolumn Agent = UPPER(Tickets[Channel])\n'),
    /Tickets\[Agent\] is calculated/,
  ],
  [
    'a time in the format of whoever looks',
    replace(tickets, '\t\tformatString: yyyy-mm-dd hh:nn:ss\n', ''),
    /Tickets\[Created At\]: formatString of dateTime must be/,
  ],
  [
    'a day as a number',
    replace(tickets, 'formatString: yyyy-mm-dd\n', 'formatString: 0\n'),
    /Tickets\[Created Date\]: formatString of dateTime must be/,
  ],
  [
    'ranges in the order of their letters',
    replace(logs, "\t\tsortByColumn: 'Response Order'\n", ''),
    /Log Entries\[Response Range\] must be sorted by Response Order/,
  ],
  [
    'a column in the order of another one',
    replace(tickets, '\tcolumn Agent\n', '\tcolumn Agent\n\t\tsortByColumn: Channel\n'),
    /Tickets\[Agent\] must be sorted by nothing else/,
  ],
  [
    'what names a person',
    replace(logs, 'sourceColumn: trace_id', 'sourceColumn: ip'),
    /Log Entries\[Trace ID\] shows ip/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
