import { Fn, RemovalPolicy } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnCluster, CfnTopic } from 'aws-cdk-lib/aws-msk';
import { Construct } from 'constructs';
import { allTopics } from '../../../schemas/datasets/registry.ts';
import { topicSettings, type Topic } from '../../../schemas/topics.ts';
import type { Deployment } from '../deployment.ts';
import { clusterName } from '../names.ts';
import { KEPT } from '../removal.ts';
import type { Network } from './network.ts';

/** Fixed by MSK Express. */
const REPLICATION_FACTOR = 3;

/** MSK Express with IAM as the only way in, and every topic of the project. */
export class KafkaCluster extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, deployment: Deployment, network: Network) {
    super(scope, id);
    const { name, kafka } = deployment;
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: `/${name}/kafka`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: clusterName(deployment),
      kafkaVersion: kafka.version,
      numberOfBrokerNodes: 3,
      // No storageInfo: Express grows by itself and refuses it.
      brokerNodeGroupInfo: {
        instanceType: kafka.instanceType,
        clientSubnets: network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_ISOLATED })
          .subnetIds,
        securityGroups: [network.kafkaGroup.securityGroupId],
      },
      clientAuthentication: {
        sasl: { iam: { enabled: true } },
        unauthenticated: { enabled: false },
      },
      encryptionInfo: { encryptionInTransit: { clientBroker: 'TLS', inCluster: true } },
      // The lag of consumer groups is free at this level.
      enhancedMonitoring: 'DEFAULT',
      loggingInfo: {
        brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logs.logGroupName } },
      },
    });
    cluster.applyRemovalPolicy(KEPT);
    this.arn = cluster.attrArn;
    for (const topic of allTopics) this.createTopic(topic);
  }

  private createTopic(topic: Topic): void {
    const { name, partitions } = topic;
    const resource = new CfnTopic(this, name, {
      clusterArn: this.arn,
      topicName: name,
      partitionCount: partitions,
      replicationFactor: REPLICATION_FACTOR,
      configs: Fn.base64(JSON.stringify(topicSettings(topic))),
    });
    resource.applyRemovalPolicy(KEPT);
  }
}
