import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../runtime/config/load-config.ts';
import { readSecret } from '../../../runtime/config/secrets.ts';

const example = readFileSync(path.resolve(import.meta.dirname, '../../../careplus.yaml'), 'utf8');

function problems(text: string): string {
  try {
    parseConfig(text, 'careplus.yaml');
  } catch (error) {
    expect(error).toMatchObject({ code: 'CFG_9001' });
    return (error as Error).message;
  }
  return '';
}

const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('configuration', () => {
  it('fills defaults in', () => {
    const config = parseConfig(example, 'careplus.yaml');
    expect(config.source).toMatchObject({ heartbeatSeconds: 10, checkpointIntervalMs: 1_000 });
    expect(config.drainMs).toBe(20_000);
  });

  it('reads a text that stands in the environment', () => {
    const read = () => loadConfig('env:CAREPLUS_TEST_CONFIG');
    expect(read).toThrow('env:CAREPLUS_TEST_CONFIG: cannot be read: this environment variable');
    process.env['CAREPLUS_TEST_CONFIG'] = example;
    try {
      expect(read()).toEqual(parseConfig(example, 'careplus.yaml'));
    } finally {
      delete process.env['CAREPLUS_TEST_CONFIG'];
    }
  });

  it('names the line of a misspelt setting', () => {
    const text = example.replace('bucket:', 'buket:');
    expect(problems(text)).toContain(`careplus.yaml:${lineOf(text, 'buket')}: aws.buket:`);
  });

  it('lists every problem at once', () => {
    const text = example
      .replace('port: 3306', 'port: many')
      .replace('serverId: 7001', 'serverId: 0')
      .replace('support-tickets:', 'suport-tickets:');
    const found = problems(text);
    expect(found).toContain(`careplus.yaml:${lineOf(text, 'port: many')}: source.port:`);
    expect(found).toContain(`careplus.yaml:${lineOf(text, 'serverId: 0')}: source.serverId:`);
  });

  it('refuses a dataset that it does not know', () => {
    expect(problems(example.replace('support-tickets:', 'suport-tickets:'))).toContain(
      'datasets.suport-tickets: no such dataset',
    );
  });

  it('refuses an alias of a field that the dataset has not, and names its line', () => {
    const write = (field: string) =>
      example.replace(
        '    table: support_tickets',
        `    table: support_tickets\n    aliases:\n      ${field}: [state]`,
      );
    const text = write('IssUeCat');
    const found = problems(text);
    expect(found).toContain(
      `careplus.yaml:${lineOf(text, '[state]')}: datasets.support-tickets.aliases.IssUeCat: no such field`,
    );
    expect(found).toContain('issue_category');
    expect(problems(write('issue_category'))).toBe('');
  });

  it('tells where the YAML is broken', () => {
    expect(problems('version: 1\nkafka: [\n')).toMatch(/^careplus\.yaml:\d+: /);
  });

  it('refuses a text that grows without end, and takes nothing in by a prototype’s name', () => {
    const folds = Array.from({ length: 9 }, (_, at) => {
      const before = at === 0 ? 'x' : `*a${at - 1}`;
      return `a${at}: &a${at} [${Array<string>(10).fill(before).join(', ')}]`;
    });
    expect(problems(`${example}\n${folds.join('\n')}\n`)).toContain('alias');
    expect(problems(`${example}\n__proto__: { polluted: true }\n`)).toContain('__proto__');
    expect(problems(example.replace('user:', '__proto__: { user: root }\n  user:'))).toContain(
      'source.__proto__',
    );
    expect({}).not.toHaveProperty('polluted');
  });

  it('tells no secret that stands where none should', () => {
    const told = [
      problems(example.replace('  user:', '  password: hunter2secret\n  user:')),
      problems(example.replace('b-1.example', 'bob:hunter2secret@b-1.example')),
      problems(example.replace('bucket:', 'endpoint: https://bob:hunter2secret@here\n  bucket:')),
    ];
    for (const message of told) {
      expect(message).toMatch(/^careplus.yaml:\d+: /);
      expect(message).not.toContain('hunter2secret');
    }
  });

  it('reads a secret from its file or the environment and names what is missing', async () => {
    process.env['CAREPLUS_TEST_SECRET'] = 'from the environment';
    const read = (environmentVariable: string, file?: string) =>
      readSecret({ setting: 'x.passwordFile', file, environmentVariable });
    await expect(read('CAREPLUS_TEST_SECRET')).resolves.toBe('from the environment');
    await expect(read('CAREPLUS_TEST_ABSENT')).rejects.toThrow(/CAREPLUS_TEST_ABSENT/);
    await expect(read('X', '/nowhere/password')).rejects.toThrow(/passwordFile/);
  });

  it('takes brokers or a cluster of MSK, and no AWS endpoint over the network without TLS', () => {
    const kafka = (text: string) => problems(example.replace(/^kafka:.*\n(?: {2}.*\n)*/m, text));
    expect(kafka('kafka: { clusterArn: "arn:aws:kafka:eu-west-1:1:cluster/c/u" }\n')).toBe('');
    expect(kafka('kafka: { ssl: { caFile: /etc/ca.pem }, brokers: ["a:1"] }\n')).toBe('');
    expect(kafka('kafka: { ssl: true }\n')).toContain('either `brokers` or `clusterArn`');
    const endpoint = (address: string) =>
      problems(
        example.replace(/^aws:.*\n(?: {2}.*\n)*/m, `aws: { region: x, endpoint: "${address}" }\n`),
      );
    expect(endpoint('http://127.0.0.1:1')).toBe('');
    expect(endpoint('https://proxy.example.com')).toBe('');
    expect(endpoint('http://proxy.example.com')).toContain('only https');
  });
});
