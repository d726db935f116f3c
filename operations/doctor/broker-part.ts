import kafkajs, { type Admin } from 'kafkajs';
import { settleWithin } from '../../runtime/abortable-wait.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { allTopics, allDatasets } from '../../schemas/datasets/registry.ts';
import { processorGroup, type Topic } from '../../schemas/topics.ts';
import { bad, good, warning, type Observation, type Part } from './finding.ts';
import { isThisMachine } from './this-machine.ts';

/** The broker: that it answers, and that its topics are those that the pipeline needs. */
export function brokerPart({ kafka: config }: Config): Part {
  return {
    name: 'broker',
    async look() {
      const log = createLog('careplus', 'silent');
      const kafka = createKafka(config, { clientId: 'careplus-doctor', log });
      const admin = kafka.admin({ retry: { retries: 1, initialRetryTime: 100 } });
      try {
        await admin.connect();
        const { brokers } = await admin.describeCluster();
        const findings: Observation[] = [
          good(`${brokers.length} ${brokers.length === 1 ? 'broker answers' : 'brokers answer'}`),
        ];
        const present = new Set(await admin.listTopics());
        for (const topic of allTopics) {
          if (present.has(topic.name)) findings.push(...(await topicFindings(admin, topic)));
          else findings.push(bad(`the topic ${topic.name} is missing`, creation(topic)));
        }
        for (const dataset of allDatasets) {
          await admin.fetchOffsets({
            groupId: processorGroup(dataset),
            topics: [dataset.topic.name],
          });
        }
        const open = (config.brokers ?? []).filter((broker) => !isThisMachine(broker));
        if (config.ssl === false && open.length > 0) {
          findings.push(
            warning(`the way to ${open.join(', ')} is not encrypted`, 'Set `kafka.ssl: true`.'),
          );
        }
        return findings;
      } finally {
        await settleWithin(admin.disconnect(), 1_000);
      }
    },
  };
}

function creation({ name, partitions, cleanup, retentionMs }: Topic): string {
  const retention = retentionMs === null ? '' : ` --config retention.ms=${retentionMs}`;
  return `kafka-topics.sh --create --topic ${name} --partitions ${partitions} --config cleanup.policy=${cleanup}${retention}`;
}

async function topicFindings(admin: Admin, topic: Topic) {
  const { name, partitions, cleanup, retentionMs } = topic;
  const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
  const found = topics[0]?.partitions.length ?? 0;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: ['cleanup.policy', 'retention.ms', 'message.timestamp.type'],
      },
    ],
  });
  const settings = new Map(
    resources[0]?.configEntries.map((entry) => [entry.configName, entry.configValue]),
  );
  const findings = [];
  if (found < partitions) {
    findings.push(
      warning(
        `${name} has ${found} partitions, not ${partitions}: fewer processors can share it`,
        `kafka-topics.sh --alter --topic ${name} --partitions ${partitions}`,
      ),
    );
  }
  const policy = settings.get('cleanup.policy');
  if (policy !== cleanup) {
    findings.push(
      bad(
        `${name} has cleanup.policy ${policy ?? 'unknown'}, not ${cleanup}: records would be lost`,
        `kafka-configs.sh --alter --topic ${name} --add-config cleanup.policy=${cleanup}`,
      ),
    );
  }
  const retention = Number(settings.get('retention.ms') ?? -1);
  if (retentionMs !== null && retention >= 0 && retention < retentionMs) {
    findings.push(
      warning(
        `${name} keeps records for ${hours(retention)} h, not ${hours(retentionMs)} h: a replay reaches less far back`,
        `kafka-configs.sh --alter --topic ${name} --add-config retention.ms=${retentionMs}`,
      ),
    );
  }
  return findings.length > 0 ? findings : [good(`${name} is as it should be`)];
}

const hours = (ms: number) => Math.round(ms / 3_600_000);
