/** A daemon's rights as statements of its role. */
import { Fn } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { policyStatements, type KafkaResource } from '../../schemas/aws-policy.ts';
import type { DaemonRights } from '../../schemas/daemon-rights.ts';
import type { Deployment } from './deployment.ts';
import { bucketArn, streamArn } from './names.ts';

export interface Targets {
  readonly kafkaClusterArn: string;
  readonly workgroupArn: string;
  readonly readerSecretArn: string;
  readonly pageTokenArn: string;
}

/** @returns the statements of a task's role. */
export function rightsStatements(
  deployment: Deployment,
  rights: DaemonRights,
  targets: Targets,
): PolicyStatement[] {
  const statements = policyStatements(rights, {
    bucket: bucketArn(deployment),
    stream: (name) => streamArn(deployment, name),
    kafkaCluster: targets.kafkaClusterArn,
    kafka: (kind, name) => kafkaArn(targets.kafkaClusterArn, kind, name),
    workgroup: targets.workgroupArn,
    readerSecret: targets.readerSecretArn,
    pageToken: targets.pageTokenArn,
  });
  return statements.map((statement) => PolicyStatement.fromJson(statement));
}

/** `…:cluster/NAME/UUID` → `…:topic/NAME/UUID/…`; the UUID is known only inside the ARN. */
function kafkaArn(clusterArn: string, kind: KafkaResource, name: string): string {
  const parts = Fn.split(':cluster/', clusterArn);
  return Fn.join('', [Fn.select(0, parts), `:${kind}/`, Fn.select(1, parts), `/${name}`]);
}
