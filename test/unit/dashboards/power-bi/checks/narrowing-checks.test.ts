import { expect, it } from 'vitest';
import { literal, problemsAfter, replace, set, type Damage } from './damage.ts';

const definition = 'CarePlus.Report/definition';
const insights = `${definition}/pages/ticket_insights`;
const byAgent = `${insights}/visuals/tickets_by_agent/visual.json`;
const slicer = `${insights}/visuals/slicer_priority/visual.json`;

/** Only open tickets, as Desktop writes it. */
const filter = {
  Version: 2,
  From: [{ Name: 't', Entity: 'Tickets', Type: 0 }],
  Where: [
    {
      Condition: {
        In: {
          Expressions: [
            { Column: { Expression: { SourceRef: { Source: 't' } }, Property: 'Status' } },
          ],
          Values: [[{ Literal: { Value: "'Open'" } }]],
        },
      },
    },
  ],
};
const filterConfig = { filters: [{ name: 'open', type: 'Categorical', filter }] };

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a filter of a visual',
    set(byAgent, ['filterConfig'], filterConfig),
    /tickets_by_agent\/visual\.json: holds a filter/,
  ],
  [
    'a filter of a page',
    set(`${insights}/page.json`, ['filterConfig'], filterConfig),
    /page\.json: holds a filter/,
  ],
  [
    'a filter of the report',
    set(`${definition}/report.json`, ['filterConfig'], filterConfig),
    /report\.json: holds a filter/,
  ],
  [
    'a choice that was saved in a slicer',
    set(slicer, ['visual', 'objects', 'general'], [{ properties: { filter: { filter } } }]),
    /slicer_priority\/visual\.json: holds a filter/,
  ],
  [
    'a hidden page',
    set(`${insights}/page.json`, ['visibility'], 'HiddenInViewMode'),
    /may not say visibility/,
  ],
  ['a page of tooltips', set(`${insights}/page.json`, ['type'], 'Tooltip'), /may not say type/],
  [
    'a slicer that leaves a visual out',
    set(
      `${insights}/page.json`,
      ['visualInteractions'],
      [{ source: 'slicer_agent', target: 'tickets', type: 'NoFilter' }],
    ),
    /may not say visualInteractions/,
  ],
  ['a hidden visual', set(byAgent, ['isHidden'], true), /may not say isHidden/],
  [
    'a visual of a group that is not there',
    set(byAgent, ['parentGroupName'], 'gone'),
    /may not say parentGroupName/,
  ],
  [
    'a visual that leads elsewhere',
    set(
      byAgent,
      ['visual', 'visualContainerObjects', 'visualLink'],
      [{ properties: { show: literal('true') } }],
    ),
    /may not lead elsewhere/,
  ],
  [
    'a measure that its category does not filter',
    replace(byAgent, '"Entity": "Tickets"', '"Entity": "Ticket Periods"'),
    /Ticket Periods\.Agent does not filter Tickets\.Total Tickets/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
