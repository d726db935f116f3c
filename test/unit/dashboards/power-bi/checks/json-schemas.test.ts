import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkSchemas,
  readSchemaSet,
  type SchemaSet,
} from '../../../../../dashboards/power-bi/checks/json-schemas.ts';
import { add, files, place, replace, type Damage } from './damage.ts';

/** Microsoft's schemas, if somebody has put them beside the checkout. */
const folder = new URL('../../../../../../shared/powerbi-schemas', import.meta.url).pathname;

const report = 'CarePlus.Report/definition/report.json';
const byAgent =
  'CarePlus.Report/definition/pages/ticket_insights/visuals/tickets_by_agent/visual.json';
const theme = 'CarePlus.Report/StaticResources/RegisteredResources/CarePlus.json';

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  ['no JSON', add(report, '{'), /no JSON/],
  ['no schema', replace(report, '"$schema"', '"schema"'), /schema undefined is not in the set/],
  [
    'an unknown schema',
    replace(byAgent, 'visualContainer/2.9.0', 'visualContainer/2.10.0'),
    /visualContainer\/2\.10\.0\/schema\.json is not in the set: add it/,
  ],
  ['an unknown property', replace(byAgent, '"tabOrder"', '"order"'), /additional properties/],
  ['a missing property', replace(byAgent, '"width"', '"wide"'), /required property 'width'/],
  ['a wrong type', place(byAgent, { x: 'left' }), /\/position\/x must be number/],
  ['a part of an embedded schema', replace(byAgent, '"queryRef"', '"ref"'), /queryRef/],
  ['a theme of another shape', replace(theme, '"dataColors"', '"colors"'), /additional properties/],
];

describe.skipIf(!existsSync(folder))('Microsoft’s JSON schemas', () => {
  let schemas: SchemaSet;
  beforeAll(() => {
    schemas = readSchemaSet(folder);
    // The schema of themes takes seconds to compile.
  }, 60_000);

  it('hold for every JSON file of the project', () => {
    const { findings, validated } = checkSchemas(files, schemas);
    expect(findings).toEqual([]);
    const others = [...files.keys()].filter((file) => /\.(tmdl|dax)$/.test(file));
    expect(validated).toBeGreaterThan(0);
    expect(validated + others.length).toBe(files.size);
  });

  it.each(damages)('find %s', (_what, damage, expected) => {
    const { findings } = checkSchemas(damage(files), schemas);
    expect(findings.map(({ problem }) => problem).join('\n')).toMatch(expected);
  });
});
