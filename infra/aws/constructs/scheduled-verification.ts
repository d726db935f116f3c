import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Stack } from 'aws-cdk-lib';
import { PropagatedTagSource, type CfnCluster, type Cluster } from 'aws-cdk-lib/aws-ecs';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { EcsTask } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { DaemonTask } from './daemon-tasks.ts';
import type { Network } from './network.ts';

/** `careplus verify` every night: the books against the source itself. */
export class ScheduledVerification extends Construct {
  constructor(
    scope: Construct,
    id: string,
    parts: { readonly cluster: Cluster; readonly network: Network; readonly task: DaemonTask },
  ) {
    super(scope, id);
    const { cluster, network, task } = parts;
    const rule = new Rule(this, 'Nightly', {
      description: 'Compares the warehouse with the source',
      schedule: Schedule.cron({ hour: '3', minute: '20' }),
    });
    rule.addTarget(
      new EcsTask({
        cluster,
        taskDefinition: task.definition,
        subnetSelection: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        securityGroups: [network.daemonGroup],
        propagateTags: PropagatedTagSource.TASK_DEFINITION,
      }),
    );
    const { region } = Stack.of(this);
    const clusterId = Stack.of(cluster).getLogicalId(cluster.node.defaultChild as CfnCluster);
    acknowledge(task.definition, 'To tag the task that it starts, whose id is not known before.', [
      `IAM5[Resource::arn:<AWS::Partition>:ecs:${region}:*:task/<${clusterId}>/*]`,
    ]);
  }
}
