import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../schemas/daemon-rights.ts';
import { acknowledge } from './acknowledge.ts';
import { DaemonService } from './constructs/daemon-service.ts';
import { DaemonTask, type TaskParts } from './constructs/daemon-tasks.ts';
import { DeliveryStreams } from './constructs/delivery-streams.ts';
import { PageBalancer } from './constructs/page-balancer.ts';
import { ScheduledVerification } from './constructs/scheduled-verification.ts';
import { daemonConfiguration } from './daemon-configuration.ts';
import { daemonPlans, rightsIn, verificationCommand } from './daemons.ts';
import type { DataStack } from './data-stack.ts';
import type { Deployment } from './deployment.ts';
import { clusterName } from './names.ts';
import { PAGE_PORT } from './ports.ts';
import { rightsStatements, type Targets } from './rights-statements.ts';

/** What moves data and can be made anew at any time: delivery streams, daemons, their roles. */
export class StreamStack extends Stack {
  readonly cluster: Cluster;
  readonly services: readonly DaemonService[];
  readonly operations: DaemonTask;

  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    data: DataStack,
    props: StackProps,
  ) {
    super(scope, id, props);
    const { network } = data;
    const { name, image } = deployment;
    const delivery = new DeliveryStreams(this, 'Delivery', deployment);
    this.cluster = new Cluster(this, 'Cluster', {
      clusterName: clusterName(deployment),
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const executionRole = new Role(this, 'ExecutionRole', {
      roleName: `${name}-execution`,
      description: 'Pulls the image and opens log streams',
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    const targets: Targets = {
      kafkaClusterArn: data.kafka.arn,
      workgroupArn: data.warehouse.workgroupArn,
      readerSecretArn: data.readerSecret.secretArn,
      pageTokenArn: data.pageToken.secretArn,
    };
    const plans = daemonPlans(deployment);
    const parts: TaskParts = {
      deployment,
      repository: Repository.fromRepositoryName(this, 'Repository', image.repository),
      executionRole,
      targets,
      configuration: daemonConfiguration(
        deployment,
        {
          kafkaClusterArn: targets.kafkaClusterArn,
          readerSecretArn: targets.readerSecretArn,
          pageTokenArn: targets.pageTokenArn,
          sourceHost: data.source?.instance.dbInstanceEndpointAddress,
          workgroup: data.warehouse.workgroupName,
        },
        plans.map((plan) => plan.name),
      ),
    };
    this.services = plans.map(
      (plan) =>
        new DaemonService(this, plan.name, plan, { ...parts, cluster: this.cluster, network }),
    );
    for (const { service } of this.services) service.node.addDependency(delivery);
    this.operations = new DaemonTask(this, OPERATIONS, parts, {
      name: OPERATIONS,
      command: verificationCommand,
      cpu: 512,
      memoryMiB: 2048,
      rights: rightsIn(deployment)[OPERATIONS],
      kind: 'one-off',
    });
    new ScheduledVerification(this, 'Verification', {
      cluster: this.cluster,
      network,
      task: this.operations,
    });
    this.shipperPolicy(deployment, targets);
    acknowledge(executionRole, 'ecr:GetAuthorizationToken has no resource.', ['IAM5[Resource::*]']);
    const dashboard = this.services.find(({ node }) => node.id === 'dashboard');
    if (dashboard) {
      dashboard.task.definition.defaultContainer?.addPortMappings({ containerPort: PAGE_PORT });
      const { address } = new PageBalancer(this, 'Pages', deployment, {
        network,
        service: dashboard.service,
        accessLogs: data.lake.accessLogs,
      });
      new CfnOutput(this, 'PagesAddress', { value: address });
    }
  }

  /** For the identity that a log shipper has where the logs are. */
  private shipperPolicy(deployment: Deployment, targets: Targets): void {
    const policy = new ManagedPolicy(this, 'ShipperPolicy', {
      managedPolicyName: `${deployment.name}-log-shipper`,
      description: 'What a log shipper may do on the broker',
      statements: rightsStatements(deployment, rightsIn(deployment)['log-shipper'], targets),
    });
    new CfnOutput(this, 'ShipperPolicyArn', { value: policy.managedPolicyArn });
  }
}
