import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../../runtime/config/config-schema.ts';
import { parseConfig } from '../../../../runtime/config/load-config.ts';
import { logHostOf } from '../../../../runtime/config/log-files.ts';
import { logTargetsOf } from '../../../../operations/verify/log-verification.ts';

const whole = {
  version: 1,
  kafka: { brokers: ['127.0.0.1:9092'] },
  source: { name: 's', host: '127.0.0.1', user: 'u' },
  datasets: {},
  aws: { region: 'eu-central-1' },
  warehouse: { workgroup: 'w', database: 'd', copyRoleArn: 'arn:x' },
};
const parse = (logs: object) => configSchema.parse({ ...whole, logs });
const setsOf = (logs: object) => {
  const config = parse(logs);
  return config.logs && logHostOf(config.logs).sets.map((set) => [set.dataset.name, set.patterns]);
};

describe('the log files of a machine', () => {
  it('are support logs where no format is named', () => {
    expect(setsOf({ directory: '/var/log' })).toEqual([['support-logs', ['/var/log/*.log*']]]);
    expect(setsOf({ paths: ['/a/*.log'] })).toEqual([['support-logs', ['/a/*.log']]]);
  });

  it('stand by their format', () => {
    const files = { 'support-logs': { directory: '/var/log', include: 'app*' } };
    expect(setsOf({ files })).toEqual([['support-logs', ['/var/log/app*']]]);
  });

  it('are named in one way', () => {
    const message = 'write one of `directory`, `paths` and `files`';
    expect(() => parse({ directory: '/a', paths: ['/b'] })).toThrow(message);
    expect(() => parse({ directory: '/a', files: { 'support-logs': { paths: ['/b'] } } })).toThrow(
      message,
    );
    expect(() => parse({})).toThrow(message);
    expect(() => parse({ files: {} })).toThrow('name a log format');
    const files = { 'support-logs': {} };
    expect(() => parse({ files })).toThrow('write either `directory` or `paths`');
  });

  it('are of a format that is known: an error shows the line', () => {
    const text = JSON.stringify(
      { ...whole, logs: { files: { nginx: { paths: ['/a'] } } } },
      null,
      1,
    );
    expect(() => parseConfig(text, 'careplus.yaml')).toThrow(
      /careplus\.yaml:\d+: logs\.files\.nginx: no such log format/,
    );
  });

  it('are verified where the configuration names them', () => {
    const config = { ...parse({ host: 'h', directory: '/a' }) };
    expect(logTargetsOf(config)).toMatchObject([
      { host: 'h', dataset: { name: 'support-logs' }, patterns: ['/a/*.log*'], elsewhere: [] },
    ]);
  });
});
