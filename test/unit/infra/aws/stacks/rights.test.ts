import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, describe, expect, test } from 'vitest';
import { daemonPlans, rightsIn } from '../../../../../infra/aws/daemons.ts';
import { rightsStatements } from '../../../../../infra/aws/rights-statements.ts';
import type { DaemonRights } from '../../../../../schemas/daemon-rights.ts';
import type { AnyDataset } from '../../../../../schemas/datasets/any-dataset.ts';
import { logDatasets, tableDatasets } from '../../../../../schemas/datasets/registry.ts';
import { erasuresPrefix } from '../../../../../schemas/erased-image.ts';
import {
  holesKey,
  latestBatchKey,
  manifestKey,
  processedPrefix,
} from '../../../../../schemas/lake-layout.ts';
import { rawPrefix } from '../../../../../schemas/raw-archive.ts';
import { topics } from '../../../../../schemas/topics.ts';
import { calledApis } from './fixtures/called-apis.ts';
import { example } from '../fixtures/example-deployment.ts';

const clusterArn = 'arn:aws:kafka:eu-central-1:123456789012:cluster/careplus/u-u-i-d';
const targets = {
  kafkaClusterArn: clusterArn,
  workgroupArn: 'arn:aws:redshift-serverless:eu-central-1:123456789012:workgroup/w',
  readerSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:s',
  pageTokenArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:p',
};

/** A table belongs to a deployment that names it, a log format to each. */
const tables = tableDatasets.filter(({ name }) => name in example.datasets);

/** Where each daemon begins. */
const entries: Readonly<Record<string, string>> = {
  'cdc-reader': 'cdc-reader/main.ts',
  'ticket-processor': 'stream-processors/ticket-processor.ts',
  'log-processor': 'stream-processors/log-processor.ts',
  archiver: 'stream-processors/archiver.ts',
  'warehouse-loader': 'warehouse-loader/main.ts',
  dashboard: 'dashboards/web/main.ts',
};

// Without the right to list, a missing object is 403 instead of 404.
const READING = ['s3:GetObject', 's3:ListBucket'];

/** Actions that a command of the SDK needs (service authorization reference). */
const actionsOf: Readonly<Record<string, string | readonly string[]>> = {
  GetObject: READING,
  HeadObject: READING,
  PutObject: 's3:PutObject',
  ListObjectsV2: 's3:ListBucket',
  PutRecordBatch: 'firehose:PutRecordBatch',
  DescribeDeliveryStream: 'firehose:DescribeDeliveryStream',
  ExecuteStatement: 'redshift-data:ExecuteStatement',
  BatchExecuteStatement: 'redshift-data:BatchExecuteStatement',
  DescribeStatement: 'redshift-data:DescribeStatement',
  GetStatementResult: 'redshift-data:GetStatementResult',
  ListStatements: 'redshift-data:ListStatements',
  GetBootstrapBrokers: 'kafka:GetBootstrapBrokers',
  GetSecretValue: 'secretsmanager:GetSecretValue',
};

function granted(rights: DaemonRights): Set<string> {
  const statements = rightsStatements(example, rights, targets);
  return new Set(statements.flatMap(({ actions }) => actions));
}

/** Functions that make keys of the lake. */
const lakeKeys = {
  rawPrefix,
  processedPrefix,
  holesKey,
  latestBatchKey,
  erasuresPrefix,
  manifestKey: (dataset: AnyDataset) => manifestKey(dataset, 'batch'),
} satisfies Record<string, (dataset: AnyDataset) => string>;

const isKafka = (action: string) => action.startsWith('kafka-cluster:');
/** Of the Data API, on behalf of whoever runs a statement. */
const CREDENTIALS = 'redshift-serverless:GetCredentials';

