import { Duration, Size, RemovalPolicy } from 'aws-cdk-lib';
import {
  AwsLogDriverMode,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  type HealthCheck,
} from 'aws-cdk-lib/aws-ecs';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { Policy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DaemonRights } from '../../../schemas/daemon-rights.ts';
import { acknowledge } from '../acknowledge.ts';
import type { Deployment } from '../deployment.ts';
import { logGroupName, taskRoleName } from '../names.ts';
import { HEALTH_PORT } from '../ports.ts';
import { rightsStatements, type Targets } from '../rights-statements.ts';

/** Fargate ends a task after 120 s at the latest; the daemons drain in 20. */
const STOP_TIMEOUT = Duration.seconds(110);

/** What every task of a deployment shares. */
export interface TaskParts {
  readonly deployment: Deployment;
  readonly repository: IRepository;
  /** Pulls the image and opens the log stream. */
  readonly executionRole: Role;
  /** `careplus.yaml` as text. */
  readonly configuration: string;
  readonly targets: Targets;
}

export interface DaemonTaskProps {
  readonly name: string;
  /** Arguments of the `careplus` command. */
  readonly command: readonly string[];
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly rights: DaemonRights;
  /**
   * A daemon serves its health and writes nothing to its disk; one-off work runs to its end and may
   * need files for a while.
   */
  readonly kind: 'daemon' | 'one-off';
}

/** One task definition with a role and a log group of its own. */
export class DaemonTask extends Construct {
  readonly definition: FargateTaskDefinition;
  readonly logs: LogGroup;

  constructor(scope: Construct, id: string, parts: TaskParts, props: DaemonTaskProps) {
    super(scope, id);
    const { deployment, repository, executionRole } = parts;
    const { name, command, cpu, memoryMiB, kind } = props;
    const { image } = deployment;
    this.logs = new LogGroup(this, 'Logs', {
      logGroupName: logGroupName(deployment, name),
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.definition = new FargateTaskDefinition(this, 'Definition', {
      family: taskRoleName(deployment, name),
      cpu,
      memoryLimitMiB: memoryMiB,
      taskRole: this.taskRole(parts, props),
      executionRole,
      runtimePlatform: {
        operatingSystemFamily: OperatingSystemFamily.LINUX,
        cpuArchitecture: CpuArchitecture.of(image.architecture),
      },
    });
    this.definition.addContainer('daemon', {
      image: ContainerImage.fromEcrRepository(repository, image.tags[name] ?? image.tag),
      containerName: name,
      command: [...command],
      environment: {
        CAREPLUS_CONFIG: 'env:CAREPLUS_YAML',
        CAREPLUS_YAML: parts.configuration,
        NODE_ENV: 'production',
      },
      readonlyRootFilesystem: kind === 'daemon',
      user: '1000',
      linuxParameters: new LinuxParameters(this, 'Linux', { initProcessEnabled: true }),
      stopTimeout: STOP_TIMEOUT,
      // A log that is slow to take lines must not stop the daemon.
      logging: LogDrivers.awsLogs({
        logGroup: this.logs,
        streamPrefix: 'task',
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(25),
      }),
      // The image's own folder belongs to root.
      ...(kind === 'daemon' ? { healthCheck: HEALTH_CHECK } : { workingDirectory: '/tmp' }),
    });
    acknowledge(
      this.definition,
      'The configuration has no secret in it: those are named by ARN (decision 24).',
      ['ECS2'],
    );
  }

  private taskRole({ deployment, targets }: TaskParts, { name, rights }: DaemonTaskProps): Role {
    const role = new Role(this, 'Role', {
      roleName: taskRoleName(deployment, name),
      description: `What ${name} may do`,
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com').withConditions({
        StringEquals: { 'aws:SourceAccount': deployment.account },
      }),
    });
    const statements = rightsStatements(deployment, rights, targets);
    const policy = new Policy(this, 'Policy', { roles: [role], statements });
    const lists = statements.flatMap((statement) => statement.resources);
    const wild = lists.filter((resource) => /^arn:aws:s3:::.*\*$/.test(resource));
    acknowledge(
      policy,
      'Objects under a prefix: their names are made as they are written.',
      wild.map((resource) => `IAM5[Resource::${resource}]`),
    );
    if (rights.warehouse) {
      acknowledge(policy, 'Statements are no resources in IAM; the owner condition limits them.', [
        'IAM5[Resource::*]',
      ]);
    }
    return role;
  }
}

/** The image has Node and need not have a shell. */
const HEALTH_CHECK: HealthCheck = {
  command: [
    'CMD',
    'node',
    '-e',
    `fetch('http://127.0.0.1:${HEALTH_PORT}/healthz').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))`,
  ],
  interval: Duration.seconds(30),
  timeout: Duration.seconds(10),
  retries: 3,
  // A long snapshot or take-over ticks its progress; only the process has to be up.
  startPeriod: Duration.seconds(60),
};
