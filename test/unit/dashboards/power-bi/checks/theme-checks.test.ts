import { expect, it } from 'vitest';
import { withPageColours } from '../../../../../dashboards/power-bi/checks/theme-checks.ts';
import { files, problemsAfter, replace, styleSheet, type Damage } from './damage.ts';

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
  [
    'a colour that the theme has not',
    replace(theme, '"color": "backgroundNeutral"', '"color": "red"'),
    /there is no colour red/,
  ],
  [
    'a text that cannot be read',
    replace(theme, '"fontSize": 11', '"fontSize": 1'),
    /a text of 1 points cannot be read/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});

it('paints a theme anew, and says what the page does not have', () => {
  const [, accent = ''] = /--accent: light-dark\((#\w+)/.exec(styleSheet) ?? [];
  const painted = withPageColours(files.get(theme) ?? '', styleSheet.replace(accent, '#123456'));
  expect(JSON.parse(painted)).toMatchObject({ tableAccent: '#123456', name: 'CarePlus' });
  expect(withPageColours(painted, styleSheet)).toBe(files.get(theme));
  expect(() => withPageColours(painted, '')).toThrow(/has no --[a-z]+/);
});
