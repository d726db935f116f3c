import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describeFeed,
  logFolder,
  readState,
  sameFeed,
  makeStateFolder,
  writeState,
  type Feed,
  type LocalState,
} from '../../../../infra/local/state-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dump = { kind: 'dump', file: '/a/dump.sql', sha256: 'aa' } as const;
const logs = { kind: 'folder', directory: '/a/logs' } as const;
const empty = { kind: 'empty' } as const;
const generated = { kind: 'generated', seed: 1 } as const;

describe('the state file', () => {
  it('says what to do where no folder can be', () => {
    const file = path.join(folder, 'a file');
    writeFileSync(file, '');
    const feed = { tickets: empty, logs: empty };
    const state: LocalState = { version: 2, feed, loaded: 'no', database: 'd', datasets: [] };
    // In /proc nobody makes a folder, and the answer is that the one above is missing.
    for (const where of [file, path.join(file, 'below'), '/proc/careplus/below/state']) {
      const refusal = expect.objectContaining({ code: 'CFG_9012' }) as Error;
      expect(() => writeState(where, state)).toThrow(refusal);
      expect(() => makeStateFolder(where, 'logs')).toThrow(refusal);
    }
  });

  it('is made with all folders above it', () => {
    const logsFolder = makeStateFolder(path.join(folder, 'some', 'where'), 'logs');
    expect(existsSync(logsFolder)).toBe(true);
    expect(makeStateFolder(path.join(folder, 'some', 'where'), 'logs')).toBe(logsFolder);
  });

  it('gives back what was written, and nothing in a new folder', () => {
    const state: LocalState = {
      version: 2,
      feed: { tickets: dump, logs },
      loaded: 'yes',
      database: 'd',
      datasets: ['support-tickets'],
    };
    expect(readState(folder)).toBeUndefined();
    writeState(folder, state);
    expect(readState(folder)).toEqual(state);
  });

  it.each([
    ['{"version":1,"feed":{"kind":"empty"},"loaded":"no","database":null}', 'version 1, this is'],
    ['{"feed":{}}', 'no version'],
    ['[]', 'no version'],
    ['{"version":2,"feed":{"kind":"empty"}}', 'not a state of this program'],
    ['{"version":', 'not readable'],
  ])('refuses %s and names both ways out', (text, why) => {
    writeFileSync(path.join(folder, 'state.json'), text);
    const read = () => readState(folder);
    expect(read).toThrow(expect.objectContaining({ code: 'CFG_9005' }) as Error);
    for (const part of [why, '--fresh', '--state DIR']) expect(read).toThrow(part);
  });
});

describe('a feed', () => {
  it('is the same by the dump’s content and the folder’s path', () => {
    const feed: Feed = { tickets: dump, logs };
    expect(sameFeed(feed, { tickets: { ...dump, file: '/b/other.sql' }, logs })).toBe(true);
    expect(sameFeed(feed, { tickets: { ...dump, sha256: 'bb' }, logs })).toBe(false);
    expect(sameFeed(feed, { tickets: dump, logs: { ...logs, directory: '/b' } })).toBe(false);
    expect(sameFeed(feed, { tickets: dump, logs: empty })).toBe(false);
    expect(sameFeed(feed, { tickets: empty, logs })).toBe(false);
    const made: Feed = { tickets: generated, logs: generated };
    expect(sameFeed(made, { ...made })).toBe(true);
    expect(sameFeed(made, { ...made, logs: { ...generated, seed: 2 } })).toBe(false);
  });

  it('is told in words, both halves', () => {
    expect(describeFeed({ tickets: dump, logs })).toBe(
      'the dump /a/dump.sql and the logs in /a/logs',
    );
    expect(describeFeed({ tickets: empty, logs: empty })).toBe('an empty ticket table and no logs');
    expect(describeFeed({ tickets: generated, logs: generated })).toBe(
      'generated tickets (seed 1) and generated logs (seed 1)',
    );
  });

  it('has its log files in a person’s folder, else in the state folder', () => {
    expect(logFolder('/s', { tickets: empty, logs })).toBe('/a/logs');
    expect(logFolder('/s', { tickets: dump, logs: empty })).toBe('/s/server-logs');
  });
});
