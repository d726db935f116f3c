import { expect, it } from 'vitest';
import { add, problemsAfter, remove, replace, set, type Damage } from './damage.ts';

const insights = 'CarePlus.Report/definition/pages/ticket_insights/visuals';
const byPriority = `${insights}/minutes_by_priority/visual.json`;
const byDay = `${insights}/tickets_by_day/visual.json`;
const sort = ['visual', 'query', 'sortDefinition'];

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'another measure under the same title',
    (files) =>
      new Map(files).set(
        byPriority,
        (files.get(byPriority) ?? '').replaceAll('Avg Resolution Minutes', 'Avg Interactions'),
      ),
    /shows .*Y Tickets\.Avg Interactions.*; must be .*Y Tickets\.Avg Resolution Minutes/,
  ],
  [
    'a slicer of another column',
    replace(
      `${insights}/slicer_priority/visual.json`,
      '"Property": "Priority"',
      '"Property": "Channel"',
    ),
    /shows slicer; Values Tickets\.Channel; must be slicer; Values Tickets\.Priority/,
  ],
  [
    'a slicer that is gone',
    remove(`${insights}/slicer_priority/visual.json`),
    /slicer_priority\/visual\.json: is planned .* and not there/,
  ],
  [
    'a visual that nobody planned',
    add(
      `${insights}/more/visual.json`,
      '{"name":"more","position":{"x":0,"y":0,"width":50,"height":50},"visual":{"visualType":"textbox"}}',
    ),
    /more\/visual\.json: shows textbox; must be nothing/,
  ],
  [
    'how far another dataset is complete',
    replace(
      `${insights}/as_of/visual.json`,
      '"Property": "Tickets As Of"',
      '"Property": "Logs As Of"',
    ),
    /must be cardVisual; Data Freshness\.Tickets As Of/,
  ],
  [
    'a figure that is missing in a card',
    set(
      `${insights}/figures/visual.json`,
      ['visual', 'query', 'queryState', 'Data', 'projections', 0],
      {
        field: {},
        queryRef: '',
      },
    ),
    /Data no field, Tickets\.Resolved Tickets/,
  ],
  ['days in no order', set(byDay, sort, undefined), /must be .*by Tickets\.Created Date Ascending/],
  [
    'days from the last to the first',
    replace(byDay, '"direction": "Ascending"', '"direction": "Descending"'),
    /shows .*by Tickets\.Created Date Descending/,
  ],
  [
    'a chart without its categories',
    set(byPriority, ['visual', 'query', 'queryState', 'Category'], undefined),
    /must be clusteredBarChart; Category Tickets\.Priority/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
