import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
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

const MIB = 1024 * 1024;

/** Writes until the disk has so much left; at 0, until not one more byte goes in. */
function fill(file: string, leftMiB: number): void {
  const free = () => {
    const { bavail, bsize } = statfsSync(path.dirname(file));
    return (bavail * bsize) / MIB;
  };
  const fd = openSync(file, 'a');
  try {
    for (let size = MIB; size >= 1 && (leftMiB === 0 || free() > leftMiB);) {
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
    await vi.waitFor(() => expect(spawnSync('umount', [disk]).status).toBe(0), 10_000);
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
    /** 0 when every hop answers and goes on. */
    const status = async () => (await stack.careplus(['status'])).code;
    const before = await stack.mysql();
    await before.query(`INSERT INTO support_tickets VALUES ('BEFORE', ${values})`);

    const filler = path.join(disk, 'filler');
    // Slowly at first, as disks fill: the log is on it, too.
    fill(filler, 60);
    await vi.waitFor(() => expect(supervisorSays()).toContain('is nearly full'), 30_000);
    fill(filler, 0);
    // The server may end, or wait for room: either way the client learns nothing for now.
    const during = before.query(`INSERT INTO support_tickets VALUES ('DURING', ${values})`).then(
      () => 'committed',
      () => 'refused',
    );
    await vi.waitFor(async () => expect(await status()).not.toBe(0), 60_000);
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
