import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { daemonConfiguration } from '../../../../infra/aws/daemon-configuration.ts';
import { daemonPlans, serviceCommand, verificationCommand } from '../../../../infra/aws/daemons.ts';
import { parseDeployment, type Deployment } from '../../../../infra/aws/deployment.ts';
import { rdsAuthorities } from '../../../../infra/aws/rds-authorities.ts';
import { runCommandLine } from '../../../../operations/command-line.ts';
import { parseConfig } from '../../../../runtime/config/load-config.ts';
import { example } from './fixtures/example-deployment.ts';

const addresses = {
  kafkaClusterArn: 'arn:aws:kafka:eu-central-1:123456789012:cluster/careplus/u',
  readerSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:s',
  pageTokenArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:p',
  sourceHost: 'careplus-source.abc.eu-central-1.rds.amazonaws.com',
  workgroup: 'careplus',
};
const names = daemonPlans(example).map(({ name }) => name);
const configOf = (deployment: Deployment) =>
  parseConfig(daemonConfiguration(deployment, addresses, names), 'careplus.yaml');

describe('a deployment', () => {
  test.each([
    ['a misspelt setting', { alarmMail: 'a@b.c' }],
    ['two zones', { availabilityZones: ['eu-central-1a', 'eu-central-1b'] }],
    ['an account that is none', { account: '12' }],
    ['RPU that Redshift does not sell', { warehouse: { baseRpu: 12 } }],
    ['a limit below the base', { warehouse: { baseRpu: 32, maxRpu: 16 } }],
    ['a broker with storage of its own', { kafka: { instanceType: 'kafka.m7g.large' } }],
    ['a version without KRaft, which Express refuses', { kafka: { version: '3.9.x' } }],
    ['a version that is none', { kafka: { version: 'latest' } }],
    ['a zone twice', { availabilityZones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1b'] }],
    ['another region’s zones', { availabilityZones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] }],
    ['a region of another partition', { region: 'cn-north-1' }],
    ['a range that is none', { network: { cidr: '10.400.0.0/16' } }],
    ['a network too small for its subnets', { network: { cidr: '10.40.0.0/22' } }],
    ['viewers from nowhere', { network: { clientCidrs: ['10.1.0.0'] } }],
    ['a limit that Redshift does not sell', { warehouse: { baseRpu: 4, maxRpu: 12 } }],
    ['a name that RDS refuses', { name: 'care--plus' }],
    ['a dataset that is none', { datasets: { 'support-ticket': { database: 'd', table: 't' } } }],
    ['an older image of no daemon', { image: { ...example.image, tags: { loader: '0.1.0' } } }],
    [
      'a retention that RDS cannot mean',
      { source: { ...example.source, binlogRetentionHours: 1 } },
    ],
  ])('refuses %s', (_, wrong) => {
    expect(() => parseDeployment({ ...example, ...wrong })).toThrow();
  });
});

describe('the daemons’ configuration', () => {
  test('is one that they take', () => {
    const config = configOf(example);
    expect(config).toMatchObject({
      kafka: { clusterArn: addresses.kafkaClusterArn },
      source: {
        name: 'careplus-production',
        host: addresses.sourceHost,
        passwordSecretArn: addresses.readerSecretArn,
        ssl: { ca: expect.stringContaining('BEGIN CERTIFICATE') as string },
      },
      aws: { region: 'eu-central-1', bucket: example.bucket },
      warehouse: { copyRoleArn: 'arn:aws:iam::123456789012:role/careplus-copy' },
      loader: { cadenceMs: 60_000 },
    });
    expect(Object.keys(config.health.ports).sort()).toEqual([...names].sort());
    expect(config.embeddedMetrics).toEqual({ namespace: 'CarePlus', intervalSeconds: 60 });
  });

  test('of a server that is there already has its address and its authorities', () => {
    const authorities = rdsAuthorities('eu-west-1');
    const server = { kind: 'existing', host: 'db.local', port: 3307, cidr: '10.9.0.0/16' };
    const withServer = (more: object) =>
      configOf(
        parseDeployment({
          ...example,
          source: { ...example.source, server: { ...server, ...more } },
        }),
      ).source;
    expect(withServer({})).toMatchObject({ host: 'db.local', port: 3307, ssl: true });
    expect(withServer({ tls: false })).toMatchObject({ ssl: false });
    expect(withServer({ authorities })).toMatchObject({ ssl: { ca: authorities } });
  });

  test('holds no secret', () => {
    const text = daemonConfiguration(example, addresses, names);
    expect(text).not.toMatch(/password: |passwordFile|secretAccessKey/);
  });
});

describe('the image', () => {
  const dockerfile = readFileSync(
    path.resolve(import.meta.dirname, '../../../../infra/package/Dockerfile'),
    'utf8',
  );

  test('is started by the command line that services give it', async () => {
    expect(dockerfile).toMatch(/^ENTRYPOINT \[.*"\/app\/careplus\.mjs"\]$/m);
    const commands = [...daemonPlans(example).map(serviceCommand), verificationCommand];
    for (const command of commands) {
      let help = '';
      const write = (part: string) => (help += part);
      const streams = { stdout: { write }, stderr: { write } };
      expect(await runCommandLine([...command, '--help'], streams), command.join(' ')).toBe(0);
      const [verb = '', name = ''] = command;
      expect(help).toContain(verb === 'run' ? name : '--timeout');
    }
  });
});

describe('RDS’ authorities', () => {
  test('are those of the region, for decades', () => {
    expect(rdsAuthorities('eu-central-1').match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    expect(() => rdsAuthorities('mars-north-1')).toThrow('no authorities');
  });
});
