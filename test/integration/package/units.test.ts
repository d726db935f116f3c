import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const packages = path.resolve(import.meta.dirname, '../../../infra/package');
const read = (file: string) => readFileSync(path.join(packages, file), 'utf8');

const units = { 'careplus-log-shipper.service': '', 'careplus@.service': 'cdc-reader' };
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

let folder: string;

/** A copy of a unit as it would be installed, whose program is one that is there. */
function installed(unit: keyof typeof units, change: (text: string) => string = (text) => text) {
  const file = path.join(folder, unit.replace('@', `@${units[unit]}`));
  writeFileSync(file, change(read(`systemd/${unit}`)).replaceAll('/usr/bin/node', '/bin/true'));
  return file;
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-units-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.keys(units) as (keyof typeof units)[])('%s', (unit) => {
  const text = read(`systemd/${unit}`);

  it('checks the configuration first, is started again, but not on a bad configuration', () => {
    expect(text).toMatch(/^ExecStartPre=\/usr\/bin\/node .* --check-config/m);
    expect(text).toMatch(/^Restart=always$/m);
    expect(text).toMatch(/^RestartPreventExitStatus=78$/m);
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m);
  });

  it('has no secret in its command or environment', () => {
    expect(text).not.toMatch(/^(?:Exec\w+|Environment)=.*(?:password|secret|token)/im);
  });

  it('leaves no image of its memory, which holds the passwords', () => {
    expect(text).toMatch(/^LimitCORE=0$/m);
  });

  it('fails what is not allowed instead of killing for it', () => {
    expect(text).toMatch(/^SystemCallFilter=@system-service$/m);
    expect(text).toMatch(/^SystemCallErrorNumber=EPERM$/m);
  });

  // `verify` ends with 0 even for keys that it does not know: it only prints them.
  it.runIf(hasSystemd)('is understood by systemd to the last line', () => {
    const verify = (file: string) =>
      spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    expect(verify(installed(unit))).toMatchObject({ status: 0, stderr: '' });
    const misspelt = installed(unit, (good) => good.replace('ProtectClock=', 'ProtectClok='));
    expect(verify(misspelt).stderr).toContain('ProtectClok');
  });

  it.runIf(hasSystemd)('leaves little to attack: at most 2.0 of 10', () => {
    const security = (file: string) =>
      spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]).status;
    expect(security(installed(unit))).toBe(0);
    expect(
      security(installed(unit, (good) => good.replace(/^(?:Protect|Restrict).*$/gm, ''))),
    ).toBe(1);
  });
});

describe('what comes to the unit of one daemon', () => {
  const dropIn = 'careplus@cdc-reader.service.d/mysql-password.conf';

  it.runIf(hasSystemd)('is understood by systemd too', () => {
    const unit = installed('careplus@.service');
    const file = path.join(folder, dropIn);
    mkdirSync(path.dirname(file), { recursive: true });
    const verify = (text: string) => {
      writeFileSync(file, text);
      return spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    };
    expect(verify(read(`systemd/${dropIn}`))).toMatchObject({ status: 0, stderr: '' });
    expect(verify('[Service]\nLoadCredentials=a:b\n').stderr).toContain('LoadCredentials');
  });
});

describe('docker-compose.yaml', () => {
  const service = z.looseObject({
    command: z.tuple([z.literal('run'), z.string()]),
    read_only: z.literal(true),
    cap_drop: z.tuple([z.literal('ALL')]),
    restart: z.literal('on-failure'),
  });
  const { services } = z
    .looseObject({ services: z.record(z.string(), service) })
    .parse(parse(read('docker-compose.yaml'), { merge: true }));

  it('runs every daemon once, each as its own service', () => {
    const commands = Object.entries(services).map(([name, { command }]) => [name, command[1]]);
    for (const [name, daemon] of commands) expect(daemon).toBe(name);
    expect(commands.map(([name]) => name).sort()).toEqual([
      ...['archiver', 'cdc-reader', 'dashboard', 'log-processor', 'log-shipper'],
      ...['ticket-processor', 'warehouse-loader'],
    ]);
  });
});
