import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  openDataFolder,
  openSecret,
  openStateFolders,
  removeState,
} from '../../../../infra/local/state-folders.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = path.join(mkdtempSync(path.join(tmpdir(), 'careplus-state-')), 'state');
});
afterEach(() => rmSync(path.dirname(stateDir), { recursive: true }));

const mode = (name: string) => (statSync(path.join(stateDir, name)).mode & 0o777).toString(8);

it('closes whatever holds tickets, logs or passwords, also where an earlier version left it open', () => {
  mkdirSync(path.join(stateDir, 'aws'), { recursive: true });
  chmodSync(path.join(stateDir, 'aws'), 0o755);
  openStateFolders(stateDir);
  openDataFolder(stateDir, 'kafka');
  openSecret(stateDir, 'reader');
  for (const name of ['aws', 'kafka', 'logs', 'secrets']) expect(mode(name), name).toBe('700');
  expect(mode('secrets/reader.password')).toBe('600');
  expect(readdirSync(stateDir).sort()).toEqual(['aws', 'kafka', 'logs', 'run', 'secrets']);
});

// Servers that may not be root have users of their own.
it.runIf(process.getuid?.() === 0)('leaves a server its folder, and a way to it', () => {
  chmodSync(path.dirname(stateDir), 0o755);
  mkdirSync(stateDir, { mode: 0o700 });
  const folder = openDataFolder(stateDir, 'mariadb', { uid: 61_003, gid: 61_003 });
  expect(folder).toBe(path.join(stateDir, 'mariadb'));
  expect(statSync(folder)).toMatchObject({ uid: 61_003, gid: 61_003 });
  expect(mode('mariadb')).toBe('700');
  expect(statSync(stateDir).mode & 0o777).toBe(0o701);
});

it.runIf(process.getuid?.() === 0)('finds another place where a server cannot pass', () => {
  const folder = openDataFolder(stateDir, 'mariadb', { uid: 61_003, gid: 61_003 });
  try {
    expect(folder.startsWith('/var/lib/careplus-streams/')).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path.dirname(folder)).mode & 0o001).toBe(1);
  } finally {
    removeState(stateDir);
  }
});
