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
    /a GUID as logicalId each/,
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
  [
    'an id that is none',
    replace('CarePlus.Report/.platform', '"logicalId": "', '"logicalId": "x'),
    /a GUID as logicalId each/,
  ],
  [
    'items of two names',
    replace('CarePlus.Report/.platform', '"displayName": "CarePlus"', '"displayName": "Copy"'),
    /metadata\.displayName must be CarePlus/,
  ],
  [
    'a report of one workspace',
    replace(
      'CarePlus.Report/definition.pbir',
      '"byPath"',
      '"byConnection": { "connectionString": "semanticmodelid=1" }, "byPath"',
    ),
    /byConnection belongs to what is published/,
  ],
  [
    'a report of the older form beside it',
    add('CarePlus.Report/report.json', '{}'),
    /CarePlus\.Report\/report\.json: belongs to nothing/,
  ],
  [
    'a model of the older form beside it',
    add('CarePlus.SemanticModel/model.bim', '{}'),
    /model\.bim: belongs to nothing/,
  ],
  [
    'a visual that does not say what it is',
    replace(`${title}/visual.json`, '"$schema"', '"schema"'),
    /\$schema must be a version of item\/report\/definition\/visualContainer/,
  ],
  [
    'a visual that says it is a page',
    replace(`${title}/visual.json`, 'visualContainer/2.9.0', 'page/2.1.0'),
    /\$schema must be a version of item\/report\/definition\/visualContainer/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