describe.each(daemonPlans(example))('$name', ({ name, rights }) => {
  const called = calledApis(entries[name] ?? '');

  test('may call what its code calls on AWS, and nothing else', () => {
    const commands = new Set(called.commands);
    // Every daemon has the module that reads secrets; there are two secrets, each for one of them.
    const ofSource = called.modules.has('runtime/mysql/source-login.ts');
    const ofPages = called.text.includes("openGate('dashboard'");
    if (!ofSource && !ofPages) commands.delete('GetSecretValue');
    const unknown = [...commands].filter((command) => !(command in actionsOf));
    expect(unknown).toEqual([]);
    const needed = new Set([...commands].flatMap((command) => actionsOf[command] ?? []));
    if (needed.has('redshift-data:ExecuteStatement')) needed.add(CREDENTIALS);
    const actions = [...granted(rights)].filter((action) => !isKafka(action));
    expect(new Set(actions)).toEqual(needed);
  });

  test('its rights on the broker follow from what its code is made of', () => {
    const { kafka = {} } = rights;
    const uses = (module: string) => called.modules.has(`runtime/kafka/${module}.ts`);
    expect('kafka' in rights).toBe(called.packages.has('kafkajs') && uses('connection'));
    expect((kafka.joins ?? []).length > 0).toBe(uses('consumer-loop'));
    expect((kafka.transactionalIds ?? []).length > 0).toBe(name === 'cdc-reader');
    const letters = (kafka.writes ?? []).some((topic) => topic.name === 'careplus.dead-letters');
    expect(letters).toBe(uses('dead-letter-writer'));
  });

  test('its rights cover the topics that its code names, and no shared topic more', () => {
    const { reads = [], writes = [], describes = [] } = rights.kafka ?? {};
    const covered = new Set([...reads, ...writes, ...describes].map((topic) => topic.name));
    const named = [...called.text.matchAll(/\btopics\.(\w+)\.name\b/g)].flatMap(([, key = '']) =>
      Object.entries(topics).flatMap(([each, topic]) => (each === key ? topic.name : [])),
    );
    expect([...covered]).toEqual(expect.arrayContaining(named));
    const shared = Object.values(topics).map((topic) => topic.name);
    expect(shared.filter((topic) => covered.has(topic)).sort()).toEqual([...new Set(named)].sort());
    const ofDatasets = [...tableDatasets, ...logDatasets].filter(({ topic }) =>
      covered.has(topic.name),
    );
    expect(ofDatasets.length > 0).toBe(called.text.includes('dataset.topic'));
  });

  test('its rights cover the keys of the lake that its code makes', () => {
    const { lists = [], gets = [], puts = [] } = rights.lake ?? {};
    const patterns = [...lists.map((prefix) => `${prefix}*`), ...gets, ...puts];
    const covers = (key: string) =>
      patterns.some((pattern) =>
        pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern,
      );
    for (const [call, keyOf] of Object.entries(lakeKeys)) {
      const isMade = new RegExp(`\\b${call}\\(`).test(called.text);
      const ofLogs = call === 'erasuresPrefix' ? [] : logDatasets;
      for (const dataset of [...tables, ...ofLogs]) {
        // The loader may write whatever it reports.
        expect(covers(keyOf(dataset)), `${call} of ${dataset.name}`).toBe(
          isMade || (name === 'warehouse-loader' && keyOf(dataset).startsWith('_loader/')),
        );
      }
    }
  });

  test('reaches the source only if it is the reader', () => {
    expect(rights.source === true).toBe(called.packages.has('mysql2'));
  });
});

describe('rights on the broker', () => {
  // Without a folder of its own the app leaves one behind.
  const outdir = mkdtempSync(path.join(tmpdir(), 'careplus-cdk-'));
  const stack = new Stack(new App({ outdir, analyticsReporting: false }), 'Any');
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));
  const resolve = (rights: DaemonRights) =>
    rightsStatements(example, rights, targets)
      .filter(({ actions }) => actions.some(isKafka))
      .map(({ actions, resources }) => [
        actions.map((action) => action.replace('kafka-cluster:', '')),
        stack.resolve(resources) as unknown,
      ]);
  const arn = (kind: string, name: string) =>
    clusterArn.replace(':cluster/', `:${kind}/`) + `/${name}`;

  test('of the reader: it writes changes under its own name, and reads its place', () => {
    const reader = daemonPlans(example).find(({ name }) => name === 'cdc-reader');
    const [checkpoints, schemas, changes] = [
      'careplus.reader-checkpoints',
      'careplus.schemas',
      'careplus.ticket-changes',
    ].map((topic) => arn('topic', topic));
    const id = 'careplus.reader.careplus-production.careplus_support_db.support_tickets';
    expect(resolve(reader?.rights ?? {})).toEqual([
      [['Connect', 'DescribeCluster'], [clusterArn]],
      [['WriteDataIdempotently'], [clusterArn]],
      [['DescribeTopic'], [checkpoints, schemas, changes]],
      [['ReadData'], [checkpoints]],
      [['WriteData'], [checkpoints, schemas, changes]],
      [['DescribeTransactionalId', 'AlterTransactionalId'], [arn('transactional-id', id)]],
    ]);
  });

  test('of the log processor: it consumes in its group and writes nothing but dead letters', () => {
    const processor = daemonPlans(example).find(({ name }) => name === 'log-processor');
    const [schemas, letters] = ['careplus.schemas', 'careplus.dead-letters'].map((topic) =>
      arn('topic', topic),
    );
    const entries = logDatasets.map(({ topic }) => arn('topic', topic.name));
    const groups = logDatasets.map(({ name }) => arn('group', `careplus-processor-${name}`));
    expect(entries).toContain(arn('topic', 'careplus.log-entries'));
    expect(resolve(processor?.rights ?? {})).toEqual([
      [['Connect', 'DescribeCluster'], [clusterArn]],
      [['DescribeTopic'], [schemas, ...entries, letters]],
      [['ReadData'], [schemas, ...entries]],
      [['WriteData'], [letters]],
      [['DescribeGroup'], groups],
      [['AlterGroup'], groups],
    ]);
  });

  test('of the shippers: each host under its own name', () => {
    expect(resolve(rightsIn(example)['log-shipper'])).toContainEqual([
      ['DescribeTransactionalId', 'AlterTransactionalId'],
      [arn('transactional-id', 'careplus.shipper.support-1')],
    ]);
  });
});

describe('operations', () => {
  test('may call what the verbs call', () => {
    const verbs = 'verify status doctor quarantine replay snapshot trace query wait forget'.split(
      ' ',
    );
    const commands = new Set(
      verbs.flatMap((verb) => [...calledApis(`operations/verbs/${verb}.ts`).commands]),
    );
    // The archiver’s, in a module that they share; and the doctor’s, who tries it as other daemons.
    commands.delete('PutObject');
    const needed = [...commands].flatMap((command) => actionsOf[command] ?? command);
    expect([...granted(rightsIn(example).operations)]).toEqual(expect.arrayContaining(needed));
    expect(needed.length).toBeGreaterThan(6);
  });
});
