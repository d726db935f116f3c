/** The report has the colours of the web page: its theme repeats those of the page's style sheet. */
import { z } from 'zod';
import { parseJson, partsOf } from './report.ts';
import { REPORT, type Finding, type ProjectFiles } from './project-files.ts';

export const THEME_FILE = `${REPORT}/StaticResources/RegisteredResources/CarePlus.json`;

/** Each colour of the theme and the custom property of the page that it repeats, in its light form. */
const sources = {
  foreground: 'ink',
  foregroundNeutralSecondary: 'quiet',
  background: 'surface',
  backgroundLight: 'page',
  backgroundNeutral: 'line',
  tableAccent: 'accent',
  good: 'accent',
  neutral: 'amber',
  bad: 'red',
  // Of heat maps: the figures stay readable on the darkest.
  minimum: 'track',
  center: 'line',
  maximum: 'accent-soft',
} as const;

/** Series take these in turn. */
const seriesSources = ['accent', 'amber', 'quiet', 'accent-soft', 'amber-soft', 'red'] as const;

/** In points. */
const SMALLEST_FONT = 8;

const themeFile = z.looseObject({ dataColors: z.array(z.string()) });

/** @returns the theme with the colours of the style sheet; everything else as it is. */
export function withPageColours(theme: string, styleSheet: string): string {
  const colours = lightColours(styleSheet);
  const colour = (source: string): string => {
    const found = colours.get(source);
    if (found === undefined) {
      throw new Error(`the style sheet has no --${source}: light-dark(#…, #…)`);
    }
    return found;
  };
  const own = Object.entries(sources).map(([name, source]) => [name, colour(source)] as const);
  const painted: Record<string, unknown> = {
    ...themeFile.parse(JSON.parse(theme)),
    dataColors: seriesSources.map(colour),
    ...Object.fromEntries(own),
  };
  return `${JSON.stringify(painted, null, 2)}\n`;
}

export function checkColours(files: ProjectFiles, styleSheet: string): Finding[] {
  const say = (problem: string): Finding[] => [{ file: THEME_FILE, problem }];
  const theme = themeFile.safeParse(parseJson(files.get(THEME_FILE) ?? ''));
  if (!theme.success) return say('no theme with dataColors');
  const { data } = theme;
  const painted = themeFile.parse(
    JSON.parse(withPageColours(files.get(THEME_FILE) ?? '', styleSheet)),
  );
  const wrong = ['dataColors', ...Object.keys(sources)].filter(
    (name) => JSON.stringify(data[name]) !== JSON.stringify(painted[name]),
  );
  const rest = JSON.stringify({ ...data, ...painted, ...emptied });
  return [
    ...(wrong.length === 0
      ? []
      : say(`${wrong.join(', ')} differ from the page: node dashboards/power-bi/write-theme.ts`)),
    ...(rest.match(/#[0-9a-f]{3,8}\b/gi) ?? []).flatMap((colour) =>
      say(`${colour} is written out: name a colour of the theme instead`),
    ),
    ...partsOf(data).flatMap(({ color, fontSize }) => [
      ...(typeof color === 'string' && !(color in sources)
        ? say(`there is no colour ${color}`)
        : []),
      ...(typeof fontSize === 'number' && fontSize < SMALLEST_FONT
        ? say(`a text of ${fontSize} points cannot be read`)
        : []),
    ]),
  ];
}

/** The places where colours are written out. */
const emptied = Object.fromEntries(
  ['dataColors', ...Object.keys(sources)].map((name) => [name, '']),
);

/** `--name: light-dark(#light, #dark)` of the style sheet. */
function lightColours(styleSheet: string): ReadonlyMap<string, string> {
  return new Map(
    [...styleSheet.matchAll(/--([\w-]+):\s*light-dark\(\s*(#[0-9a-f]{6})\b/g)].map(
      ([, name = '', colour = '']) => [name, colour],
    ),
  );
}
