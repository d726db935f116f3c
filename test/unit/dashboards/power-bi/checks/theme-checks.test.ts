import { expect, it } from 'vitest';
import { replace, problemsAfter, type Damage } from './damage.ts';

const theme = 'CarePlus.Report/StaticResources/RegisteredResources/CarePlus.json';

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a colour that is not the page’s',
    replace(theme, '"foreground": "#', '"foreground": "#f'),
    /foreground differ from the page/,
  ],
  [
    'a colour written out',
    replace(theme, '"color": "background"', '"color": "#ffffff"'),
    /#ffffff is written out/,
  ],
  [
    'a theme without colours',
    replace(theme, '"dataColors"', '"colors"'),
    /no theme with dataColors/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
