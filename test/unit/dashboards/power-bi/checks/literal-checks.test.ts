import { expect, it } from 'vitest';
import { literal, problemsAfter, replace, set, type Damage } from './damage.ts';

const byAgent =
  'CarePlus.Report/definition/pages/ticket_insights/visuals/tickets_by_agent/visual.json';
const container = ['visual', 'visualContainerObjects'];
const titleText = [...container, 'title', 0, 'properties', 'text'];

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a text without its last quote',
    set(byAgent, titleText, literal("'Tickets by agent")),
    /'Tickets by agent is no literal/,
  ],
  [
    'a quote in a text',
    set(byAgent, titleText, literal("'Agents' tickets'")),
    /'Agents' tickets' is no literal/,
  ],
  ['a text without quotes', set(byAgent, titleText, literal('Tickets')), /Tickets is no literal/],
  [
    'a number without its kind',
    replace(byAgent, '"1D"', '"1"'),
    /tickets_by_agent\/visual\.json: 1 is no literal/,
  ],
  [
    'a colour that is written out',
    set(
      byAgent,
      [...container, 'background'],
      [{ properties: { color: { solid: { color: literal("'#FF00FF'") } } } }],
    ),
    /the colour '#FF00FF' is written out/,
  ],
  [
    'a key that is there twice',
    replace(byAgent, '"visualType":', '"visualType": "card", "visualType":'),
    /holds a key twice/,
  ],
  [
    'an address',
    set(byAgent, ['visual', 'image'], 'https://example.com/logo.png'),
    /leads to https:\/\/example\.com\/logo\.png/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
