import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import kafkajs, { type AclEntry, type Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startKafka, type KafkaBroker } from '../../../infra/local/kafka.ts';
import { openBrokerCalls } from '../../../operations/doctor/rights/broker-calls.ts';
import { kafkaRights } from '../../../operations/doctor/rights/broker-rights.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { openTopicFetcher } from '../../../runtime/kafka/topic-fetcher.ts';
import { policyStatements } from '../../../schemas/aws-policy.ts';
import {
  daemonRights,
  identities,
  type Identity,
  type KafkaRights,
} from '../../../schemas/daemon-rights.ts';
import type { Topic } from '../../../schemas/topics.ts';
import { startTestBroker, uniqueName, type TestBroker } from './broker.ts';
import { freePorts } from './broker-process.ts';
import { createConsumerScene, soon, sorted, upTo } from './consumer-scene.ts';

const {
  AclOperationTypes: Op,
  AclPermissionTypes,
  AclResourceTypes: On,
  ResourcePatternTypes,
} = kafkajs;
const never = new AbortController().signal;
const long = process.env['CAREPLUS_LONG'] === '1';

/** @returns each right with why it is missing, undefined where it is there. */
async function tryAll(kafka: Kafka, rights: KafkaRights) {
  const calls = await openBrokerCalls(kafka);
  try {
    const tries = kafkaRights(rights, async () => calls);
    return await Promise.all(
      tries.map(async ({ action, resource, refusal }) => ({
        right: `${action.replace('kafka-cluster:', '')} on ${resource}`,
        refusal: await refusal(never),
      })),
    );
  } finally {
    await calls.close();
  }
}

describe('trying the rights on a broker', () => {
  let broker: TestBroker;

  beforeAll(async () => {
    broker = await startTestBroker();
  });

  afterAll(() => broker.stop());

  it('changes nothing for who writes, reads and consumes there', async () => {
    const scene = await createConsumerScene(broker);
    const transactionalId = uniqueName('reader');
    const writer = createTransactionalWriter(broker.client(), { transactionalId, log: broker.log });
    await writer.open(never);
    const loop = scene.startLoop();
    await scene.writeNumbers(1, 10);
    await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(10)), soon);
    const topic = { name: scene.topic } as Topic;
    const state = async () => {
      const admin = broker.client().admin();
      const fetcher = await openTopicFetcher(broker.client(), {
        ...{ topic: scene.topic, uncommitted: true },
      });
      await admin.connect();
      try {
        const { groups } = await admin.describeGroups([scene.groupId]);
        const [group] = groups;
        return {
          ranges: await fetcher.ranges(),
          group: [group?.state, group?.members.map(({ memberId }) => memberId)],
        };
      } finally {
        await Promise.all([admin.disconnect(), fetcher.close()]);
      }
    };
    const before = await state();
    const tried = await tryAll(broker.client(), {
      ...{ describes: [topic], reads: [topic], writes: [topic], asksSettings: [topic] },
      ...{ joins: [scene.groupId], watches: [scene.groupId] },
      // One that writes, and one under which nobody has ever written.
      transactionalIds: [transactionalId, uniqueName('nobody')],
    });
    expect(tried.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
    expect(tried).toHaveLength(12);
    expect(await state()).toEqual(before);
    await writer.write([{ topic: scene.topic, messages: [{ key: '11', value: '11' }] }], never);
    await vi.waitFor(() => expect(sorted(loop.handled)).toEqual(upTo(11)), soon);
    await loop.stop();
    await Promise.all([writer.close(), scene.close()]);
  });

  it('tells of a topic that is not there, and does not call it a right', async () => {
    const missing = { name: uniqueName('missing') } as Topic;
    await expect(tryAll(broker.client(), { writes: [missing] })).rejects.toThrow(
      'does not host this topic-partition',
    );
  });
});

const rights = daemonRights({
  sourceName: 'shop',
  tables: { 'support-tickets': { database: 'care', table: 'tickets' } },
  logHosts: ['web-1'],
});

/** The access list of each right (MSK developer guide, "IAM access control": equivalents). */
const equivalents: Readonly<
  Record<string, readonly [AclEntry['resourceType'], AclEntry['operation']]>
> = {
  DescribeCluster: [On.CLUSTER, Op.DESCRIBE],
  WriteDataIdempotently: [On.CLUSTER, Op.IDEMPOTENT_WRITE],
  DescribeTopic: [On.TOPIC, Op.DESCRIBE],
  ReadData: [On.TOPIC, Op.READ],
  WriteData: [On.TOPIC, Op.WRITE],
  DescribeTopicDynamicConfiguration: [On.TOPIC, Op.DESCRIBE_CONFIGS],
  DescribeGroup: [On.GROUP, Op.DESCRIBE],
  AlterGroup: [On.GROUP, Op.READ],
  DescribeTransactionalId: [On.TRANSACTIONAL_ID, Op.DESCRIBE],
  AlterTransactionalId: [On.TRANSACTIONAL_ID, Op.WRITE],
};

