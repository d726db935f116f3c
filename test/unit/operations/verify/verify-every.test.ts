import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { runCommandLine } from '../../../../operations/command-line.ts';

/** Port 1 is nobody's. */
const config = `version: 1
kafka: { brokers: ['127.0.0.1:1'] }
source: { name: test, host: 127.0.0.1, user: reader, port: 1 }
datasets: { support-tickets: { database: d, table: t } }
aws: { region: us-east-1, endpoint: 'http://127.0.0.1:1' }
warehouse: { workgroup: w, database: d, copyRoleArn: 'arn:aws:iam::1:role/r' }
`;

test('verify --every goes on after a run that failed, and ends with 0 when it is asked to', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-every-'));
  writeFileSync(path.join(folder, 'careplus.yaml'), config);
  vi.stubEnv('CAREPLUS_MYSQL_PASSWORD', 'none');
  let told = '';
  const running = runCommandLine(
    ['verify', '--every', '10ms', '--config', path.join(folder, 'careplus.yaml')],
    { stdout: { write: () => true }, stderr: { write: (text) => (told += text) } },
  );
  try {
    await vi.waitFor(
      () => expect(told.match(/not verified: CDC_\d{4}/g)?.length).toBeGreaterThan(1),
      {
        timeout: 10_000,
      },
    );
  } finally {
    process.emit('SIGTERM');
  }
  expect(await running).toBe(0);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});
