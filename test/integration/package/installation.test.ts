import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundle } from '../../../infra/package/bundle.ts';
import { freePorts } from '../kafka/broker-process.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const packages = path.join(root, 'infra/package');
const readme = readFileSync(path.join(packages, 'README.md'), 'utf8');
/** Neither root nor the owner of anything: a unit's account is made up for it. */
const STRANGER = 61_234;
const asStranger =
  process.getuid?.() === 0 ? { uid: STRANGER, gid: STRANGER } : ({} as { uid?: number });

/** Stands for `/` of the machine that is installed. */
let machine: string;
/** Stands for the checkout from which it is installed. */
let checkout: string;

/** Commands of the document's installation, the bundle made already, below `machine`. */
function installationCommands(): string[] {
  const [, block = ''] = /<!-- installation -->\s+```sh\n(.*?)```/s.exec(readme) ?? [];
  return block
    .trim()
    .split('\n')
    .filter((line) => line !== 'npm run bundle')
    .map((line) => line.replace(/^sudo /, '').replaceAll(/(?<= )\/(?=opt|etc)/g, `${machine}/`));
}

/** The words of a line of an installed unit, as systemd would run it for an instance. */
function commandOf(unit: string, line: 'ExecStart' | 'ExecStartPre', instance: string): string[] {
  const text = readFileSync(path.join(machine, 'etc/systemd/system', unit), 'utf8');
  const [, command = ''] = new RegExp(`^${line}=(.+)$`, 'm').exec(text) ?? [];
  return command
    .replaceAll('%i', instance)
    .replaceAll(/(?<= )\/(?=opt|etc)/g, `${machine}/`)
    .replace('/usr/bin/node', process.execPath)
    .split(' ');
}

beforeAll(async () => {
  machine = mkdtempSync(path.join(tmpdir(), 'careplus-machine-'));
  checkout = mkdtempSync(path.join(tmpdir(), 'careplus-checkout-'));
  chmodSync(machine, 0o755);
  await bundle(path.join(checkout, 'dist'));
  mkdirSync(path.join(checkout, 'infra'));
  cpSync(packages, path.join(checkout, 'infra/package'), { recursive: true });
  writeFileSync(path.join(checkout, 'mysql-password'), 'of the reader\n');
  const example = readFileSync(path.join(root, 'careplus.yaml'), 'utf8');
  writeFileSync(path.join(checkout, 'careplus.yaml'), await reachable(example));
  for (const command of installationCommands()) {
    execFileSync('sh', ['-euc', `umask 022; ${command}`], { cwd: checkout });
  }
}, 30_000);
afterAll(() => {
  for (const folder of [machine, checkout]) rmSync(folder, { recursive: true, force: true });
});

/** The example with addresses at which nobody is, and ports of this test. */
async function reachable(example: string): Promise<string> {
  const [nobody = 0, health = 0] = await freePorts(2);
  ports.health = health;
  return example
    .replace(/brokers: .*\n +ssl: true/, `brokers: ['127.0.0.1:${nobody}']`)
    .replace('mysql.example.com', '127.0.0.1')
    .replace('port: 3306', `port: ${nobody}`)
    .replace('cdc-reader: 9101', `cdc-reader: ${health}`)
    .replace('/run/secrets/mysql-password', `${machine}/run/mysql-password`);
}
const ports = { health: 0 };

describe('an installation by the document', () => {
  it('leaves the password to root, and the rest to read for everybody', () => {
    const mode = (file: string) => (statSync(path.join(machine, file)).mode & 0o777).toString(8);
    expect(mode('etc/careplus/mysql-password')).toBe('600');
    expect(mode('etc/careplus/careplus.yaml')).toBe('644');
    expect(mode('opt/careplus/careplus.mjs')).toBe('755');
    expect(readFileSync(path.join(machine, 'etc/careplus/careplus.yaml'), 'utf8')).not.toContain(
      'of the reader',
    );
  });

  it('gives the password to the reader alone', () => {
    const units = path.join(machine, 'etc/systemd/system');
    const dropIn = path.join(units, 'careplus@cdc-reader.service.d/mysql-password.conf');
    expect(readFileSync(dropIn, 'utf8')).toMatch(
      /^LoadCredential=mysql-password:\/etc\/careplus\/mysql-password$/m,
    );
    for (const unit of ['careplus@.service', 'careplus-log-shipper.service']) {
      expect(readFileSync(path.join(units, unit), 'utf8')).not.toMatch(/^LoadCredential=/m);
    }
  });

  it.each([
    ['careplus@.service', 'dashboard'],
    ['careplus-log-shipper.service', ''],
  ])('%s takes the configuration as a user to whom nothing belongs', (unit, instance) => {
    const [node = '', ...args] = commandOf(unit, 'ExecStartPre', instance);
    const { status, stderr } = spawnSync(node, args, { ...asStranger, encoding: 'utf8', env: {} });
    expect(status, stderr).toBe(0);
  });

  it('runs the reader by its unit’s own line, which drains when it is told to', async () => {
    // What systemd makes of LoadCredential.
    mkdirSync(path.join(machine, 'run'));
    writeFileSync(path.join(machine, 'run/mysql-password'), 'of the reader\n', { mode: 0o444 });
    const [node = '', ...args] = commandOf('careplus@.service', 'ExecStart', 'cdc-reader');
    const child = spawn(node, args, {
      ...asStranger,
      env: { NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const exited = once(child, 'exit');
    const health = () =>
      fetch(`http://127.0.0.1:${ports.health}/healthz`).then(
        ({ status }) => status,
        (error: unknown) => `${String(error)}\n${output}`,
      );
    await vi.waitFor(async () => expect(await health()).toBe(200), 20_000);
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    expect(output).toContain('CDC_1004');
    expect(output).not.toContain('of the reader');
  });

  it('goes on while a new version is put beside it and the link is changed', () => {
    const commands = [...readme.matchAll(/^sudo (ln -sfn .*)$/gm)].map(([, text = '']) => text);
    expect(commands).toHaveLength(2);
    // Node finds its modules by the real path, so a running daemon keeps the version it has.
    for (const command of commands)
      expect(command).toMatch(/^ln -sfn careplus-[\d.]+ \/opt\/careplus$/);
    expect(existsSync(path.join(machine, 'opt/careplus-0.1.0/careplus.mjs'))).toBe(true);
  });
});
