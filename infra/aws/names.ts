/** Names and ARNs that stacks agree on without exports, which would tie them together. */
import type { Deployment } from './deployment.ts';

export const WAREHOUSE_DATABASE = 'careplus';

/** In MySQL, and in its secret. */
export const READER_USER = 'careplus_reader';

export function bucketArn({ bucket }: Deployment): string {
  return `arn:aws:s3:::${bucket}`;
}

export function copyRoleName({ name }: Deployment): string {
  return `${name}-copy`;
}

export function copyRoleArn(deployment: Deployment): string {
  return `arn:aws:iam::${deployment.account}:role/${copyRoleName(deployment)}`;
}

/** Of a daemon's task; the warehouse knows the daemon as the user `IAMR:<this>`. */
export function taskRoleName({ name }: Deployment, daemon: string): string {
  return `${name}-${daemon}`;
}

export function logGroupName({ name }: Deployment, daemon: string): string {
  return `/${name}/${daemon}`;
}

export function streamArn({ account, region }: Deployment, stream: string): string {
  return `arn:aws:firehose:${region}:${account}:deliverystream/${stream}`;
}

/** Of MSK, of ECS: both bear the deployment's name. */
export function clusterName({ name }: Deployment): string {
  return name;
}

/** Of the managed source. */
export function databaseName({ name }: Deployment): string {
  return `${name}-source`;
}
