import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logFilesPart } from '../../../../operations/doctor/rights/log-files-part.ts';
import { loadConfig } from '../../../../runtime/config/load-config.ts';

const example = loadConfig(path.resolve(import.meta.dirname, '../../../../careplus.yaml'));
const never = new AbortController().signal;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const look = (directory = folder) =>
  logFilesPart({
    ...example,
    logs: { directory, include: '*.log*', idleFlushMs: 100 },
  }).look(never);

describe('the files of a shipper', () => {
  it('are counted when they may all be read', async () => {
    for (const name of ['a.log', 'b.log.1', 'other.txt']) {
      writeFileSync(path.join(folder, name), 'x');
    }
    expect(await look()).toMatchObject([{ severity: 'ok', found: 'log-shipper may read 2 files' }]);
  });

  it('that are none are a warning, and a folder that is not there an error', async () => {
    expect(await look()).toMatchObject([{ severity: 'warning' }]);
    const missing = path.join(folder, 'nowhere');
    const [finding] = await look(missing);
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding?.found).toContain(missing);
  });

  // Root may read everything.
  it.skipIf(process.getuid?.() === 0)('that may not be read are named', async () => {
    const file = path.join(folder, 'a.log');
    writeFileSync(file, 'x');
    chmodSync(file, 0);
    const [finding] = await look();
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding?.found).toContain(`may not read ${file}`);
  });
});
