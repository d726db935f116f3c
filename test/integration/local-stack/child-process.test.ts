import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  endLeftover,
  runningPid,
  startChild,
  type Child,
  type ChildOptions,
} from '../../../infra/local/child-process.ts';
import { readProcess } from '../../../infra/local/process-table.ts';
import { superviseChild, type Restart } from '../../../infra/local/supervised-child.ts';

let folder = '';
const children: Child[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-child-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill();
  await endLeftover({ runDir: folder, name: 'child', graceMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

const options = (script: string): ChildOptions => ({
  name: 'child',
  command: 'sh',
  args: ['-c', script],
  runDir: folder,
  logFile: path.join(folder, 'child.log'),
});

async function start(script: string, more: Partial<ChildOptions> = {}): Promise<Child> {
  const child = await startChild({ ...options(script), ...more });
  children.push(child);
  return child;
}

/** A loaded machine may take its time. */
const eventually = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000 });

const log = () => readFileSync(path.join(folder, 'child.log'), 'utf8');

function isAlive(pid: number): boolean {
  const info = readProcess(pid);
  return info !== undefined && info.state !== 'Z';
}

async function loggedPid(): Promise<number> {
  return eventually(() => {
    const pid = Number(/^pid (\d+)$/m.exec(log())?.[1]);
    expect(pid).toBeGreaterThan(0);
    return pid;
  });
}

describe('startChild', () => {
  it('appends both outputs to the log and tells how the child ended', async () => {
    const child = await start('echo out; echo err >&2; exit 3');
    await expect(child.exited).resolves.toEqual({ code: 3, signal: null });
    expect(log()).toBe('out\nerr\n');
    expect(runningPid(folder, 'child')).toBeUndefined();
  });

  it('stops a child by its signal', async () => {
    const child = await start(
      "trap 'echo asked; exit 0' INT; echo up; while :; do sleep 0.05; done",
      {
        stopSignal: 'SIGINT',
      },
    );
    await eventually(() => expect(log()).toContain('up'));
    expect(runningPid(folder, 'child')).toBe(child.pid);
    await expect(child.stop()).resolves.toEqual({ code: 0, signal: null });
    expect(log()).toContain('asked');
  });

  it('kills a child that does not end within the grace time, and its children with it', async () => {
    const child = await start("trap '' TERM; sleep 60 & echo pid $!; wait; wait", { graceMs: 100 });
    const grandchild = await loggedPid();
    await expect(child.stop()).resolves.toEqual({ code: null, signal: 'SIGKILL' });
    await eventually(() => expect(isAlive(grandchild)).toBe(false));
  });

  it('refuses a program that is not there', async () => {
    const child = await start('exec /no/such/program');
    const { code } = await child.exited;
    expect(code).not.toBe(0);
    await expect(startChild({ ...options(''), cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'CFG_9003',
    });
  });

  it('does not outlive a parent that is killed with SIGKILL', async () => {
    const module = path.resolve('infra/local/child-process.ts');
    const script = `
      const { startChild } = await import(${JSON.stringify(module)});
      const child = await startChild(${JSON.stringify(options('sleep 60'))});
      console.log(child.pid);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => expect(isAlive(pid)).toBe(false));
  });
});

describe('endLeftover', () => {
  /** A process group that nobody waits for, as a killed start leaves it. */
  function orphan(): number {
    const child = spawn('sh', ['-c', 'sleep 60 & wait'], { detached: true, stdio: 'ignore' });
    return child.pid as number;
  }

  function writePidFile(pid: number, startTicks: string, bootId?: string): void {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, 'child.pid'),
      JSON.stringify({ pid, startTicks, bootId: bootId ?? boot }),
    );
  }

  it('ends the process of the pid file', async () => {
    const pid = orphan();
    writePidFile(pid, readProcess(pid)?.startTicks ?? '');
    await expect(endLeftover({ runDir: folder, name: 'child' })).resolves.toBe(true);
    expect(isAlive(pid)).toBe(false);
    await expect(endLeftover({ runDir: folder, name: 'child' })).resolves.toBe(false);
  });

  it.each([
    ['another start time', '1', undefined],
    ['another boot', undefined, 'another-boot'],
  ])('spares a stranger with the same pid (%s)', async (_, ticks, bootId) => {
    const pid = orphan();
    writePidFile(pid, ticks ?? readProcess(pid)?.startTicks ?? '', bootId);
    await expect(endLeftover({ runDir: folder, name: 'child' })).resolves.toBe(false);
    expect(isAlive(pid)).toBe(true);
    process.kill(-pid, 'SIGKILL');
  });

  it('survives a pid file that was cut short', async () => {
    writeFileSync(path.join(folder, 'child.pid'), '{"pid": 1');
    await expect(endLeftover({ runDir: folder, name: 'child' })).resolves.toBe(false);
  });

  it('runs before a new start of the same name', async () => {
    const pid = orphan();
    writePidFile(pid, readProcess(pid)?.startTicks ?? '');
    const child = await start('sleep 60');
    expect(isAlive(pid)).toBe(false);
    expect(runningPid(folder, 'child')).toBe(child.pid);
  });
});

describe('superviseChild', () => {
  it('starts a killed daemon again, later each time', async () => {
    const restarts: Restart[] = [];
    const daemon = await superviseChild({
      ...options('echo run; exit 1'),
      firstDelayMs: 10,
      maxDelayMs: 40,
      onRestart: (restart) => restarts.push(restart),
    });
    await eventually(() => expect(restarts.length).toBeGreaterThanOrEqual(4));
    await daemon.stop();
    expect(restarts.slice(0, 4)).toEqual(
      [10, 20, 40, 40].map((delayMs, index) => ({
        name: 'child',
        exit: { code: 1, signal: null },
        attempt: index + 1,
        delayMs,
      })),
    );
  });

  it('counts a long enough run as healthy', async () => {
    const restarts: Restart[] = [];
    const daemon = await superviseChild({
      ...options('exit 0'),
      firstDelayMs: 10,
      healthyMs: 0,
      onRestart: (restart) => restarts.push(restart),
    });
    await eventually(() => expect(restarts.length).toBeGreaterThanOrEqual(3));
    await daemon.stop();
    expect(new Set(restarts.map(({ attempt }) => attempt))).toEqual(new Set([1]));
  });

  it.each([75, 78])('takes exit code %i as final', async (code) => {
    const restarts: Restart[] = [];
    const daemon = await superviseChild({
      ...options(`exit ${code}`),
      firstDelayMs: 1,
      onRestart: (restart) => restarts.push(restart),
    });
    await expect(daemon.finished).resolves.toEqual({ code, signal: null });
    expect(restarts).toEqual([]);
    expect(daemon.pid()).toBeUndefined();
  });

  it('stops for good, also while it waits for a restart', async () => {
    const running = await superviseChild(options('exec sleep 60'));
    expect(isAlive(running.pid() ?? 0)).toBe(true);
    await expect(running.stop()).resolves.toEqual({ code: null, signal: 'SIGTERM' });

    let waiting = false;
    const ended = await superviseChild({
      ...options('exit 1'),
      firstDelayMs: 60_000,
      onRestart: () => (waiting = true),
    });
    await eventually(() => expect(waiting).toBe(true));
    await expect(ended.stop()).resolves.toEqual({ code: 1, signal: null });
  });
});
