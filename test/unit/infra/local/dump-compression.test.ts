import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isGzipped } from '../../../../infra/local/dump-compression.ts';
import { askedFeed } from '../../../../operations/local-run/feed-state.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-dump-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string, content: Buffer | string) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};

const sql = 'CREATE TABLE support_tickets (ticket_id TEXT);\n';

it.each([
  ['dump.sql', sql, false],
  ['empty.sql', '', false],
  ['dump.sql.gz', gzipSync(sql), true],
  ['packed-without-saying-so.sql', gzipSync(sql), true],
  ['named-wrongly.gz', sql, false],
])('%s is taken by its content', async (name, content, expected) => {
  expect(await isGzipped(fileOf(name, content))).toBe(expected);
});

it.each([
  ['dump.zip', Buffer.from('PK\x03\x04rest', 'latin1'), 'a ZIP archive'],
  ['dump.sql.zst', zstdCompressSync(sql), 'zstd'],
  ['dump.sql.xz', Buffer.from('fd377a585a000004', 'hex'), 'xz'],
  ['dump.sql.bz2', Buffer.from('BZh91AY&SY', 'latin1'), 'bzip2'],
])('%s is refused before anything starts, in words', async (name, content, word) => {
  const tickets = fileOf(name, content);
  const asked = askedFeed({ tickets, logs: undefined, empty: false });
  await expect(asked).rejects.toMatchObject({
    code: 'CFG_9007',
    message: expect.stringContaining(word) as string,
  });
});
