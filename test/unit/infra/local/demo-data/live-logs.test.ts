import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogWriter } from '../../../../../infra/local/demo-data/live-logs.ts';
import { seededRandom } from '../../../../../infra/local/demo-data/random.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-live-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('appends whole entries to the file of the day and rotates it by rename', async () => {
  const noon = Date.parse('2025-08-01T12:00:00Z');
  const writer = createLogWriter({
    folder,
    random: seededRandom(1),
    now: () => noon,
    rotateBytes: 1_000,
  });
  for (let index = 0; index < 9; index += 1) await writer.append(`TCK080100${index}`);

  const names = readdirSync(folder).sort();
  expect(names).toContain('support_logs_2025-08-01.log');
  expect(names).toContain('support_logs_2025-08-01.1.log');
  expect(names).toContain('support_logs_2025-08-01.2.log');
  const text = names.map((name) => readFileSync(path.join(folder, name), 'utf8')).join('');
  for (let index = 0; index < 9; index += 1) expect(text).toContain(`TicketID=TCK080100${index} `);
  for (const entry of text.split(/(?<=\n---)\n/).filter((part) => part !== '')) {
    expect(entry).toMatch(/^2025-08-01 12:00:00 \[\w+\] [^]*\n---$/);
  }
});
