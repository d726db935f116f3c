import { Duration } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  FargatePlatformVersion,
  FargateService,
  PropagatedTagSource,
  type Cluster,
} from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { serviceCommand, type DaemonPlan } from '../daemons.ts';
import type { Network } from './network.ts';
import { DaemonTask, type TaskParts } from './daemon-tasks.ts';

/** One daemon as a service. */
export class DaemonService extends Construct {
  readonly service: FargateService;
  readonly task: DaemonTask;

  constructor(
    scope: Construct,
    id: string,
    plan: DaemonPlan,
    parts: TaskParts & { readonly cluster: Cluster; readonly network: Network },
  ) {
    super(scope, id);
    const { cluster, network } = parts;
    this.task = new DaemonTask(this, 'Task', parts, {
      ...plan,
      command: serviceCommand(plan),
      kind: 'daemon',
    });
    const rollout =
      plan.tasks === 'one'
        ? // The old one is gone before the new one starts, and nothing starts a second one.
          {
            minHealthyPercent: 0,
            maxHealthyPercent: 100,
            availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED,
          }
        : {
            minHealthyPercent: 50,
            maxHealthyPercent: 200,
            availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
          };
    this.service = new FargateService(this, 'Service', {
      cluster,
      serviceName: plan.name,
      taskDefinition: this.task.definition,
      platformVersion: FargatePlatformVersion.LATEST,
      desiredCount: 1,
      ...rollout,
      circuitBreaker: { rollback: true },
      enableExecuteCommand: false,
      // Fargate's bill goes by the tasks' tags, and the budget by the bill.
      propagateTags: PropagatedTagSource.SERVICE,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [network.daemonGroup],
    });
    // A task must find its rights: roles alone are there before their policies.
    this.service.node.addDependency(this.task, parts.executionRole);
    if (plan.tasks !== 'one') {
      // More tasks than partitions would have nothing to do.
      this.service
        .autoScaleTaskCount({ minCapacity: 1, maxCapacity: plan.tasks.max })
        .scaleOnCpuUtilization('Cpu', {
          targetUtilizationPercent: 60,
          // Every change is a rebalance.
          scaleInCooldown: Duration.minutes(15),
          scaleOutCooldown: Duration.minutes(3),
        });
    }
  }
}
