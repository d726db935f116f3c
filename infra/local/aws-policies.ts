/** Holds the local daemons to what their roles allow on AWS: each has an access key of its own. */
import { writeFileSync } from 'node:fs';
import { policyStatements, type PolicyTargets } from '../../schemas/aws-policy.ts';
import { daemonRights, identities } from '../../schemas/daemon-rights.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import { ACCOUNT } from './aws-endpoint/authorization/authorizer.ts';

export interface LocalAccount {
  readonly region: string;
  readonly bucket: string;
  readonly workgroup: string;
}

/**
 * Writes the policy document of every identity, by access key, as the endpoint reads it. The names
 * of daemons are their access keys. Broker, source and secrets are none of the endpoint's.
 */
export function writePolicies(file: string, account: LocalAccount): void {
  const rights = daemonRights({
    sourceName: '',
    tables: Object.fromEntries(
      tableDatasets.map(({ name, sourceTable }) => [name, { database: '', table: sourceTable }]),
    ),
    logHosts: [],
  });
  const targets = localTargets(account);
  const documents = identities.map((identity) => [
    identity,
    { Version: '2012-10-17', Statement: policyStatements(rights[identity], targets) },
  ]);
  writeFileSync(file, JSON.stringify(Object.fromEntries(documents), null, 2));
}

function localTargets({ region, bucket, workgroup }: LocalAccount): PolicyTargets {
  const arn = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;
  return {
    bucket: `arn:aws:s3:::${bucket}`,
    stream: (name) => arn('firehose', `deliverystream/${name}`),
    kafkaCluster: arn('kafka', 'cluster/local/0'),
    kafka: (kind, name) => arn('kafka', `${kind}/local/0/${name}`),
    workgroup: arn('redshift-serverless', `workgroup/${workgroup}`),
    readerSecret: arn('secretsmanager', 'secret:reader'),
    pageToken: arn('secretsmanager', 'secret:page-token'),
  };
}
