import { expect, it } from 'vitest';
import { add, files, problemsAfter, remove, rename, replace, type Damage } from './damage.ts';

const insights = 'CarePlus.Report/definition/pages/ticket_insights';
const title = `${insights}/visuals/title`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a project without its report',
    replace('CarePlus.pbip', 'CarePlus.Report', 'Other.Report'),
    /artifacts\.0\.report\.path must be CarePlus\.Report/,
  ],
  [
    'a report without its model',
    replace('CarePlus.Report/definition.pbir', 'SemanticModel', 'Dataset'),
    /byPath\.path must be \.\.\/CarePlus\.SemanticModel/,
  ],
  [
    'one id for two items',
    add(
      'CarePlus.Report/.platform',
      (files.get('CarePlus.SemanticModel/.platform') ?? '').replace('"SemanticModel"', '"Report"'),
    ),
    /a logicalId each/,
  ],
  [
    'a model that is read as one file',
    replace('CarePlus.SemanticModel/definition.pbism', '"4.2"', '"1.0"'),
    /definition\.pbism: version must be 4\.x/,
  ],
  [
    'a missing file',
    remove('CarePlus.SemanticModel/definition.pbism'),
    /definition\.pbism: is missing/,
  ],
  [
    'measures of the report’s own',
    add('CarePlus.Report/definition/reportExtensions.json', '{}'),
    /reportExtensions\.json: belongs to nothing/,
  ],
  [
    'a phone layout of nothing',
    rename(`${title}/visual.json`, `${insights}/visuals/heading/visual.json`),
    /title\/mobile\.json: belongs to nothing/,
  ],
  ['visuals of nothing', remove(`${insights}/page.json`), /visual\.json: belongs to nothing/],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
