import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readState } from '../../../../infra/local/state-file.ts';
import { askedFeed, openState } from '../../../../operations/local-run/feed-state.ts';

let folder = '';
let dump = '';
let logs = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-feed-'));
  dump = path.join(folder, 'dump.sql');
  logs = path.join(folder, 'logs');
  writeFileSync(dump, 'SELECT 1;');
  mkdirSync(logs);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nothing = { tickets: undefined, logs: undefined, empty: false };

describe('askedFeed', () => {
  it('is none when nothing is named', async () => {
    expect(await askedFeed(nothing)).toBeUndefined();
  });

  it('leaves empty what is not named beside something that is', async () => {
    const sha256 = createHash('sha256').update('SELECT 1;').digest('hex');
    const tickets = { kind: 'dump', file: dump, sha256 };
    const folderOfLogs = { kind: 'folder', directory: logs };
    const empty = { kind: 'empty' };
    expect(await askedFeed({ ...nothing, tickets: dump })).toEqual({ tickets, logs: empty });
    expect(await askedFeed({ ...nothing, logs })).toEqual({ tickets: empty, logs: folderOfLogs });
    expect(await askedFeed({ ...nothing, tickets: dump, logs })).toEqual({
      tickets,
      logs: folderOfLogs,
    });
    expect(await askedFeed({ ...nothing, empty: true })).toEqual({ tickets: empty, logs: empty });
  });

  it.each([
    ['a dump', () => ({ ...nothing, tickets: path.join(folder, 'none.sql') })],
    ['a folder', () => ({ ...nothing, logs: path.join(folder, 'none') })],
    ['a folder that is a file', () => ({ ...nothing, logs: dump })],
  ])('refuses %s that cannot be read', async (_, request) => {
    await expect(askedFeed(request())).rejects.toMatchObject({ code: 'CFG_9007' });
  });
});

describe('openState', () => {
  it('remembers the feed and refuses another one, naming both', async () => {
    const stateDir = path.join(folder, 'state');
    await openState({ ...nothing, logs, stateDir });
    expect(await openState({ ...nothing, stateDir })).toEqual(readState(stateDir));
    expect(await openState({ ...nothing, logs, stateDir })).toEqual(readState(stateDir));
    await expect(openState({ ...nothing, tickets: dump, stateDir })).rejects.toMatchObject({
      code: 'CFG_9005',
      message: expect.stringMatching(/the logs in .*, not the dump .* and no logs/) as string,
    });
  });

  it('generates tickets and logs when nothing is named the first time', async () => {
    const { feed } = await openState({ ...nothing, stateDir: path.join(folder, 'state') });
    expect([feed.tickets.kind, feed.logs.kind]).toEqual(['generated', 'generated']);
  });
});
