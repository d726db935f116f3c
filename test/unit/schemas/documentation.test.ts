import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../../../docs/generate-errors.ts';
import { loadConfig } from '../../../runtime/config/load-config.ts';
import { errorCodes } from '../../../schemas/error-codes.ts';

const root = path.resolve(import.meta.dirname, '../../..');

describe('documentation', () => {
  it('lists every error code as it is in the code', () => {
    const page = readFileSync(path.join(root, 'docs/errors.md'), 'utf8');
    expect(page).toBe(errorsPage());
    for (const code of Object.keys(errorCodes)) expect(page).toContain(`| ${code} |`);
  });

  it('shows an example configuration that is accepted', () => {
    expect(loadConfig(path.join(root, 'careplus.yaml')).version).toBe(1);
  });
});
