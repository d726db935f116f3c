import { expect, it } from 'vitest';
import { replace, problemsAfter, type Damage } from './damage.ts';

const pages = 'CarePlus.Report/definition/pages';
const insights = `${pages}/ticket_insights`;
const byAgent = `${insights}/visuals/tickets_by_agent/visual.json`;

const figures = `${insights}/visuals/figures/mobile.json`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a visual type that is not there',
    replace(byAgent, '"clusteredBarChart"', '"barsChart"'),
    /unknown visual type barsChart/,
  ],
  [
    'a role that is not there',
    replace(byAgent, '"Category": {', '"Categry": {'),
    /has no role Categry/,
  ],
  [
    'a measure as a category',
    replace(byAgent, '"Y": {', '"Series": {'),
    /role Series takes a Column/,
  ],
  ['a visual without a query', replace(byAgent, '"query":', '"question":'), /nothing to show/],
  [
    'an unknown formatting object',
    replace(byAgent, '"labels": [', '"label": ['),
    /no formatting object label/,
  ],
  [
    'an unknown property',
    replace(byAgent, '"heading":', '"headings":'),
    /title has no property headings/,
  ],
  [
    'a property of another type',
    replace(byAgent, '"Value": "true"', '"Value": "\'yes\'"'),
    /show may not be 'yes'/,
  ],
  [
    'a value that is not on the list',
    replace(byAgent, "'Heading3'", "'Heading9'"),
    /heading may not be 'Heading9'/,
  ],
  [
    'an unknown property on the phone',
    replace(figures, '"columnCount"', '"columns"'),
    /layout has no property columns/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