interface Grant {
  readonly right: string;
  readonly action: string;
  readonly entry: Omit<AclEntry, 'principal'>;
}

/** What the role of a daemon allows on the broker, as access lists of Kafka. */
function grantsOf(identity: Identity): Grant[] {
  const statements = policyStatements(rights[identity], {
    ...{ bucket: '', kafkaCluster: 'the cluster', workgroup: '', readerSecret: '', pageToken: '' },
    stream: () => '',
    kafka: (kind, name) => `${kind.replace('-', ' ')} ${name}`,
  });
  return statements.flatMap(({ Action, Resource }) =>
    Action.flatMap((name) => {
      const action = name.replace('kafka-cluster:', '');
      const [resourceType, operation] = equivalents[action] ?? [];
      if (resourceType === undefined || operation === undefined) return [];
      return Resource.map((resource): Grant => {
        const isCluster = resourceType === On.CLUSTER;
        return {
          right: `${action} on ${resource}`,
          action,
          entry: {
            ...{ resourceType, operation, host: '*' },
            resourceName: isCluster ? 'kafka-cluster' : (resource.split(' ').at(-1) ?? ''),
            resourcePatternType: ResourcePatternTypes.LITERAL,
            permissionType: AclPermissionTypes.ALLOW,
          },
        };
      });
    }),
  );
}

/** Kafka's own lists imply these in others; on MSK they stand alone. */
const IMPLIED = /^Describe(?!TopicDynamic)|^WriteDataIdempotently/;

describe.runIf(long)('a broker that asks for rights', () => {
  const users = new Map<string, { readonly identity: Identity; readonly lacks?: Grant }>();
  let stateDir: string;
  let broker: KafkaBroker;
  let address: string;

  beforeAll(async () => {
    for (const identity of identities) {
      const grants = grantsOf(identity);
      if (grants.length === 0) continue;
      users.set(identity, { identity });
      for (const lacks of grants.filter(({ action }) => !IMPLIED.test(action))) {
        users.set(`user${users.size}`, { identity, lacks });
      }
    }
    stateDir = mkdtempSync(path.join(tmpdir(), 'careplus-acl-'));
    const [port = 0, controllerPort = 0, userPort = 0] = await freePorts(3);
    address = `127.0.0.1:${userPort}`;
    const logins = [...users.keys()].map((user) => `user_${user}="secret"`).join(' ');
    const listeners = `PLAINTEXT://127.0.0.1:${port},USERS://${address}`;
    broker = await startKafka({
      ...{ stateDir, port, controllerPort },
      properties: {
        listeners: `${listeners},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': listeners,
        'listener.security.protocol.map':
          'PLAINTEXT:PLAINTEXT,USERS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.users.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins};`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // The broker itself and this test, who come by the other listener.
        'super.users': 'User:ANONYMOUS',
      },
    });
    const admin = new kafkajs.Kafka({
      ...{ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING },
    }).admin();
    await admin.connect();
    const acl = [...users].flatMap(([user, { identity, lacks }]) =>
      grantsOf(identity)
        .filter(({ right }) => right !== lacks?.right)
        .map(({ entry }) => ({ ...entry, principal: `User:${user}` })),
    );
    await admin.createAcls({ acl });
    await admin.disconnect();
  });

  afterAll(async () => {
    await broker.stop();
    rmSync(stateDir, { recursive: true });
  });

  const login = (username: string) =>
    new kafkajs.Kafka({
      ...{ clientId: username, brokers: [address], logLevel: kafkajs.logLevel.NOTHING },
      sasl: { mechanism: 'plain', username, password: 'secret' },
      retry: { retries: 1 },
    });

  it('gives each daemon what it needs by the rights of its role', async () => {
    for (const identity of users.keys()) {
      const { identity: of, lacks } = users.get(identity) ?? {};
      if (of === undefined || lacks) continue;
      // The lists reach the broker a moment after they are made.
      await vi.waitFor(async () => {
        const missing = (await tryAll(login(of), rights[of].kafka ?? {})).filter(
          ({ refusal }) => refusal !== undefined,
        );
        expect(missing, of).toEqual([]);
      }, soon);
    }
    expect(users.size).toBeGreaterThan(40);
  });

  it('names the one right that a daemon lacks, and no other', async () => {
    for (const [user, { identity, lacks }] of users) {
      if (!lacks) continue;
      const tried = await tryAll(login(user), rights[identity].kafka ?? {});
      const missing = tried.filter(({ refusal }) => refusal !== undefined);
      expect(missing, user).toEqual([
        { right: lacks.right, refusal: expect.stringContaining('AUTHORIZATION_FAILED') as unknown },
      ]);
    }
  });

  it('has no one in whom it does not know', async () => {
    const stranger = new kafkajs.Kafka({
      ...{ brokers: [address], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 } },
      sasl: { mechanism: 'plain', username: 'stranger', password: 'secret' },
    });
    await expect(openBrokerCalls(stranger)).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
    });
  });
});
