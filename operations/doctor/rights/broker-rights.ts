import { createKafka } from '../../../runtime/kafka/connection.ts';
import { protocolErrorType } from '../../../runtime/kafka/protocol-errors.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import type { Config } from '../../../runtime/config/config-schema.ts';
import type { Identity, KafkaRights } from '../../../schemas/daemon-rights.ts';
import type { Topic } from '../../../schemas/topics.ts';
import type { Part } from '../finding.ts';
import { openBrokerCalls, type BrokerCalls } from './broker-calls.ts';
import { rightsPart, type Right } from './right.ts';

/** A daemon's rights on the broker. */
export function brokerRights(
  { kafka: config }: Config,
  identity: Identity,
  rights: KafkaRights,
): Part {
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config, { clientId: 'careplus-doctor', log });
  let opened: Promise<BrokerCalls> | undefined;
  const open = () => (opened ??= openBrokerCalls(kafka));
  return rightsPart({
    ...{ name: 'broker', identity },
    first: {
      action: 'kafka-cluster:Connect',
      resource: config.clusterArn ?? (config.brokers ?? []).join(', '),
      grant: 'give its login to the brokers.',
      refusal: async () => {
        try {
          await open();
          return undefined;
        } catch (error) {
          if (!isLoginRefused(error)) throw error;
          return error.message;
        }
      },
    },
    rights: kafkaRights(rights, open),
    close: async () => {
      await opened?.then((calls) => calls.close()).catch(() => undefined);
    },
  });
}

/** Listed apart, so that a test can compare it with the role. */
export function kafkaRights(rights: KafkaRights, open: () => Promise<BrokerCalls>): Right[] {
  const { describes = [], reads = [], writes = [], asksSettings = [] } = rights;
  const { joins = [], watches = [], transactionalIds = [] } = rights;
  const right = (
    action: string,
    resource: string,
    acl: string,
    call: (calls: BrokerCalls) => Promise<void>,
  ): Right => ({
    action: `kafka-cluster:${action}`,
    resource,
    grant: `kafka-acls.sh --add --allow-principal User:… ${acl}`,
    refusal: async () => {
      try {
        await call(await open());
        return undefined;
      } catch (error) {
        const type = protocolErrorType(error) ?? '';
        if (type.endsWith('_AUTHORIZATION_FAILED')) return type;
        throw error;
      }
    },
  });
  const topics = (
    action: string,
    operation: string,
    of: readonly Topic[],
    call: (calls: BrokerCalls, topic: string) => Promise<void>,
  ) =>
    [...new Set(of.map(({ name }) => name))].map((name) =>
      right(action, `topic ${name}`, `--operation ${operation} --topic ${name}`, (calls) =>
        call(calls, name),
      ),
    );
  const [written] = writes;
  return [
    ...topics(
      'DescribeTopic',
      'Describe',
      [...describes, ...reads, ...writes, ...asksSettings],
      (calls, name) => calls.describeTopic(name),
    ),
    ...topics('ReadData', 'Read', reads, (calls, name) => calls.read(name)),
    ...topics('WriteData', 'Write', writes, (calls, name) => calls.write(name)),
    ...topics('DescribeTopicDynamicConfiguration', 'DescribeConfigs', asksSettings, (calls, name) =>
      calls.askSettings(name),
    ),
    ...[...joins, ...watches].map((group) =>
      right('DescribeGroup', `group ${group}`, `--operation Describe --group ${group}`, (calls) =>
        calls.findGroup(group),
      ),
    ),
    ...joins.map((group) =>
      right('AlterGroup', `group ${group}`, `--operation Read --group ${group}`, (calls) =>
        calls.join(group),
      ),
    ),
    ...(transactionalIds.length === 0
      ? []
      : [
          right(
            'WriteDataIdempotently',
            'the cluster',
            '--operation IdempotentWrite --cluster',
            (calls) => calls.takeProducerId(),
          ),
        ]),
    ...transactionalIds.flatMap((id) => [
      right(
        'DescribeTransactionalId',
        `transactional id ${id}`,
        `--operation Describe --transactional-id ${id}`,
        (calls) => calls.findTransactionalId(id),
      ),
      right(
        'AlterTransactionalId',
        `transactional id ${id}`,
        `--operation Write --transactional-id ${id}`,
        (calls) => calls.addToTransaction(id, written?.name ?? ''),
      ),
    ]),
  ];
}

/** By a broker, or by MSK when it is asked where its brokers are. */
function isLoginRefused(error: unknown): error is Error {
  return (
    error instanceof Error &&
    (error.name === 'KafkaJSSASLAuthenticationError' || error.name === 'AccessDeniedException')
  );
}
