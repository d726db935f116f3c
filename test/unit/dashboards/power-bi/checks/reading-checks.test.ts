import { expect, it } from 'vitest';
import { literal, place, problemsAfter, replace, set, type Damage } from './damage.ts';

const pages = 'CarePlus.Report/definition/pages';
const insights = `${pages}/ticket_insights/visuals`;
const figures = `${insights}/figures/visual.json`;
const byAgent = `${insights}/tickets_by_agent/visual.json`;
const slicer = `${insights}/slicer_priority/visual.json`;
const value = ['visual', 'objects', 'value'];

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a card that rounds to thousands',
    set(figures, [...value, 0, 'properties', 'labelDisplayUnits'], undefined),
    /cards must show whole figures/,
  ],
  [
    'a count of nothing that is blank',
    set(figures, [...value, 0, 'properties', 'showBlankAs'], undefined),
    /Tickets\.Open Tickets of nothing must be shown as '0'/,
  ],
  [
    'a ratio of nothing that is 0',
    set(figures, [...value, 1, 'properties', 'showBlankAs'], literal("'0'")),
    /Tickets\.Resolution Rate of nothing must be shown as '–'/,
  ],
  [
    'a percentile of nothing that is 0',
    replace(
      `${pages}/system_logs_performance/visuals/figures/visual.json`,
      '"metadata": "Log Entries.P95 Response ms"',
      '"metadata": "Log Entries.P50 Response ms"',
    ),
    /Log Entries\.P95 Response ms of nothing must be shown as '–'/,
  ],
  [
    'a card that hides a figure',
    set(figures, ['visual', 'objects', 'layout', 0, 'properties', 'maxTiles'], literal('9L')),
    /maxTiles hides some of 10 figures/,
  ],
  [
    'labels that round to thousands',
    set(byAgent, ['visual', 'objects', 'labels', 0, 'properties', 'labelDisplayUnits'], undefined),
    /labels must show whole figures/,
  ],
  [
    'a heading of another page',
    replace(`${insights}/title/visual.json`, '"value": "Ticket Insights"', '"value": "History"'),
    /says History on the page Ticket Insights/,
  ],
  [
    'a heading that nobody can read',
    replace(`${insights}/title/visual.json`, '"20pt"', '"2pt"'),
    /cannot be read: too small/,
  ],
  [
    'two pages of one name',
    replace(`${pages}/ticket_history/page.json`, '"Ticket History"', '"Ticket Insights"'),
    /Ticket Insights is there twice/,
  ],
  [
    'a span of texts',
    set(slicer, ['visual', 'objects', 'data'], [{ properties: { mode: literal("'Between'") } }]),
    /mode must be Between for a day/,
  ],
  [
    'a slicer that is headed by another column',
    replace(slicer, "'Priority'", "'Channel'"),
    /is headed Channel and chooses Priority/,
  ],
  [
    'an axis of no active field',
    replace(byAgent, '"active": true', '"active": false'),
    /first field of Category must be active/,
  ],
  [
    'formatting of a field that is not shown',
    set(figures, [...value, 1, 'selector'], { metadata: 'Tickets.Gone' }),
    /formats Tickets\.Gone, not shown here/,
  ],
  ['a visual too small to be seen', place(byAgent, { height: 10 }), /smaller than 40/],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
