import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestStack, type TestStack } from '../e2e/local-stack.ts';

/** A disk of its own can only be mounted by root. */
const mayMount = process.getuid?.() === 0;
const long = process.env['CAREPLUS_LONG'] === '1';

function mount(disk: string, options: string): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
}

/** Writes until not one more byte goes in. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1;) {
      try {
        if (writeSync(fd, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(fd);
  }
}

describe.skipIf(!mayMount || !long)('a full disk', () => {
  let disk: string;
  let stack: TestStack;

  beforeAll(async () => {
    disk = mkdtempSync(path.join(tmpdir(), 'careplus-disk-'));
    mount(disk, 'size=64m');
    stack = await createTestStack(undefined, disk);
  });
  afterAll(async () => {
    await stack.close();
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('is told before anything is started on it', async () => {
    const { code, stderr } = await stack.careplus(['up', '--empty']);
    expect(code).toBe(78);
    expect(stderr).toMatch(/CFG_9010: the disk of .* has \d+ MiB free.*--state DIR/s);
  });

  it('stops the servers, is told, and loses nothing once there is room again', async () => {
    mount(disk, 'remount,size=700m');
    const up = await stack.careplus(['up', '--empty', '--keep-running']);
    expect(up.code, up.stderr).toBe(0);
    const supervisorSays = () =>
      readFileSync(path.join(stack.stateDir, 'logs/supervisor.log'), 'utf8');
    const values =
      "'2025-07-01 00:00', NULL, 'Kavya', 'High', '1', 'Bug Report', 'Chat', 'Open', ''";
    const before = await stack.mysql();
    await before.query(`INSERT INTO support_tickets VALUES ('BEFORE', ${values})`);

    const filler = path.join(disk, 'filler');
    fill(filler);
    // The server may end, or wait for room: either way the client learns nothing for now.
    const during = before.query(`INSERT INTO support_tickets VALUES ('DURING', ${values})`).then(
      () => 'committed',
      () => 'refused',
    );
    await vi.waitFor(() => expect(supervisorSays()).toContain('is nearly full'), 30_000);
    rmSync(filler);
    await vi.waitFor(() => expect(supervisorSays()).toContain('has room again'), 30_000);
    const outcome = await during;
    before.destroy();

    const after = await vi.waitFor(() => stack.mysql(), { timeout: 60_000, interval: 500 });
    await after.query(`INSERT INTO support_tickets VALUES ('AFTER', ${values})`);
    await after.end();
    const idle = await stack.careplus(['wait', '--idle', '--timeout', '120s']);
    expect(idle.code, idle.stderr).toBe(0);
    const verified = await stack.careplus(['verify']);
    expect(verified.code, verified.stdout).toBe(0);
    const shown = outcome === 'committed' ? 3 : 2;
    expect(verified.stdout).toContain(`tickets: ${shown} = ${shown} shown`);
  });
});
