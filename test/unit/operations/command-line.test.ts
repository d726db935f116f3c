import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../operations/command-line.ts';

const goodConfig = `version: 1
kafka: { brokers: ['127.0.0.1:9092'] }
source: { name: test, host: 127.0.0.1, user: reader }
datasets: { support-tickets: { database: d, table: t } }
aws: { region: us-east-1 }
warehouse: { workgroup: w, database: d, copyRoleArn: 'arn:aws:iam::1:role/r' }
`;

let folder = '';
const file = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-cli-'));
  writeFileSync(file('careplus.yaml'), goodConfig);
  writeFileSync(file('bad.yaml'), goodConfig.replace('brokers', 'broker'));
  // Port 1 is nobody's.
  writeFileSync(file('nobody.yaml'), goodConfig.replace('user: reader', 'user: reader, port: 1'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** Runs a command line in this process. */
async function careplus(args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

const verbs = [
  ...['up', 'down', 'run', 'status', 'wait', 'query', 'verify', 'quarantine'],
  ...['replay', 'snapshot', 'trace', 'doctor', 'forget'],
];

describe('help', () => {
  it('lists every verb', async () => {
    const { code, stdout } = await careplus(['--help']);
    expect(code).toBe(0);
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
  });

  it.each(verbs)('of %s shows examples and the options of every verb', async (verb) => {
    const { code, stdout } = await careplus([verb, '--help']);
    expect(code).toBe(0);
    for (const expected of ['--json', '--config', '--state', 'Examples:\n  $ ']) {
      expect(stdout).toContain(expected);
    }
    expect(await careplus(['help', verb])).toEqual({ code: 0, stdout, stderr: '' });
  });
});

describe('without a stack and without a configuration', () => {
  it.each([
    ...[['status'], ['wait', '--idle'], ['verify'], ['query', 'SELECT 1'], ['trace', 'T1']],
    ...[['replay'], ['quarantine', 'list'], ['quarantine', 'show', 'T1'], ['doctor'], ['snapshot']],
  ])('careplus %s %s says how to come to one', async (...args) => {
    vi.stubEnv('CAREPLUS_CONFIG', '');
    const state = file('no state');
    const { code, stdout, stderr } = await careplus([...args, '--state', state]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(`CFG_9011: no stack was ever started in ${state}`);
    expect(stderr).toContain('npm start');
  });
});

describe('a command line that is not understood ends with 78', () => {
  it.each([
    [['verfy'], 'Did you mean verify?'],
    [['verify', '--nope'], '--nope'],
    [['run', 'cdc-raeder'], 'there are cdc-reader'],
    [['wait'], '--idle'],
    [['wait', '--idle', '--timeout', 'soon'], 'such as 120s'],
    [['replay', '--from', 'soon'], 'such as 2025-07-01'],
    [['replay', '--seqs', '9-1'], 'the lower one first'],
    [['replay', '--rate', '0'], 'above 0'],
    [['query'], 'sql'],
    [['query', ' '], 'empty'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await careplus(args);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain(message);
    const asJson = await careplus(['--json', ...args]);
    expect(asJson.code).toBe(78);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining(message) as string },
    });
  });

  it('and so does one without a verb', async () => {
    const { code, stdout, stderr } = await careplus([]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('Usage: careplus');
  });
});

describe('the configuration', () => {
  const check = ['run', 'warehouse-loader', '--check-config'];

  it('is the named one, else that of the environment, else that of the state folder', async () => {
    vi.stubEnv('CAREPLUS_CONFIG', '');
    const inState = await careplus([...check, '--state', folder]);
    expect(inState).toEqual({ code: 0, stdout: `${file('careplus.yaml')}: ok\n`, stderr: '' });

    vi.stubEnv('CAREPLUS_CONFIG', file('bad.yaml'));
    expect(await careplus([...check, '--state', folder])).toMatchObject({ code: 78, stdout: '' });

    const named = await careplus([...check, '--config', file('careplus.yaml'), '--json']);
    expect(named.code).toBe(0);
    expect(JSON.parse(named.stdout)).toEqual({ ok: true, config: file('careplus.yaml') });
  });

  it('is told with line, code and remedy when it cannot be used', async () => {
    const { code, stdout, stderr } = await careplus([...check, '--config', file('bad.yaml')]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toContain('CFG_9001');
    expect(stderr).toContain('bad.yaml:2: kafka.broker');
    expect(stderr).toContain('what to do: Correct every line');
    const asJson = await careplus(['verify', '--config', file('bad.yaml'), '--json']);
    expect(asJson.code).toBe(78);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      error: { code: 'CFG_9001', remedy: expect.stringContaining('Correct') as string },
    });
  });
});

it('ends with 1 at a fault, with code and remedy', async () => {
  vi.stubEnv('CAREPLUS_MYSQL_PASSWORD', 'x');
  const args = ['wait', '--idle', '--json', '--config', file('nobody.yaml')];
  const { code, stdout } = await careplus(args);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CDC_1004' } });
});
