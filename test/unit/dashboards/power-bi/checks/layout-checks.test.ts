import { expect, it } from 'vitest';
import { add, files, place, remove, replace, problemsAfter, type Damage } from './damage.ts';

const pages = 'CarePlus.Report/definition/pages';
const insights = `${pages}/ticket_insights`;
const byAgent = `${insights}/visuals/tickets_by_agent/visual.json`;
const onPhone = byAgent.replace('visual.json', 'mobile.json');
const byDay = `${insights}/visuals/tickets_by_day/visual.json`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  ['a visual that leaves the page', place(byAgent, { width: 900 }), /not inside its page/],
  ['a visual that covers another', place(byDay, { width: 900 }), /covers .* on the page/],
  ['a tab order that jumps', place(byAgent, { tabOrder: 1 }), /tabOrder must rise/],
  ['a visual without a tab order', replace(byAgent, '"tabOrder"', '"order"'), /tabOrder must rise/],
  ['a visual that is not on the phone', remove(onPhone), /not on the phone/],
  [
    'a navigator on the phone',
    add(
      `${insights}/visuals/pages/mobile.json`,
      files.get(`${insights}/visuals/title/mobile.json`) ?? '',
    ),
    /does not belong on the phone/,
  ],
  ['a visual wider than the phone', place(onPhone, { width: 400 }), /not on the phone's canvas/],
  [
    'a visual that covers another on the phone',
    place(onPhone, { height: 900 }),
    /covers .* on the phone/,
  ],
  [
    'a visual without an alternative text',
    replace(byAgent, '"altText"', '"keepLayerOrder"'),
    /altText of 1 to 250/,
  ],
  ['a chart without a title', replace(byAgent, '"text":', '"background":'), /no title/],
  [
    'a page of another size',
    replace(`${insights}/page.json`, '"width": 1280', '"width": 4000'),
    /width must be 1280/,
  ],
  [
    'a page that does not fit the window',
    replace(`${insights}/page.json`, '"FitToPage"', '"ActualSize"'),
    /displayOption must be FitToPage/,
  ],
  ['a visual above the phone', place(onPhone, { y: -50 }), /not on the phone's canvas/],
  ['a tab order that jumps on the phone', place(onPhone, { tabOrder: 1 }), /tabOrder must rise/],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
