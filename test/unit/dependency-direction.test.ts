import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const { forbidden, options } = createRequire(import.meta.url)(
  path.join(root, '.dependency-cruiser.cjs'),
) as { forbidden: object[]; options: ICruiseOptions };

async function violations(baseDir: string, folders: string[]) {
  const result = await cruise(folders, {
    ...options,
    ruleSet: { forbidden },
    validate: true,
    baseDir,
  } as ICruiseOptions);
  const { summary } = result.output as ICruiseResult;
  return {
    modules: summary.totalCruised,
    found: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
  };
}

const sources = [
  'schemas',
  'runtime',
  'cdc-reader',
  'stream-processors',
  'warehouse-loader',
  'dashboards',
  'operations',
  'infra/local',
  'infra/aws',
];

describe('dependency direction', () => {
  let planted: string | undefined;
  afterEach(() => {
    if (planted !== undefined) rmSync(planted, { recursive: true, force: true });
  });

  it('holds in the whole tree', async () => {
    const { modules, found } = await violations(root, sources);
    expect(found).toEqual([]);
    // A checker that sees no modules finds no violations either.
    expect(modules).toBeGreaterThan(60);
  }, 30_000);

  it.each([
    ['a stage imports another', 'cdc-reader', 'stream-processors', 'direction-of-cdc-reader'],
    ['a contract imports the runtime', 'schemas', 'runtime', 'direction-of-schemas'],
    ['verify imports a stage', 'operations/verify', 'warehouse-loader', 'verify-is-independent'],
    [
      'the AWS endpoint imports the runtime',
      'infra/local/aws-endpoint',
      'runtime',
      'endpoint-knows-only-contracts',
    ],
  ])('catches it when %s', async (_, from, to, rule) => {
    planted = mkdtempSync(path.join(tmpdir(), 'careplus-planted-'));
    for (const folder of [from, to]) mkdirSync(path.join(planted, folder), { recursive: true });
    writeFileSync(path.join(planted, to, 'b.ts'), 'export const b = 1;\nexport type B = number;\n');
    const up = '../'.repeat(from.split('/').length);
    writeFileSync(
      path.join(planted, from, 'a.ts'),
      `import type { B } from '${up}${to}/b.ts';\nexport const a: B = 1;\n`,
    );
    const { found } = await violations(planted, [from, to]);
    expect(found).toContainEqual(`${rule}: ${from}/a.ts → ${to}/b.ts`);
  });
});
